"""The car's side of the link, without I/O: greeting, lanes, acknowledgements, and what is sent when.

States: ``offline`` → connected → ``greeting`` (Hello, repeated until a Welcome comes) → ``open``, or ``incompatible`` when the platform
chose a protocol version that this car does not speak. An acknowledgement that speaks of another epoch leads back to ``greeting``,
for only the greeting settles which epoch counts.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from openmarque.car.capture import StatusLane, StatusRecord
from openmarque.car.gate import Gate
from openmarque.car.model import Channel, Frame, LinkState, Notice, NoticeCode, Now, Output
from openmarque.car.outbox import FIRST_WAIT_MS, LONGEST_WAIT_MS, EventLane, Settled
from openmarque.car.records import LINK, STATUS_LANE, Counts, LinkRecord
from openmarque.car.store import CarStore, Changes
from openmarque.protocol.envelope import MAX_FRAME_BYTES, MAX_SEQUENCE, PROTOCOL_VERSION, Ack, Disposition, Lane, Trust, encode
from openmarque.protocol.lanes import STALE_EPOCH, UNKNOWN_EPOCH
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import POLICY_ACCEPTED, UNKNOWN_POLICY, Hello, Welcome
from openmarque.protocol.times import MAX_AHEAD_MS

SPOKEN: Final = (PROTOCOL_VERSION,)
_LISTED: Final = 4
"""Protocol versions that this release speaks, best first."""
OUTBOX_FULL: Final = "outbox_full"
TOO_LARGE: Final = "too_large"

_OTHER_EPOCH: Final = frozenset((STALE_EPOCH, UNKNOWN_EPOCH))
_LONGEST_REASON: Final = 40
_ENVELOPE_BYTES: Final = 128
"""Room for everything in an envelope but its body: seven small fields and a type name."""


def _believable(told_ms: int, now: Now, latest_ms: int) -> int:
    """The platform's time as far as it can be: one that is far ahead closes nothing for good.

    A greeting's answer is not signed. A clock that was set bounds it by a day; without one `latest_ms` does, the end of the car's own
    certificate: after that it would not be connected.
    """
    return min(told_ms, latest_ms) if now.trust is Trust.UNSET else min(told_ms, now.ms + MAX_AHEAD_MS)


def _code(reason: str) -> str:
    """A reason of the platform's as a name to count by. Acknowledgements are not signed: a text of another kind is no name."""
    is_one = 0 < len(reason) <= _LONGEST_REASON and reason.isascii() and reason.replace("_", "").replace("-", "").isalnum()
    return reason if is_one else "?"


@dataclass(slots=True)
class Turn:
    """The working space of one input, from its beginning to its commit: when, what it changes in the store, and what it leads to."""

    now: Now
    changes: Changes
    out: Output

    def send(self, channel: Channel, payload: bytes) -> None:
        """Publish after the step."""
        self.out.frames.append(Frame(channel, payload))

    def tell(self, code: NoticeCode, **facts: str | int) -> None:
        """Tell the people in the car."""
        self.out.notices.append(Notice(self.now.ms, code, facts))


