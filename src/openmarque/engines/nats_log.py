"""What the embedded broker's log says about clients, as values: the broker reports violations nowhere else.

Theory of operation: lines such as ``[12] 2026/11/22 15:00:53.938890 [ERR] 127.0.0.1:45051 - mid:10 - "<client id>" - Publish
Violation - Subject "…"`` are read as they are written, across the rotation of the file. A client id is text that a client chose, so
it counts as a car's only in wire form, and only where the broker had let it in; before that it proves nothing.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from openmarque.kit.ids import parse_wire

_POLL_S: Final = 0.1
_LINE: Final = re.compile(
    r"\[\d+\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d\.\d{6} \[(?P<severity>ERR|WRN)\] \S+:\d+ - mid:(?P<cid>\d+) - "
    r'(?:"(?P<client>(?:[^"\\]|\\.){0,512})" - )?(?P<text>.+)'
)
"""The broker quotes the client id and escapes quotes and line ends in it, so nobody can write a line, or the end of one, by a name."""


class LogKind(StrEnum):
    """Kinds of line that are events; every other line is left alone."""

    PUBLISH_VIOLATION = "publish-violation"
    SUBSCRIPTION_VIOLATION = "subscription-violation"
    PAYLOAD_TOO_LARGE = "payload-too-large"
    AUTHENTICATION_FAILED = "authentication-failed"
    HANDSHAKE_FAILED = "handshake-failed"
    MALFORMED = "malformed"
    """Bytes that are no MQTT, or a connection that broke off."""
    SLOW_CONSUMER = "slow-consumer"
    DUPLICATE_CLIENT = "duplicate-client"


_KINDS: Final = (
    ("Publish Violation", LogKind.PUBLISH_VIOLATION),
    ("Subscription Violation", LogKind.SUBSCRIPTION_VIOLATION),
    ("maximum payload", LogKind.PAYLOAD_TOO_LARGE),
    ("unable to connect: authentication", LogKind.AUTHENTICATION_FAILED),
    ("TLS handshake error", LogKind.HANDSHAKE_FAILED),
    ("Slow Consumer", LogKind.SLOW_CONSUMER),
    ("Replacing old client", LogKind.DUPLICATE_CLIENT),
)
_SAID_ELSEWHERE: Final = ("authentication error", "Readloop processing time")
_UNPROVEN: Final = {LogKind.AUTHENTICATION_FAILED, LogKind.HANDSHAKE_FAILED, LogKind.MALFORMED}


@dataclass(frozen=True)
class LogEvent:
    """One client's fault as the broker saw it."""

    kind: LogKind
    connection: int
    vehicle_id: UUID | None
    """The car, where its certificate had been accepted under that client id."""
    subject: str = ""
    """The subject it tried, for violations."""


def parse_line(line: str) -> LogEvent | None:
    """The event that a line of the log tells, or none."""
    found = _LINE.match(line)
    if not found:
        return None
    text = found["text"]
    kind = next((kind for words, kind in _KINDS if text.startswith(words)), None)
    if kind is None and found["severity"] == "ERR" and not text.startswith(_SAID_ELSEWHERE):
        kind = LogKind.MALFORMED
    if kind is None:
        return None
    subject = re.search(r'Subject "([^"]{1,200})"', text)
    vehicle = None if kind in _UNPROVEN else _vehicle(found["client"])
    return LogEvent(kind, int(found["cid"]), vehicle, subject[1] if subject else "")


def _vehicle(client: str | None) -> UUID | None:
    try:
        return parse_wire(client or "")
    except ValueError:
        return None


async def follow(log: Path, *, from_start: bool = False) -> AsyncIterator[LogEvent]:
    """Events as they are written to `log`, from now on (or from its beginning), until the iterator is closed.

    A rotated file is read to its end before the new one. A file that isn't there yet is waited for.
    """
    file = await _open(log)
    if not from_start:
        file.seek(0, os.SEEK_END)
    rest = b""
    try:
        while True:
            # A read of what was appended within a tenth of a second takes microseconds, so it may stay in the loop.
            data = file.read(1 << 20)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if event := parse_line(line.decode("utf-8", "replace")):
                    yield event
            if data:
                continue
            if _rotated(file, log):
                file.close()
                file, rest = await _open(log), b""
            else:
                await asyncio.sleep(_POLL_S)
    finally:
        file.close()


async def _open(log: Path) -> BinaryIO:
    while True:
        try:
            return log.open("rb")
        except FileNotFoundError:
            await asyncio.sleep(_POLL_S)


def _rotated(file: BinaryIO, log: Path) -> bool:
    try:
        return log.stat().st_ino != os.fstat(file.fileno()).st_ino
    except FileNotFoundError:
        return False
