"""The envelope around every message between a car and the platform, and the acknowledgement that answers it.

Rules:
    1. A car numbers its messages per (epoch, lane) from 1, without gaps. An epoch is a life of the car's memory: it goes up
       by one at provisioning and at a reset, so a forgotten counter can never reuse a number.
    2. Nothing is safe before the platform's own acknowledgement, sent after its own commit. What a broker confirms means nothing.
    3. An acknowledgement carries the lane's watermark (every number up to it is settled for ever) and one disposition per
       message it answers. A refusal settles a number too: nothing blocks a lane for ever.
    4. Wire types only grow: fields are added at the end with a default; a break is a new message type.

Frames are MessagePack arrays (msgspec ``array_like``): compact, and a receiver ignores elements that it does not know.
"""

from enum import IntEnum, StrEnum
from typing import Final

import msgspec

from openmarque.kit.errors import CallerError
from openmarque.protocol.levels import Level

PROTOCOL_VERSION: Final = 2
MAX_FRAME_BYTES: Final = 16_384
"""Largest envelope a car may send. A full status is under 2 KiB; what is larger goes through an object, not a message."""
MAX_SEQUENCE: Final = 2**53 - 1
"""Bound of epochs and sequence numbers: exact in JSON readers too, and far below PostgreSQL's bigint."""


class Lane(StrEnum):
    """Three independent queues; a full or blocked one never delays another."""

    URGENT = "urgent"
    """Emergency and alarms: never waits behind the rest."""
    EVENT = "event"
    """Things that happened once and must arrive: trips, level changes, answers."""
    STATUS = "status"
    """How things are now: at most one in flight, newer values merge into the next."""


class Trust(IntEnum):
    """How far the car's clock can be believed."""

    UNSET = 0
    """Never set since power-up: the platform uses its receipt time instead."""
    HELD = 1
    """Was set, runs free since."""
    SYNCED = 2
    """Follows GNSS or network time."""


class Envelope(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One message from a car.

    `car_time` is in milliseconds since the Unix epoch by the car's clock; `level` is the privacy level when the body's values
    were captured; `body` is the MessagePack of the struct that belongs to `type`.
    """

    epoch: int
    lane: Lane
    seq: int
    car_time: int
    trust: Trust
    level: Level
    type: str
    body: msgspec.Raw


class Disposition(StrEnum):
    """The outcome of a message."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    GAP = "gap"
    """Not settled: numbers before it are missing. The car sends again from the watermark on."""


class Answer(msgspec.Struct, array_like=True, frozen=True, order=True, gc=False):
    """The disposition of sequence number `seq`, with a reason code when it was refused, in whole or in part."""

    seq: int
    disposition: Disposition
    reason: str = ""


class Ack(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The platform's word on a lane, sent after its commit: everything up to `watermark` is settled."""

    epoch: int
    lane: Lane
    watermark: int
    answers: tuple[Answer, ...] = ()


class UnreadableFrame(CallerError):
    """This frame is not an envelope of the vehicle link."""

    code = "unreadable-frame"
    cure = "Send a MessagePack envelope as described in the AsyncAPI document of the link."


_encoder = msgspec.msgpack.Encoder()
_decode_envelope = msgspec.msgpack.Decoder(Envelope).decode
_decode_ack = msgspec.msgpack.Decoder(Ack).decode


def encode(message: msgspec.Struct) -> bytes:
    """The frame of an envelope, acknowledgement or body."""
    return _encoder.encode(message)


def pack(body: msgspec.Struct) -> msgspec.Raw:
    """A body ready to be put into an envelope."""
    return msgspec.Raw(_encoder.encode(body))


def read_envelope(frame: bytes) -> Envelope:
    """The envelope in `frame`; raises ``UnreadableFrame`` for anything else, a number below 1 or an oversized frame included."""
    if len(frame) > MAX_FRAME_BYTES:
        raise UnreadableFrame("It is larger than the link allows.")
    try:
        envelope = _decode_envelope(frame)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UnreadableFrame from error
    if not (0 < envelope.seq <= MAX_SEQUENCE and 0 < envelope.epoch <= MAX_SEQUENCE):
        raise UnreadableFrame("Epoch and sequence number are positive and below 2^53.")
    return envelope


def read_ack(frame: bytes) -> Ack:
    """The acknowledgement in `frame`; raises ``UnreadableFrame`` for anything else, a number that no lane has included."""
    try:
        ack = _decode_ack(frame)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise UnreadableFrame from error
    if not (0 <= ack.watermark <= MAX_SEQUENCE and 0 <= ack.epoch <= MAX_SEQUENCE):
        raise UnreadableFrame("Epoch and watermark are not negative and below 2^53.")
    return ack
