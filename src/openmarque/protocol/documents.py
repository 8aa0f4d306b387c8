"""Settings documents on the link, without I/O: what is signed, byte for byte, what travels, and which of two changes counts.

A settings document is what an owner sets and the car keeps: timers, circles, limits, favourites, destinations. A declaration names its kinds
(``catalogue.declarations.DocumentSpec``); a car has one document of a kind, for one tenure, or for its whole life.

Rules:
    1. A body has exactly one spelling: JSON, members in the order of their names, each written, no spaces, no floats. Whoever reads it
       writes it again and compares, so no two readers can differ, and the SHA-256 of a body names it on both sides.
    2. Only the platform numbers versions. Each is above the last and not below the milliseconds of its clock: none is given twice, also by a
       platform that was restored from a backup. A car takes none that is below the one that it holds, and none of tomorrow.
       Version 1, which no clock gives, is a question: what does the car hold of this kind? It changes nothing.
    3. What comes down is signed by the platform's command key, with a context of its own, and names car, tenure, kind, version and
       schema: a frame for another car, an earlier owner or an older version changes nothing. The command key, since who holds it can
       do more than any document says, and both keys would lie in the same process.
    4. The car says the outcome of each version, by the hash of the body (``DocumentReport``). Until it did, the platform tells it again.
    5. A change names the version that it was made on. It counts when that is the newest at the platform, whose row's lock puts changes in
       their order: so of two made at the same time the one that reaches the row first counts. The other loses, whoever made it is told by
       whom, and gets what counts. Changes with the same body are no quarrel.
       What one car changes twice in a row, before it heard the outcome of the first, is one change after the other and no quarrel either.
    6. The car's screen changes a document at once, with or without a connection, and the car goes by it until the platform has
       answered. The answer is a version: its own body with a number (it counted), or another body (it lost, and is kept to be seen). A
       version that the platform made of an earlier change of the same car, before it heard of this one, is no answer to this one.

Theory of operation:
    owner's app                 platform                         car                     its screen
      |  body, If-Match: 7        |                               |                          |
      |-------------------------->|  row 7 → 8                    |                          |
      |                           |---- SignedDocument 8 -------->|  verifies, configures    |
      |<-- documents (live) ------|<--- applied, 8, hash ---------|                          |
      |                           |                               |<-- body, made on 8 ------|
      |                           |<--- changed, on 8, body ------|  in force at once        |
      |<-- documents (live) ------|  row 8 → 9                    |                          |
      |                           |---- SignedDocument 9 -------->|  its own body: has a number now
"""

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from openmarque.kit.errors import CallerError
from openmarque.protocol import signing
from openmarque.protocol.envelope import MAX_FRAME_BYTES, Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType

MAX_BODY_BYTES: Final = 12_288
"""Most that a kind may allow itself: its report has to fit into an envelope (``envelope.MAX_FRAME_BYTES``)."""
MAX_DOCUMENT_BYTES: Final = MAX_BODY_BYTES + 512
"""A frame: the body, some ids, and a signature of 64 bytes."""
MAX_NUMBER: Final = 2**53 - 1
"""Exact in JavaScript."""
MAX_SCHEMA: Final = 10_000
QUESTION: Final = 1
"""The version of a document that only asks what the car holds (rule 2): the answer is the refusal of an older version, with its proof, or 0."""

REPORT_BODY: Final = "document_report"
"""What the body of reports is called in declarations: it is the same for all kinds (``wire:document_report.version``)."""

_CONTEXT: Final = "openmarque.document.v1"
_REPORT_PREFIX: Final = "document_"

assert MAX_DOCUMENT_BYTES < MAX_FRAME_BYTES

Hex32 = Annotated[str, msgspec.Meta(min_length=32, max_length=32, pattern="^[0-9a-f]{32}$")]
KindName = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern="^[a-z][a-z0-9_]*$")]
Version = Annotated[int, msgspec.Meta(ge=1, le=MAX_NUMBER)]
Schema = Annotated[int, msgspec.Meta(ge=1, le=MAX_SCHEMA)]


class Maker(StrEnum):
    """Who made a version."""

    OWNER = "owner"
    CAR = "car"
    """Somebody at the car's screen."""
    PLATFORM = "platform"


class DocumentReason(StrEnum):
    """Why a document, or a change, was not taken, in the order in which it is looked at. Reasons of ``decide`` and of services come beside them."""

    TOO_LARGE = "document_too_large"
    UNREADABLE = "document_unreadable"
    WRONG_KEY = "document_wrong_key"
    OTHER_CAR = "document_other_car"
    UNKNOWN_KIND = "document_unknown_kind"
    OTHER_TENURE = "document_other_tenure"
    OLDER_VERSION = "document_older_version"
    VERSION_AHEAD = "document_version_ahead"
    NEWER_SCHEMA = "document_newer_schema"
    UNFIT_BODY = "document_unfit_body"
    OTHER_BODY = "document_other_body"
    """The car names this version and goes by another body."""
    UNKNOWN_VERSION = "document_unknown_version"
    """The platform never gave it, or has forgotten it."""
    NOT_SET_HERE = "document_not_set_here"
    TOO_MANY_CHANGES = "document_too_many_changes"
    LOST = "document_lost"
    """Another change reached the platform first."""
    KEPT_PRIVATE = "document_kept_private"
    """It was set in the car at a level that keeps it there."""


