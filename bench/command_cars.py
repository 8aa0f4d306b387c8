"""The cars of the command group: ``python -m bench.command_cars FOLDER…``. Real agents on the real broker; their locks obey at once.

A process of its own, so that a car's work is not the app's. Prints ``ready`` once every car is connected and known at its level. Each
line on its input names a car by its place; the answer is the secret that its screen shows for a phone, base64url.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

from openmarque.car.agent import CarAgent
from openmarque.car.identity import read_bundle
from openmarque.car.model import Actuation, LinkState
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import SystemClock
from openmarque.kit.log import configure_log
from openmarque.protocol import signals as vss
from openmarque.protocol.commands import b64url
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import Value

_PARKED: Final[dict[str, Value]] = {vss.SPEED: 0.0, vss.IGNITION: "OFF", **dict.fromkeys(vss.DOORS_OPEN, False)}


class ObedientCar:
    """A parked car whose locks are as commanded by the next turn of the loop."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        """Nothing is connected yet."""
        bundle = read_bundle(folder)
        actuators = dict.fromkeys(catalogue.commands(), self._actuate)
        self.agent = CarAgent(bundle, SqliteCarStore(bundle.store_path), catalogue, SystemClock(), actuators=actuators)

    async def open(self) -> None:
        """Return once the car is connected at the level of commands and has said how it stands."""
        await self.agent.until(lambda core: core.link_state is LinkState.OPEN)
        self.agent.act(lambda core, now: core.set_level(now, Level.POSITION, "bench"))
        self._sense({**_PARKED, **dict.fromkeys(vss.DOORS_LOCKED, False)})

    async def secret(self) -> str:
        """What the screen shows for one phone."""
        await self.agent.until(lambda core: core.can_add_phone)
        self.agent.act(lambda core, now: core.show_ticket(now))
        ticket = self.agent.core.ticket(self.agent.now())
        assert ticket is not None
        return b64url(ticket.secret)

    def _actuate(self, action: Actuation) -> None:
        locked: dict[str, Value] = dict.fromkeys(vss.DOORS_LOCKED, action.command == "lock")
        asyncio.get_running_loop().call_soon(self._sense, locked)

    def _sense(self, values: dict[str, Value]) -> None:
        self.agent.act(lambda core, now: core.sensed(now, values))


async def serve(folders: list[Path]) -> None:
    """Run the cars until the input ends."""
    configure_log()
    catalogue = Catalogue(installed_services())
    cars = [ObedientCar(folder, catalogue) for folder in folders]
    running = [asyncio.create_task(car.agent.run()) for car in cars]
    await asyncio.gather(*(car.open() for car in cars))
    print("ready", flush=True)
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        print(await cars[int(line)].secret(), flush=True)
    for task in running:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(serve([Path(folder) for folder in sys.argv[1:]]))
