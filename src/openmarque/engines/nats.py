"""NATS: embedded (a child process below the home) or the brand's own cluster, by its address.

Theory of operation: one configuration file is generated from the settings and from a plan that the link gives (certificates, what
workers may publish and read); our own processes authenticate with nkeys, of which the file holds only the public halves. Cars enter
by MQTT over mutual TLS 1.3; the broker asks the connection gate about each (``auth_callout``) and lets in nobody while no gate
answers. The gateway keeps its sessions in JetStream, so a store is needed; nothing that must be safe is ever put there.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

import nkeys
import psutil

from openmarque.engines.errors import BinaryMissing, EngineUnreachable, WrongVersion
from openmarque.engines.nats_config import MAX_PAYLOAD, Identities, NatsPlace, NatsPlan, config_text
from openmarque.engines.postgres_home import wheel_nats_server
from openmarque.engines.process import (
    Ports,
    check_disk,
    end,
    ensure_dir,
    ensure_home,
    find_ours,
    kept_secret,
    reap,
    spawn,
    wait_until,
    write_private,
)
from openmarque.kit.settings import Settings

LEAST_VERSION: Final = (2, 15, 1)
"""First release whose MQTT gateway answers auth_callout with the client's certificate chain and caps consumers as we rely on."""
START_TIMEOUT_S: Final = 30.0
__all__ = ["MAX_PAYLOAD", "NatsEndpoint", "NatsLogin", "NatsPlan", "NatsServer", "read_endpoint"]


@dataclass(frozen=True)
class NatsLogin:
    """How one of our processes enters the broker: an address, and an nkey seed where the address holds no credentials."""

    url: str = field(repr=False)
    """``nats://`` or ``tls://``; several servers of one cluster by comma. With ``tls://`` no others are entered (``nats_client``)."""
    seed: str | None = field(default=None, repr=False)
    anchor: Path | None = None
    """A root certificate that is trusted beside the system's: a broker may show the certificate that cars see."""

    @property
    def servers(self) -> list[str]:
        """The addresses, one by one."""
        return [server.strip() for server in self.url.split(",")]

    def tls(self) -> ssl.SSLContext | None:
        """How the broker has to prove itself; None where the connection is plain."""
        if not self.url.startswith("tls://"):
            return None
        context = ssl.create_default_context()
        if self.anchor is not None and self.anchor.exists():
            context.load_verify_locations(self.anchor)
        return context


@dataclass(frozen=True)
class NatsEndpoint:
    """Where the broker is, for each role of ours, and for cars."""

    worker: NatsLogin
    """Account of cars and workers: publish downlink and live updates, read the uplink."""
    gate: NatsLogin
    """Account that answers auth_callout and sees nothing else."""
    system: NatsLogin
    """System account: connections, disconnections, kick."""
    issuer_seed: str = field(repr=False)
    """Account nkey whose signature on an answer the broker accepts."""
    account: str
    mqtt_host: str
    mqtt_port: int
    version: str = ""


class NatsServer:
    """The NATS server of one home. `start` and `stop` block; run them in a thread beside an event loop."""

    def __init__(self, settings: Settings, plan: NatsPlan) -> None:
        """Serve cars as `plan` says."""
        self._settings = settings
        self._plan = plan
        self.config = settings.home / "nats" / "nats.conf"
        self.log = settings.log_dir / "nats.log"
        self.endpoint: NatsEndpoint | None = None

    def start(self) -> NatsEndpoint:
        """Start (or adopt a server left by a crash of ours), wait until it takes connections, and return how to enter.

        With ``nats_url`` set nothing is started; the version is checked. Raises an ``EngineError`` that names the fault.
        """
        if self._settings.nats_url:
            self.endpoint = read_endpoint(self._settings)
            server_info(self._settings.nats_url)
            return self.endpoint
        ensure_home(self._settings.home)
        check_disk(self._settings.home)
        program = self._settings.nats_server or wheel_nats_server()
        check_program(program)
        running = self.process()
        self._settle_ports(held_by_us=running is not None)
        wanted = self._config_text()
        if running and (not self.config.exists() or self.config.read_text("utf-8") != wanted):
            self.stop()
            running = None
        if not running:
            write_private(self.config, wanted)
            ensure_dir(self.log.parent)
            arguments, log = [str(program), "-c", str(self.config)], self.log.with_name("nats-start.log")
            running = reap(spawn(arguments, log, environment=_collector()))
        endpoint = read_endpoint(self._settings)
        wait_until(lambda: _answers(endpoint.worker.url), running, self._start_log(), "nats-server", START_TIMEOUT_S)
        self.endpoint = endpoint
        return endpoint

    def stop(self) -> None:
        """End the embedded server; without effect by URL."""
        if self._settings.nats_url:
            return
        if process := self.process():
            end(process, (signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))

    def reload(self) -> None:
        """Make the embedded server read its configuration and certificates again, without cutting a connection."""
        if process := self.process():
            process.send_signal(signal.SIGHUP)

    def reopen_log(self) -> None:
        """Make the embedded server write to a new log file; without effect when it does not run."""
        if process := self.process():
            process.send_signal(signal.SIGUSR1)

    def destroy(self) -> None:
        """Stop and delete the broker's store; for throwaway homes."""
        self.stop()
        if not self._settings.nats_url:
            shutil.rmtree(self.config.parent, ignore_errors=True)

    def process(self) -> psutil.Process | None:
        """The running server process of this home, also one that an earlier run of ours started."""
        return find_ours("nats", "-c", self.config)

    def healthy(self) -> bool:
        """Whether the broker greets a new connection now."""
        return self.endpoint is not None and _answers(self.endpoint.worker.url)

    def _start_log(self) -> Path:
        return self.log if self.log.exists() else self.log.with_name("nats-start.log")

    def _settle_ports(self, *, held_by_us: bool) -> None:
        ports = Ports(self._settings.run_dir)
        ports.settle("nats", self._settings.nats_port, "127.0.0.1", held_by_us=held_by_us)
        ports.settle("mqtt", self._settings.mqtt_port, self._settings.mqtt_host, held_by_us=held_by_us)

    def _config_text(self) -> str:
        ports = Ports(self._settings.run_dir)
        name = kept_secret(self._settings.home / "nats" / "name", lambda: f"openmarque-{secrets.token_hex(4)}")
        place = NatsPlace(
            name=name,
            account=self._settings.nats_account,
            listen=f"127.0.0.1:{ports.known('nats') or 0}",
            mqtt_listen=f"{self._settings.mqtt_host}:{ports.known('mqtt') or 0}",
            store=self.config.parent / "store",
            log=self.log,
        )
        return config_text(self._plan, identities(self._settings), place)