class Link:
    """The three lanes of one car and the state of its connection."""

    def __init__(self, store: CarStore, gate: Gate, counts: Counts, limit: int, is_optional: Callable[[str], bool]) -> None:
        """Go on from what the store holds. `limit` bounds the service messages kept; `is_optional` says which those are."""
        record = store.read(LINK, LinkRecord) or LinkRecord()
        self._gate = gate
        self._counts = counts
        self._limit = limit
        self._is_optional = is_optional
        self._record = record
        self._epoch = record.epoch
        self._unknown = record.unknown
        self._heard_ms = record.heard_ms
        self._urgent = EventLane(Lane.URGENT, record.urgent, store.messages(Lane.URGENT))
        self._event = EventLane(Lane.EVENT, record.event, store.messages(Lane.EVENT))
        self.status = StatusLane(store.read(STATUS_LANE, StatusRecord) or StatusRecord())
        self._status_record = self.status.record
        self.state = LinkState.OFFLINE
        self._hello_at_ms: int | None = None
        self._hello_wait_ms = FIRST_WAIT_MS
        self.asked = 0

    @property
    def epoch(self) -> int:
        """The epoch in which messages are numbered."""
        return self._epoch

    @property
    def unknown(self) -> frozenset[str]:
        """Types, signals and commands that the platform said it ignores."""
        return frozenset(self._unknown)

    @property
    def heard_ms(self) -> int:
        """The latest time that the platform told, in ms since the epoch."""
        return self._heard_ms

    def known_ms(self, now: Now) -> int:
        """The time, as far as this car knows it."""
        return self._heard_ms if now.trust is Trust.UNSET else max(now.ms, self._heard_ms)

    def latest_ms(self, now: Now) -> int:
        """The latest that the platform's time can be: a number made of its time and above that was never its."""
        return self.known_ms(now) + MAX_AHEAD_MS

    @property
    def waiting(self) -> int:
        """Messages in the outboxes, tombstones included."""
        return len(self._event) + len(self._urgent)

    @property
    def fill(self) -> int:
        """Messages in the outboxes that still say something."""
        return self._event.live + self._urgent.live

    def deadline_ms(self) -> int | None:
        """When something has to be sent again unless an answer comes before."""
        if self.state is LinkState.GREETING:
            return self._hello_at_ms
        if self.state is not LinkState.OPEN:
            return None
        deadlines = (self._urgent.deadline_ms, self._event.deadline_ms, self.status.deadline_ms)
        return min((at for at in deadlines if at is not None), default=None)

    def connected(self, turn: Turn, asked: int) -> None:
        """A connection stands: greet, whatever was before. `asked` is a number that nobody can guess."""
        self._lose()
        self.state = LinkState.GREETING
        self._hello_wait_ms = FIRST_WAIT_MS
        self._hello_at_ms = turn.now.ms
        self.asked = asked

    def disconnected(self) -> None:
        """The connection is gone: nothing is under way any more."""
        self._lose()
        self.state = LinkState.OFFLINE

    def first_numbers(self) -> dict[str, int]:
        """Per lane, the lowest number that may still be sent."""
        return {Lane.URGENT: self._urgent.first, Lane.EVENT: self._event.first, Lane.STATUS: self.status.first}

    def welcomed(self, turn: Turn, welcome: Welcome, latest_ms: int, *, is_proved: bool) -> bool:
        """Take over what the platform says; False when it is no answer to this greeting, or in no protocol of ours.

        `latest_ms` bounds its time for a car whose clock was never set; `is_proved`: its epoch is signed, and another one counts.
        """
        if self.state not in (LinkState.GREETING, LinkState.OPEN) or welcome.asked not in (0, self.asked):
            self._counts.add("ignored/welcome:not_asked")
            return False
        if welcome.protocol not in SPOKEN:
            self.state = LinkState.INCOMPATIBLE
            offered = welcome.supported or (welcome.protocol,)
            turn.tell(NoticeCode.PROTOCOL_UNKNOWN, theirs=_listed(offered), ours=_listed(SPOKEN))
            return False
        watermarks = {lane: min(max(welcome.watermarks.get(lane, 0), 0), MAX_SEQUENCE - 1) for lane in Lane}
        if welcome.epoch != self._epoch and not (is_proved and self._epoch < welcome.epoch <= MAX_SEQUENCE):
            self._counts.add("ignored/welcome:other_epoch")
            return False
        if welcome.epoch > self._epoch:
            self._open_epoch(turn, welcome.epoch, watermarks)
        else:
            for lane in (self._urgent, self._event):
                self._note_settled(lane.settle(turn.changes, watermarks[lane.lane], (), turn.now.ms))
            self._settle_status(Ack(self._epoch, Lane.STATUS, watermarks[Lane.STATUS]))
        self._unknown = tuple(sorted(welcome.unknown))
        self._heard_ms = max(self._heard_ms, _believable(welcome.time, turn.now, latest_ms))
        self.state = LinkState.OPEN
        self._hello_wait_ms = FIRST_WAIT_MS
        return True

    def acknowledged(self, turn: Turn, ack: Ack) -> list[tuple[str, str]]:
        """Settle what the platform committed, and count what it refused; gives (type, reason) of the refused events."""
        if ack.epoch != self._epoch:
            self._counts.add("ignored/ack:other_epoch")
            if self.state is LinkState.OPEN and any(a.reason in _OTHER_EPOCH for a in ack.answers):
                self._greet_again(turn.now)
            return []
        if ack.lane is Lane.STATUS:
            self._settle_status(ack)
            return []
        lane = self._event if ack.lane is Lane.EVENT else self._urgent
        if ack.watermark + 1 < lane.first and any(a.disposition is Disposition.GAP for a in ack.answers):
            # It waits for numbers that it had settled and we hold no more (a database restored, a lagging replica promoted): only
            # the greeting tells it from where on there is something to come. A late answer leads here too; it costs a greeting.
            self._greet_again(turn.now)
            return []
        settled = lane.settle(turn.changes, ack.watermark, ack.answers, turn.now.ms)
        self._note_settled(settled)
        for kind, reason in settled.refused:
            turn.tell(NoticeCode.MESSAGE_REFUSED, type=kind, reason=reason)
        if (POLICY_ACCEPTED, UNKNOWN_POLICY) in settled.refused:
            self._greet_again(turn.now)
        return settled.refused

    def has_waiting(self, kind: str) -> bool:
        """Whether a message of this type waits on the ``event`` lane."""
        return self._event.has(kind)

    def append(self, turn: Turn, lane: Lane, kind: str, level: Level, at_ms: int, body: bytes) -> None:
        """Store a message for the ``event`` or ``urgent`` lane; the oldest optional ones make room when it is full."""
        if len(body) > MAX_FRAME_BYTES - _ENVELOPE_BYTES:
            self._counts.add(f"not_captured/{kind}:{TOO_LARGE}")
            return
        box = self._event if lane is Lane.EVENT else self._urgent
        box.append(turn.changes, kind, level, at_ms, turn.now.trust, body)
        if box.live > self._limit:
            # A hundredth at once: each burial reads the whole outbox.
            buried = box.bury_oldest(turn.changes, max(1, self._limit // 100), OUTBOX_FULL, self._is_optional)
            if buried:
                self._counts.add(f"deleted/{OUTBOX_FULL}", buried)
                turn.tell(NoticeCode.OUTBOX_FULL, messages=buried)

    def purge(self, turn: Turn) -> None:
        """Delete at once whatever may not leave any more."""
        self._note_purged(turn, [lane.purge(turn.changes, self._gate.refuses) for lane in (self._urgent, self._event)])
        values = self.status.purge(self._gate.signals)
        if values:
            self._counts.add("deleted/status_values", values)

    def forget_owner(self, turn: Turn, reason: str) -> None:
        """Delete every service message and status value, whatever the rules say of it now."""
        doomed = [
            lane.purge(turn.changes, lambda kind, _level: reason if self._is_optional(kind) else "")
            for lane in (self._urgent, self._event)
        ]
        self._note_purged(turn, doomed)
        self.status.clear()

    def pump(self, turn: Turn, hello: Callable[[], Hello]) -> None:
        """Send what is due: the greeting, or what the lanes hold."""
        if self.state is LinkState.GREETING:
            if self._hello_at_ms is not None and turn.now.ms >= self._hello_at_ms:
                turn.send(Channel.HELLO, encode(hello()))
                self._hello_at_ms = turn.now.ms + self._hello_wait_ms
                self._hello_wait_ms = min(self._hello_wait_ms * 2, LONGEST_WAIT_MS)
            return
        if self.state is not LinkState.OPEN:
            return
        if self._has_forbidden():
            self.purge(turn)
        for lane, channel in ((self._urgent, Channel.URGENT), (self._event, Channel.EVENT)):
            frames, first_time = lane.due(turn.now.ms, self._epoch)
            for frame in frames:
                turn.send(channel, frame)
            for kind in first_time:
                self._counts.add(f"sent/{kind}")
        status, kind = self.status.due(turn.now, self._epoch)
        if status is not None:
            turn.send(Channel.STATUS, status)
        if kind:
            self._counts.add(f"sent/{kind}")

    def write(self, changes: Changes) -> None:
        """Put the records that changed in this step."""
        record = LinkRecord(self._epoch, self._event.numbers, self._urgent.numbers, self._unknown, self._heard_ms)
        if record != self._record:
            self._record = record
            changes.put(LINK, record)
        if self.status.record is not self._status_record:
            self._status_record = self.status.record
            changes.put(STATUS_LANE, self._status_record)

    def _has_forbidden(self) -> bool:
        gate = self._gate
        return (
            self._urgent.has_forbidden(gate.refuses)
            or self._event.has_forbidden(gate.refuses)
            or self.status.has_forbidden(gate.signals)
        )

    def _greet_again(self, now: Now) -> None:
        self._lose()
        self.state = LinkState.GREETING
        # Not at once: a late frame of a former epoch must not turn into a volley of greetings.
        self._hello_at_ms = now.ms + FIRST_WAIT_MS if self._hello_at_ms is not None and now.ms < self._hello_at_ms else now.ms

    def _lose(self) -> None:
        self._urgent.link_lost()
        self._event.link_lost()
        self.status.link_lost()

    def _open_epoch(self, turn: Turn, epoch: int, watermarks: dict[Lane, int]) -> None:
        self._epoch = epoch
        for lane in (self._urgent, self._event):
            lane.open_epoch(turn.changes, watermarks[lane.lane])
        self.status.open_epoch(watermarks[Lane.STATUS], epoch, turn.now)

    def _settle_status(self, ack: Ack) -> None:
        kind, answer = self.status.settle(ack.watermark, ack.answers)
        if not kind:
            return
        if answer is not None and answer.disposition is Disposition.REFUSED:
            self._counts.add(f"refused/{kind}:{_code(answer.reason)}")
            return
        self._counts.add(f"acknowledged/{kind}")
        if answer is not None and answer.disposition is Disposition.STORED and answer.reason:
            self._counts.add(f"refused_in_part/{kind}:{_code(answer.reason)}")

    def _note_settled(self, settled: Settled) -> None:
        for kind in settled.stored:
            self._counts.add(f"acknowledged/{kind}")
        for kind, reason in settled.refused:
            self._counts.add(f"refused/{kind}:{_code(reason)}")
        for kind, reason in settled.in_part:
            self._counts.add(f"refused_in_part/{kind}:{_code(reason)}")

    def _note_purged(self, turn: Turn, by_lane: list[dict[str, int]]) -> None:
        for buried in by_lane:
            for reason, n in buried.items():
                self._counts.add(f"deleted/{reason}", n)
                turn.tell(NoticeCode.OUTBOX_PURGED, reason=reason, messages=n)


def _listed(versions: Iterable[int]) -> str:
    """Versions of the link, newest last; of what somebody else sent only the first few."""
    return ", ".join(str(version) for version in sorted(versions)[:_LISTED])