class Document(msgspec.Struct, array_like=True, frozen=True):
    """One version of a document. `tenure_id` is "" for a kind that belongs to the car; `body` as ``write_body`` gives it.

    `made_by` and `made_ms` (milliseconds since the epoch, by the platform's clock) are for the people: who changed this, and when.
    `change` is the number of the newest change of the car that the platform had dealt with; 0: none.
    """

    vehicle_id: Hex32
    tenure_id: Annotated[str, msgspec.Meta(max_length=32, pattern="^([0-9a-f]{32})?$")]
    kind: KindName
    version: Version
    schema: Schema
    body: bytes
    made_by: Maker
    made_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)]
    change: Annotated[int, msgspec.Meta(ge=0, le=MAX_NUMBER)] = 0


class SignedDocument(msgspec.Struct, array_like=True, frozen=True):
    """A document on its way to the car (``down/document``): the bytes of a ``Document`` as they were signed, and by which key."""

    document: bytes
    platform_key_id: str
    signature: bytes


class ReportState(StrEnum):
    """What a car says of a document."""

    APPLIED = "applied"
    """It goes by this version."""
    REFUSED = "refused"
    """It does not, for `reason`, and goes on with what it had."""
    CHANGED = "changed"
    """It was changed on the car's screen; `version` is the one that it was made on."""
    DIFFERS = "differs"
    """The car goes by a change of its own which it keeps to itself, for `reason`."""


class DocumentReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a car says of its document of one kind, which the message's type names (``report_name``; ``event`` lane).

    `version` is the one that the car goes by (``applied``), that it refuses, or that its own change was made on. `hash` is that of the body
    that it goes by. `schema`, `body` and `change`, a number that grows with each change on the car's screen, belong to ``changed``.
    `proof`: the frame of the newer version that the car holds where it refuses an older one, which reminds a platform that was
    restored from a backup of what it signed.
    """

    state: ReportState
    version: int
    hash: str = ""
    reason: str = ""
    schema: int = 0
    body: bytes = b""
    change: int = 0
    proof: bytes = b""


class DocumentRejected(CallerError):
    """This document is not taken."""

    code = "document-rejected"
    cure = "{reason}"
    http_status = 422

    def __init__(self, reason: DocumentReason, detail: str = "", kind: str = "", version: int = 0) -> None:
        """`reason` is for machines, `detail` for people; `kind` and `version` as far as they could be read, proved or not."""
        super().__init__(detail, reason=reason)
        self.reason = reason
        self.kind = kind
        self.version = version


# Reports


def report_name(kind: str) -> str:
    """The message type in which a car reports on documents of `kind`."""
    return _REPORT_PREFIX + kind


def kind_of(type_name: str) -> str:
    """The kind that a message type of ``report_name`` is about."""
    return type_name.removeprefix(_REPORT_PREFIX)


def report_type(kind: str, declaration: str, leaves_at: Level) -> MessageType:
    """The message type of reports on `kind`.

    One for each kind, so that what keeps a message in the car keeps this one, by the same code: the allow-list of the privacy level,
    the declaration's rule in the policy, switches, and the purge of the outbox when one of them tightens.
    """
    purpose = f"say which version of the settings {kind!r} the car goes by, and what was changed in the car"
    return MessageType(report_name(kind), Lane.EVENT, DocumentReport, leaves_at, purpose, declaration)


# Bodies


def write_body(body: msgspec.Struct) -> bytes:
    """The one spelling of a body (rule 1)."""
    return msgspec.json.encode(body, order="sorted")


def body_hash(body: bytes) -> str:
    """The name of a body: SHA-256 in hex."""
    return hashlib.sha256(body).hexdigest()


def read_body(text: bytes, kind: type[msgspec.Struct], *, max_bytes: int, is_current: bool = True) -> msgspec.Struct:
    """The body in exactly these bytes. Raises ``DocumentRejected``: too large, or no such body in its one spelling.

    `is_current` False: `text` is of an earlier schema, in which members may be missing that have a default today.
    """
    if len(text) > max_bytes:
        raise DocumentRejected(DocumentReason.TOO_LARGE, f"It has {len(text)} bytes; {max_bytes} are the most.")
    try:
        body: msgspec.Struct = msgspec.json.decode(text, type=kind, strict=True)
        plain = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise DocumentRejected(DocumentReason.UNFIT_BODY, _first_line(error)) from error
    if msgspec.json.encode(plain, order="sorted") != text or (is_current and write_body(body) != text):
        raise DocumentRejected(DocumentReason.UNFIT_BODY, "It is spelt in another way than a body is.")
    check_texts(plain)
    return body


def check_texts(plain: Any, where: str = "$") -> None:
    """Return when every text in a plain body can be shown and stored; raise ``DocumentRejected`` with the place of one that can't."""
    if isinstance(plain, str) and not plain.isprintable():
        raise DocumentRejected(DocumentReason.UNFIT_BODY, f"A text has characters that can't be shown - at `{where}`")
    if isinstance(plain, dict):
        for name, value in plain.items():
            check_texts(value, f"{where}.{name}")
    elif isinstance(plain, list):
        for number, value in enumerate(plain):
            check_texts(value, f"{where}[{number}]")


