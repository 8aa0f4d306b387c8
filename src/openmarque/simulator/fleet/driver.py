"""Drivers: how fast they go along a route, and what they do around a drive. Pure, and the same again for the same seed.

Speed. A driver knows the road ahead: ``ceilings`` is the speed at each cut of a route that keeps to the limit, to a comfortable lateral
acceleration in curves, and lets him brake comfortably for everything that follows, the stop at the end included. ``drive_on`` moves
the car by one time step below that line, and stops at lights that are red when he can still do so.

The day. ``life`` tells what happens one act after another, for ever: resting, walking to the car, unlocking, getting in, starting,
driving, parking, getting out, locking.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import count
from random import Random
from typing import Final
from zlib import crc32

from openmarque.simulator.fleet import body as bodies
from openmarque.simulator.fleet.body import DRIVERS_DOOR, Body
from openmarque.simulator.fleet.roads import STEP_M, Route, route
from openmarque.simulator.fleet.vehicle import Build, Motion, most_acceleration

COMFORT_BRAKING: Final = 1.3
"""m/s²; drivers in towns brake with 1 to 1.5 when nothing surprises them."""
HARD_BRAKING: Final = 3.0
"""m/s² that a driver accepts for a light that turns red; what would need more is passed."""
COMFORT_ACCELERATION: Final = 1.4
"""m/s² away from a stop; falls with speed to a third at 100 km/h."""
LATERAL: Final = 2.0
"""m/s² in curves: an everyday driver with passengers (2 to 3 is brisk)."""
_CYCLE_S: Final = 80
_RED_S: Final = 35
"""A light's cycle, and how long of it is red."""
_CREEP: Final = 1.5
"""m/s below which nobody approaches a stop: the last metres are rolled."""
_AT_STOP_M: Final = 1.5
PARKED_FOR_EVER_S: Final = math.inf


@dataclass(frozen=True, slots=True)
class Roll:
    """A car under way: metres from the start of its route, m/s, and the m/s² of the last step."""

    metres: float = 0.0
    speed: float = 0.0
    acceleration: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """A moment around a drive: what it is called, how long it takes, and what it does to the body as it begins."""

    name: str
    seconds: float
    move: Callable[[Body], Body] | None = None


@dataclass(frozen=True, slots=True)
class Drive:
    """A way to drive; `leg` counts the drives of a life, `metres` is where it goes on after an interruption."""

    route: Route
    leg: int
    metres: float = 0.0


Act = Step | Drive
RESTING: Final = "resting"


@cache
def ceilings(way: Route, pace: float = 1.0) -> tuple[float, ...]:
    """m/s at each cut of `way` for a driver who keeps to `pace` times the limit."""
    speeds = [min(cut.limit_kmh / 3.6 * pace, math.sqrt(LATERAL * cut.radius_m)) for cut in way.places]
    speeds[-1] = 0.0
    for i in range(len(speeds) - 2, -1, -1):
        speeds[i] = min(speeds[i], math.sqrt(speeds[i + 1] ** 2 + 2 * COMFORT_BRAKING * STEP_M))
    return tuple(speeds)


def is_red(way: Route, light: int, at_s: float) -> bool:
    """Whether a light of `way` is red at `at_s` (seconds on any scale); each has an offset of its own."""
    offset = crc32(f"{way.name} {way.lights[light]:.0f}".encode()) % _CYCLE_S
    return (at_s + offset) % _CYCLE_S < _RED_S


