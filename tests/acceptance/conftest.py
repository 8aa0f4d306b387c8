"""A whole running platform, once per session: engines, gate process, worker process, each a child of ours. Tests that use it run
in the session's event loop (``pytestmark = pytest.mark.asyncio(loop_scope="session")``), where its reporter lives.

``ground`` (session)      `faults.ground.Ground`: ``new_car(vin)``, ``mqtt_port``, ``platform``
``new_car`` (session)     makes a car with a VIN of its own and an owner
``hostile`` (function)    a `TalkingCar` with a good certificate and bad intentions, at level POSITION
``innocent`` (function)   another owner's car: ``await innocent.goes_on()`` while something is tried; looked at once more at the end
``database`` (session)    the owner's connection to the platform's database: ``rows(query, parameters)``
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, LiteralString

import psycopg
import pytest
import pytest_asyncio

from faults.cars import Car
from faults.ground import Ground, ground_up, until
from faults.speaker import TalkingCar
from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import Answer, Disposition, Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import STATUS, StatusBody

NewCar = Callable[[], Awaitable[Car]]


@dataclass(frozen=True)
class Rows:
    """What is in the database, read by its owner, whom no row policy holds back."""

    url: str

    def rows(self, query: LiteralString, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            connection.execute("SET row_security = off")
            return connection.execute(query, parameters).fetchall()

    def refusals(self, car: Car) -> dict[tuple[str, str], int]:
        """How often what was refused of this car: (reason, what) → times."""
        query = "SELECT reason, what, count FROM refusal_count WHERE vehicle_id = %s"
        return {(reason, what): times for reason, what, times in self.rows(query, (car.vehicle_id,))}

    def security_events(self, kind: str, car: Car | None = None) -> int:
        """How often something of this kind was counted; against `car`, or against nobody."""
        vehicle_id = car.vehicle_id if car else "00000000-0000-0000-0000-000000000000"
        query = "SELECT coalesce(sum(count), 0)::int FROM security_event WHERE kind = %s AND vehicle_id = %s"
        return int(self.rows(query, (kind, vehicle_id))[0][0])

    def values(self, car: Car) -> dict[str, list[Any]]:
        """The newest values: VSS path → [value, car ms, received ms]."""
        return dict(self.rows("SELECT signals FROM last_values WHERE vehicle_id = %s", (car.vehicle_id,))[0][0])

    def trips(self, car: Car) -> list[tuple[Any, ...]]:
        """Everything kept of its trips but when it was received and under which policy."""
        query = """SELECT trip, started_at, ended_at, duration_s, travel_s, gap_s, distance_m, mean_speed_kmh, soc_start, soc_end
                     FROM trip WHERE vehicle_id = %s ORDER BY trip"""
        return self.rows(query, (car.vehicle_id,))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ground() -> AsyncIterator[Ground]:
    async with ground_up() as running:
        yield running


@pytest.fixture(scope="session")
def database(ground: Ground) -> Rows:
    return Rows(ground.database_url)


@pytest.fixture(scope="session")
def vins() -> Iterator[str]:
    # UU1 (Romania) uses no check digit, so any seventeen allowed characters are a VIN.
    return (f"UU1TEST0000{number:06d}" for number in count(1))


@pytest.fixture(scope="session")
def new_car(ground: Ground, vins: Iterator[str]) -> NewCar:
    async def make() -> Car:
        return await ground.new_car(next(vins))

    return make


async def counted(rows: Rows, kind: str, car: Car | None = None, before: int = 0) -> None:
    """Return once the platform has counted a security event of this kind."""
    await until(lambda: rows.security_events(kind, car) > before, f"{kind} was not counted", 5)


@pytest_asyncio.fixture(loop_scope="session")
async def hostile(ground: Ground, new_car: NewCar) -> AsyncIterator[TalkingCar]:
    """A car with a good certificate and bad intentions, at level POSITION."""
    talking = await TalkingCar.open(await new_car(), ground.mqtt_port)
    await talking.set_level(Level.POSITION)
    yield talking
    await talking.close()


@dataclass
class Innocent:
    """Another owner's car: what it says is stored, and only that is in its rows."""

    car: TalkingCar
    rows: Rows
    said: int = 0

    async def goes_on(self) -> None:
        """It says something, is acknowledged, and nothing else of it has changed."""
        self.said += 1
        async with asyncio.timeout(10):
            ack = await self.car.tell(
                Lane.STATUS, self.car.frame(Lane.STATUS, STATUS, StatusBody({vss.SPEED: (float(self.said), 0)}))
            )
        assert ack.answers == (Answer(ack.watermark, Disposition.STORED),)
        assert {path: signal[0] for path, signal in self.rows.values(self.car.car).items()} == {vss.SPEED: float(self.said)}
        assert self.rows.refusals(self.car.car) == {}
        assert self.rows.trips(self.car.car) == []


@pytest_asyncio.fixture(loop_scope="session")
async def innocent(ground: Ground, new_car: NewCar, database: Rows) -> AsyncIterator[Innocent]:
    talking = await TalkingCar.open(await new_car(), ground.mqtt_port)
    await talking.set_level(Level.POSITION)
    car = Innocent(talking, database)
    await car.goes_on()
    yield car
    await car.goes_on()
    assert await talking.speaker.alive()
    assert database.security_events("publish-violation", talking.car) == 0
    await talking.close()
