"""Reading and setting settings documents, for owners and for the platform's own parts. Never commits.

Rules:
    1. A change names the version that it was made on. What counts already is answered as it stands, however often it is asked for; what was
       made on an older version is a ``DocumentConflict`` (``protocol.documents.weigh``).
    2. The engine decides. Where it does not permit, nothing is set and nothing is sent; what the car holds stays.
    3. Only who may command the car sets, and only what the kind says it may (``DocumentSpec.set_by``).
    4. Row, timer and frame are one transaction; the frame leaves behind its commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from openmarque.domains.documents.errors import (
    DocumentClosed,
    DocumentConflict,
    DocumentNotYours,
    DocumentTooLarge,
    DocumentUnknown,
    TooManyChanges,
)
from openmarque.domains.documents.reasons import NOT_GRANTED
from openmarque.domains.documents.rules import MOST_CHANGES, DocumentKind, to_body
from openmarque.domains.documents.sending import Sending
from openmarque.domains.documents.store import DocumentRow, DocumentStore
from openmarque.domains.documents.versions import renewed, unset
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.protocol.documents import Maker, Verdict, body_hash, weigh, write_body
from openmarque.storage.transaction import Transaction


class Eligibility(Protocol):
    """What an account may do with a car."""

    @property
    def may_command(self) -> bool:
        """Whether it may command the car."""
        ...


class Rights(Protocol):
    """Knows who may command a car (``commands.store.CommandStore``)."""

    async def eligibility(
        self, tx: Transaction, tenure_id: TenureId, account_id: AccountId, now: datetime, since: datetime
    ) -> Eligibility:
        """What the account may do at `now`; `since` is that of ``CommandStore.eligibility``."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What an owner wants: this body for the document of this kind, made on that version (0: nothing was set)."""

    vehicle_id: VehicleId
    tenure_id: TenureId
    account_id: AccountId
    kind: str
    made_on: int
    body: msgspec.Struct


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as it stands (``row.version`` 0: nothing was set), and why it can't be set now ("" when it can)."""

    kind: DocumentKind
    row: DocumentRow
    closed: str


class Documents:
    """The settings documents of cars."""

    def __init__(self, store: DocumentStore, sending: Sending, rights: Rights) -> None:
        """Keep documents in `store`, send them by `sending`, ask `rights` who may set them."""
        self._store = store
        self._sending = sending
        self._rights = rights

    @property
    def kinds(self) -> Mapping[str, DocumentKind]:
        """Every kind that is installed."""
        return self._sending.kinds

    def kind(self, name: str) -> DocumentKind:
        """The kind of this name. Raises ``DocumentUnknown``."""
        kind = self.kinds.get(name)
        if kind is None:
            raise DocumentUnknown
        return kind

    async def views(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, now: datetime) -> list[DocumentView]:
        """Every kind of settings document of a car, by name, also those in which nothing was set."""
        rows = {row.kind: row for row in await self._store.of_owner(tx, tenure_id)}
        policy = await self._sending.policy(tx, vehicle_id)
        found = []
        for name, kind in sorted(self.kinds.items()):
            row = rows.get(name) or unset(kind, self._sending.place(kind, vehicle_id, tenure_id), now)
            found.append(DocumentView(kind, row, self._sending.why_closed(vehicle_id, policy, kind, now)))
        return found

    async def current(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, kind: str) -> msgspec.Struct:
        """What counts for a car and owner now; the kind's default where nothing was set. Raises ``DocumentUnknown``."""
        known = self.kind(kind)
        row = await self._store.lock(tx, self._sending.place(known, vehicle_id, tenure_id))
        return known.spec.body() if row is None else to_body(row.body, known)

    async def set(self, tx: Transaction, wish: Wish, now: datetime) -> DocumentRow:
        """An owner sets a document; gives it as it stands then.

        Raises ``DocumentUnknown``, ``DocumentNotYours``, ``DocumentClosed``, ``DocumentTooLarge``, ``DocumentConflict`` (with the row under
        ``row``), ``TooManyChanges``.
        """
        kind = self.kind(wish.kind)
        if not (await self._rights.eligibility(tx, wish.tenure_id, wish.account_id, now, now)).may_command:
            raise DocumentClosed(NOT_GRANTED)
        return await self._set(tx, kind, (wish.vehicle_id, wish.tenure_id), wish.body, Maker.OWNER, wish.made_on, now)

    async def set_for_platform(
        self, tx: Transaction, vehicle_id: VehicleId, kind: str, body: msgspec.Struct, now: datetime
    ) -> DocumentRow:
        """A part of the platform sets a document, whatever its newest version is. Errors as ``set``, without ``DocumentConflict``."""
        policy = await self._sending.policy(tx, vehicle_id)
        where = (vehicle_id, None if policy is None else policy.tenure_id)
        return await self._set(tx, self.kind(kind), where, body, Maker.PLATFORM, None, now)

    async def _set(
        self,
        tx: Transaction,
        kind: DocumentKind,
        where: tuple[VehicleId, TenureId | None],
        body: msgspec.Struct,
        maker: Maker,
        made_on: int | None,
        now: datetime,
    ) -> DocumentRow:
        """`made_on` None: on whatever is the newest."""
        vehicle_id, tenure_id = where
        if maker not in kind.spec.set_by:
            raise DocumentNotYours(set_by=", ".join(sorted(kind.spec.set_by)))
        closed = self._sending.why_closed(vehicle_id, await self._sending.policy(tx, vehicle_id), kind, now)
        if closed:
            raise DocumentClosed(closed)
        text = write_body(body)
        if len(text) > kind.spec.max_bytes:
            raise DocumentTooLarge(limit=kind.spec.max_bytes)
        place = self._sending.place(kind, vehicle_id, tenure_id)
        row = await self._store.lock_or_begin(tx, place, unset(kind, place, now))
        verdict = weigh(row.version, row.hash, row.version if made_on is None else made_on, body_hash(text))
        if verdict is Verdict.SAME:
            return row
        if verdict is not Verdict.COUNTS:
            raise DocumentConflict(row=row)
        fresh = renewed(row, kind, body, maker, now)
        if fresh is None:
            raise TooManyChanges(limit=MOST_CHANGES)
        fresh = await self._sending.send(tx, fresh, now)
        await self._sending.keep(tx, row, fresh)
        return fresh

    async def unanswered(self, tx: Transaction, document_id: UUID, now: datetime) -> None:
        """The time to look at a document has come: of a car that has not answered, or a row that is gone."""
        row = await self._store.lock_by_id(tx, document_id)
        if row is not None:
            await self._sending.unanswered(tx, row, now)

    # Changes of owner

    async def tenure_started(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, now: datetime) -> None:
        """Somebody has the car from now on: nothing of an earlier owner is there, and the car's own documents are theirs to see."""
        del now
        await self._store.hand_over(tx, vehicle_id, tenure_id, self._of_vehicle())

    async def tenure_ended(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, now: datetime) -> None:
        """The owner has the car no more: the documents of the tenure are gone at once."""
        del tenure_id, now
        await self._store.hand_over(tx, vehicle_id, None, self._of_vehicle())

    def _of_vehicle(self) -> list[str]:
        return sorted(name for name, kind in self.kinds.items() if kind.of_vehicle)
