"""The status service in the car: screens positions, and says what has changed. REQ LNK-2, STA-1, RC-5."""

from typing import Final

import msgspec

from openmarque.protocol import signals as vss
from openmarque.protocol.sensing import Begun, Command, Ended, Sample, Screened, Taken
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


class StatusInCar:
    """Hands every changed value of the declared signals to the status lane, each again once a minute, and all of them on ``refresh``."""

    name = SERVICE.name
    state = StatusState
    commands = frozenset((REFRESH,))

    def screen(self, state: StatusState, sample: Sample) -> Screened[StatusState]:
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
        return Screened(
            msgspec.structs.replace(state, positions=positions), refused, verdict.value if verdict in _COUNTED else ""
        )

    def take(self, state: StatusState, sample: Sample) -> Taken[StatusState]:
        """The values to say: changed, not said for a minute, or never said at a level that allowed it; all of them in a refresh.

        A fix is said as a pair, and only when it is a new one: a receiver that holds its fix says nothing new, the fix ages.
        """
        if state.refreshed is not None:
            everything = {path: value for path, value in sample.sensed.items() if path in _CAPTURED}
            refreshed = tuple(sorted({*state.refreshed, *everything}))
            return Taken(msgspec.structs.replace(state, refreshed=refreshed), everything)
        due = {p: v for p, v in sample.sensed.items() if p in _CAPTURED and p not in _FIX and _is_due(p, v, sample)}
        fix: dict[str, Value] = {path: sample.sensed[path] for path in _FIX if path in sample.sensed}
        if any(path not in sample.reported or sample.reported[path][0] != value for path, value in fix.items()):
            due.update(fix)
        return Taken(state, due)

    def begin(self, state: StatusState, _command: Command, _sample: Sample) -> Begun[StatusState]:
        """Nothing speaks against it. What was sensed before the command is not said again: only the sensors know how things are now."""
        return Begun(msgspec.structs.replace(state, refreshed=()))

    def outcome(self, state: StatusState, _command: Command, sample: Sample) -> Ended | None:
        """Done when everything that the car said since power-up was sensed once more, and so handed to the lane.

        But for the place: a car in an underground garage has no fix, and its other values are true all the same.
        """
        known = (_CAPTURED & sample.latest.keys()) - PLACE_SIGNALS
        return Ended() if known and known <= set(state.refreshed or ()) else None

    def over(self, state: StatusState, _command: Command) -> StatusState:
        """Say only what is due from now on."""
        return msgspec.structs.replace(state, refreshed=None)

    def forget(self, _state: StatusState) -> StatusState:
        """Forget where the car was."""
        return StatusState()


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


IN_CAR: Final = StatusInCar()
"""Found by the car's core."""
