"""The status lane as the car keeps and sends it: newest values, at most one message in flight. REQ LNK-2, PRV-5.

Rules:
    1. Each value is pending together with the level at which it was captured. One message holds values of one level only.
    2. Groups leave in the order of capture. A newer value of a path replaces the pending older one, in whichever group that is, so
       an older value never leaves after a newer one.
    3. One message is in flight. It is repeated unchanged, under its number, until it is acknowledged, first after 5 s, then after
       twice as long, at most 60 s.
    4. When something in it may not leave any more it is dropped at once, its number with it; what may still leave goes back to
       the front of the queue unless a newer value waits. Pending values that may not leave are dropped likewise.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from openmarque.car.model import Now
from openmarque.car.outbox import FIRST_WAIT_MS, LONGEST_WAIT_MS
from openmarque.protocol.envelope import Answer, Disposition, Envelope, Lane, encode, pack
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import STATUS, STATUS_WITH_PLACE, StatusBody, status_type_of
from openmarque.protocol.signals import PLACE_SIGNALS, Value

Timed = tuple[Value, int]
"""A value and when it was sensed, in milliseconds since the epoch by the car's clock."""

Allows = Callable[[str, Level], frozenset[str]]
"""The VSS paths that a status message of this type, captured at this level, may carry now."""


class Group(msgspec.Struct, array_like=True, frozen=True):
    """Values captured at one level, by VSS path."""

    level: Level
    values: dict[str, Timed]


class InFlight(msgspec.Struct, array_like=True, frozen=True):
    """The message that was sent and not yet answered, with the values in it."""

    seq: int
    type: str
    frame: bytes
    group: Group


class StatusRecord(msgspec.Struct, array_like=True, frozen=True):
    """What the store keeps of the status lane. `next` is the number of the next message."""

    next: int = 1
    in_flight: InFlight | None = None
    groups: tuple[Group, ...] = ()


_NOTHING: Final = frozenset[str]()


