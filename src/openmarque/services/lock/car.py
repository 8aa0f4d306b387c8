"""The lock service in the car: may it be locked or unlocked now, and do the locks show it? REQ RC-1, RC-5.

It remembers nothing: the locks themselves say how they are, and that is the status service's to tell.
"""

from typing import Final

from openmarque.protocol.car_part import CarCommand, CarPart, Stateless
from openmarque.protocol.sensing import Command, Ended, Refused, Sample, Step
from openmarque.services.lock.declaration import SERVICE
from openmarque.services.lock.rules import LOCK, UNLOCK, is_done, may_lock, may_unlock


def begin(state: Stateless, command: Command, sample: Sample) -> Step[Stateless] | Refused:
    """Locking waits for closed doors, unlocking for a car that stands."""
    reason = (may_lock if command.name == LOCK else may_unlock)(sample.latest)
    return Refused(reason) if reason else Step(state, actions=(command.action,))


def outcome(_state: Stateless, command: Command, sample: Sample) -> Ended | None:
    """Done when the locks show it."""
    return Ended() if is_done(command.name, sample.latest) else None


CAR: Final = CarPart(SERVICE.name, Stateless, commands=dict.fromkeys((LOCK, UNLOCK), CarCommand(begin, outcome)))