# Frames


def document_statement(document: bytes) -> bytes:
    """The bytes that the platform signs for a document, which itself names the car."""
    return msgspec.msgpack.encode((_CONTEXT, document))


def sign_document(key: signing.PrivateKey, document: Document) -> bytes:
    """The frame for ``down/document``, signed by the platform's command key. Raises ``DocumentRejected`` for one that no car would take."""
    content = msgspec.msgpack.encode(document)
    frame = msgspec.msgpack.encode(
        SignedDocument(content, signing.key_id(key.public_key()), signing.sign(key, document_statement(content)))
    )
    open_document(frame, UUID(hex=document.vehicle_id), {signing.key_id(key.public_key()): key.public_key()})
    return frame


_read_frame = msgspec.msgpack.Decoder(SignedDocument).decode
_read_document = msgspec.msgpack.Decoder(Document).decode


def open_document(frame: bytes, vehicle_id: UUID, keys: Mapping[str, signing.PublicKey]) -> Document:
    """The document in a frame, once it is proved to be by one of the platform's command `keys` (by id) and for this car.

    Raises ``DocumentRejected``, with kind and version where they can be read. Its body is not looked at.
    """
    if len(frame) > MAX_DOCUMENT_BYTES:
        raise DocumentRejected(DocumentReason.TOO_LARGE, "It is larger than any document can be.")
    try:
        signed = _read_frame(frame)
        document = _read_document(signed.document)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise DocumentRejected(DocumentReason.UNREADABLE, _first_line(error)) from error
    about = (document.kind, document.version)
    key = keys.get(signed.platform_key_id)
    if key is None:
        raise DocumentRejected(DocumentReason.WRONG_KEY, "It names a key that is none of the platform's.", *about)
    try:
        signing.verify(key, document_statement(signed.document), signed.signature)
    except signing.BadSignature as error:
        raise DocumentRejected(DocumentReason.WRONG_KEY, "The platform did not sign it.", *about) from error
    if document.vehicle_id != vehicle_id.hex:
        raise DocumentRejected(DocumentReason.OTHER_CAR, "It names another car.", *about)
    return document


# Which change counts


class Verdict(StrEnum):
    """What a change is to the newest version of the platform's row."""

    SAME = "same"
    """It says what counts already."""
    COUNTS = "counts"
    LOST = "lost"
    UNKNOWN = "unknown"
    """It was made on a version that the platform never gave, or has forgotten."""


def weigh(newest: int, newest_hash: str, made_on: int, change_hash: str, own_since: int | None = None) -> Verdict:
    """Weigh a change made on version `made_on` against the newest version (0: there is none yet) and its body's hash. Rule 5.

    `own_since`: where the newest versions are all of changes by whoever made this one, the version on which the first of them was made.
    """
    if newest and change_hash == newest_hash:
        return Verdict.SAME
    if made_on == newest or (own_since is not None and own_since <= made_on < newest):
        return Verdict.COUNTS
    return Verdict.LOST if made_on < newest else Verdict.UNKNOWN


class Offer(StrEnum):
    """What a version from the platform is to a car that holds one."""

    NEWER = "newer"
    HELD = "held"
    OLDER = "older"


def compare(held: int, held_hash: str, version: int, version_hash: str) -> Offer:
    """Compare an offered version with the one that the car holds (0: none). Rule 2: the same number twice is the same body."""
    if version > held:
        return Offer.NEWER
    return Offer.HELD if (version, version_hash) == (held, held_hash) else Offer.OLDER


class Pending(StrEnum):
    """What a version from the platform is to a change that waits in the car."""

    CONFIRMED = "confirmed"
    """It is this change, with its number."""
    OPEN = "open"
    """It is an earlier change of the same car: this one has yet to be answered."""
    LOST = "lost"


def answers(document: Document, change: int, change_hash: str) -> Pending:
    """What a newer `document` says of the car's change with this number and body. Rule 6."""
    if body_hash(document.body) == change_hash:
        return Pending.CONFIRMED
    return Pending.OPEN if document.made_by is Maker.CAR and document.change < change else Pending.LOST


def next_version(last: int, now_ms: int) -> int:
    """The version after `last`, and never below the clock (rule 2)."""
    return max(last + 1, now_ms)


_PLACE: Final = re.compile(r"[\r\n].*", re.DOTALL)


def _first_line(error: Exception) -> str:
    """What a decoder says, which names the place (``- at `$.circles[2].radius_m` ``)."""
    return _PLACE.sub("", str(error))[:200]
