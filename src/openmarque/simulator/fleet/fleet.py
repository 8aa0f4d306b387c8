"""A fleet of simulated cars in one process: each a real car's agent with its memory on disk, fed by its sensors once a second.

What is simulated ends at the sensors and at the motors of the locks. From there on it is the code of a real car: core, outbox, keys, MQTT
over mutual TLS. A car that has no coverage, or sleeps, has no connection; its outbox keeps what it has to say.

Rules:
    1. Sensors are read once a second, and at once when an actuation took effect.
    2. A remote command moves the car only as the core's ``Actuation``; the simulator never looks at frames.
    3. A privacy level is chosen once, in a car that never had one; after that only the head unit changes it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from openmarque.car.agent import CarAgent
from openmarque.car.core import CarCore
from openmarque.car.identity import read_bundle
from openmarque.car.model import Actuation, LinkState, Now, Output
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.catalogue.register import Catalogue
from openmarque.kit.clock import Clock, to_ms
from openmarque.kit.ids import wire
from openmarque.protocol.levels import at_most
from openmarque.protocol.signals import Value
from openmarque.simulator.fleet import body as bodies
from openmarque.simulator.fleet.body import Effects
from openmarque.simulator.fleet.car import Memory, SimulatedCar
from openmarque.simulator.fleet.demo_fleet import CarSpec
from openmarque.simulator.fleet.past import Past

SENSE_S: Final = 1.0
_LONGEST_CATCH_UP_S: Final = 5.0
"""After a pause of the process (a laptop that slept) the car goes on from there; it does not drive through the time that passed."""
_REMEMBER_EVERY_S: Final = 10.0
_READINGS_AT_ONCE: Final = 25
"""Of the past, before the other cars have their turn."""
_SETTLED_S: Final = 30.0
"""Longest wait for a first greeting before the past is told; without one there is no policy, and nothing may be captured."""
SIMULATED: Final = "simulated.json"
"""Beside the bundle: what the simulator remembers of the car."""
_log = structlog.get_logger("openmarque.fleet")


@dataclass(frozen=True)
class ProvisionedCar:
    """A car that can run: the folder of its bundle, what it is like, and the seed of its chances."""

    folder: Path
    spec: CarSpec
    seed: int


class FleetCar:
    """One car: opens its memory at once, lives in ``run``. ``agent`` is what a head-unit page shows."""

    def __init__(
        self,
        car: ProvisionedCar,
        catalogue: Catalogue,
        clock: Clock,
        turn: asyncio.Lock | None = None,
        effects: Effects = bodies.NO_EFFECTS,
    ) -> None:
        """Take `car`; raises ``BundleUnusable``, ``StoreUnusable``.

        Cars that share `turn` tell their past one after the other, so that the first one lives soon. `effects` are what it does on commands.
        """
        bundle = read_bundle(car.folder)
        self._path = car.folder / SIMULATED
        self._spec = car.spec
        self._seed = car.seed
        self._clock = clock
        memory = _remembered(self._path)
        self._is_new = memory is None
        self._effects = effects
        self.sim = SimulatedCar(car.spec.character, car.seed, memory, clock.now().timestamp(), effects)
        self._store = SqliteCarStore(bundle.store_path)
        self.agent = CarAgent(bundle, self._store, catalogue, clock, actuators=dict.fromkeys(effects, self._obey))
        self._link: asyncio.Task[None] | None = None
        self._effect: asyncio.TimerHandle | None = None
        self._remembered_s = 0.0
        self._turn = turn or asyncio.Lock()

    async def run(self) -> None:
        """Live until cancelled."""
        try:
            if (level := self._spec.level) is not None and not self.agent.core.privacy.counter:
                self.agent.act(lambda core, now: core.set_level(now, at_most(level, core.levels), "driver"))
            if self._is_new:
                await self._tell_the_past()
            await self._live()
        finally:
            await self._disconnect()
            if self._effect is not None:
                self._effect.cancel()
            self._remember()
            self._store.close()

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await self._move_link()
            if not self.sim.is_asleep:
                self._sense()
            await asyncio.sleep(max(0.0, SENSE_S - (loop.time() - last)))
            passed, last = min(loop.time() - last, _LONGEST_CATCH_UP_S), loop.time()
            for _ in range(whole := max(1, round(passed / SENSE_S))):
                self.sim.advance(passed / whole)
            self._remembered_s += passed
            if self._remembered_s >= _REMEMBER_EVERY_S:
                self._remember()

    async def _move_link(self) -> None:
        """Connect where there is coverage and the car is awake, disconnect elsewhere."""
        if self._link is not None and self._link.done():
            await self._disconnect()
        is_reachable = self.sim.is_covered and not self.sim.is_asleep
        if is_reachable and self._link is None:
            self._link = asyncio.create_task(self.agent.run())
        elif not is_reachable and self._link is not None:
            await self._disconnect()
        if self._link is None:
            self.agent.act(lambda core, now: core.tick(now))  # what time closes is closed without a link too

    async def _disconnect(self) -> None:
        link = self._link
        if link is None:
            return
        link.cancel()
        await asyncio.wait([link])  # not `await link`: whoever then suppressed its cancellation would suppress his own, too
        self._link = None
        if not link.cancelled() and (error := link.exception()) is not None:
            _log.warning("link_ended", vehicle_id=wire(self.agent.bundle.vehicle_id), error=type(error).__name__)

    def _sense(self) -> None:
        values = self.sim.readings()
        self.agent.act(lambda core, now: core.sensed(now, values))

    def _obey(self, action: Actuation) -> None:
        """Do what the core asks for; what is then sensed tells it the outcome."""
        delay_s = self.sim.obey(action.command, action.arguments)
        if self._effect is not None:
            self._effect.cancel()
        self._effect = asyncio.get_running_loop().call_later(delay_s, self._take_effect)

    def _take_effect(self) -> None:
        self._effect = None
        self.sim.take_effect()
        self._sense()

    async def _tell_the_past(self) -> None:
        """Let the car have lived the last days: its own drives, sensed in their order, with the times they would have had."""
        if self._spec.past_drives:
            self._link = asyncio.create_task(self.agent.run())
            with suppress(TimeoutError):
                async with asyncio.timeout(_SETTLED_S):
                    await self.agent.until(_may_capture)
            async with self._turn:
                past = Past(self._spec.character, self._seed, self._spec.past_drives, self._clock.now())
                with self._store.relaxed():
                    for number, (at, values) in enumerate(past):
                        self.agent.act(partial(_sensed, values=values, at_ms=to_ms(at)))
                        if number % _READINGS_AT_ONCE == 0:
                            await asyncio.sleep(0)
            self.sim = SimulatedCar(self._spec.character, self._seed, past.memory, self._clock.now().timestamp(), self._effects)
        self._is_new = False
        self._remember()

    def _remember(self) -> None:
        self._remembered_s = 0.0
        if self._is_new:
            return
        beside = self._path.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(self.sim.memory))
        beside.replace(self._path)


def _sensed(core: CarCore, now: Now, *, values: dict[str, Value], at_ms: int) -> Output:
    return core.sensed(now, values, at_ms)


def _may_capture(core: CarCore) -> bool:
    return core.policy is not None and core.policy.tenure_id is not None and core.link_state is LinkState.OPEN


def _remembered(path: Path) -> Memory | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except (OSError, msgspec.MsgspecError):
        return None


async def run_fleet(cars: Sequence[FleetCar]) -> None:
    """Run `cars` until cancelled. One whose memory fails ends them all: whoever runs the process starts it again."""
    async with asyncio.TaskGroup() as group:
        for number, car in enumerate(cars):
            group.create_task(_later(car, number * SENSE_S / max(1, len(cars))))


async def _later(car: FleetCar, wait_s: float) -> None:
    """Cars don't all speak in the same instant."""
    await asyncio.sleep(wait_s)
    await car.run()
