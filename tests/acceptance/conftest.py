"""A whole running platform, once per session: engines, gate process, worker process, each a child of ours. Tests that use it run
in the session's event loop (``pytestmark = pytest.mark.asyncio(loop_scope="session")``), where its reporter lives.

``ground`` (session)      `faults.ground.Ground`: ``new_car(vin)``, ``mqtt_port``, ``platform``
``new_car`` (session)     makes a car with a VIN of its own and an owner
``database`` (session)    the owner's connection to the platform's database: ``rows(query, parameters)``
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, LiteralString

import psycopg
import pytest
import pytest_asyncio

from faults.cars import Car
from faults.ground import Ground, ground_up

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
        query = """SELECT epoch, trip, started_at, ended_at, duration_s, travel_s, gap_s, distance_m, mean_speed_kmh, soc_start, soc_end
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