class StatusLane:
    """The status lane. `record` is its whole durable state; `reported` (not stored) what was captured last of each path."""

    def __init__(self, record: StatusRecord) -> None:
        """Go on from what the store holds."""
        self.record = record
        self.reported: dict[str, Timed] = {}
        self._deadline_ms: int | None = None
        self._wait_ms = FIRST_WAIT_MS
        self._sent_on_this_link = False

    @property
    def deadline_ms(self) -> int | None:
        """When to repeat the message in flight."""
        return self._deadline_ms

    @property
    def first(self) -> int:
        """The lowest number that may still be sent."""
        return self.record.in_flight.seq if self.record.in_flight else self.record.next

    @property
    def is_settled(self) -> bool:
        """Whether everything captured was acknowledged."""
        return self.record.in_flight is None and not self.record.groups

    def add(self, level: Level, values: Mapping[str, Value], at_ms: int, allows: Allows) -> int:
        """Capture those of `values` that may leave at this level; returns how many they were."""
        timed = _allowed(Group(level, {path: (value, at_ms) for path, value in values.items()}), allows).values
        if not timed:
            return 0
        self.reported.update(timed)
        groups = _without(self.record.groups, timed)
        if groups and groups[-1].level is level:
            groups = (*groups[:-1], Group(level, groups[-1].values | timed))
        else:
            groups = (*groups, Group(level, timed))
        self._keep(groups=groups)
        return len(timed)

    def due(self, now: Now, epoch: int) -> tuple[bytes | None, str]:
        """The frame to send now, if any, and its type when it is sent for the first time ("" for a repeat)."""
        flying = self.record.in_flight
        if flying is not None:
            if self._sent_on_this_link and (self._deadline_ms is None or now.ms < self._deadline_ms):
                return None, ""
            if self._sent_on_this_link:
                self._wait_ms = min(self._wait_ms * 2, LONGEST_WAIT_MS)
            self._went_out(now)
            return flying.frame, ""
        if not self.record.groups:
            return None, ""
        flying = _message(self.record.next, epoch, self.record.groups[0], now)
        self._keep(next_number=flying.seq + 1, in_flight=flying, groups=self.record.groups[1:])
        self._wait_ms = FIRST_WAIT_MS
        self._went_out(now)
        return flying.frame, flying.type

    def settle(self, watermark: int, answers: tuple[Answer, ...]) -> tuple[str, Answer | None]:
        """The type of the message that this settled ("" for none) and its answer, when there was one."""
        flying = self.record.in_flight
        if flying is None or watermark < flying.seq:
            if watermark >= self.record.next:  # this memory is older than what the platform has seen
                self._keep(next_number=watermark + 1)
            return "", None
        self._landed()
        self._keep(next_number=max(self.record.next, watermark + 1), in_flight=None)
        answer = next((a for a in answers if a.seq == flying.seq), None)
        if answer is not None and (answer.disposition is Disposition.REFUSED or answer.reason):
            for path in flying.group.values:  # perhaps not known to the platform: say it again when it is next sensed
                self.reported.pop(path, None)
        return flying.type, answer

    def has_forbidden(self, allows: Allows) -> bool:
        """Whether something in flight or pending may not leave (any more)."""
        flying = self.record.in_flight
        if flying is not None and not _may_leave(flying, allows):
            return True
        return any(len(_allowed(group, allows).values) < len(group.values) for group in self.record.groups)

    def purge(self, allows: Allows) -> int:
        """Drop what may not leave, in flight and pending; returns how many values that were.

        Paths that are closed now are forgotten as reported, so that they are said again once they may be.
        """
        open_paths = allows(STATUS, Level.POSITION) | allows(STATUS_WITH_PLACE, Level.POSITION)
        self.reported = {path: timed for path, timed in self.reported.items() if path in open_paths}
        if not self.has_forbidden(allows):
            return 0
        flying, groups = self.record.in_flight, self.record.groups
        if flying is not None and not _may_leave(flying, allows):
            groups = (Group(flying.group.level, _older_than(flying.group, groups)), *groups)
            flying = None
            self._landed()
        before = sum(len(group.values) for group in groups)
        kept = tuple(group for group in (_allowed(group, allows) for group in groups) if group.values)
        self._keep(in_flight=flying, groups=kept)
        return before - sum(len(group.values) for group in kept)

    def clear(self) -> int:
        """Drop everything, in flight and pending; returns how many values that were."""
        return self.purge(lambda _type, _level: _NOTHING)

    def open_epoch(self, watermark: int, epoch: int, now: Now) -> None:
        """Begin a new numbering above `watermark`; what was in flight is sent again under a new number."""
        flying = self.record.in_flight
        self._landed()
        if flying is None:
            self._keep(next_number=watermark + 1)
            return
        again = _message(watermark + 1, epoch, flying.group, now)
        self._keep(next_number=watermark + 2, in_flight=again)

    def link_lost(self) -> None:
        """Whatever is in flight has to be sent again on the next link."""
        self._landed()

    def _went_out(self, now: Now) -> None:
        self._sent_on_this_link = True
        self._deadline_ms = now.ms + self._wait_ms

    def _landed(self) -> None:
        self._sent_on_this_link = False
        self._deadline_ms = None
        self._wait_ms = FIRST_WAIT_MS

    def _keep(
        self,
        *,
        next_number: int | None = None,
        in_flight: InFlight | msgspec.UnsetType | None = msgspec.UNSET,
        groups: tuple[Group, ...] | None = None,
    ) -> None:
        old = self.record
        self.record = StatusRecord(
            old.next if next_number is None else next_number,
            old.in_flight if in_flight is msgspec.UNSET else in_flight,
            old.groups if groups is None else groups,
        )


def _message(seq: int, epoch: int, group: Group, now: Now) -> InFlight:
    """The message with the values of `group`, their ages reckoned at `now`."""
    kind = status_type_of(group.values)
    body = StatusBody({path: (value, max(0, now.ms - at_ms)) for path, (value, at_ms) in group.values.items()})
    envelope = Envelope(epoch, Lane.STATUS, seq, now.ms, now.trust, group.level, kind, pack(body))
    return InFlight(seq, kind, encode(envelope), group)


def _allowed(group: Group, allows: Allows) -> Group:
    """The part of `group` that may leave: what a status may carry, and the place where a status with place may."""
    plain, placed = allows(STATUS, group.level), allows(STATUS_WITH_PLACE, group.level)
    kept = {p: t for p, t in group.values.items() if p in (placed if p in PLACE_SIGNALS else plain)}
    return group if len(kept) == len(group.values) else Group(group.level, kept)


def _may_leave(flying: InFlight, allows: Allows) -> bool:
    return allows(flying.type, flying.group.level).issuperset(flying.group.values)


def _older_than(group: Group, newer: tuple[Group, ...]) -> dict[str, Timed]:
    """The values of `group` for which no newer one waits."""
    return {path: timed for path, timed in group.values.items() if not any(path in other.values for other in newer)}


def _without(groups: tuple[Group, ...], newer: Mapping[str, Timed]) -> tuple[Group, ...]:
    """The groups without the paths for which there is a newer value; empty groups vanish."""
    if not groups or all(newer.keys().isdisjoint(group.values) for group in groups):
        return groups
    thinned = (Group(g.level, {p: t for p, t in g.values.items() if p not in newer}) for g in groups)
    return tuple(group for group in thinned if group.values)
