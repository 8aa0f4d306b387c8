"""The real engines, once per session. What a test may ask for:

``home`` (session)      directory of this session's platform; engines, keys and authority lie in it
``settings`` (session)  its `Settings` (free ports)
``clock`` (session)     the system clock
``pki`` (session)       `Pki`: ``.ca``, ``.ring``; ``.new_car(vin=…)`` → `Car` (``vehicle_id``, ``vin``, ``certificate``, ``tls()``, ``name``);
                        ``.foreign_car()``, ``.expired_car()``; ``.revoke(*cars, serials=…)`` writes the next snapshot
``postgres`` (session)  `Postgres`: ``.url`` (owner's address of the database "openmarque"); ``.template(name, prepare)`` makes a template
                        once (``prepare(url)`` fills it); ``with postgres.fresh(template=…) as url`` is an own database for one test (40 ms)
``nats`` (session)      `Nats`: ``.endpoint``, ``.server``, ``.gate`` (a process of its own), ``.mqtt(car, **options)`` → aiomqtt client
``broker`` (function)   a connected `NatsBroker` as a worker

Tests that kill an engine make their own with ``own_home`` (function: a directory whose engines are stopped and deleted afterwards).
Teardown is certain: fixtures stop what they started, and each session first ends what a killed session left behind.
"""

import os
import re
import shutil
import signal
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiomqtt
import psutil
import psycopg
import pytest
import pytest_asyncio
from psycopg import sql

from openmarque.engines.nats import NatsEndpoint, NatsServer
from openmarque.engines.postgres import PostgresEndpoint, PostgresServer
from openmarque.engines.postgres_home import possible_roots
from openmarque.engines.process import end, find_ours
from openmarque.kit.clock import Clock, ManualClock, SystemClock
from openmarque.kit.csr import certificate_request, key_pem, new_car_key
from openmarque.kit.ids import VehicleId, wire
from openmarque.kit.settings import Settings
from openmarque.link.bringup import GateProcess, authority, broker_plan
from openmarque.link.broker import NatsBroker, connect
from openmarque.link.pki import CarCertificate, CertificateAuthority
from openmarque.link.pki_keys import KeyRing
from openmarque.link.revocation import snapshot_file, write_snapshot

_PREFIX = "openmarque-test-"
QUICK = {"fsync": "off", "shared_buffers": "32MB"}
"""For databases of tests: they survive kill -9 of every process, and no test cuts the power of the machine."""


def make_home() -> Path:
    """A directory that PostgreSQL's user can reach; its name holds our pid, by which a later session knows that it is left over."""
    home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    home.chmod(0o711)
    return home


def remove_home(home: Path) -> None:
    """End the engines of `home`, if any run, and delete it."""
    for root in possible_roots(home):
        if process := find_ours("postgres", "-D", root / "data"):
            end(process, (signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5))
        shutil.rmtree(root, ignore_errors=True)
    if process := find_ours("nats", "-c", home / "nats" / "nats.conf"):
        end(process, (signal.SIGTERM, 5), (signal.SIGKILL, 5))
    shutil.rmtree(home, ignore_errors=True)


def sweep() -> None:
    """Remove the homes of test sessions that are no more."""
    for home in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = re.match(rf"{_PREFIX}(\d+)-", home.name)
        if owner and not psutil.pid_exists(int(owner[1])):
            remove_home(home)


@dataclass(frozen=True)
class Car:
    """A car with its key and certificate on disk."""

    vehicle_id: VehicleId
    vin: str
    certificate: CarCertificate
    cert_file: Path
    key_file: Path
    root_file: Path

    @property
    def name(self) -> str:
        return wire(self.vehicle_id)

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.root_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.cert_file, self.key_file)
        return context


