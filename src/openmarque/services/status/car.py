"""The status service in the car: screens positions, and says what has changed. REQ LNK-2, STA-1, RC-5."""

from typing import Final

import msgspec

from openmarque.protocol import signals as vss
from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.sensing import Command, Ended, Sample, Screened, Step
from openmarque.protocol.signals import PLACE_SIGNALS, Value
from openmarque.services.status.declaration import REFRESH, SERVICE
from openmarque.services.status.rules import Fix, PositionFilter, Verdict, accept_fix

REPEAT_MS: Final = 60_000
"""A value that did not change is said again after this time ("regular intervals", LNK-2): a minute, the time within which a
refresh has to bring the true state (RC-5)."""

_CAPTURED: Final = frozenset(path for declaration in SERVICE.declarations for path in declaration.signal_levels())
_FIX: Final = (vss.LATITUDE, vss.LONGITUDE)
_NOTHING: Final = frozenset[str]()
_COUNTED: Final = frozenset((Verdict.JUMP, Verdict.ZERO, Verdict.IMPOSSIBLE))


class StatusState(msgspec.Struct, frozen=True):
    """What the next verdict on a position depends on.

    `refreshed` is None but during a refresh: then the paths that were sensed, and said, since it began.
    """

    positions: PositionFilter = msgspec.field(default_factory=PositionFilter)
    refreshed: tuple[str, ...] | None = None


def screen(state: StatusState, sample: Sample) -> Screened[StatusState]:
    """Refuse a fix that the wheels could not have reached, and with it everything that the receiver said in that sample."""
    latitude, longitude = sample.sensed.get(vss.LATITUDE), sample.sensed.get(vss.LONGITUDE)
    if latitude is None and longitude is None:
        return Screened(state)
    if latitude is None or longitude is None:
        return Screened(state, PLACE_SIGNALS, "half_a_fix")
    at_s = sample.at_ms / 1000
    fix = Fix(float(latitude), float(longitude))
    reach = _odometer_m(state.positions, sample, at_s)
    positions, verdict = accept_fix(state.positions, fix, reach, at_s, sample.equipment.top_speed_kmh)
    refused = _NOTHING if verdict.is_believed else PLACE_SIGNALS
    return Screened(msgspec.structs.replace(state, positions=positions), refused, verdict.value if verdict in _COUNTED else "")


def observe(state: StatusState, sample: Sample) -> Step[StatusState]:
    """The values to say: changed, not said for a minute, or never said at a level that allowed it; all of them in a refresh.

    A fix is said as a pair, and only when it is a new one: a receiver that holds its fix says nothing new, the fix ages.
    """
    if state.refreshed is not None:
        everything = {path: value for path, value in sample.sensed.items() if path in _CAPTURED}
        refreshed = tuple(sorted({*state.refreshed, *everything}))
        return Step(msgspec.structs.replace(state, refreshed=refreshed), everything)
    due = {p: v for p, v in sample.sensed.items() if p in _CAPTURED and p not in _FIX and _is_due(p, v, sample)}
    fix: dict[str, Value] = {path: sample.sensed[path] for path in _FIX if path in sample.sensed}
    if any(path not in sample.reported or sample.reported[path][0] != value for path, value in fix.items()):
        due.update(fix)
    return Step(state, due)


def begin_refresh(state: StatusState, command: Command, _sample: Sample) -> Step[StatusState]:
    """No precondition. What was sensed before the command is not said again: only the sensors know how things are now."""
    return Step(msgspec.structs.replace(state, refreshed=()), actions=(command.action,))


def refresh_outcome(state: StatusState, _command: Command, sample: Sample) -> Ended | None:
    """Done when everything that the car said since power-up was sensed once more, and so handed to the lane.

    But for the place: a car in an underground garage has no fix, and its other values are true all the same.
    """
    known = (_CAPTURED & sample.latest.keys()) - PLACE_SIGNALS
    return Ended() if known and known <= set(state.refreshed or ()) else None


def refresh_over(state: StatusState, _command: Command, _failed: str) -> Step[StatusState]:
    """Say only what is due from now on."""
    return Step(msgspec.structs.replace(state, refreshed=None))


def _is_due(path: str, value: Value, sample: Sample) -> bool:
    """A value said at an instant that is yet to come was said by a clock that was wrong: it is said again."""
    said = sample.reported.get(path)
    return said is None or said[0] != value or not 0 <= sample.at_ms - said[1] < REPEAT_MS


def _odometer_m(positions: PositionFilter, sample: Sample, at_s: float) -> float:
    """Metres by the wheels; in a car that does not say them, what it could have gone at top speed."""
    known = sample.latest.get(vss.ODOMETER)
    if known is not None:
        return float(known)
    rolled = max(0.0, at_s - positions.at_s) * sample.equipment.top_speed_kmh / 3.6 if positions.odometer_m is not None else 0.0
    return (positions.odometer_m or 0.0) + rolled


CAR: Final = CarPart(
    SERVICE.name,
    StatusState,
    observe=observe,
    screen=screen,
    commands={REFRESH: CarCommand(begin_refresh, refresh_outcome, refresh_over)},
)
"""Hands every changed value of the declared signals to the status lane, each again once a minute, and all of them on ``refresh``."""
