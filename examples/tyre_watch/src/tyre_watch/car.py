"""The tyre watch in the car.

While its message may not be captured it looks away: what came and went meanwhile is never told, and a warning that still stands
afterwards is told as of the sample in which it is seen again.
"""

from typing import Final

import msgspec

from openmarque.protocol.sensing import Outgoing, Sample, Taken
from tyre_watch.declaration import SERVICE
from tyre_watch.messages import TYRE_WARNING, TyreWarning
from tyre_watch.rules import after, changes


class TyreState(msgspec.Struct, frozen=True):
    """The tyres, by VSS path, whose warning was told as standing."""

    low: frozenset[str] = frozenset()


class TyresInCar:
    """One ``TyreWarning`` for each warning that comes or goes."""

    name = SERVICE.name
    state = TyreState

    def take(self, state: TyreState, sample: Sample) -> Taken[TyreState]:
        """See ``CarService.take``."""
        changed = changes(state.low, sample.sensed)
        if not changed or TYRE_WARNING not in sample.may_send:
            return Taken(state)
        bodies = (TyreWarning(sample.at_ms, change.wheel, change.is_low) for change in changed)
        messages = tuple(Outgoing(TYRE_WARNING, body, sample.level) for body in bodies)
        return Taken(TyreState(after(state.low, changed)), {}, messages)

    def forget(self, state: TyreState) -> TyreState:
        """Nothing of this owner's warnings is told to the next one; what stands is told anew."""
        del state
        return TyreState()


IN_CAR: Final = TyresInCar()
"""Found by the car's core."""
