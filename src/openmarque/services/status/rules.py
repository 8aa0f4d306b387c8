"""Which positions of the car may be believed: pure, streaming, the same in the car, in a replay and in the cloud's tests. REQ STA-1.

Theory of operation. A receiver holds its fix for many seconds and then jumps hundreds of metres to the next, so a fix that
repeats has aged, it has not jumped. A *new* fix is believed only if the wheels could have carried the car there since the last
believed one (the anchor). ``reach_m`` is an odometer that never shows too little: it adds what the wheels counted and, through
gaps without samples, what the car could have gone at its top speed. Then

    distance(anchor, fix) <= reach(fix) - reach(anchor) + margin

or the fix is refused as a jump. When the anchor itself was wrong, the refused fixes agree with one another by the same
rule; after ``REACQUIRE`` distinct ones in a row the last of them becomes the anchor.

A car that stands gives no distinct fixes, but a fix that stays is evidence too: a refused one that was said ``STAYS`` times in a row while
the wheels stood, and as often as the anchor was said before it, becomes the anchor. So a wrong first fix does not outlive the parking.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from openmarque.kit.geo import distance_m, has_zero, is_on_earth

GAP_S = 10.0
"""From this time without samples on, the wheels' count is not trusted and top speed stands in for it; a trip's gap is the same."""
LATENCY_S = 10.0
"""How late a fix may appear. In seven recorded drives the farthest true fix lies 140 m beyond what the wheels counted, at
60 to 80 km/h: 6 to 8 s of driving; 10 s leaves room."""
GPS_ERROR_M = 30.0
"""Two fixes of 15 m error each (95 % for a single-frequency receiver between houses)."""
REACQUIRE = 3
"""Distinct refused fixes in a row, each reachable from the one before, that outvote the anchor: two can share one reflection."""
STAYS = 10
"""Times in a row, seconds in a car that samples once a second: a reflection between houses stayed no longer at a standstill in seven recorded drives."""
_MOST_SAID = 600
"""Counted no further: after ten minutes a place is as well known as it will be."""
_STANDS_M = 5.0
"""The least that wheels count: a metre or two of a car that rolls back on its brakes is no move."""


class Verdict(StrEnum):
    """The outcome of one fix."""

    NEW = "new"
    """Believed, and different from the last believed one."""
    HELD = "held"
    """The last believed fix again: nothing new, its age grows."""
    JUMP = "jump"
    """Refused: a new fix, farther than the wheels could have gone. Counted once for each distinct fix."""
    JUMP_HELD = "jump_held"
    """Refused: the fix refused last, repeated. Not counted again."""
    ZERO = "zero"
    """Refused: a coordinate is exactly zero, so the receiver had no fix."""
    IMPOSSIBLE = "impossible"
    """Refused: not a place on Earth."""

    @property
    def is_believed(self) -> bool:
        """Whether the car is where the fix says (it may be told to the owner, with the age of the first time it was seen)."""
        return self in (Verdict.NEW, Verdict.HELD)


class Fix(NamedTuple):
    """A place, WGS 84 decimal degrees, exactly as the receiver gave it."""

    latitude: float
    longitude: float


class SeenFix(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A distinct fix and what `reach_m` showed when it was first seen."""

    latitude: float
    longitude: float
    reach_m: float
    said: int = 1
    """How often in a row, up to ``_MOST_SAID``."""

    def is_at(self, fix: Fix) -> bool:
        """Whether it is the same fix, to the last digit."""
        return self.latitude == fix.latitude and self.longitude == fix.longitude


class PositionFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the next verdict depends on; serialisable, so that a restarted car goes on judging as before."""

    anchor: SeenFix | None = None
    """The last believed distinct fix."""
    suspect: SeenFix | None = None
    """The last refused distinct fix since the anchor was last seen."""
    agreeing: int = 0
    """Distinct refused fixes in a row that agree, `suspect` the last of them."""
    reach_m: float = 0.0
    odometer_m: float | None = None
    """The odometer at the last sample; None before the first."""
    at_s: float = 0.0
    """Time of the last sample, seconds on any scale that only goes forward."""


def accept_fix(
    state: PositionFilter, fix: Fix, odometer_m: float, at_s: float, top_speed_kmh: float
) -> tuple[PositionFilter, Verdict]:
    """Judge the fix of one sample; returns the next state and the verdict.

    `odometer_m` is metres by the wheels on any scale (a reset to zero counts as a fresh start of that scale); `at_s` is the sample's
    time in seconds; `top_speed_kmh` is the most this vehicle can do. Call it for every sample, also those without a new
    fix: the time between two calls is how a gap is noticed. The first fix on Earth is believed, having nothing to contradict it.
    """
    state = _moved(state, odometer_m, at_s, top_speed_kmh)
    if not is_on_earth(*fix):
        return state, Verdict.IMPOSSIBLE
    if has_zero(*fix):
        return state, Verdict.ZERO
    if state.anchor is not None and state.anchor.is_at(fix):
        return _without_suspect(msgspec.structs.replace(state, anchor=_said_again(state.anchor))), Verdict.HELD
    if state.suspect is not None and state.suspect.is_at(fix):
        suspect = _said_again(state.suspect)
        if _has_stayed(state, suspect):
            return _anchored(state, msgspec.structs.replace(suspect, reach_m=state.reach_m)), Verdict.NEW
        return msgspec.structs.replace(state, suspect=suspect), Verdict.JUMP_HELD
    seen = SeenFix(fix.latitude, fix.longitude, state.reach_m)
    margin = margin_m(top_speed_kmh)
    if state.anchor is None or _is_reachable(state.anchor, seen, margin):
        return _anchored(state, seen), Verdict.NEW
    agreeing = state.agreeing + 1 if state.suspect is not None and _is_reachable(state.suspect, seen, margin) else 1
    if agreeing >= REACQUIRE:
        return _anchored(state, seen), Verdict.NEW
    return msgspec.structs.replace(state, suspect=seen, agreeing=agreeing), Verdict.JUMP


def margin_m(top_speed_kmh: float) -> float:
    """How far beyond the wheels' count a true fix may appear, in metres: its delay at top speed, and the receiver's error."""
    return GPS_ERROR_M + LATENCY_S * top_speed_kmh / 3.6


def _moved(state: PositionFilter, odometer_m: float, at_s: float, top_speed_kmh: float) -> PositionFilter:
    """The state after the wheels and the clock went on, before its fix is judged."""
    if state.odometer_m is None:
        return msgspec.structs.replace(state, odometer_m=odometer_m, at_s=at_s)
    rolled = odometer_m - state.odometer_m if odometer_m >= state.odometer_m else odometer_m
    step_s = at_s - state.at_s
    if step_s >= GAP_S:
        rolled = max(rolled, step_s * top_speed_kmh / 3.6)
    return msgspec.structs.replace(state, reach_m=state.reach_m + rolled, odometer_m=odometer_m, at_s=at_s)


def _is_reachable(origin: SeenFix, seen: SeenFix, margin: float) -> bool:
    """Whether the car could have come from `origin` to `seen`."""
    gone = distance_m(origin.latitude, origin.longitude, seen.latitude, seen.longitude)
    return gone <= seen.reach_m - origin.reach_m + margin


def _said_again(seen: SeenFix) -> SeenFix:
    return msgspec.structs.replace(seen, said=min(seen.said + 1, _MOST_SAID))


def _has_stayed(state: PositionFilter, suspect: SeenFix) -> bool:
    """Whether a refused fix was said so often by a car that stands that the anchor must have been wrong."""
    stands = state.reach_m - suspect.reach_m <= _STANDS_M
    return stands and suspect.said >= max(STAYS, state.anchor.said if state.anchor else 0)


def _anchored(state: PositionFilter, seen: SeenFix) -> PositionFilter:
    """The state that believes `seen` and suspects nothing."""
    return msgspec.structs.replace(state, anchor=seen, suspect=None, agreeing=0)


def _without_suspect(state: PositionFilter) -> PositionFilter:
    """The state after the anchor was confirmed."""
    return state if state.suspect is None else msgspec.structs.replace(state, suspect=None, agreeing=0)
