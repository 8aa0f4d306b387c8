"""A lane of messages that must arrive (``event``, ``urgent``), as the car keeps and sends it.

Rules:
    1. A message is stored before it is sent, and kept until the platform's watermark passes its number.
    2. Numbers have no gaps. What the car deletes leaves a tombstone in its place; neighbouring tombstones become one.
    3. At most ``EVENT_WINDOW`` messages are sent beyond the watermark. When the platform sees a gap, or nothing comes back, the
       car sends again from the watermark on (go-back-N), first after 5 s, then after twice as long, at most 60 s.
    4. One gap answer is enough: those that follow for the same watermark belong to the same loss.
    5. A refused message is settled like a stored one: it is counted and never sent again.
    6. A watermark beyond the last number sent means that this memory is older than what the platform has seen: messages never
       sent get new numbers above it, so that none is taken for a duplicate.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from openmarque.car.store import Changes, StoredMessage
from openmarque.protocol.envelope import MAX_SEQUENCE, Answer, Disposition, Envelope, Lane, Trust, encode, pack
from openmarque.protocol.lanes import EVENT_WINDOW
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import GONE, Tombstone

FIRST_WAIT_MS: Final = 5_000
"""Time without an answer before sending again: some round trips of a poor mobile connection."""
LONGEST_WAIT_MS: Final = 60_000
"""Repeats of a whole window once a minute cost less than the keep-alive of the connection."""

Refuses = Callable[[str, Level], str]
"""Why a message of this type, captured at this level, may not leave; "" when it may."""


class Numbers(msgspec.Struct, array_like=True, frozen=True):
    """A lane's counters in one epoch: the `next` number to give, and the highest number ever `sent` (0: none)."""

    next: int = 1
    sent: int = 0


class Settled(msgspec.Struct):
    """What an acknowledgement settled: stored and refused messages with their types and reasons."""

    stored: list[str]
    refused: list[tuple[str, str]]
    in_part: list[tuple[str, str]]


