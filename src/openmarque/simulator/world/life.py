"""What happens to a car in the world: it drives, its people choose levels and switches, it loses coverage, sleeps, crashes, its clock jumps.

What the sensors and actuators of services do comes from the world parts of those services (``part.Hardware``), by command name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from random import Random
from typing import Final, Protocol

from openmarque.car.model import REMOTE_ACCESS, Actuation
from openmarque.catalogue.register import Catalogue
from openmarque.protocol.envelope import Trust
from openmarque.protocol.levels import EVERY_LEVEL, Level
from openmarque.protocol.signals import Value
from openmarque.simulator.world.car import CRASH_POINTS, WorldCar
from openmarque.simulator.world.driver import Driver
from openmarque.simulator.world.fault_profile import CALM, DAY_MS, HOUR_MS, MINUTE_MS, FaultProfile
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.part import Arguments, CarScene, Hardware, Reading, Sensed, WorldPart
from openmarque.simulator.world.scheduler import Scheduler

_OTHER_BUNDLE: Final = 0.3
"""Share of the starts after a crash at which a car knows other levels than before."""
_JUMPS_MS: Final = (-HOUR_MS, 3 * HOUR_MS, -2 * DAY_MS, 40 * DAY_MS, 30 * 365 * DAY_MS, -45_000, 90_000)
"""A wrong time zone, a flat battery, a receiver's week roll-over, a slow drift."""
_STUCK: Final = 0.1
"""Share of the actions that come to nothing."""


class LifeWitness(Protocol):
    """Whoever compares what the cars sensed with what the platform holds."""

    def senses(self, car: WorldCar, values: Mapping[str, Value]) -> None:
        """The sensors are about to say this."""
        ...

    def sensed(self, car: WorldCar, sensed: Sensed) -> None:
        """They said it."""
        ...

    def data_lost(self, car: WorldCar, why: str) -> None:
        """From here back, data of this car may be missing for a good reason."""
        ...


def switches_of(catalogue: Catalogue) -> tuple[str, ...]:
    """Everything that can be switched off: services, their groups."""
    declarations = list(catalogue.service_declarations())
    return tuple(sorted({d.name for d in declarations} | {d.group for d in declarations if d.group}))


