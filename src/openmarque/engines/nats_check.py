"""What is wrong with a broker given by its address, for `doctor`: our three logins and the listener for cars are tried."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import nats.errors
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from openmarque.engines.errors import BrokerCertificate, BrokerRefused, EngineError, EngineUnreachable
from openmarque.engines.nats import NatsLogin, read_endpoint
from openmarque.engines.nats_client import BrokerClient
from openmarque.kit.settings import Settings

_WAIT_S: Final = 2
_ANY_SERVER: Final = "$SYS.REQ.SERVER.PING"
"""Answered by every server, to the system account only."""


def broker_faults(settings: Settings) -> Iterator[EngineError]:
    """Each fault found. Nothing is published but one question that the servers answer themselves."""
    endpoint = read_endpoint(settings)
    logins = (
        (endpoint.worker, "OPENMARQUE_NATS_URL", ""),
        (endpoint.gate, "OPENMARQUE_NATS_GATE_URL" if settings.nats_gate_url else "OPENMARQUE_NATS_URL", ""),
        (endpoint.system, "OPENMARQUE_NATS_SYS_URL" if settings.nats_sys_url else "OPENMARQUE_NATS_URL", _ANY_SERVER),
    )
    for (login, setting, question), role in zip(logins, ("worker", "gate", "system"), strict=True):
        try:
            asyncio.run(_enter(login, question))
        except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
            yield BrokerRefused("The broker lets us in as system, but not into its system account.", setting=setting)
        except (nats.errors.Error, TimeoutError) as error:
            yield BrokerRefused(f"The broker refuses us as {role} ({str(error) or type(error).__name__}).", setting=setting)
        except OSError as error:
            yield EngineUnreachable(f"NATS, as {role}: {error}.", setting=setting)
    yield from _cars_listener(settings)


async def _enter(login: NatsLogin, question: str) -> None:
    async def quiet(_error: Exception) -> None:
        """What ends the attempt is raised as well."""

    client = BrokerClient()
    try:
        await client.connect(
            login.servers,
            name="doctor",
            tls=login.tls(),
            error_cb=quiet,
            allow_reconnect=False,
            connect_timeout=_WAIT_S,
            nkeys_seed_str=login.seed,
        )
        if question:
            await client.request(question, b"", timeout=_WAIT_S)
    finally:
        await client.give_up()


def _cars_listener(settings: Settings) -> Iterator[EngineError]:
    where, root = (settings.mqtt_host, settings.mqtt_port), settings.home / "pki" / "root.pem"
    if not root.exists():
        return
    # In TLS 1.3 the server proves itself before it learns that we bring no certificate.
    trusting = ssl.create_default_context(cafile=str(root))
    try:
        with socket.create_connection(where, _WAIT_S) as plain, trusting.wrap_socket(plain, server_hostname=where[0]) as secure:
            shown = secure.getpeercert(binary_form=True)
    except ssl.SSLError as error:
        detail = f"The broker at {where[0]}:{where[1]}: {getattr(error, 'verify_message', '') or error.reason or error}."
        yield BrokerCertificate(detail, path=root.parent)
    except OSError as error:
        detail = f"The broker takes no cars at {where[0]}:{where[1]} ({error})."
        yield EngineUnreachable(detail, setting="OPENMARQUE_MQTT_HOST and OPENMARQUE_MQTT_PORT")
    else:
        ours = x509.load_pem_x509_certificate((root.parent / "server.pem").read_bytes())
        if shown != ours.public_bytes(Encoding.DER):
            detail = f"The broker at {where[0]}:{where[1]} shows an older certificate than this home has made since."
            yield BrokerCertificate(detail, path=root.parent)