def drive_on(build: Build, way: Route, pace: float, roll: Roll, at_s: float, dt_s: float) -> Roll:
    """The car one time step later."""
    ahead = min(roll.metres + roll.speed * dt_s, way.length_m)
    wanted = max(_between_cuts(ceilings(way, pace), ahead), _CREEP)
    wanted = min(wanted, _for_lights(way, roll, at_s, dt_s))
    place = way.at(roll.metres)
    pull = COMFORT_ACCELERATION * (1 - min(roll.speed / 42.0, 0.8))
    can = most_acceleration(build, Motion(roll.speed, 0.0, place.gradient, place.height_m))
    change = min(max((wanted - roll.speed) / dt_s, -HARD_BRAKING), pull, can)
    speed = max(0.0, roll.speed + change * dt_s)
    metres = roll.metres + (roll.speed + speed) / 2 * dt_s
    if metres >= way.length_m - _AT_STOP_M:
        return Roll(way.length_m, 0.0, -roll.speed / dt_s)
    return Roll(metres, speed, (speed - roll.speed) / dt_s)


def has_arrived(way: Route, roll: Roll) -> bool:
    """Whether the car stands at the end."""
    return roll.metres >= way.length_m and roll.speed == 0.0


def _for_lights(way: Route, roll: Roll, at_s: float, dt_s: float) -> float:
    """m/s that the next light ahead still allows."""
    for number, light in enumerate(way.lights):
        left = light - 3.0 - roll.metres  # the line is some metres before the crossing
        if left < 0:
            continue
        if not is_red(way, number, at_s) or roll.speed**2 / (2 * HARD_BRAKING) > left:
            return math.inf
        after = left - roll.speed * dt_s
        return 0.0 if after < 1.0 else math.sqrt(2 * COMFORT_BRAKING * after)
    return math.inf


def _between_cuts(speeds: Sequence[float], metres: float) -> float:
    along = metres / STEP_M
    i = min(int(along), len(speeds) - 2)
    return speeds[i] + (speeds[i + 1] - speeds[i]) * (along - i)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How a person lives with the car: the places between which it goes round, and how long it rests (seconds, from and to)."""

    stops: tuple[str, ...]
    rest_s: tuple[float, float] = (60.0, 180.0)
    first_rest_s: float = 5.0
    pace: float = 0.97

    def way(self, leg: int) -> Route:
        """The route of a drive by its number."""
        return route(self.stops[leg % len(self.stops)], self.stops[(leg + 1) % len(self.stops)])


def life(habit: Habit, rng: Random, leg: int = 0, under_way_m: float | None = None) -> Iterator[Act]:
    """What happens from drive number `leg` on; with `under_way_m` the car stands in the middle of it and goes on at once."""
    if under_way_m is not None:
        yield Drive(habit.way(leg), leg, under_way_m)
        yield from _leaving(rng)
        leg += 1
    rest_s = habit.first_rest_s
    for number in count(leg):
        yield Step(RESTING, rest_s)
        yield from _getting_in(rng)
        yield Drive(habit.way(number), number)
        yield from _leaving(rng)
        rest_s = rng.uniform(*habit.rest_s)


def _getting_in(rng: Random) -> Iterator[Act]:
    yield Step("walking to the car", rng.uniform(2, 5))
    yield Step("unlocking", rng.uniform(1.0, 2.0), bodies.unlock)
    if rng.random() < 0.3:
        yield Step("loading", rng.uniform(5, 10), bodies.open_boot)
        yield Step("closing the boot", 1.5, bodies.close_boot)
    yield Step("opening the door", rng.uniform(2, 4), partial(bodies.open_door, door=DRIVERS_DOOR))
    yield Step("closing the door", rng.uniform(1.5, 3), partial(bodies.close_door, door=DRIVERS_DOOR))
    yield Step("starting", rng.uniform(2, 4), partial(bodies.ignition, on=True))


def _leaving(rng: Random) -> Iterator[Act]:
    yield Step("parking", rng.uniform(2, 4))
    yield Step("switching off", rng.uniform(1, 3), partial(bodies.ignition, on=False))
    yield Step("opening the door", rng.uniform(2, 4), partial(bodies.open_door, door=DRIVERS_DOOR, from_inside=True))
    yield Step("closing the door", rng.uniform(1, 2), partial(bodies.close_door, door=DRIVERS_DOOR))
    yield Step("locking", 1.5, bodies.lock)