class CarLife:
    """One car's days. ``begin`` starts them; ``calm`` lets the last of them be quiet."""

    def __init__(
        self, car: WorldCar, switches: Iterable[str], surroundings: tuple[Scheduler, Random, Journal, LifeWitness]
    ) -> None:
        """Nothing has happened yet."""
        self.car = car
        self._switches = (REMOTE_ACCESS, *switches)
        self._scheduler, self._random, self._journal, self._witness = surroundings
        self._driver = Driver(self._random)
        self.faults: FaultProfile = CALM
        self._quiet = False
        self._silent = False
        self._hardware: list[Hardware] = []
        self._actuators: dict[str, tuple[CarScene, Callable[[CarScene, Arguments], None]]] = {}
        car.actuate = self._act

    def furnish(self, parts: Iterable[tuple[WorldPart, Random]], ask: Callable[[str, Arguments], None]) -> None:
        """Build in what the services bring, and let their people begin; each draws from its own ``Random``."""
        for part, random in parts:
            scene = CarScene(self.car, self._scheduler, random, self._journal, self._sense, self._sense_all, ask)
            if part.hardware is not None:
                hardware = part.hardware(random)
                self._hardware.append(hardware)
                self._actuators |= {name: (scene, act) for name, act in hardware.actuators.items()}
            if part.actor is not None:
                part.actor(scene)

    def begin(self, faults: FaultProfile) -> None:
        """Power up and plan what will happen."""
        self.faults = faults
        self.car.start()
        self._scheduler.after(self._random.randint(1, 5_000), self._sample)
        self._scheduler.after(self._random.randint(1, 2 * MINUTE_MS), self._drive_off)
        self._scheduler.after(self._random.randint(1, 20_000), self._choose_level)
        self._scheduler.repeat(faults.level_ms, self._random, self._choose_level)
        self._scheduler.repeat(faults.switch_ms, self._random, self._switch)
        self._scheduler.repeat(faults.coverage_ms, self._random, self._lose_coverage)
        self._scheduler.repeat(faults.car_reset_ms, self._random, self._reset)
        self._scheduler.repeat(faults.clock_jump_ms, self._random, self._jump)

    def calm(self) -> None:
        """Clock right, coverage, parked: what is left to say is said now."""
        self._quiet = True
        self.faults = CALM
        self._set_clock(0, Trust.SYNCED)
        self._driver.stop()
        # A policy whose push was lost waits for the next greeting, and a long calm has no reason to bring one.
        self.car.disconnect()
        self._find_coverage()
        self.car.start()

    def fall_silent(self) -> None:
        """The sensors say nothing more: what was sensed last is what the platform should know in the end."""
        self._silent = True

    # Actuators

    def _act(self, action: Actuation) -> None:
        """What was asked for happens in a moment; now and then it is stuck."""
        if action.command in self._actuators and self._random.random() >= _STUCK:
            scene, act = self._actuators[action.command]
            self._scheduler.after(self._random.randint(100, 9_000), self._moves, act, scene, action.arguments)

    def _moves(self, act: Callable[[CarScene, Arguments], None], scene: CarScene, arguments: Arguments) -> None:
        if self.car.core is not None and not self._silent:
            act(scene, arguments)

    # Sensors

    def _read(self, *, everything: bool) -> dict[str, Value]:
        reading = Reading(self._scheduler.now_ms, self._driver.is_driving, everything)
        values = self._driver.sense(reading.true_ms, everything=everything)
        for hardware in self._hardware:
            if hardware.read is not None:
                values |= hardware.read(reading)
        return values

    def _sense(self, values: Mapping[str, Value]) -> None:
        """Some sensors say something between two samples."""
        if self.car.core is not None and not self._silent:
            self._give(values)

    def _sense_all(self) -> None:
        """All sensors are asked anew, as in any sample."""
        if self.car.core is not None and not self._silent:
            self._take(self._read(everything=True))

    # Driving

    def _drive_off(self) -> None:
        if self._quiet:
            return
        self._driver.start()
        self._journal.note(self._scheduler.now_ms, "drive_off", self.car.name)
        self._scheduler.after(self._random.randint(5_000, 6 * MINUTE_MS), self._park)

    def _park(self) -> None:
        if self._quiet:
            return
        self._driver.stop()
        self._journal.note(self._scheduler.now_ms, "park", self.car.name)
        rest_ms = self._random.randint(20_000, 30 * MINUTE_MS)
        if self.faults.long_sleep and self._random.random() < self.faults.long_sleep:
            self._journal.fault(self._scheduler.now_ms, "long_sleep", self.car.name)
            self._witness.data_lost(self.car, "long sleep")
            rest_ms = self._random.randint(10, 50) * DAY_MS
            self._scheduler.after(20_000, self._sleep, rest_ms - 60_000)
        self._scheduler.after(rest_ms, self._drive_off)

    def _sleep(self, rest_ms: int) -> None:
        if not self._quiet:
            self.car.disconnect()
            self.car.stop()
            self._scheduler.after(rest_ms, self.car.start_anew)

    def _sample(self) -> None:
        random, driver = self._random, self._driver
        if self._silent:
            return
        if self.car.core is not None:
            self._take(self._read(everything=False))
        elif not driver.is_driving and self.faults.long_sleep and not self._quiet:
            self._scheduler.after(10 * MINUTE_MS, self._sample)  # asleep: nobody asks the sensors
            return
        if driver.is_driving:
            self._scheduler.after(random.randint(5_000, 15_000) if random.random() < 0.02 else 1_000, self._sample)
        else:
            self._scheduler.after(random.randint(10_000, 40_000), self._sample)

    def _take(self, values: dict[str, Value]) -> None:
        if self.faults.car_crash and self._random.random() < self.faults.car_crash:
            self.car.crash_next(self._random.choice(CRASH_POINTS))
            self._scheduler.after(self._random.randint(500, 60_000), self._start_again)
        self._give(values)

    def _give(self, values: Mapping[str, Value]) -> None:
        car, at_ms = self.car, self.car.now().ms
        self._witness.senses(car, values)
        kept = car.step(lambda core, now: core.sensed(now, values))
        level = None if car.core is None else car.core.level
        self._witness.sensed(car, Sensed(values, at_ms, self._scheduler.now_ms, self._driver.is_driving, level, kept))

    # The people in the car

    def _choose_level(self) -> None:
        wanted = self._random.choice((Level.PRIVATE, Level.DATA, Level.DATA, Level.POSITION, Level.POSITION, Level.POSITION))
        levels = self.car.profile.levels
        level = wanted if wanted in levels else levels[-1]
        self._journal.note(self._scheduler.now_ms, "level", self.car.name, int(level))
        self.car.step(lambda core, now: core.set_level(now, level, "head unit"))

    def _switch(self) -> None:
        name, on = self._random.choice(self._switches), self._random.random() < 0.6
        self._journal.note(self._scheduler.now_ms, "switch", self.car.name, f"{name}={on}")
        self.car.step(lambda core, now: core.set_switch(now, name, on=on))

    # What goes wrong

    def _lose_coverage(self) -> None:
        self._journal.fault(self._scheduler.now_ms, "coverage_lost", self.car.name)
        self.car.has_coverage = False
        self.car.disconnect()
        self._scheduler.after(int(self._random.expovariate(3 / self.faults.coverage_ms)) + 1, self._find_coverage)

    def _find_coverage(self) -> None:
        self.car.has_coverage = True
        self.car.connect()

    def _reset(self) -> None:
        self._journal.fault(self._scheduler.now_ms, "car_reset", self.car.name)
        self._witness.data_lost(self.car, "reset")
        self.car.reset()
        self._scheduler.after(self._random.randint(1_000, 10_000), self.car.start)

    def _start_again(self) -> None:
        """After a crash; now and then the car was given another bundle meanwhile, of a brand that has come to know other levels."""
        if self._random.random() < _OTHER_BUNDLE and not self._quiet:
            profile = self.car.profile
            levels = (Level.PRIVATE, profile.ceiling) if profile.levels == EVERY_LEVEL else EVERY_LEVEL
            self._journal.fault(self._scheduler.now_ms, "levels_changed", self.car.name, len(levels))
            self.car.profile = replace(profile, levels=levels)
        self.car.start()

    def _jump(self) -> None:
        offset_ms, trust = self._random.choice(_JUMPS_MS), self._random.choice(tuple(Trust))
        self._journal.fault(self._scheduler.now_ms, "clock_jump", self.car.name, f"{offset_ms} {trust.name}")
        self._set_clock(offset_ms, trust)
        self._scheduler.after(self._random.randint(10_000, 20 * MINUTE_MS), self._set_clock, 0, Trust.SYNCED)

    def set_back(self, by_ms: int) -> None:
        """Somebody puts the wall clock back, for some seconds; only in worlds whose clocks go wrong."""
        if self.faults.clock_jump_ms and not self._quiet:
            self._journal.fault(self._scheduler.now_ms, "clock_set_back", self.car.name, by_ms)
            self._set_clock(-by_ms, Trust.SYNCED)
            self._scheduler.after(self._random.randint(10_000, 30_000), self._set_clock, 0, Trust.SYNCED)

    def _set_clock(self, offset_ms: int, trust: Trust) -> None:
        if (offset_ms, trust) == (self.car.offset_ms, self.car.trust):
            return  # a clock that was right and stays so explains no missing trip
        self._witness.data_lost(self.car, "clock")
        self.car.set_clock(offset_ms, trust)
