"""As much of MQTT 3.1.1 (OASIS 2014) as an observer and a hostile car need: packets to and from bytes, without I/O.

A library would be in the way here: it refuses to send what a hostile car sends, and hides what an observer has to count.
"""

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple


class Kind(IntEnum):
    """Control packet types (section 2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class Packet(NamedTuple):
    """One control packet: its type, the four flag bits, and what follows the fixed header."""

    kind: Kind
    flags: int
    body: bytes

    @property
    def topic(self) -> str:
        """The topic of a PUBLISH."""
        (length,) = struct.unpack_from(">H", self.body)
        return self.body[2 : 2 + length].decode()

    @property
    def payload(self) -> bytes:
        """The application message of a PUBLISH."""
        (length,) = struct.unpack_from(">H", self.body)
        identifier = 2 if self.flags & 0b0110 else 0  # only above QoS 0
        return self.body[2 + length + identifier :]

    @property
    def filters(self) -> tuple[str, ...]:
        """The topic filters of a SUBSCRIBE."""
        found, at = [], 2
        while at < len(self.body):
            (length,) = struct.unpack_from(">H", self.body, at)
            found.append(self.body[at + 2 : at + 2 + length].decode())
            at += 2 + length + 1
        return tuple(found)


class Will(NamedTuple):
    """What the broker is to publish when the connection breaks."""

    topic: str
    payload: bytes


CLEAN_SESSION: Final = 0b10
_HAS_WILL: Final = 0b100
_RESERVED_SUBSCRIBE: Final = 0b0010
"""Flag bits that a SUBSCRIBE has to have (3.8.1)."""
PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"


def take_packets(buffer: bytearray) -> list[Packet]:
    """Take every whole packet off the front of `buffer`; raises ``ValueError`` for what is no MQTT."""
    packets = []
    while (found := _first(buffer)) is not None:
        packet, size = found
        del buffer[:size]
        packets.append(packet)
    return packets


def _first(buffer: bytearray) -> tuple[Packet, int] | None:
    length, shift = 0, 0
    for at in range(1, min(len(buffer), 5)):
        length |= (buffer[at] & 0x7F) << shift
        shift += 7
        if not buffer[at] & 0x80:
            end = at + 1 + length
            if len(buffer) < end:
                return None
            return Packet(Kind(buffer[0] >> 4), buffer[0] & 0x0F, bytes(buffer[at + 1 : end])), end
    return None


def connect(client_id: str, *, keep_alive_s: int = 60, will: Will | None = None) -> bytes:
    """A CONNECT with a clean session."""
    flags = CLEAN_SESSION | (_HAS_WILL if will else 0)
    body = _text("MQTT") + bytes((4, flags)) + struct.pack(">H", keep_alive_s) + _text(client_id)
    if will:
        body += _text(will.topic) + struct.pack(">H", len(will.payload)) + will.payload
    return _packet(Kind.CONNECT, 0, body)


def subscribe(identifier: int, filters: Sequence[str]) -> bytes:
    """A SUBSCRIBE at QoS 0."""
    body = struct.pack(">H", identifier) + b"".join(_text(name) + b"\0" for name in filters)
    return _packet(Kind.SUBSCRIBE, _RESERVED_SUBSCRIBE, body)


def publish(topic: str, payload: bytes, *, identifier: int = 0) -> bytes:
    """A PUBLISH at QoS 0, or at QoS 1 when it has an identifier."""
    number = struct.pack(">H", identifier) if identifier else b""
    return _packet(Kind.PUBLISH, 0b0010 if identifier else 0, _text(topic) + number + payload)


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def _packet(kind: Kind, flags: int, body: bytes) -> bytes:
    length, remaining = bytearray(), len(body)
    while remaining or not length:
        remaining, digit = divmod(remaining, 128)
        length.append(digit | (0x80 if remaining else 0))
    return bytes((kind << 4 | flags,)) + bytes(length) + body
