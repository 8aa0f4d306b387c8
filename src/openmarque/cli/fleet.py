"""The process of the demo's cars: ``python -m openmarque.cli.fleet``. Prints ``ready`` once their head-unit pages can be opened.

Which cars there are stands in ``demo/fleet.json`` of the home, written by ``up --demo``. The process knows nothing of the platform but what is
in the cars' bundles; it stands for as many cars that are elsewhere.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from openmarque.car.headunit import HeadUnit, serve
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import Clock, SystemClock
from openmarque.kit.log import configure_log
from openmarque.kit.readiness import announce_ready
from openmarque.kit.settings import load_settings
from openmarque.kit.stopping import until_stopped
from openmarque.simulator.fleet.demo_fleet import car_spec
from openmarque.simulator.fleet.fleet import FleetCar, ProvisionedCar, run_fleet
from openmarque.simulator.fleet.installed import body_effects

FLEET_JSON: Final = Path("demo") / "fleet.json"
"""Below the home."""


class Parked(msgspec.Struct, frozen=True):
    """A car of the fleet: the folder of its bundle, its number in the cast, and the loopback port of its head unit."""

    folder: str
    number: int
    headunit_port: int


def write_fleet(home: Path, cars: Sequence[Parked]) -> None:
    """Say which cars there are."""
    (home / FLEET_JSON).write_bytes(msgspec.json.encode(list(cars)))


def read_fleet(home: Path) -> list[Parked]:
    """Which cars there are."""
    return msgspec.json.decode((home / FLEET_JSON).read_bytes(), type=list[Parked])


async def run(home: Path, clock: Clock, ready: Callable[[], None]) -> None:
    """Run the fleet of a home until stopped."""
    services = installed_services()
    catalogue, effects = Catalogue(services), body_effects(services)
    turn = asyncio.Lock()
    parked = read_fleet(home)
    provisioned = [ProvisionedCar(Path(p.folder), car_spec(p.number), p.number) for p in parked]
    cars = [FleetCar(one, catalogue, clock, turn, effects) for one in provisioned]
    tasks = [asyncio.create_task(run_fleet(cars))]
    bound = 0

    def count(_port: int) -> None:
        nonlocal bound
        bound += 1
        if bound == len(cars):
            ready()

    for car, place in zip(cars, parked, strict=True):
        unit = HeadUnit(car.agent, catalogue, car.agent.bundle.vin, app_url=car.agent.bundle.facts.app_url)
        tasks.append(asyncio.create_task(serve(unit, place.headunit_port, count)))
    tasks.append(asyncio.create_task(until_stopped()))
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    for task in pending:
        with suppress(asyncio.CancelledError):
            await task
    for task in done:
        task.result()


def main() -> None:
    """Run the demo's cars until SIGTERM or SIGINT."""
    configure_log()
    uvloop.run(run(load_settings().home, SystemClock(), announce_ready))


if __name__ == "__main__":
    main()
