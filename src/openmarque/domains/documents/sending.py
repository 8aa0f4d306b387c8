"""What goes down to a car: a version that is new, one that was not answered yet, what a car that came back does not hold. Never commits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import msgspec

from openmarque.catalogue.decide import Ask, Kind, Permit
from openmarque.catalogue.refusals import Reason
from openmarque.domains.documents.rules import DocumentKind, resend_after
from openmarque.domains.documents.states import Event, State
from openmarque.domains.documents.store import DocumentRow, DocumentStore, Place
from openmarque.domains.documents.versions import moved, unset
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import TenureId, VehicleId, wire
from openmarque.kit.lifecycle import Actor
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import LinkStore, PolicyRow
from openmarque.link.subjects import down_subject
from openmarque.protocol import signing
from openmarque.protocol.documents import QUESTION, Document, DocumentReason, sign_document
from openmarque.protocol.messages import Hello
from openmarque.storage.transaction import Transaction

LIVE_PART: Final = "documents"
"""Name of the part of event streams that tells of settings documents."""


@dataclass(frozen=True)
class DocumentKeys:
    """The platform's command keys: the one that signs now, and all that ever did, by id."""

    sign: Callable[[], signing.PrivateKey]
    known: Callable[[], Mapping[str, signing.PublicKey]]


class Sending:
    """Brings documents to cars."""

    def __init__(self, store: DocumentStore, link: LinkStore, kinds: Mapping[str, DocumentKind], keys: DocumentKeys) -> None:
        """Documents of `kinds` are kept in `store` and signed with `keys`; whether one may go is judged by the car's policy in `link`."""
        self._store = store
        self._link = link
        self.kinds = kinds
        self.keys = keys
        self._evaluators = EvaluatorCache()

    async def policy(self, tx: Transaction, vehicle_id: VehicleId) -> PolicyRow | None:
        """The car's policy."""
        return (await self._link.policies(tx, [vehicle_id])).get(vehicle_id)

    def why_closed(self, vehicle_id: VehicleId, policy: PolicyRow | None, kind: DocumentKind, now: datetime) -> str:
        """Why this kind may neither be set nor sent now; empty when it may."""
        if policy is None:
            return str(Reason.NO_TENURE)
        evaluator = self._evaluators.evaluator_for(vehicle_id, policy)
        answer = evaluator.rules.judge(Ask(kind.declaration, Kind.DOCUMENT, kind.name), evaluator.moment(to_ms(now)))
        return "" if isinstance(answer, Permit) else str(answer.reason)

    def place(self, kind: DocumentKind, vehicle_id: VehicleId, tenure_id: TenureId | None) -> Place:
        """Where the document of this kind is found."""
        return Place(vehicle_id, tenure_id, kind.name, kind.of_vehicle)

    async def keep(self, tx: Transaction, before: DocumentRow | None, row: DocumentRow) -> None:
        """Keep a locked row if it changed, and tell whoever watches."""
        if row != before:
            await self._store.put(tx, row)
            if row.tenure_id is not None:
                LiveUpdates.tell(tx, row.tenure_id, LIVE_PART)

    async def send(self, tx: Transaction, row: DocumentRow, now: datetime) -> DocumentRow:
        """Have the row's version sent after the commit, and looked at later; gives the row to keep."""
        self._publish(tx, row, self.kinds[row.kind])
        row = replace(row, sends=row.sends + 1, sent_at=now)
        pause = resend_after(row.sends)
        await self._store.look_at(tx, row.document_id, None if pause is None else now + pause)
        return row

    def _publish(self, tx: Transaction, row: DocumentRow, kind: DocumentKind) -> None:
        document = Document(
            vehicle_id=wire(row.vehicle_id),
            tenure_id="" if kind.of_vehicle or row.tenure_id is None else wire(row.tenure_id),
            kind=row.kind,
            version=row.version,
            schema=row.schema,
            body=msgspec.json.encode(row.body, order="sorted"),
            made_by=row.made_by,
            made_ms=to_ms(row.made_at),
            change=row.change,
        )
        tx.publish_after_commit(down_subject(row.vehicle_id, "document"), sign_document(self.keys.sign(), document))

    async def unanswered(self, tx: Transaction, row: DocumentRow, now: datetime) -> None:
        """The time to look at a locked document has come: send it again if the car still has not answered and it may be sent."""
        kind = self.kinds.get(row.kind)
        pause = resend_after(row.sends)
        if kind is None or not is_awaited(row) or pause is None or row.sent_at is None:
            return
        if row.sent_at + pause > now:
            await self._store.look_at(tx, row.document_id, row.sent_at + pause)
            return
        if not self.why_closed(row.vehicle_id, await self.policy(tx, row.vehicle_id), kind, now):
            await self.keep(tx, row, await self.send(tx, row, now))

    async def greeted(self, tx: Transaction, vehicle_id: VehicleId, hello: Hello, now: datetime) -> None:
        """A car came back: it gets each document of which it does not hold the newest version, as far as it can take it."""
        policy = await self.policy(tx, vehicle_id)
        if policy is None:
            return
        rows = {row.kind: row for row in await self._store.of_car(tx, vehicle_id, policy.tenure_id)}
        for name, kind in sorted(self.kinds.items()):
            if self.why_closed(vehicle_id, policy, kind, now):
                continue
            known, row = hello.documents.get(name), rows.get(name)
            if row is None or row.version == 0:
                if known is not None and known[1] > 0:
                    self.ask(tx, kind, self.place(kind, vehicle_id, policy.tenure_id), now)
            else:
                await self.keep(tx, row, await self._for_greeting(tx, row, known, now))

    async def _for_greeting(
        self, tx: Transaction, row: DocumentRow, known: tuple[int, int] | None, now: datetime
    ) -> DocumentRow:
        """`known`: the schema that the car knows of this kind, and the version that it holds; None: it does not know the kind."""
        if known is None:
            return moved(row, Event.TURNED_DOWN, Actor.PLATFORM, DocumentReason.UNKNOWN_KIND, now)
        schema, held = known
        if schema < row.schema:
            return moved(row, Event.TURNED_DOWN, Actor.PLATFORM, DocumentReason.NEWER_SCHEMA, now)
        if held == row.version and (row.state is State.DIFFERS or not is_awaited(row)) and row.state is not State.REFUSED:
            return row
        row = replace(moved(row, Event.TOLD_AGAIN, Actor.PLATFORM, "", now), sends=0)
        return await self.send(tx, row, now)

    def ask(self, tx: Transaction, kind: DocumentKind, place: Place, now: datetime) -> None:
        """The car holds a version of a document that this platform does not have: a backup was restored. Ask for it, after the commit."""
        self._publish(tx, replace(unset(kind, place, now), version=QUESTION), kind)


def is_awaited(row: DocumentRow) -> bool:
    """Whether the car's word on the newest version is still awaited: also of one that it once had, and that was told again since."""
    is_untold = row.state is State.IN_FORCE and row.reported_version != row.version
    return row.version > 0 and (row.state is State.WAITING or is_untold)
