"""The tyre watch in the car.

While its message may not be captured it looks away: what came and went meanwhile is never told, and a warning that still stands
afterwards is told as of the sample in which it is seen again.
"""

from typing import Final

import msgspec

from openmarque.protocol.car_part import CarPart
from openmarque.protocol.sensing import Outgoing, Sample, Step
from tyre_watch.declaration import SERVICE
from tyre_watch.messages import TYRE_WARNING, TyreWarning
from tyre_watch.rules import after, changes


class TyreState(msgspec.Struct, frozen=True):
    """The tyres, by VSS path, whose warning was told as standing."""

    low: frozenset[str] = frozenset()


def observe(state: TyreState, sample: Sample) -> Step[TyreState]:
    """One ``TyreWarning`` for each warning that comes or goes."""
    changed = changes(state.low, sample.sensed)
    if not changed or TYRE_WARNING not in sample.may_send:
        return Step(state)
    bodies = (TyreWarning(sample.at_ms, change.wheel, change.is_low) for change in changed)
    messages = tuple(Outgoing(TYRE_WARNING, body, sample.level) for body in bodies)
    return Step(TyreState(after(state.low, changed)), messages=messages)


CAR: Final = CarPart(SERVICE.name, TyreState, observe=observe)
"""After a change of owner it starts anew: nothing of this owner's warnings is told to the next one, and what stands is told again."""