class EventLane:
    """One lane's outbox. Methods that change something write it to the given ``Changes``; the caller commits before it sends."""

    def __init__(self, lane: Lane, numbers: Numbers, entries: list[StoredMessage]) -> None:
        """Go on from what the store holds."""
        self.lane = lane
        self.numbers = numbers
        self._entries = deque(entries)
        self._cursor = 0
        self._deadline_ms: int | None = None
        self._wait_ms = FIRST_WAIT_MS
        self._went_back_at: int | None = None
        self.live = sum(entry.type != GONE for entry in entries)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def first(self) -> int:
        """The lowest number that may still be sent."""
        return self._entries[0].seq if self._entries else self.numbers.next

    @property
    def deadline_ms(self) -> int | None:
        """When to send again if nothing comes back; None while nothing is under way."""
        return self._deadline_ms

    def has(self, kind: str) -> bool:
        """Whether a message of this type waits."""
        return any(entry.type == kind for entry in self._entries)

    def append(self, changes: Changes, kind: str, level: Level, car_time: int, trust: Trust, body: bytes) -> None:
        """Store a message under the next number."""
        seq = self.numbers.next
        entry = StoredMessage(seq, seq, kind, level, car_time, trust, body)
        self._entries.append(entry)
        self.numbers = Numbers(seq + 1, self.numbers.sent)
        self.live += kind != GONE
        changes.save(self.lane, entry)

    def has_forbidden(self, refuses: Refuses) -> bool:
        """Whether something that would be sent next may not leave: the last look before sending."""
        return any(refuses(entry.type, entry.level) for entry in self._upcoming())

    def due(self, now_ms: int, epoch: int) -> tuple[list[bytes], list[str]]:
        """The frames to send now, and the types of those sent for the first time."""
        if self._deadline_ms is not None and now_ms >= self._deadline_ms and self._cursor:
            self._wait_ms = min(self._wait_ms * 2, LONGEST_WAIT_MS)
            self._restart()
        if self._cursor >= min(len(self._entries), EVENT_WINDOW):
            return [], []
        frames: list[bytes] = []
        first_time: list[str] = []
        sent = self.numbers.sent
        for entry in self._upcoming():
            frames.append(self._frame(entry, epoch))
            if entry.through > sent:
                first_time.append(entry.type)
                sent = entry.through
        self._cursor += len(frames)
        self.numbers = Numbers(self.numbers.next, sent)
        if self._deadline_ms is None:
            self._deadline_ms = now_ms + self._wait_ms
        return frames, first_time

    def settle(self, changes: Changes, watermark: int, answers: tuple[Answer, ...], now_ms: int) -> Settled:
        """Delete what the watermark passed; answers that say ``gap`` lead to sending again."""
        settled = Settled([], [], [])
        by_seq = {answer.seq: answer for answer in answers}
        last_known = min(watermark, self.numbers.sent)
        progressed = False
        while self._entries and self._entries[0].seq <= last_known:
            entry = self._entries.popleft()
            progressed = True
            self._cursor = max(0, self._cursor - 1)
            if entry.through > last_known:  # a tombstone over more numbers than the platform has settled
                changes.delete(self.lane, entry.seq, entry.seq)
                self._replace_head(changes, entry, last_known + 1)
                break
            self._count(settled, entry, by_seq.get(entry.seq))
        if progressed:
            changes.delete(self.lane, 0, min(last_known, self.first - 1))
            self._wait_ms = FIRST_WAIT_MS
            self._deadline_ms = now_ms + FIRST_WAIT_MS if self._cursor else None
            self._went_back_at = None
        if watermark > self.numbers.sent:
            self._renumber(changes, watermark + 1)
        elif any(a.disposition is Disposition.GAP for a in answers) and self._went_back_at != watermark:
            self._restart()
            self._went_back_at = watermark
        return settled

    def purge(self, changes: Changes, refuses: Refuses) -> dict[str, int]:
        """Turn every message that may not leave into a tombstone, in place, at once; the number of them by reason."""
        return self._bury(changes, lambda entry: refuses(entry.type, entry.level))

    def bury_oldest(self, changes: Changes, how_many: int, reason: str, optional: Callable[[str], bool]) -> int:
        """Turn the oldest `how_many` optional messages into tombstones; returns how many there were."""
        doomed: set[int] = set()
        for entry in self._entries:
            if len(doomed) == how_many:
                break
            if optional(entry.type):
                doomed.add(entry.seq)
        return sum(self._bury(changes, lambda entry: reason if entry.seq in doomed else "").values())

    def open_epoch(self, changes: Changes, watermark: int) -> None:
        """Begin a new numbering above `watermark`. All unsettled messages move into it.

        One that was sent in the former epoch and not answered is sent again under its new number: nothing is lost. Receivers
        tell such a repeat by the message's own key (a trip's number and start, a level's counter).
        """
        self.numbers = Numbers(watermark + 1, watermark)
        self._renumber(changes, watermark + 1)

    def link_lost(self) -> None:
        """Nothing is under way any more."""
        self._cursor = 0
        self._deadline_ms = None
        self._wait_ms = FIRST_WAIT_MS
        self._went_back_at = None

    def _upcoming(self) -> list[StoredMessage]:
        end = min(len(self._entries), EVENT_WINDOW)
        return [self._entries[i] for i in range(self._cursor, end)] if self._cursor < end else []

    def _restart(self) -> None:
        """Send again from the watermark on."""
        self._cursor = 0
        self._deadline_ms = None
        self._went_back_at = None

    def _frame(self, entry: StoredMessage, epoch: int) -> bytes:
        body = msgspec.Raw(entry.body)
        return encode(Envelope(epoch, self.lane, entry.seq, entry.car_time, entry.trust, entry.level, entry.type, body))

    def _count(self, settled: Settled, entry: StoredMessage, answer: Answer | None) -> None:
        self.live -= entry.type != GONE
        if answer is not None and answer.disposition is Disposition.REFUSED:
            settled.refused.append((entry.type, answer.reason))
            return
        settled.stored.append(entry.type)
        if answer is not None and answer.disposition is Disposition.STORED and answer.reason:
            settled.in_part.append((entry.type, answer.reason))

    def _replace_head(self, changes: Changes, tombstone: StoredMessage, seq: int) -> None:
        """Put back the rest of a tombstone, from `seq` on."""
        rest = msgspec.structs.replace(tombstone, seq=seq)
        self._entries.appendleft(rest)
        changes.save(self.lane, rest)

    def _bury(self, changes: Changes, doomed: Callable[[StoredMessage], str]) -> dict[str, int]:
        buried: dict[str, int] = {}
        if not any(entry.type != GONE and doomed(entry) for entry in self._entries):
            return buried
        kept: deque[StoredMessage] = deque()
        reason_of_last = ""
        for entry in self._entries:
            reason = "" if entry.type == GONE else doomed(entry)
            if reason:
                buried[reason] = buried.get(reason, 0) + 1
                self.live -= 1
            grave = tombstone(entry, reason) if reason else entry
            reason_here = _reason(grave) if grave.type == GONE else ""
            if reason_here and reason_here == reason_of_last:
                grave = tombstone(kept.pop(), reason_here, through=grave.through)
            kept.append(grave)
            reason_of_last = reason_here
        if buried:
            self._write_difference(changes, kept)
            self._entries = kept
            self._restart()
        return buried

    def _write_difference(self, changes: Changes, kept: deque[StoredMessage]) -> None:
        before = {entry.seq: entry for entry in self._entries}
        for entry in kept:
            if before.pop(entry.seq) is not entry:
                changes.save(self.lane, entry)
        for seq in before:
            changes.delete(self.lane, seq, seq)

    def _renumber(self, changes: Changes, first: int) -> None:
        """Give the remaining messages numbers from `first` on; tombstones are dropped, for there is nothing left to settle."""
        changes.delete(self.lane, 0, MAX_SEQUENCE)
        survivors = [entry for entry in self._entries if entry.type != GONE]
        self._entries = deque(
            msgspec.structs.replace(entry, seq=seq, through=seq) for seq, entry in enumerate(survivors, start=first)
        )
        self.numbers = Numbers(first + len(self._entries), first - 1)
        for entry in self._entries:
            changes.save(self.lane, entry)
        self._restart()


def tombstone(entry: StoredMessage, reason: str, through: int | None = None) -> StoredMessage:
    """The tombstone in the place of `entry`. It says nothing of what it replaces, not even the level."""
    end = entry.through if through is None else through
    body = bytes(pack(Tombstone(end, reason)))
    return StoredMessage(entry.seq, end, GONE, Level.PRIVATE, entry.car_time, entry.trust, body)


def _reason(grave: StoredMessage) -> str:
    return msgspec.msgpack.decode(grave.body, type=Tombstone).reason
