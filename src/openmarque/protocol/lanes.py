"""Both ends of a lane, without I/O: how numbers become settled exactly once.

Theory of operation (receiver, the platform):
    A lane of a car is the pair (epoch, watermark). A message is *next* when its number is watermark + 1; the watermark then
    moves to it. A number at or below the watermark is a *duplicate*: answered again, changes nothing. A number beyond next is
    a *gap* on the ``event`` and ``urgent`` lanes: it stays unsettled and the car sends again from the watermark on
    (go-back-N), so that events are applied in the order they happened. On the ``status`` lane a later number replaces the
    earlier ones, so any number above the watermark is next.

    A message of an earlier epoch is refused (``stale_epoch``) without moving anything; one of a later epoch too
    (``unknown_epoch``): only the handshake opens an epoch. A new one is not below the seconds of the platform's time, so that it is
    none that was given before, also where car and platform have both forgotten that one (a lost memory, a restored backup).

Sender (the car): see ``openmarque.car.outbox``; it holds each message until the watermark passes it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from openmarque.protocol.envelope import MAX_SEQUENCE, Ack, Answer, Disposition, Envelope, Lane
from openmarque.protocol.messages import GONE, Tombstone

STALE_EPOCH: Final = "stale_epoch"
UNKNOWN_EPOCH: Final = "unknown_epoch"

EVENT_WINDOW: Final = 64
"""Most unacknowledged event messages a car sends before it waits. Small enough that a lost one costs 64 repeats, large
enough that a round trip of 50 ms still carries over 1,000 events a second from one car."""


_read_gone = msgspec.msgpack.Decoder(Tombstone).decode


def next_epoch(epoch: int, time_ms: int) -> int:
    """The epoch to give after `epoch` at this time (ms since the Unix epoch)."""
    return max(epoch + 1, time_ms // 1000)


@dataclass(frozen=True, slots=True)
class LanePosition:
    """Where a lane of one car stands on the platform: everything up to `watermark` of `epoch` is settled."""

    epoch: int
    watermark: int


@dataclass(frozen=True, slots=True)
class Reception:
    """What a batch does to a lane: messages to apply in order, answers for the rest, and where the lane stands afterwards."""

    apply: tuple[Envelope, ...]
    answered: tuple[Answer, ...]
    after: LanePosition


def receive(position: LanePosition, batch: Iterable[Envelope]) -> Reception:
    """Sort out `batch` (one car, one lane, any order, repeats allowed) against `position`. Pure.

    The caller applies `apply` and stores `after` in one transaction, then answers. Each of `apply` gets its disposition from
    the caller (stored or refused); everything else is in `answered`.
    """
    apply: list[Envelope] = []
    answered: list[Answer] = []
    watermark = position.watermark
    for envelope in sorted(batch, key=lambda e: e.seq):
        if envelope.epoch != position.epoch:
            reason = STALE_EPOCH if envelope.epoch < position.epoch else UNKNOWN_EPOCH
            answered.append(Answer(envelope.seq, Disposition.REFUSED, reason))
        elif envelope.seq <= watermark:
            answered.append(Answer(envelope.seq, Disposition.DUPLICATE))
        elif envelope.lane is Lane.STATUS or envelope.seq == watermark + 1:
            apply.append(envelope)
            watermark = settled_through(envelope)
        else:
            answered.append(Answer(envelope.seq, Disposition.GAP))
    return Reception(tuple(apply), tuple(answered), LanePosition(position.epoch, watermark))


def settled_through(envelope: Envelope) -> int:
    """The number up to which applying `envelope` settles its lane: its own, or the end of a tombstone.

    A tombstone that can't be read, or ends before itself, settles its own number only.
    """
    if envelope.type != GONE:
        return envelope.seq
    try:
        return max(envelope.seq, min(_read_gone(envelope.body).through, MAX_SEQUENCE))
    except (msgspec.DecodeError, ValueError, RecursionError):  # a text that is no UTF-8 is a ValueError
        return envelope.seq


def acknowledge(lane: Lane, after: LanePosition, answers: Sequence[Answer]) -> Ack:
    """The acknowledgement for a batch, answers in order of their numbers."""
    return Ack(after.epoch, lane, after.watermark, tuple(sorted(answers)))
