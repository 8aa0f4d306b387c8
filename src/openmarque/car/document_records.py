"""What a car keeps of its settings documents, and how one stands for its screen. Fields are only added, at the end and with a default."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from openmarque.kit.errors import CallerError
from openmarque.protocol.documents import Document, Maker, SignedDocument
from openmarque.protocol.levels import Level

_read_frame: Final = msgspec.msgpack.Decoder(SignedDocument).decode
_read_document: Final = msgspec.msgpack.Decoder(Document).decode


class LocalChange(msgspec.Struct, array_like=True, frozen=True):
    """A change at the screen that the platform has not answered: made on which version, its number, its body, and the level at which it was made."""

    made_on: int
    change: int
    body: bytes
    level: Level


class LostChange(msgspec.Struct, array_like=True, frozen=True):
    """A change at the screen that did not count, and who was faster, when (ms, by the platform's clock)."""

    body: bytes
    by: Maker
    at_ms: int


class DocumentRecord(msgspec.Struct, array_like=True, frozen=True):
    """What the store keeps of one kind: whose it is, the newest frame from the platform (empty: none), and the changes at the screen."""

    tenure_id: UUID | None = None
    frame: bytes = b""
    local: LocalChange | None = None
    lost: LostChange | None = None
    change: int = 0


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """A kind of settings document as it stands in the car, for its screen.

    `body` is what the car goes by; `version` 0: nothing came from the platform. `is_told` is False while a change at the screen waits for the
    platform's answer; `lost` is the last one that did not count. `closed` says why it can't be changed at the screen now, "" when it can.
    """

    kind: str
    version: int
    body: msgspec.Struct
    made_by: Maker | None
    is_told: bool
    lost: msgspec.Struct | None
    closed: str


class SettingUnknown(CallerError):
    """This car has no such setting."""

    code = "setting-unknown"
    cure = "Take one of: {known}."
    http_status = 404


class SettingRefused(CallerError):
    """The car does not take this setting now."""

    code = "setting-refused"
    cure = "{reason}"
    http_status = 409

    def __init__(self, reason: str, detail: str = "") -> None:
        """`reason` is a code with words of its own."""
        super().__init__(detail, reason=reason)
        self.reason = reason


def record_name(kind: str) -> str:
    """The name of a kind's record in the store."""
    return f"document.{kind}"


def document_in(frame: bytes) -> Document | None:
    """The document in a frame that was proved when it came."""
    return _read_document(_read_frame(frame).document) if frame else None
