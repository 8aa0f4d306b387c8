"""A whole platform on the real engines for the tests of the API, once per session, in a home of its own.

``platform`` the wired platform with a started worker; ``app`` the application on it; ``client`` an HTTP client of that application;
``street`` makes owners and cars: ``await street.owner()`` → `Owner` (``token``, ``headers``), ``await street.car(owner)`` → `Car`, whose
``says(…)``, ``drove(…)`` and ``sets_level(…)`` go through the ingest as a worker's do.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from cryptography.hazmat.primitives.asymmetric import ec

from openmarque.api.app import Api, create_app
from openmarque.app import Platform, bootstrap, start_engines
from openmarque.domains.garage.service import NewVehicle
from openmarque.engines.process import Ports
from openmarque.http.address import PORT_NAME
from openmarque.kit.clock import SystemClock, to_ms
from openmarque.kit.csr import certificate_request, new_car_key
from openmarque.kit.ids import AccountId, TenureId, VehicleId, wire
from openmarque.kit.settings import Settings
from openmarque.link.bringup import GateProcess
from openmarque.link.worker import Worker
from openmarque.protocol import signing
from openmarque.protocol.envelope import Envelope, Lane, Trust, encode, pack
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import LEVEL_CHANGED, Hello, LevelChanged, StatusBody, status_type_of
from openmarque.protocol.signals import Value
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, Place, TripCompleted, TripPlaces
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from tests.integration.conftest import make_home, remove_home

_numbers = count(1)


@dataclass(frozen=True)
class Owner:
    account_id: AccountId
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class Car:
    """A car that speaks without a broker: its frames are handed to the ingest."""

    platform: Platform
    worker: Worker
    vehicle_id: VehicleId
    tenure_id: TenureId
    key: ec.EllipticCurvePrivateKey
    epoch: int = 0
    level: Level = Level.PRIVATE
    numbers: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    changes: int = 0
    ahead_ms: int = 0
    """By how much its clock is ahead of the platform's."""

    @property
    def name(self) -> str:
        return wire(self.vehicle_id)

    @property
    def address(self) -> str:
        return f"/api/v1/vehicles/{self.name}"

    async def greets(self) -> None:
        hello = Hello(protocol=(2,), epoch=0, first={}, software="test")
        await self.worker._use_cases.handshake.take(self.vehicle_id, encode(hello))
        async with self.platform.database.begin() as tx:
            rows = await postgres(tx).rows(PLATFORM, "SELECT epoch FROM car_link WHERE vehicle_id = %s", (self.vehicle_id,))
        self.epoch = rows[0][0]

    async def begins_anew(self) -> None:
        """The car was reset: it is given another epoch, in which its numbers begin at one."""
        await self.greets()
        self.numbers = dict.fromkeys(Lane, 0)

    def now_ms(self) -> int:
        return to_ms(self.platform.clock.now()) + self.ahead_ms

    async def says(self, values: dict[str, Value], *, age_ms: int = 0, level: Level | None = None) -> None:
        body = StatusBody({path: (value, age_ms) for path, value in values.items()})
        await self.sends(Lane.STATUS, status_type_of(values), body, level=level)

    async def sets_level(self, level: Level, by: str = "head unit") -> None:
        self.changes += 1
        at = self.now_ms()
        statement = signing.level_statement(self.vehicle_id, level, self.changes, at, by)
        key_id = signing.key_id(self.key.public_key())
        await self.sends(
            Lane.EVENT, LEVEL_CHANGED, LevelChanged(level, self.changes, at, by, key_id, signing.sign(self.key, statement))
        )
        self.level = level

    async def drove(self, number: int, distance_m: float, *, minutes_ago: int = 0, **figures: Any) -> None:
        ended = self.now_ms() - minutes_ago * 60_000
        trip = TripCompleted(number, ended - 600_000, ended, 600.0, 500.0, distance_m, distance_m * 6 / 1000, **figures)
        await self.sends(Lane.EVENT, TRIP_COMPLETED, trip)

    async def was_between(self, number: int, start: tuple[float, float], end: tuple[float, float]) -> None:
        await self.sends(Lane.EVENT, TRIP_PLACES, TripPlaces(number, self.now_ms(), Place(*start), Place(*end)))

    async def sends_nonsense(self) -> None:
        """A value that no car has: refused and counted."""
        await self.says({"Vehicle.Powertrain.TractionBattery.StateOfCharge.Displayed": 4000.0})

    async def sends(self, lane: Lane, kind: str, body: msgspec.Struct, *, level: Level | None = None) -> None:
        await self.sends_raw(lane, kind, pack(body), level=level)

    async def sends_raw(self, lane: Lane, kind: str, body: msgspec.Raw, *, level: Level | None = None) -> None:
        self.numbers[lane] += 1
        await self.sends_frame(lane, encode(self.envelope(lane, kind, body, level=level)))

    def envelope(self, lane: Lane, kind: str, body: msgspec.Raw, *, level: Level | None = None) -> Envelope:
        captured = self.level if level is None else level
        return Envelope(self.epoch, lane, self.numbers[lane], self.now_ms(), Trust.SYNCED, captured, kind, body)

    async def sends_frame(self, lane: Lane, frame: bytes) -> None:
        parts = self.worker._use_cases
        ingest: Any = parts.status if lane is Lane.STATUS else parts.lanes[lane]
        await ingest.take([(self.vehicle_id, frame)])


