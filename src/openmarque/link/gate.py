"""The connection gate: may this car connect, and what may it say and hear? Answered from its certificate and a local file alone.

Theory of operation: for each new connection the broker sends a signed request (``auth_callout``, NATS ADR-26) with the client's
certificate chain and MQTT client id, and grants what our signed answer says. The gate has no database and imports none, so cars get
in while PostgreSQL is down (REQ EMG-7). It trusts nothing that the broker concluded: it verifies the certificate itself against the
intermediates for cars, by its own clock, and against the revocation snapshot. A connection lasts no longer than the certificate and
at most a day, so a car that escaped a kick is asked again. Several gates may run; the broker takes the first answer, and none means no.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from nats.aio.msg import Msg

from openmarque.engines.nats import MAX_PAYLOAD, NatsEndpoint, read_endpoint
from openmarque.kit.clock import Clock, SystemClock, iso
from openmarque.kit.ids import wire
from openmarque.kit.log import configure_log
from openmarque.kit.settings import Settings, load_settings
from openmarque.kit.stopping import until_stopped
from openmarque.link.broker import Broker, connect, connect_client
from openmarque.link.gate_jwt import AuthRequest, BadToken, Issuer, read_request
from openmarque.link.pki import identity_of, serial_hex
from openmarque.link.pki_keys import KeyRing
from openmarque.link.revocation import BadSnapshot, SnapshotReader, snapshot_file
from openmarque.link.security import SecurityEvent, publish_event
from openmarque.link.subjects import OUTSIDE_LANES, UPLINK
from openmarque.protocol.envelope import Lane

CALLOUT_SUBJECT: Final = "$SYS.REQ.USER.AUTH"
LONGEST_GRANT: Final = timedelta(hours=24)
STALE_GRANT: Final = timedelta(minutes=15)
"""With a revocation list that may be out of date, a car is asked again soon."""
MAX_SUBSCRIPTIONS: Final = 16
"""The car listens on ``down/#``, which the gateway counts as two; the rest is room for a next release."""
_log = structlog.get_logger("openmarque.link.gate")


@dataclass(frozen=True)
class Grant:
    """The car `vehicle_id` may connect until `expires`."""

    vehicle_id: UUID
    serial: str
    expires: datetime

    @property
    def publish(self) -> list[str]:
        """Subjects that it may publish: one by one, so that a car can't leave retained messages on thousands of others."""
        lanes = [UPLINK.to(vehicle_id=self.vehicle_id, lane=lane) for lane in Lane]
        return [*lanes, *(subject.to(vehicle_id=self.vehicle_id) for subject in OUTSIDE_LANES)]

    @property
    def subscribe(self) -> list[str]:
        """Subjects that it may read: its downlink, and the gateway's own delivery subjects (the gateway lets no client name those)."""
        name = wire(self.vehicle_id)
        return [f"v.{name}.down", f"v.{name}.down.>", "$MQTT.sub.>"]


@dataclass(frozen=True)
class Refusal:
    """Nobody is let in, for `reason` (kebab case, counted); `vehicle_id` if the certificate was good enough to name one."""

    reason: str
    vehicle_id: UUID | None = None
    detail: str = ""


class Authoriser:
    """Decides on one connection from the certificate anchors in a file, the revocation snapshot and the clock."""

    def __init__(self, anchors_file: Path, snapshot: SnapshotReader, clock: Clock) -> None:
        """Trust the intermediates in `anchors_file`; the file is read again when it changes."""
        self._file = anchors_file
        self._snapshot = snapshot
        self._clock = clock
        self._stamp = 0
        self._anchors: dict[x509.Name, list[x509.Certificate]] = {}

    def decide(self, chain_pem: Sequence[str], client_id: str) -> Grant | Refusal:
        """Judge a client's certificate (first of `chain_pem`) and its MQTT client id."""
        if not chain_pem:
            return Refusal("no-certificate")
        try:
            certificate = x509.load_pem_x509_certificate(chain_pem[0].encode("ascii"))
            vehicle_id, _vin = identity_of(certificate)
        except ValueError:
            return Refusal("not-a-car-certificate")
        name = wire(vehicle_id)
        if reason := self._fault_of(certificate):
            # An unproven name is not counted against that car.
            return Refusal(reason, vehicle_id if reason in ("expired", "not-yet-valid") else None)
        try:
            state = self._snapshot.state()
        except BadSnapshot as error:
            return Refusal("no-revocation-snapshot", vehicle_id, error.detail)
        if state.revocations.revokes(serial_hex(certificate), name):
            return Refusal("revoked", vehicle_id, serial_hex(certificate))
        if client_id != name:
            return Refusal("foreign-client-id", vehicle_id, client_id[:64])
        longest = STALE_GRANT if state.stale else LONGEST_GRANT
        expires = min(certificate.not_valid_after_utc, self._clock.now() + longest)
        return Grant(vehicle_id, serial_hex(certificate), expires)

    def _fault_of(self, certificate: x509.Certificate) -> str:
        issuers = [c for c in self._trusted().get(certificate.issuer, []) if _signed_by(certificate, c)]
        if not issuers:
            return "foreign-certificate"
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        basics = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        if ExtendedKeyUsageOID.CLIENT_AUTH not in usages or basics.ca:
            return "not-a-car-certificate"
        now = self._clock.now()
        if now < certificate.not_valid_before_utc:
            return "not-yet-valid"
        if now >= certificate.not_valid_after_utc or all(now >= c.not_valid_after_utc for c in issuers):
            return "expired"
        return ""

    def _trusted(self) -> dict[x509.Name, list[x509.Certificate]]:
        stamp = self._file.stat().st_mtime_ns
        if stamp != self._stamp:
            anchors: dict[x509.Name, list[x509.Certificate]] = {}
            for certificate in x509.load_pem_x509_certificates(self._file.read_bytes()):
                anchors.setdefault(certificate.subject, []).append(certificate)
            self._anchors, self._stamp = anchors, stamp
        return self._anchors


