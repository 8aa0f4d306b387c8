"""What cars say of their documents: that they go by a version, that they don't, and what was changed on their screens. Never commits.

A car can lie about itself. It can't make a version (only the platform gives those), change a kind that is not the car's to change, speak for another
car or tenure (the link proves who speaks), or have more than ``rules.MOST_CHANGES`` changes a minute taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from openmarque.catalogue.capabilities import is_reason_code
from openmarque.domains.documents.reasons import UNSPECIFIED
from openmarque.domains.documents.rules import ANSWER_PAUSE, CHANGES_COUNTED, DocumentKind, to_body
from openmarque.domains.documents.sending import Sending
from openmarque.domains.documents.states import Event
from openmarque.domains.documents.store import DocumentRow, DocumentStore, Lost, Place
from openmarque.domains.documents.versions import moved, place_of, renewed, taken_over, unset
from openmarque.kit.clock import to_ms
from openmarque.kit.lifecycle import Actor
from openmarque.link.ports import Accepted
from openmarque.protocol.documents import (
    MAX_NUMBER,
    QUESTION,
    DocumentReason,
    DocumentRejected,
    DocumentReport,
    Maker,
    ReportState,
    Verdict,
    body_hash,
    kind_of,
    open_document,
    read_body,
    report_name,
    weigh,
)
from openmarque.protocol.times import MAX_AHEAD_MS
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_UNREADABLE: Final = "unreadable"


class DocumentReports:
    """``Handler`` of the reports of cars."""

    role = PLATFORM

    def __init__(self, store: DocumentStore, sending: Sending) -> None:
        """Keep what they say in `store`; answer by `sending`."""
        self.types = frozenset(map(report_name, sending.kinds))
        self._store = store
        self._sending = sending

    async def apply(self, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
        """See ``Handler.apply``."""
        refused = {}
        for index, message in enumerate(messages):
            reason = await self._take(tx, message)
            if reason:
                refused[index] = reason
        return refused

    async def _take(self, tx: Transaction, message: Accepted) -> str:
        """The reason why a report can't be taken; empty when it is."""
        kind, report, now = self._sending.kinds.get(kind_of(message.envelope.type)), message.body, message.received_at
        if not isinstance(report, DocumentReport):
            return _UNREADABLE
        if kind is None:
            return DocumentReason.UNKNOWN_KIND
        if not (0 <= report.version <= MAX_NUMBER and 0 <= report.change <= MAX_NUMBER):
            return _UNREADABLE
        if report.state is ReportState.CHANGED and not report.change:
            return _UNREADABLE
        if message.tenure_id is None and not kind.of_vehicle:
            return DocumentReason.OTHER_TENURE
        place = self._sending.place(kind, message.vehicle_id, message.tenure_id)
        match report.state:
            case ReportState.CHANGED:
                return await self._changed(tx, kind, place, report, now)
            case ReportState.DIFFERS:
                return await self._differs(tx, kind, place, report.reason, now, report.version)
            case ReportState.APPLIED:
                return await self._applied(tx, kind, place, report, now)
            case ReportState.REFUSED:
                return await self._refused(tx, kind, place, report, now)

    async def _applied(self, tx: Transaction, kind: DocumentKind, place: Place, report: DocumentReport, now: datetime) -> str:
        row = await self._store.lock(tx, place)
        if row is None or row.version == 0:
            if not report.version:
                return ""
            self._sending.ask(tx, kind, place, now)
            return DocumentReason.UNKNOWN_VERSION
        if report.version != row.version:
            # An older one: it has not heard yet. A newer one: a backup was restored, and it answers ours with what it holds.
            await self._answer(tx, row, row, now)
            return DocumentReason.UNKNOWN_VERSION if report.version > row.version else ""
        if report.hash != row.hash:
            await self._sending.keep(tx, row, moved(row, Event.DIVERGED, Actor.CAR, DocumentReason.OTHER_BODY, now))
            return ""
        await self._settle(tx, row, replace(row, reported_version=row.version), now)
        return ""

    async def _refused(self, tx: Transaction, kind: DocumentKind, place: Place, report: DocumentReport, now: datetime) -> str:
        row = await self._store.lock(tx, place)
        if report.version == QUESTION and report.proof:
            row = await self._store.lock_or_begin(tx, place, unset(kind, place, now))
            held = self._proved(kind, row, report.proof)
            if held is not None:
                await self._settle(tx, row, replace(held, reported_version=held.version), now)
            return ""
        if row is None or report.version != row.version:
            return ""  # of a version that is not the newest any more
        if report.reason == DocumentReason.OLDER_VERSION:
            held = self._proved(kind, row, report.proof)
            if held is not None:
                await self._settle(tx, row, replace(held, reported_version=held.version), now)
                return ""
            if now - row.made_at >= CHANGES_COUNTED and (again := self._above(kind, row, now)) is not None:
                await self._sending.keep(tx, row, await self._sending.send(tx, again, now))
                return ""
        reason = report.reason if report.reason and is_reason_code(report.reason) else UNSPECIFIED
        await self._store.look_at(tx, row.document_id, None)
        await self._sending.keep(tx, row, moved(row, Event.TURNED_DOWN, Actor.CAR, reason, now))
        return ""

    async def _differs(
        self, tx: Transaction, kind: DocumentKind, place: Place, reason: str, now: datetime, version: int | None = None
    ) -> str:
        """`version`: the one that the car holds, where it says so: it is told of a newer one."""
        row = await self._store.lock_or_begin(tx, place, unset(kind, place, now))
        if version is not None and version < row.version:
            await self._answer(tx, row, row, now)
            return ""
        reason = reason if reason and is_reason_code(reason) else UNSPECIFIED
        await self._sending.keep(tx, row, moved(row, Event.DIVERGED, Actor.CAR, reason, now))
        return ""

    async def _changed(self, tx: Transaction, kind: DocumentKind, place: Place, report: DocumentReport, now: datetime) -> str:
        if Maker.CAR not in kind.spec.set_by:
            return DocumentReason.NOT_SET_HERE
        if report.schema > kind.spec.schema:
            return await self._can_not_take(tx, kind, place, DocumentReason.NEWER_SCHEMA, now)
        is_current = report.schema == kind.spec.schema
        try:
            body = read_body(report.body, kind.spec.body, max_bytes=kind.spec.max_bytes, is_current=is_current)
        except DocumentRejected as rejected:
            return await self._can_not_take(tx, kind, place, rejected.reason, now)
        row = await self._store.lock_or_begin(tx, place, unset(kind, place, now))
        if report.change <= row.change:
            await self._answer(tx, row, row, now)  # it was dealt with, and the answer was lost
            return ""
        # A car whose clock was wild numbers its changes beyond all that a later life of its memory comes to.
        heard = replace(row, change=min(report.change, to_ms(now) + MAX_AHEAD_MS))
        match weigh(row.version, row.hash, report.version, body_hash(report.body), row.own_since):
            case Verdict.UNKNOWN:
                await self._answer(tx, row, row, now)
                return DocumentReason.UNKNOWN_VERSION
            case Verdict.SAME:
                await self._answer(tx, row, moved(heard, Event.CHANGED, Actor.CAR, "", now), now, at_once=True)
            case Verdict.LOST:
                await self._answer(tx, row, replace(heard, lost=Lost(msgspec.to_builtins(body), now)), now, at_once=True)
            case Verdict.COUNTS:
                fresh = renewed(heard, kind, body, Maker.CAR, now)
                if fresh is None:
                    return await self._can_not_take(tx, kind, place, DocumentReason.TOO_MANY_CHANGES, now)
                await self._answer(tx, row, fresh, now, at_once=True)
        return ""

    # What follows

    async def _can_not_take(
        self, tx: Transaction, kind: DocumentKind, place: Place, reason: DocumentReason, now: datetime
    ) -> str:
        """The car goes by a change that is not taken here: its owner hears that it is so."""
        await self._differs(tx, kind, place, reason, now)
        return reason

    async def _settle(self, tx: Transaction, before: DocumentRow, row: DocumentRow, now: datetime) -> None:
        """The car goes by the newest version."""
        await self._store.look_at(tx, row.document_id, None)
        await self._sending.keep(tx, before, moved(row, Event.APPLIED, Actor.CAR, "", now))

    async def _answer(
        self, tx: Transaction, before: DocumentRow, row: DocumentRow, now: datetime, *, at_once: bool = False
    ) -> None:
        """Send the newest version, unless it was sent a moment ago and nothing is new. Where there is none, what the car holds is asked for."""
        if not row.version:
            kind = self._sending.kinds[row.kind]
            self._sending.ask(tx, kind, place_of(kind, row), now)
            return
        if at_once or row.sent_at is None or now - row.sent_at >= ANSWER_PAUSE or now < row.sent_at:
            row = await self._sending.send(tx, row, now)
        await self._sending.keep(tx, before, row)

    def _above(self, kind: DocumentKind, row: DocumentRow, now: datetime) -> DocumentRow | None:
        """The same content under a new number, for a car that holds a higher one which it can't prove."""
        try:
            body = to_body(row.body, kind)
        except DocumentRejected:
            return None
        return renewed(row, kind, body, Maker.PLATFORM, now)

    def _proved(self, kind: DocumentKind, row: DocumentRow, proof: bytes) -> DocumentRow | None:
        """The row with the newer version that the car shows, if this platform signed it for this car and tenure."""
        try:
            document = open_document(proof, row.vehicle_id, self._sending.keys.known())
            tenure = "" if kind.of_vehicle or row.tenure_id is None else row.tenure_id.hex
            if (document.kind, document.tenure_id) != (kind.name, tenure) or document.version <= row.version:
                return None
            if document.schema > kind.spec.schema:
                return None
            is_current = document.schema == kind.spec.schema
            body = read_body(document.body, kind.spec.body, max_bytes=kind.spec.max_bytes, is_current=is_current)
        except DocumentRejected:
            return None
        return taken_over(row, kind, document, body)
