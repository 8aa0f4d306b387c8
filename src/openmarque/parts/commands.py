"""How a service gives cars remote commands by itself: the port. Behind it ``domains.commands``; REQ AUT-10, RC-6."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from openmarque.kit.ids import VehicleId
from openmarque.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class OwnCommand:
    """A command that a service gives: by which of its declarations, with which arguments, and why (`cause`, a short code that the owner is told)."""

    declaration: str
    command: str
    cause: str
    arguments: Mapping[str, object] = field(default_factory=dict)


class Commands(Protocol):
    """Gives remote commands."""

    async def give(self, tx: Transaction, vehicle_id: VehicleId, wanted: OwnCommand, now: datetime) -> UUID:
        """Keep a remote command, and have it brought to the car behind the commit; gives its id.

        It stands among the owner's remote commands, with its cause; its outcome is told there and on the event stream. What the
        engine does not permit is one in the state *refused*. Only commands of the authority ``platform``, by declaration and brand pack, can be
        given so: what a phone or a safety code has to prove is for people.

        Raises ``NotForPlatform``, ``CommandUnknown`` for one that the declaration does not list, ``ArgumentInvalid``, ``ArgumentUnknown``,
        ``CommandRefused`` for a car in nobody's garage, and ``TooManyCommands``.
        """
        ...
