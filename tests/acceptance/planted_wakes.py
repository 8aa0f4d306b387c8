"""Two services that wish to be woken, a hard life for clocks, and kernels that break a promise of waking, one a class."""

from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from openmarque.car.core import CarCore
from openmarque.car.model import Now
from openmarque.car.waking import Wake, Wakes
from openmarque.catalogue.declarations import Service
from openmarque.kit.clock import from_ms
from openmarque.protocol.car_part import CarPart
from openmarque.protocol.sensing import Sample, Step
from openmarque.protocol.waking import KEEP, Steady, Wall, Woken
from openmarque.simulator.world.car import CarParts
from openmarque.simulator.world.fault_profile import HOUR_MS, MINUTE_MS, FaultProfile
from openmarque.simulator.world.installed import Installed, assemble, package_installed
from openmarque.simulator.world.parts import Parts, PlantedFault
from tests.car_services import declared

ROUGH = FaultProfile(
    car_crash=0.03,
    car_reset_ms=HOUR_MS,
    clock_jump_ms=10 * MINUTE_MS,
    coverage_ms=20 * MINUTE_MS,
    level_ms=HOUR_MS,
    tenure_ms=30 * MINUTE_MS,
    long_sleep=0.05,
)
"""A hard life for clocks."""
PARIS = "Europe/Paris"
TURN_MS = 3 * 60_000
"""Twenty an hour: the farthest that clocks go back over what was run, and less than the car remembers."""
PULSE_MS = 90_000


class Rung(msgspec.Struct, frozen=True):
    """How often a service acted."""

    acted: int = 0


def ask_for_the_next_turn(state: Rung, sample: Sample) -> Step[Rung]:
    """A service that asks anew with each sample: a clock that goes back makes it ask again for what it has done."""
    turn = from_ms((sample.at_ms // TURN_MS + 1) * TURN_MS)
    shown = turn.astimezone(ZoneInfo(PARIS)).replace(tzinfo=None)
    return Step(state, wake_at=Wall(shown, PARIS, 120) if sample.is_time_known else KEEP)


def ring(state: Rung, why: Woken, _sample: Sample) -> Step[Rung]:
    return Step(state if why.missed else Rung(state.acted + 1))


def begin_pulse(state: Rung, sample: Sample) -> Step[Rung]:
    return Step(state, wake_at=Steady(sample.steady_ms + PULSE_MS) if state == Rung() else KEEP)


def pulse(state: Rung, _woken: Woken, sample: Sample) -> Step[Rung]:
    return Step(Rung(state.acted + 1), wake_at=Steady(sample.steady_ms + PULSE_MS))


ALARM = CarPart("alarm", Rung, observe=ask_for_the_next_turn, wake=ring)
PULSE = CarPart("pulse", Rung, observe=begin_pulse, wake=pulse)


@cache
def with_alarm_and_pulse() -> Installed:
    """The package's services and two that ask to be woken."""
    ours = package_installed()
    theirs = (Service(part.name, "", (declared(part.name),)) for part in (ALARM, PULSE))
    return assemble([*ours.catalogue.services, *theirs], (*ours.car, ALARM, PULSE), ours.world)


class WakesEarly(Wakes):
    """Half a minute before the time."""

    def take_due(self, now):
        return super().take_due(now._replace(steady_ms=now.steady + 30_000, ms=now.ms + 30_000))


class WakesNobody(Wakes):
    """A wish is kept for ever."""

    def take_due(self, now):
        return []


class ForgetsRuns(Wakes):
    """For which local times a service acted is nobody's business."""

    def take_due(self, now):
        due = super().take_due(now)
        for name, _ in due:
            self._put(name, msgspec.structs.replace(self._wakes[name], runs=()))
        return due


class KeepsWakesInStore(Wakes):
    """A wake is taken, and stays in the store until the service wishes something else."""

    def take_due(self, now):
        due = super().take_due(now)
        self._is_changed = self._is_changed and not due
        return due


class NeverLooksAtTheWallAgain(Wakes):
    """A local time is turned into a wait when it is wished, and the wait goes on whatever the clock is set to."""

    def wish(self, turn, service, wake_at):
        super().wish(turn, service, wake_at)
        self._asked = turn.now

    def due_in_ms(self, now):
        return super().due_in_ms(self._as_then(now))

    def take_due(self, now):
        return super().take_due(self._as_then(now))

    def _as_then(self, now: Now) -> Now:
        asked = getattr(self, "_asked", None)
        return now if asked is None else now._replace(ms=asked.ms + now.steady - asked.steady)


class KeepsWishesOfFormerOwners(Wakes):
    """What the one before wished for comes to the next one."""

    def forget(self):
        pass


def core_with(kind: type[Wakes]) -> Any:
    """A car's core whose wakes behave as another class."""

    def make(*args: Any) -> CarCore:
        core = CarCore(*args)
        core._wakes.__class__ = kind
        return core

    return make


def forgets_wishes(*args: Any) -> CarCore:
    """A car that starts remembers nothing of what its services wished."""
    core = CarCore(*args)
    core._wakes._wakes = dict.fromkeys(core._wakes._wakes, Wake())
    return core


def _core(core: Any) -> Parts:
    return Parts(car=CarParts(core=core))


WAKES_PLANTED = (
    PlantedFault("wakes early", _core(core_with(WakesEarly)), frozenset({"wake-early"}), seed=0),
    PlantedFault("wakes nobody", _core(core_with(WakesNobody)), frozenset({"wake-missing"}), seed=0),
    PlantedFault("acts again when the clock went back", _core(core_with(ForgetsRuns)), frozenset({"wake-run-twice"}), seed=1),
    PlantedFault("wakes again after a crash", _core(core_with(KeepsWakesInStore)), frozenset({"wake-unasked"}), seed=10),
    PlantedFault(
        "never looks at the wall again",
        _core(core_with(NeverLooksAtTheWallAgain)),
        frozenset({"wake-early", "wake-late", "wake-missing", "wake-misjudged"}),
        seed=0,
    ),
    PlantedFault("wakes for a former owner", _core(core_with(KeepsWishesOfFormerOwners)), frozenset({"wake-unasked"}), seed=4),
    PlantedFault("forgets wishes at restart", _core(forgets_wishes), frozenset({"wake-missing"}), seed=0),
)
"""Each is looked for in the rough life of the two services."""
