"""The lock service in the car: may it be locked or unlocked now, and do the locks show it? REQ RC-1, RC-5."""

from typing import Final

import msgspec

from openmarque.protocol.sensing import Begun, Command, Ended, Sample, Taken
from openmarque.services.lock.declaration import SERVICE
from openmarque.services.lock.rules import LOCK, UNLOCK, is_done, may_lock, may_unlock


class LockState(msgspec.Struct, frozen=True):
    """Nothing to remember: the locks themselves say how they are."""


class LockInCar:
    """Carries out ``lock`` and ``unlock``; what the locks are is the status service's to say."""

    name = SERVICE.name
    state = LockState
    commands = frozenset((LOCK, UNLOCK))

    def take(self, state: LockState, _sample: Sample) -> Taken[LockState]:
        """Samples change nothing here."""
        return Taken(state)

    def begin(self, state: LockState, command: Command, sample: Sample) -> Begun[LockState]:
        """Locking waits for closed doors, unlocking for a car that stands."""
        rule = may_lock if command.name == LOCK else may_unlock
        return Begun(state, rule(sample.latest) or "")

    def outcome(self, _state: LockState, command: Command, sample: Sample) -> Ended | None:
        """Done when the locks show it."""
        return Ended() if is_done(command.name, sample.latest) else None

    def over(self, state: LockState, _command: Command) -> LockState:
        """Nothing was remembered."""
        return state

    def forget(self, state: LockState) -> LockState:
        """Nothing was remembered."""
        return state


IN_CAR: Final = LockInCar()
"""Found by the car's core."""
