"""The status service in the car: screens positions, and says what has changed. REQ LNK-2, STA-1."""

from typing import Final

import msgspec

from openmarque.protocol import signals as vss
from openmarque.protocol.sensing import Sample, Screened, Taken
from openmarque.protocol.signals import PLACE_SIGNALS, Value
from openmarque.services.status.declaration import SERVICE
from openmarque.services.status.rules import Fix, PositionFilter, Verdict, accept_fix

REPEAT_MS: Final = 60_000
"""A value that did not change is said again after this time ("regular intervals", LNK-2): a minute, the time within which a
refresh has to bring the true state (RC-5)."""

_CAPTURED: Final = frozenset(path for declaration in SERVICE.declarations for path in declaration.signal_levels())
_FIX: Final = (vss.LATITUDE, vss.LONGITUDE)
_NOTHING: Final = frozenset[str]()
_COUNTED: Final = frozenset((Verdict.JUMP, Verdict.ZERO, Verdict.IMPOSSIBLE))


class StatusState(msgspec.Struct, frozen=True):
    """What the next verdict on a position depends on."""

    positions: PositionFilter = msgspec.field(default_factory=PositionFilter)


class StatusInCar:
    """Hands every changed value of the declared signals to the status lane, and each again once a minute."""

    name = SERVICE.name
    state = StatusState

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
        return Screened(StatusState(positions), refused, verdict.value if verdict in _COUNTED else "")

    def take(self, state: StatusState, sample: Sample) -> Taken[StatusState]:
        """The values to say: changed, not said for a minute, or never said at a level that allowed it.

        A fix is said as a pair, and only when it is a new one: a receiver that holds its fix says nothing new, the fix ages.
        """
        due = {p: v for p, v in sample.sensed.items() if p in _CAPTURED and p not in _FIX and _is_due(p, v, sample)}
        fix: dict[str, Value] = {path: sample.sensed[path] for path in _FIX if path in sample.sensed}
        if any(path not in sample.reported or sample.reported[path][0] != value for path, value in fix.items()):
            due.update(fix)
        return Taken(state, due)

    def forget(self, _state: StatusState) -> StatusState:
        """Forget where the car was."""
        return StatusState()


def _is_due(path: str, value: Value, sample: Sample) -> bool:
    said = sample.reported.get(path)
    return said is None or said[0] != value or sample.at_ms - said[1] >= REPEAT_MS


def _odometer_m(positions: PositionFilter, sample: Sample, at_s: float) -> float:
    """Metres by the wheels; in a car that does not say them, what it could have gone at top speed."""
    known = sample.latest.get(vss.ODOMETER)
    if known is not None:
        return float(known)
    rolled = max(0.0, at_s - positions.at_s) * sample.equipment.top_speed_kmh / 3.6 if positions.odometer_m is not None else 0.0
    return (positions.odometer_m or 0.0) + rolled


IN_CAR: Final = StatusInCar()
"""Found by the car's core."""
