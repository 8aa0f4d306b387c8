"""Where settings documents are kept: the interface. ``postgres`` and ``memory`` hold it, by the same tests."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from openmarque.domains.documents.states import State
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.protocol.documents import Maker
from openmarque.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Lost:
    """A change made in the car that did not count: its body in plain JSON, and when we heard of it."""

    body: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as kept.

    `version`, `schema`, `body` (plain JSON), `hash`, `made_by` and `made_at` are of the newest version; `version` 0: nothing was set, and the body
    is what counts then. `state`, `reason` and `state_at` say how it stands with the car, `reported_version` by which version the car said
    last that it goes, and `change` is the number of the newest change in the car that was dealt with. `own_since`: the version on which the
    first of the car's changes was made, where the newest versions are all the car's; else None. `tenure_id` is that of the present owner; None where
    nobody has the car. `changes` since `changes_since` are counted, and so is how often this version was sent (`sends`, `sent_at` the last time).
    """

    document_id: UUID
    vehicle_id: VehicleId
    tenure_id: TenureId | None
    kind: str
    schema: int
    body: Any
    hash: str
    version: int
    made_by: Maker
    made_at: datetime
    state: State
    state_at: datetime
    changes_since: datetime
    reason: str = ""
    reported_version: int = 0
    change: int = 0
    own_since: int | None = None
    lost: Lost | None = None
    changes: int = 0
    sends: int = 0
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Which document: of this kind, for this tenure of the car, or (`of_vehicle`) for the car whoever has it."""

    vehicle_id: VehicleId
    tenure_id: TenureId | None
    kind: str
    of_vehicle: bool


class DocumentStore(Protocol):
    """Keeps settings documents. Every method runs inside the transaction it is given."""

    async def lock(self, tx: Transaction, place: Place) -> DocumentRow | None:
        """The document, locked until the transaction ends."""
        ...

    async def lock_or_begin(self, tx: Transaction, place: Place, row: DocumentRow) -> DocumentRow:
        """The document, locked; `row` is kept where there is none. Waits for whoever begins it at this moment."""
        ...

    async def lock_by_id(self, tx: Transaction, document_id: UUID) -> DocumentRow | None:
        """The document with this id, locked."""
        ...

    async def put(self, tx: Transaction, row: DocumentRow) -> None:
        """Keep what changed of a locked document."""
        ...

    async def of_car(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None) -> list[DocumentRow]:
        """The documents of a car and of this tenure, by kind, locked."""
        ...

    async def of_owner(self, tx: Transaction, tenure_id: TenureId) -> list[DocumentRow]:
        """What the owner of a tenure sees, by kind, read as that owner."""
        ...

    async def look_at(self, tx: Transaction, document_id: UUID, due_at: datetime | None) -> None:
        """Have the document looked at then; moves an earlier appointment. None: it needs no look."""
        ...

    async def hand_over(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, of_vehicle: Collection[str]
    ) -> None:
        """Another owner (None: nobody) has the car. What was an earlier owner's goes; the kinds `of_vehicle` stay, and are the new one's."""
        ...

    async def language(self, tx: Transaction, tenure_id: TenureId) -> str:
        """The language of the owner of a tenure."""
        ...