def _collector() -> dict[str, str]:
    """How the server's garbage collector works, so that it seldom delays messages (docs/decisions/0022).

    It collects when four times what is live has been added, not once, as long as all of it fits into a quarter of the machine's memory.
    """
    return {"GOGC": "400", "GOMEMLIMIT": f"{psutil.virtual_memory().total // 4}"}


def identities(settings: Settings) -> Identities:
    """The public nkeys of this home, which a broker's configuration names; the keys are made the first time."""
    return Identities(*(_public(_seed(settings, role)) for role in ("issuer", "gate", "worker", "system")))


def read_endpoint(settings: Settings) -> NatsEndpoint:
    """How to enter the broker of these settings, for processes that did not start it (workers, gates).

    Raises ``EngineUnreachable`` if the embedded broker was never started.
    """
    issuer = _seed(settings, "issuer")
    if settings.nats_url:
        worker = _login(settings, "worker", settings.nats_url)
        gate = _login(settings, "gate", settings.nats_gate_url or settings.nats_url)
        system = _login(settings, "system", settings.nats_sys_url or settings.nats_url)
        return NatsEndpoint(worker, gate, system, issuer, settings.nats_account, settings.mqtt_host, settings.mqtt_port)
    ports = Ports(settings.run_dir)
    port, mqtt = ports.known("nats"), ports.known("mqtt")
    if not port or not mqtt:
        raise EngineUnreachable(
            "The embedded broker of this home was never started.", setting="OPENMARQUE_NATS_URL or OPENMARQUE_HOME"
        )
    url = f"nats://127.0.0.1:{port}"
    worker, gate, system = (NatsLogin(url, _seed(settings, role)) for role in ("worker", "gate", "system"))
    return NatsEndpoint(worker, gate, system, issuer, settings.nats_account, settings.mqtt_host, mqtt)


def _login(settings: Settings, role: str, url: str) -> NatsLogin:
    """By the address's own credentials, or else by this home's nkey for `role`."""
    return NatsLogin(url, None if "@" in url else _seed(settings, role), settings.home / "pki" / "root.pem")


def check_program(program: Path) -> str:
    """The version of a nats-server program. Raises ``BinaryMissing`` or ``WrongVersion``."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=True, cwd="/")
    except (OSError, subprocess.SubprocessError) as error:
        raise BinaryMissing(f"{program} can't be run ({type(error).__name__}).", setting="OPENMARQUE_NATS_SERVER") from None
    version = done.stdout.strip().rpartition("v")[2]
    _require_version(version, "OPENMARQUE_NATS_SERVER")
    return version


def server_info(url: str, timeout_s: float = 5.0) -> dict[str, Any]:
    """What the server at `url` says of itself (its INFO line). Raises ``EngineUnreachable`` or ``WrongVersion``."""
    address = urlsplit(url.partition(",")[0])
    where = (address.hostname or "127.0.0.1", address.port or 4222)
    try:
        with socket.create_connection(where, timeout_s) as connection, connection.makefile("rb") as lines:
            line = lines.readline(65536)
        info = cast("dict[str, Any]", json.loads(line.removeprefix(b"INFO ")))
    except (OSError, ValueError) as error:
        detail = f"NATS at {where[0]}:{where[1]}: {error}."
        raise EngineUnreachable(detail, setting="OPENMARQUE_NATS_URL") from None
    _require_version(str(info.get("version", "")), "OPENMARQUE_NATS_URL")
    return info


def _require_version(version: str, setting: str) -> None:
    numbers = tuple(int(part) for part in version.partition("-")[0].split(".") if part.isdigit())
    if numbers < LEAST_VERSION:
        wanted = f"NATS {'.'.join(map(str, LEAST_VERSION))}"
        raise WrongVersion(f"nats-server is {version or 'of an unknown version'}.", wanted=wanted, setting=setting)


def _answers(url: str) -> bool:
    try:
        server_info(url, 2.0)
    except EngineUnreachable:
        return False
    return True


_PREFIXES: Final = {"issuer": nkeys.PREFIX_BYTE_ACCOUNT}


def _seed(settings: Settings, role: str) -> str:
    prefix = _PREFIXES.get(role, nkeys.PREFIX_BYTE_USER)
    return kept_secret(settings.keys_dir / f"nats-{role}", lambda: nkeys.encode_seed(os.urandom(32), prefix).decode("ascii"))


def _public(seed: str) -> str:
    return bytes(nkeys.from_seed(bytearray(seed.encode("ascii"))).public_key).decode("ascii")
