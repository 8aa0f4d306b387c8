"""Simulated cars on a running platform: what the network and sleep do to a car's link, and that nothing of it is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from itertools import count

import msgspec
import pytest

from faults.cars import Car
from faults.ground import Ground, until
from openmarque.car.model import LinkState
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import SystemClock
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.simulator.fleet import body as bodies
from openmarque.simulator.fleet.car import Character, Memory
from openmarque.simulator.fleet.demo_fleet import BUILDS, CarSpec
from openmarque.simulator.fleet.driver import PARKED_FOR_EVER_S, Habit
from openmarque.simulator.fleet.fleet import SIMULATED, FleetCar, ProvisionedCar
from openmarque.simulator.fleet.installed import body_effects
from tests.acceptance.conftest import NewCar, Rows

pytestmark = pytest.mark.asyncio(loop_scope="session")
PARKED = Character(build=BUILDS["brise"], habit=Habit(stops=("andorra", "encamp"), first_rest_s=PARKED_FOR_EVER_S))
TUNNEL = Character(build=BUILDS["brise"], habit=Habit(stops=("sant-antoni", "valira"), rest_s=(900.0, 900.0)))
_seeds: Iterator[int] = count(1)


@asynccontextmanager
async def living(car: Car, character: Character, memory: Memory | None = None, past: int = 0) -> AsyncIterator[FleetCar]:
    """A car of the fleet at level POSITION, alive while the context lasts."""
    folder = car.bundle.folder
    if memory is not None:
        (folder / SIMULATED).write_bytes(msgspec.json.encode(memory))
    part = CarSpec(model="brise", character=character, past_drives=past, what="a test")
    one = FleetCar(
        ProvisionedCar(folder, part, next(_seeds)),
        Catalogue(installed_services()),
        SystemClock(),
        effects=body_effects(installed_services()),
    )
    life = asyncio.create_task(one.run())
    try:
        yield one
    finally:
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life


def is_open(car: FleetCar) -> bool:
    return car.agent.core.link_state is LinkState.OPEN


def shown(rows: Rows, car: Car, path: str) -> object:
    values = rows.values(car)
    return values[path][0] if path in values else None


def mileage_shown(rows: Rows, car: Car) -> int:
    value = shown(rows, car, vss.ODOMETER)
    return value if isinstance(value, int) else 0


async def test_a_car_in_a_tunnel_keeps_what_it_has_to_say_until_it_comes_out(database: Rows, new_car: NewCar) -> None:
    car = await new_car()
    inside = Memory(under_way_m=2_860.0, odometer_m=5_000_000.0, battery_kwh=30.0)  # the tunnel ends 90 m on
    async with living(car, PARKED) as parked:
        await until(lambda: parked.agent.core.is_settled and is_open(parked), "it never spoke", 20)
    async with living(car, TUNNEL, inside) as driving:
        await until(lambda: driving.sim.is_driving and driving.sim.roll.speed > 3, "it never set out", 20)
        assert not driving.sim.is_covered
        assert not is_open(driving)
        await until(lambda: not driving.agent.core.is_status_settled, "nothing waits to be said", 10)
        mileage = int(driving.sim.odometer_m)
        assert shown(database, car, vss.ODOMETER) != mileage
        await until(lambda: driving.sim.is_covered and is_open(driving), "it never came out", 40)
        await until(lambda: mileage_shown(database, car) >= mileage, "what waited was lost", 10)


async def test_a_car_that_fell_asleep_is_off_the_network_and_lives_on(new_car: NewCar) -> None:
    car = await new_car()
    tired = replace(PARKED, sleeps_after_s=4.0)
    async with living(car, tired) as one:
        await until(lambda: is_open(one), "it never spoke", 20)
        await until(lambda: one.sim.is_asleep and one.agent.core.link_state is LinkState.OFFLINE, "it never slept", 20)
        charge = one.sim.energy.battery_kwh
        await asyncio.sleep(3)
        assert one.sim.energy.battery_kwh > charge, "it stands on the cable all the same"


async def test_a_door_that_somebody_opens_is_seen_within_seconds(database: Rows, new_car: NewCar) -> None:
    car = await new_car()
    async with living(car, PARKED) as one:
        await until(lambda: shown(database, car, vss.DOORS_LOCKED[0]) is True, "it never said that it is locked", 20)
        one.sim.touch(partial(bodies.open_door, door=0, from_inside=True))
        await until(lambda: shown(database, car, vss.DOORS_OPEN[0]) is True, "the open door was not seen", 5)
        assert shown(database, car, vss.DOORS_LOCKED[0]) is False
        assert shown(database, car, vss.DOORS_LOCKED[1]) is True


@pytest.mark.req("TRP-1d")
async def test_a_past_becomes_trips_as_long_as_the_odometer_says(database: Rows, new_car: NewCar) -> None:
    car = await new_car()
    async with living(car, PARKED, past=2) as one:
        await until(lambda: len(database.trips(car)) == 2, "the trips never came", 60)
        driven = sum(float(trip[6]) for trip in database.trips(car))
        assert driven == pytest.approx(one.sim.odometer_m - PARKED.odometer_m, rel=0.01)
        assert [float(trip[5]) for trip in database.trips(car)] == [0.0, 0.0], "no gaps"
        await until(lambda: is_open(one) and one.agent.core.is_settled, "it never came to rest", 20)


async def test_a_level_chosen_in_the_car_outlives_the_simulator(ground: Ground, new_car: NewCar) -> None:
    del ground
    car = await new_car()
    async with living(car, PARKED) as one:
        await until(lambda: one.agent.core.level is Level.POSITION, "the driver chose no level", 10)
        one.agent.act(lambda core, now: core.set_level(now, Level.PRIVATE, "head unit"))
    async with living(car, PARKED) as again:
        await asyncio.sleep(1.5)
        assert again.agent.core.level is Level.PRIVATE
