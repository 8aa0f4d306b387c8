"""The settings documents that a car holds: verified, gone by, changed at its screen, reported. No I/O; the core calls it within its steps.

Rules (``protocol.documents`` has those of both halves):
    1. A document that is not taken changes nothing: the car goes on with what it had, and says why not, as far as it may say something.
       The order of the checks: size, form, signature, car (``open_document``); kind; owner; version; schema; body; policy; the service's own rule.
    2. What is proved by nobody is reported once a minute at most; what was said just now is not said again, and of each kind only so much is
       answered to what changes nothing (``car.sparing``). So neither a forger nor a server that sends old versions in turns fills a car's outbox.
    3. Each kind has its record in the store, written in the step in which the service goes by the body: both or none.
    4. A change at the screen counts at once, without network. It stays a change of this car until the platform has answered it, and is told at
       the level at which it was made or not at all; a car that must keep it to itself says that it differs, as soon as it may say so.
    5. With another owner the documents are gone, and their services go by what they were built with. Kinds of the car's own stay. What was set
       while nobody had the car goes, too: it may be the last owner's, who drove on after the account had let go of it.
    6. A document stays in force when its service closes. It can't be changed then.
"""

from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

import msgspec

from openmarque.car.document_records import (
    DocumentRecord,
    HeldDocument,
    LocalChange,
    LostChange,
    SettingRefused,
    SettingUnknown,
    document_in,
    record_name,
)
from openmarque.car.gate import Gate
from openmarque.car.link import Link, Turn
from openmarque.car.model import CarProfile, LinkState, NoticeCode
from openmarque.car.pipeline import Pipeline
from openmarque.car.records import Counts
from openmarque.car.sparing import Sayings
from openmarque.car.store import CarStore
from openmarque.catalogue.decide import Kind
from openmarque.catalogue.declarations import DocumentScope, DocumentSpec
from openmarque.catalogue.register import Catalogue
from openmarque.protocol.documents import (
    QUESTION,
    Document,
    DocumentReason,
    DocumentRejected,
    DocumentReport,
    Maker,
    Offer,
    Pending,
    ReportState,
    answers,
    body_hash,
    compare,
    open_document,
    read_body,
    report_name,
    write_body,
)
from openmarque.protocol.envelope import Lane, encode
from openmarque.protocol.levels import Level

UNPROVED_PAUSE_MS: Final = 60_000
"""Between two reports on frames that nobody proved: often enough to tell an owner, seldom enough for whoever forges them."""