def _signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    key, algorithm = issuer.public_key(), certificate.signature_hash_algorithm
    if not isinstance(key, ec.EllipticCurvePublicKey) or algorithm is None:
        return False
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(algorithm))
    except InvalidSignature:
        return False
    return True


@dataclass
class GateCounters:
    """What a gate did since its start."""

    granted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """By reason."""


class Gate:
    """Answers the broker's requests with an `Authoriser`'s decisions."""

    def __init__(
        self,
        authoriser: Authoriser,
        issuer: Issuer,
        clock: Clock,
        *,
        account: str,
        on_refusal: Callable[[Refusal], None] | None = None,
    ) -> None:
        """Place cars in `account`; call `on_refusal` (which must not block) for each refusal."""
        self._authoriser = authoriser
        self._issuer = issuer
        self._clock = clock
        self._account = account
        self._on_refusal = on_refusal
        self.counters = GateCounters()

    def answer(self, token: bytes) -> bytes:
        """The signed answer to a request token. Raises ``BadToken`` for one that no server signed; it gets no answer."""
        request = read_request(token)
        decision = self._decide(request)
        now = self._clock.now()
        if isinstance(decision, Refusal):
            self.counters.refused[decision.reason] += 1
            name = wire(decision.vehicle_id) if decision.vehicle_id else None
            _log.warning("connection_refused", reason=decision.reason, vehicle_id=name)
            if self._on_refusal:
                self._on_refusal(decision)
            return self._issuer.refuse(request, decision.reason, now)
        self.counters.granted += 1
        return self._issuer.grant(
            request,
            name=wire(decision.vehicle_id),
            account=self._account,
            publish=decision.publish,
            subscribe=decision.subscribe,
            expires=decision.expires,
            now=now,
            max_subscriptions=MAX_SUBSCRIPTIONS,
            max_payload=MAX_PAYLOAD,
        )

    def _decide(self, request: AuthRequest) -> Grant | Refusal:
        if request.client_type != "mqtt":
            # Our own processes are known to the broker and never asked about; whoever else comes by NATS or WebSocket isn't ours.
            return Refusal("not-mqtt", None, request.client_type[:32])
        return self._authoriser.decide(request.chain, request.mqtt_id)


class RunningGate:
    """A gate on its connection to the broker."""

    def __init__(self, gate: Gate) -> None:
        """Serve with `gate`; `start` connects."""
        self.gate = gate
        self._close: list[Callable[[], object]] = []

    async def start(self, endpoint: NatsEndpoint) -> None:
        """Connect and answer from now on, in a queue group with other gates. Raises ``BrokerDown``."""
        client = await connect_client(endpoint.gate, name="gate")

        async def on_request(msg: Msg) -> None:
            try:
                await client.publish(msg.reply, self.gate.answer(msg.data))
            except BadToken as error:
                _log.warning("bad_authorisation_request", detail=error.detail)
            except Exception:  # noqa: BLE001 - one request that we can't read must not stop the gate for every other car
                _log.exception("gate_failed")

        await client.subscribe(CALLOUT_SUBJECT, queue="gate", cb=on_request)
        await client.flush()
        self.client = client

    async def stop(self) -> None:
        """Stop answering."""
        await self.client.close()


def build_gate(settings: Settings, clock: Clock, *, on_refusal: Callable[[Refusal], None] | None = None) -> RunningGate:
    """The gate of a home: its anchors, snapshot and issuer key."""
    endpoint = read_endpoint(settings)
    snapshot = SnapshotReader(snapshot_file(settings.home), KeyRing(settings.keys_dir, clock), clock)
    authoriser = Authoriser(settings.home / "pki" / "cars.anchors.pem", snapshot, clock)
    return RunningGate(Gate(authoriser, Issuer(endpoint.issuer_seed), clock, account=endpoint.account, on_refusal=on_refusal))


async def serve(settings: Settings, clock: Clock, stop: asyncio.Event, *, ready: Callable[[], None] | None = None) -> None:
    """Run a gate until `stop` is set; publishes each refusal as a security event. `ready` is called once it answers."""
    endpoint = read_endpoint(settings)
    events: Broker = await connect(endpoint.worker, name="gate-events")
    tasks: set[asyncio.Task[None]] = set()

    def on_refusal(refusal: Refusal) -> None:
        vehicle = wire(refusal.vehicle_id) if refusal.vehicle_id else ""
        event = SecurityEvent(kind="connection-refused", reason=refusal.reason, vehicle_id=vehicle, at=iso(clock.now()))
        task = asyncio.create_task(publish_event(events, event))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    running = build_gate(settings, clock, on_refusal=on_refusal)
    await running.start(endpoint)
    if ready:
        ready()
    await stop.wait()
    await running.stop()
    await events.close()


def run_gate(settings: Settings, clock: Clock | None = None) -> None:
    """Run a gate as this process until it is stopped; prints ``ready`` once it answers."""

    async def main() -> None:
        stop = asyncio.Event()
        watch = asyncio.create_task(until_stopped())
        watch.add_done_callback(lambda _task: stop.set())
        await serve(settings, clock or SystemClock(), stop, ready=lambda: print("ready", flush=True))  # noqa: T201 - for our parent
        watch.cancel()

    configure_log()  # to the error stream: our parent reads one word from the other and closes it
    with suppress(KeyboardInterrupt):
        asyncio.run(main())


if __name__ == "__main__":
    run_gate(load_settings())