@dataclass
class Pki:
    """The session's authority, and cars made with it."""

    home: Path
    ca: CertificateAuthority
    ring: KeyRing
    clock: Clock
    version: int = 0
    serials: set[str] = field(default_factory=set)
    vehicles: set[UUID] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new_car(self, vin: str | None = None, *, ca: CertificateAuthority | None = None, vehicle_id: UUID | None = None) -> Car:
        number = next(self._numbers)
        # UU1 (Romania) uses no check digit, so any seventeen allowed characters are a VIN.
        vin = vin or f"UU1TEST0000{number:06d}"
        vehicle = VehicleId(vehicle_id or uuid4())
        key = new_car_key()
        certificate = (ca or self.ca).issue_car(vehicle, vin, certificate_request(key, vehicle))
        cert_file, key_file = self.home / f"car-{number}.pem", self.home / f"car-{number}.key"
        cert_file.write_bytes(certificate.chain_pem)
        key_file.write_bytes(key_pem(key))
        return Car(vehicle, vin, certificate, cert_file, key_file, self.ca.root_file)

    def foreign_car(self, vehicle_id: UUID | None = None) -> Car:
        """A certificate of the same form from an authority that isn't ours."""
        other = CertificateAuthority.create(self.home / "pki-foreign", self.clock, name="OpenMarque", passphrase="x")
        return self.new_car(ca=other, vehicle_id=vehicle_id)

    def expired_car(self) -> Car:
        """Issued by our authority a year ago."""
        return self.new_car(ca=CertificateAuthority(self.home / "pki", ManualClock(self.clock.now() - timedelta(days=365))))

    def revoke(self, *cars: UUID, serials: frozenset[str] = frozenset()) -> None:
        """Add to the snapshot in force."""
        self.version += 1
        self.serials |= serials
        self.vehicles |= set(cars)
        path = snapshot_file(self.home)
        write_snapshot(
            path,
            self.ring,
            self.clock,
            version=self.version,
            serials=frozenset(self.serials),
            vehicles=frozenset(self.vehicles),
        )


@dataclass
class Postgres:
    """The session's PostgreSQL."""

    endpoint: PostgresEndpoint
    server: PostgresServer
    _templates: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.endpoint.url

    def template(self, name: str, prepare: Callable[[str], None]) -> str:
        """Make the database `name` once per session, filled by ``prepare(url)``; to be copied by `fresh`."""
        if name not in self._templates:
            self._run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            prepare(self.endpoint.database(name))
            self._templates.add(name)
        return name

    @contextmanager
    def fresh(self, template: str = "template0") -> Iterator[str]:
        """The address of a database of one's own, a copy of `template`; dropped afterwards, whoever is still connected."""
        name = f"t_{uuid4().hex[:12]}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield self.endpoint.database(name)
        finally:
            self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@dataclass
class Nats:
    """The session's broker with its gate."""

    endpoint: NatsEndpoint
    server: NatsServer
    gate: GateProcess

    def mqtt(self, car: Car, **options: Any) -> aiomqtt.Client:
        """An MQTT 3.1.1 client as `car`, to be entered with ``async with``."""
        values: dict[str, Any] = {"identifier": car.name, "keepalive": 30, "timeout": 5, **options}
        version = aiomqtt.ProtocolVersion.V311
        return aiomqtt.Client("127.0.0.1", self.endpoint.mqtt_port, tls_context=car.tls(), protocol=version, **values)


@pytest.fixture(scope="session")
def clock() -> Clock:
    return SystemClock()


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    sweep()
    made = make_home()
    yield made
    remove_home(made)


@pytest.fixture
def own_home() -> Iterator[Path]:
    made = make_home()
    yield made
    remove_home(made)


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    return Settings(home=home, mqtt_port=0, port=0)


@pytest.fixture(scope="session")
def pki(home: Path, settings: Settings, clock: Clock) -> Pki:
    return Pki(home, authority(settings, clock), KeyRing(settings.keys_dir, clock), clock)


@pytest.fixture(scope="session")
def postgres(settings: Settings) -> Iterator[Postgres]:
    server = PostgresServer(settings, extra_conf=QUICK)
    try:
        yield Postgres(server.start(), server)
    finally:
        server.stop()


@pytest.fixture(scope="session")
def nats(settings: Settings, pki: Pki, clock: Clock) -> Iterator[Nats]:
    server = NatsServer(settings, broker_plan(settings, clock, pki.ca))
    gate = GateProcess(settings)
    try:
        endpoint = server.start()
        gate.start()
        yield Nats(endpoint, server, gate)
    finally:
        gate.stop()
        server.stop()


@pytest_asyncio.fixture
async def broker(nats: Nats) -> AsyncIterator[NatsBroker]:
    connected = await connect(nats.endpoint.worker, name="test")
    yield connected
    await connected.close()