class Documents:
    """The settings documents of one car."""

    def __init__(
        self,
        profile: CarProfile,
        store: CarStore,
        catalogue: Catalogue,
        tenure: Callable[[], UUID | None],
        parts: tuple[Gate, Link, Pipeline, Counts],
    ) -> None:
        """Go on from what `store` holds; `tenure` tells whose the car is, by its policy."""
        self._profile = profile
        self._specs: dict[str, tuple[str, DocumentSpec]] = {
            kind: (declaration.name, spec) for kind, (declaration, spec) in sorted(catalogue.documents().items())
        }
        self._tenure = tenure
        self._gate, self._link, self._pipeline, self._counts = parts
        self._records = {kind: store.read(record_name(kind), DocumentRecord) or DocumentRecord() for kind in self._specs}
        self._documents = {kind: document_in(record.frame) for kind, record in self._records.items()}
        self._changed = {kind for kind, record in self._records.items() if record.local}
        self._said = {kind: Sayings() for kind in self._specs}
        self._offered: dict[str, tuple[int, ReportState]] = {}
        """By kind: the change at the screen that stands in the outbox or was told on this connection, and how it was told."""
        self._unproved_at: int | None = None
        self._serial = -1
        self._open: frozenset[str] | None = None

    # What may be looked at

    def hello(self) -> dict[str, tuple[int, int]]:
        """For the greeting: of each kind the newest schema that this car knows, and the version that it holds."""
        return {kind: (spec.schema, self._version(kind)) for kind, (_, spec) in self._specs.items()}

    def held(self, kind: str) -> HeldDocument:
        """How a kind stands. Raises ``SettingUnknown``."""
        declaration, spec = self._spec(kind)
        record, document = self._records[kind], self._documents[kind]
        closed = self._gate.refuses_here(declaration, kind, Kind.DOCUMENT)
        if not closed and Maker.CAR not in spec.set_by:
            closed = str(DocumentReason.NOT_SET_HERE)
        made_by = Maker.CAR if record.local else document.made_by if document else None
        lost = None if record.lost is None else self._read(spec, record.lost.body)
        return HeldDocument(kind, self._version(kind), self._in_force(kind), made_by, record.local is None, lost, closed)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind that this car knows."""
        return tuple(self._specs)

    # What comes from the platform

    def take(self, turn: Turn, frame: bytes) -> None:
        """A document came."""
        try:
            document = open_document(frame, self._profile.vehicle_id, self._profile.command_keys)
        except DocumentRejected as rejected:
            self._counts.add(f"ignored/document:{rejected.reason}")
            self._unproved(turn, rejected)
            return
        if document.kind not in self._specs:
            self._counts.add(f"ignored/document:{DocumentReason.UNKNOWN_KIND}")
            return
        if document.version == QUESTION:
            self._answer(turn, document)
            return
        match self._compared(document):
            case Offer.HELD:
                self._say_again(turn, document.kind)
            case Offer.OLDER:
                self._refuse(turn, document, DocumentReason.OLDER_VERSION, proof=self._records[document.kind].frame)
                self._offered.pop(document.kind, None)
            case Offer.NEWER:
                self._offer(turn, document, frame)

    def _answer(self, turn: Turn, document: Document) -> None:
        """The platform asks what the car holds of a kind, since it has forgotten it."""
        declaration, spec = self._specs[document.kind]
        reason = self._refuses(turn, document, declaration, spec)
        if reason:
            self._refuse(turn, document, reason)
        elif self._documents[document.kind] is None:
            self._said[document.kind].forget()
            self._say_again(turn, document.kind)
        else:
            self._refuse(turn, document, DocumentReason.OLDER_VERSION, proof=self._records[document.kind].frame)
            self._offered.pop(document.kind, None)

    def _compared(self, document: Document) -> Offer:
        held = self._documents[document.kind]
        if held is None or held.tenure_id != document.tenure_id:
            return Offer.NEWER
        return compare(held.version, body_hash(held.body), document.version, body_hash(document.body))

    def _offer(self, turn: Turn, document: Document, frame: bytes) -> None:
        """A newer version: refuse it, or go by it."""
        declaration, spec = self._specs[document.kind]
        reason = self._refuses(turn, document, declaration, spec)
        if reason:
            self._refuse(turn, document, reason)
            return
        try:
            is_current = document.schema == spec.schema
            body = read_body(document.body, spec.body, max_bytes=spec.max_bytes, is_current=is_current)
        except DocumentRejected as rejected:
            self._refuse(turn, document, rejected.reason)
            return
        record = self._records[document.kind]
        pending = Pending.LOST
        if record.local is not None:
            pending = answers(document, record.local.change, body_hash(record.local.body))
        if pending is Pending.OPEN and record.local is not None:
            local = msgspec.structs.replace(record.local, made_on=document.version)
            self._keep(turn, document.kind, msgspec.structs.replace(record, frame=frame, local=local), document)
            return
        refused = "" if body == self._in_force(document.kind) else self._pipeline.configure(turn, document.kind, body)
        if refused:
            self._refuse(turn, document, refused)
            return
        lost = record.lost
        if record.local is not None:
            self._offered.pop(document.kind, None)
            lost = None
            if pending is Pending.LOST:
                lost = LostChange(record.local.body, document.made_by, document.made_ms)
                turn.tell(NoticeCode.DOCUMENT_LOST, setting=document.kind, by=document.made_by.value)
        if record.local is None and document.made_by is not Maker.CAR:
            turn.tell(NoticeCode.DOCUMENT_SET, setting=document.kind, by=document.made_by.value)
        whose = self._tenure()
        self._keep(turn, document.kind, DocumentRecord(whose, frame, None, lost, record.change), document)
        applied = DocumentReport(ReportState.APPLIED, document.version, body_hash(document.body))
        self._say(turn, document.kind, applied, is_new=True)
        self._counts.add("documents/applied")

    def _refuses(self, turn: Turn, document: Document, declaration: str, spec: DocumentSpec) -> str:
        """Why a newer version is not for this car now, without a look at its body; "" when it is."""
        whose = self._tenure()
        tenure = "" if spec.scope is DocumentScope.VEHICLE or whose is None else whose.hex
        if document.tenure_id != tenure or (spec.scope is DocumentScope.TENURE and whose is None):
            return DocumentReason.OTHER_TENURE
        if document.version > self._link.latest_ms(turn.now):
            return DocumentReason.VERSION_AHEAD
        if document.schema > spec.schema:
            return DocumentReason.NEWER_SCHEMA
        return self._gate.refuses_command(declaration, document.kind, Kind.DOCUMENT)

    # What the people in the car do

    def set_here(self, turn: Turn, kind: str, body: msgspec.Struct) -> None:
        """Somebody at the screen changed a document. Raises ``SettingUnknown``, ``SettingRefused``; nothing has changed then."""
        _, spec = self._spec(kind)
        closed = self.held(kind).closed
        if closed:
            raise SettingRefused(closed)
        text = write_body(body)
        try:
            body = read_body(text, spec.body, max_bytes=spec.max_bytes)
        except DocumentRejected as rejected:
            raise SettingRefused(str(rejected.reason), rejected.detail) from rejected
        if body == self._in_force(kind):
            return
        refused = self._pipeline.configure(turn, kind, body)
        if refused:
            raise SettingRefused(refused)
        record, document = self._records[kind], self._documents[kind]
        if document is not None and text == document.body and self._is_untold(kind):
            self._keep(turn, kind, msgspec.structs.replace(record, local=None, lost=None), document)
            self._say_again(turn, kind)
            return
        change = max(record.change + 1, self._link.known_ms(turn.now))
        local = LocalChange(self._version(kind), change, text, self._gate.level)
        self._keep(turn, kind, DocumentRecord(self._tenure(), record.frame, local, None, change), document)

    def _is_untold(self, kind: str) -> bool:
        """Whether nobody outside the car can know what the change says that waits here: taken back, it never was."""
        local, name = self._records[kind].local, report_name(kind)
        return local is not None and bool(self._gate.refuses(name, local.level)) and not self._link.has_waiting(name)

    # Time, levels, connections

    def welcomed(self, *, knows_level: bool) -> None:
        """A connection stands: what waits for an answer is told once more, for the answer may have been lost.

        `knows_level`: the platform knows the privacy level in force. Else it has judged by another one what it may send, and each kind is
        told once more behind the level.
        """
        self._offered = {kind: told for kind, told in self._offered.items() if self._link.has_waiting(report_name(kind))}
        for said in self._said.values():
            said.forget()
        if not knows_level:
            self._open, self._serial = frozenset(), -1

    def advance(self, turn: Turn) -> None:
        """Tell what may be told and was not. Call it late in each step, after what tightened the rules has purged the outbox."""
        for kind in sorted(self._changed):
            self._tell_change(turn, kind)
        if self._serial == self._gate.serial:
            return
        self._serial = self._gate.serial
        is_open = frozenset(kind for kind in self._specs if not self._gate.refuses(report_name(kind), self._gate.level))
        opened = is_open - self._open if self._open is not None else frozenset()
        self._open = is_open
        if self._link.state is LinkState.OPEN:
            for kind in sorted(opened - self._changed):  # what was sent while this was closed is sent again to who says so
                self._said[kind].forget()
                self._say_again(turn, kind)

    def go_by(self, turn: Turn, kinds: Iterable[str]) -> None:
        """Have the services that have these kinds go by what is in force, where something was set."""
        for kind in kinds:
            if kind in self._specs and (self._documents[kind] is not None or self._records[kind].local is not None):
                self._pipeline.configure(turn, kind, self._in_force(kind))

    def belong_to(self, turn: Turn, tenure_id: UUID | None) -> None:
        """The car is this owner's; nobody's documents but theirs and the car's own count from here on."""
        for kind, (_, spec) in self._specs.items():
            record = self._records[kind]
            is_empty = not record.frame and record.local is None and record.lost is None
            if is_empty or record.tenure_id == tenure_id:
                continue
            self._offered.pop(kind, None)
            if spec.scope is DocumentScope.VEHICLE:
                self._keep(turn, kind, msgspec.structs.replace(record, tenure_id=tenure_id), self._documents[kind])
            else:
                self._keep(turn, kind, DocumentRecord(), None)
            self._pipeline.configure(turn, kind, self._in_force(kind))
        for said in self._said.values():
            said.forget()

    def _tell_change(self, turn: Turn, kind: str) -> None:
        """Tell the platform of a change at the screen: whole where the level at which it was made lets it out, else that there is one."""
        name, local = report_name(kind), self._records[kind].local
        if local is None:
            return
        if not self._gate.refuses(name, local.level):
            state, captured = ReportState.CHANGED, local.level
        elif not self._gate.refuses(name, self._gate.level):
            state, captured = ReportState.DIFFERS, self._gate.level
        else:
            self._offered.pop(kind, None)
            return
        if self._offered.get(kind) == (local.change, state):
            return
        self._offered[kind] = (local.change, state)
        if state is ReportState.CHANGED:
            _, spec = self._specs[kind]
            report = DocumentReport(
                state, local.made_on, body_hash(local.body), schema=spec.schema, body=local.body, change=local.change
            )
        else:
            report = DocumentReport(state, self._version(kind), reason=DocumentReason.KEPT_PRIVATE, change=local.change)
        self._append(turn, kind, report, captured)

    # What is said

    def _say_again(self, turn: Turn, kind: str) -> None:
        """Say which version the car holds, unless it goes by a change of its own: that is told by itself."""
        document = self._documents[kind]
        if self._records[kind].local is not None:
            self._offered.pop(kind, None)
        elif document is None:
            self._say(turn, kind, DocumentReport(ReportState.APPLIED, 0))
        else:
            self._say(turn, kind, DocumentReport(ReportState.APPLIED, document.version, body_hash(document.body)))

    def _refuse(self, turn: Turn, document: Document, reason: str, proof: bytes = b"") -> None:
        self._counts.add(f"documents/refused:{reason}")
        report = DocumentReport(ReportState.REFUSED, document.version, reason=str(reason), proof=proof)
        if self._say(turn, document.kind, report):
            turn.tell(NoticeCode.DOCUMENT_REFUSED, setting=document.kind, reason=str(reason))

    def _unproved(self, turn: Turn, rejected: DocumentRejected) -> None:
        """A frame that nobody proved: its owner may hear of it, seldom."""
        steady = turn.now.steady
        if rejected.kind not in self._specs or (
            self._unproved_at is not None and 0 <= steady - self._unproved_at < UNPROVED_PAUSE_MS
        ):
            return
        self._unproved_at = steady
        self._say(turn, rejected.kind, DocumentReport(ReportState.REFUSED, rejected.version, reason=str(rejected.reason)))
        turn.tell(NoticeCode.DOCUMENT_REFUSED, setting=rejected.kind, reason=str(rejected.reason))

    def _say(self, turn: Turn, kind: str, report: DocumentReport, *, is_new: bool = False) -> bool:
        """Report, if the level lets it out and neither this was said just now nor too much of the kind; whether it was said.

        `is_new`: the car goes by something else now, and that is always said.
        """
        refusal = self._said[kind].refuses((report.state, report.version, report.reason), turn.now.steady, is_new=is_new)
        if refusal:
            self._counts.add(f"documents/{refusal}")
            return False
        self._append(turn, kind, report, self._gate.level)
        return True

    def _append(self, turn: Turn, kind: str, report: DocumentReport, captured: Level) -> None:
        name = report_name(kind)
        refusal = self._gate.refuses(name, captured)
        if refusal:
            self._counts.add(f"not_captured/{name}:{refusal}")
            return
        self._link.append(turn, Lane.EVENT, name, captured, turn.now.ms, encode(report))

    # What is held

    def _spec(self, kind: str) -> tuple[str, DocumentSpec]:
        if kind not in self._specs:
            raise SettingUnknown(known=", ".join(self._specs) or "–")
        return self._specs[kind]

    def _version(self, kind: str) -> int:
        document = self._documents[kind]
        return 0 if document is None else document.version

    def _in_force(self, kind: str) -> msgspec.Struct:
        """The body that the car goes by."""
        _, spec = self._specs[kind]
        record, document = self._records[kind], self._documents[kind]
        text = record.local.body if record.local else document.body if document else b""
        return self._read(spec, text) or spec.body()

    @staticmethod
    def _read(spec: DocumentSpec, text: bytes) -> msgspec.Struct | None:
        """A body that this car once took, in whatever schema; None where today's program can't read it."""
        try:
            body: msgspec.Struct = msgspec.json.decode(text, type=spec.body)
        except (msgspec.DecodeError, ValueError):
            return None
        return body

    def _keep(self, turn: Turn, kind: str, record: DocumentRecord, document: Document | None) -> None:
        self._records[kind] = record
        self._documents[kind] = document
        (self._changed.discard if record.local is None else self._changed.add)(kind)
        turn.changes.put(record_name(kind), record)