@dataclass
class Street:
    """Where owners and cars come from."""

    platform: Platform
    worker: Worker

    async def owner(self) -> Owner:
        now = self.platform.clock.now()
        async with self.platform.database.begin() as tx:
            account_id = await self.platform.accounts.create(tx, "fr", "Europe/Paris", now)
            return Owner(account_id, await self.platform.accounts.issue_token(tx, account_id, now))

    async def car(
        self, owner: Owner, *, model: str = "brise", plan: str | None = "connect", level: Level = Level.POSITION
    ) -> Car:
        platform, now = self.platform, self.platform.clock.now()
        key = new_car_key()
        async with platform.database.begin() as tx:
            vehicle_id = await platform.garage.register(tx, NewVehicle(f"UU1TEST0000{next(_numbers):06d}", model), now)
            await platform.garage.certify(tx, vehicle_id, certificate_request(key, vehicle_id))
            tenure_id = await platform.garage.start_tenure(tx, vehicle_id, owner.account_id, now)
            if plan:
                await platform.contracts.activate_trial(tx, tenure_id, vehicle_id, plan, now)
        car = Car(platform, self.worker, vehicle_id, tenure_id, key)
        await car.greets()
        if level is not Level.PRIVATE:
            await car.sets_level(level)
        return car


@pytest.fixture(scope="session")
def api_home() -> Iterator[Path]:
    made = make_home()
    yield made
    remove_home(made)


@pytest.fixture(scope="session")
def api_settings(api_home: Path) -> Iterator[Settings]:
    """The settings of a home whose engines run and whose database is up to date."""
    settings = Settings(home=api_home, mqtt_port=0, port=0)
    engines = asyncio.run(start_engines(settings, SystemClock()))
    yield settings
    engines.nats.stop()
    engines.postgres.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def platform(api_settings: Settings) -> AsyncIterator[Platform]:
    async with bootstrap(api_settings, SystemClock()) as wired:
        # The same algorithm with the least work: these tests hash some hundred passwords, and no outcome hangs on how long that takes.
        wired.accounts.passwords._hasher = PasswordHasher.from_parameters(CHEAPEST)
        async with wired.database.begin() as tx:
            await wired.garage.store_brand(tx)
        yield wired


@pytest.fixture(scope="module")
def gate(platform: Platform, api_settings: Settings) -> Iterator[GateProcess]:
    """The gate that lets cars in, for modules whose cars come by the broker."""
    process = GateProcess(api_settings)
    process.start()
    yield process
    process.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def street(platform: Platform) -> AsyncIterator[Street]:
    worker = platform.worker()
    await worker.start()
    yield Street(platform, worker)
    await worker.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def app(platform: Platform) -> AsyncIterator[Api]:
    made = create_app(platform)
    async with made.router.lifespan_context(made):
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client(app: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def furnished(street: Street) -> tuple[Owner, Car]:
    """An owner whose car has a status, trips and refusals."""
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({"Vehicle.Speed": 50.0, "Vehicle.CurrentLocation.Latitude": 34.0, "Vehicle.CurrentLocation.Longitude": -6.8})
    for number in range(1, 6):
        await car.drove(number, 1000.0 * number, minutes_ago=10 * number)
    await car.was_between(1, (34.0, -6.8), (34.1, -6.7))
    await car.sends_nonsense()
    return owner, car


_SERVE = """
import sys
from openmarque.api.serve import run_api
from openmarque.http.address import PORT_NAME
from openmarque.app import bootstrap
from openmarque.kit.settings import load_settings
run_api(load_settings(), bootstrap, lambda: print("ready", flush=True))
"""


def start_api(settings: Settings) -> tuple[subprocess.Popen[str], str]:
    """The API as a process on the home of `settings`, once it is ready, and its address."""
    environment = {**os.environ, "OPENMARQUE_HOME": str(settings.home), "OPENMARQUE_PORT": "0", "OPENMARQUE_MQTT_PORT": "0"}
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE], env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line == "ready\n", line
    process.stdout.close()
    return process, f"http://127.0.0.1:{Ports(settings.run_dir).known(PORT_NAME)}"


@dataclass
class Stream:
    """An event stream, read event by event."""

    chunks: asyncio.Queue[bytes]
    status: int
    rest: bytes = b""

    async def block(self, within_s: float = 5.0) -> str:
        """The next block, a comment included; raises ``TimeoutError``, and ``EOFError`` at the end."""
        async with asyncio.timeout(within_s):
            while b"\n\n" not in self.rest:
                chunk = await self.chunks.get()
                if not chunk:
                    raise EOFError
                self.rest += chunk
        block, _, self.rest = self.rest.partition(b"\n\n")
        return block.decode()

    async def event(self, within_s: float = 5.0) -> tuple[str, str, Any]:
        """(name, id, data) of the next event, comments passed over."""
        async with asyncio.timeout(within_s):
            while True:
                fields = dict(
                    line.split(": ", 1) for line in (await self.block(within_s)).splitlines() if not line.startswith(":")
                )
                if "event" in fields:
                    return fields["event"], fields.get("id", ""), msgspec.json.decode(fields["data"])


@asynccontextmanager
async def watching(app: Api, address: str, headers: dict[str, str]) -> AsyncIterator[Stream]:
    """Open an event stream on the application itself (the HTTP client of the other tests waits for the end of an answer)."""
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    gone = asyncio.Event()
    encoded = [(name.lower().encode(), value.encode()) for name, value in {"host": "localhost", **headers}.items()]
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
    }
    scope |= {"path": address, "raw_path": address.encode(), "query_string": b"", "root_path": "", "headers": encoded}

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.set_result(message["status"])
        else:
            await chunks.put(message.get("body", b""))
            if not message.get("more_body"):
                await chunks.put(b"")

    serving = asyncio.create_task(app(scope, receive, send))
    try:
        yield Stream(chunks, await asyncio.wait_for(started, 5))
    finally:
        gone.set()
        await asyncio.wait_for(serving, 5)


def unknown_id() -> str:
    return wire(UUID(int=0xDEAD))
