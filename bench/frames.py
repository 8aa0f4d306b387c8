"""What a measuring car sends: real frames of the link, encoded once, whose numbers and values are then patched in place.

Encoding a status costs Python more than sending it, and the loader shares two cores with what it measures. MessagePack lets an
integer be written wider than it need be, so a number that is encoded as eight bytes can be replaced by any other without moving
what follows. ``tests/unit/bench`` decodes patched frames with the platform's own decoders.
"""

import struct
from typing import Final

import msgspec

from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import Envelope, Lane, Trust, encode, pack
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import STATUS_WITH_PLACE, Hello, StatusBody
from openmarque.services.trips.messages import TRIP_COMPLETED, TripCompleted

_SEQ_MARK: Final = 2**52 + 0x1234_5678
_TIME_MARK: Final = 2**52 + 0x2345_6789
_TRIP_MARK: Final = 2**52 + 0x3456_789A
_START_MARK: Final = 2**52 + 0x4567_89AB
_ODOMETER_MARK: Final = 2**31 + 0x0BCD_EF12
_LATITUDE_MARK: Final = 42.5078123
"""Values that occur nowhere else in a frame, so that their place is found by searching for them."""

_U64: Final = struct.Struct(">Q")
_U32: Final = struct.Struct(">I")
_UINT64: Final = 0xCF
"""MessagePack: an integer of eight bytes follows."""
_NUMBERS: Final = struct.Struct(">QBQ")
"""Number and car time, which follow each other in an envelope, at once."""
_F64: Final = struct.Struct(">d")

CONNACK: Final = 2
PUBLISH: Final = 3
SUBACK: Final = 9
PINGRESP: Final = 13
"""MQTT 3.1.1 §2.2.1: packet types in the upper half of the first byte."""
PINGREQ: Final = b"\xc0\x00"
KEEP_ALIVE_S: Final = 900


def connect_packet(client_id: str) -> bytes:
    """CONNECT with a clean session (MQTT 3.1.1 §3.1)."""
    name = client_id.encode("ascii")
    body = b"\x00\x04MQTT\x04\x02" + KEEP_ALIVE_S.to_bytes(2, "big") + len(name).to_bytes(2, "big") + name
    return bytes((0x10,)) + _length(len(body)) + body


def subscribe_packet(client_id: str) -> bytes:
    """SUBSCRIBE to the car's downlink at QoS 0, as the car's agent does (§3.8)."""
    topic = f"v/{client_id}/down/#".encode("ascii")
    body = b"\x00\x01" + len(topic).to_bytes(2, "big") + topic + b"\x00"
    return bytes((0x82,)) + _length(len(body)) + body


def publish_packet(topic: str, payload: bytes) -> bytes:
    """PUBLISH at QoS 0 (§3.3)."""
    name = topic.encode("ascii")
    body = len(name).to_bytes(2, "big") + name + payload
    return bytes((0x30,)) + _length(len(body)) + body


def hello_packet(client_id: str, epoch: int) -> bytes:
    """The handshake of a car that has a policy still to fetch and nothing left over from before."""
    first = {str(lane): 1 for lane in Lane}
    return publish_packet(f"v/{client_id}/up/hello", encode(Hello(protocol=(2,), epoch=epoch, first=first, software="bench")))


def _length(number: int) -> bytes:
    """The variable length of a packet (§2.2.3)."""
    coded = bytearray()
    while True:
        number, digit = divmod(number, 128)
        coded.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(coded)


class StatusPacket:
    """One car's status publish with eight signals, among them the place."""

    __slots__ = ("_latitude", "_numbers", "_odometer", "data")

    def __init__(self, client_id: str, epoch: int) -> None:
        """Make the packet of a car; `next` fills in number and values."""
        values: dict[str, tuple[vss.Value, int]] = {
            vss.LATITUDE: (_LATITUDE_MARK, 40),
            vss.LONGITUDE: (1.5218367, 40),
            vss.HEADING: (271.5, 40),
            vss.SPEED: (48.25, 15),
            vss.ODOMETER: (_ODOMETER_MARK, 15),
            vss.STATE_OF_CHARGE: (63.5, 900),
            vss.ELECTRIC_RANGE: (171_000, 900),
            vss.IGNITION: ("ON", 30_000),
        }
        envelope = Envelope(
            epoch, Lane.STATUS, _SEQ_MARK, _TIME_MARK, Trust.SYNCED, Level.POSITION, STATUS_WITH_PLACE, pack(StatusBody(values))
        )
        self.data = bytearray(publish_packet(f"v/{client_id}/up/status", encode(envelope)))
        self._numbers = self.data.index(_NUMBERS.pack(_SEQ_MARK, _UINT64, _TIME_MARK))
        self._odometer = self.data.index(_U32.pack(_ODOMETER_MARK))
        self._latitude = self.data.index(_F64.pack(_LATITUDE_MARK))

    def next(self, seq: int, now_ms: int) -> bytearray:
        """The packet with number `seq` and values that moved on; the same buffer each time."""
        data = self.data
        _NUMBERS.pack_into(data, self._numbers, seq, _UINT64, now_ms)
        _U32.pack_into(data, self._odometer, 20_000_000 + seq % 1_000_000_000)
        _F64.pack_into(data, self._latitude, 42.5 + (seq % 10_000) * 1e-6)
        return data


class TripPacket:
    """One car's trip publish: a must-arrive event."""

    __slots__ = ("_ended", "_seq", "_started", "_time", "_trip", "data")

    def __init__(self, client_id: str, epoch: int) -> None:
        """Make the packet of a car; `next` fills in numbers and times."""
        trip = TripCompleted(
            trip=_TRIP_MARK,
            started_at=_START_MARK,
            ended_at=_START_MARK + 1,
            duration_s=1260.0,
            travel_s=1124.5,
            distance_m=14_380.2,
            mean_speed_kmh=41.09,
            soc_start=71.5,
            soc_end=63.5,
            consumption_kwh_100km=16.4,
        )
        envelope = Envelope(epoch, Lane.EVENT, _SEQ_MARK, _TIME_MARK, Trust.SYNCED, Level.DATA, TRIP_COMPLETED, pack(trip))
        self.data = bytearray(publish_packet(f"v/{client_id}/up/event", encode(envelope)))
        marks = (_SEQ_MARK, _TIME_MARK, _TRIP_MARK, _START_MARK, _START_MARK + 1)
        self._seq, self._time, self._trip, self._started, self._ended = (self.data.index(_U64.pack(mark)) for mark in marks)

    def next(self, seq: int, now_ms: int) -> bytearray:
        """The packet of trip number `seq`, which ended now; the same buffer each time."""
        data = self.data
        _U64.pack_into(data, self._seq, seq)
        _U64.pack_into(data, self._time, now_ms)
        _U64.pack_into(data, self._trip, seq)
        _U64.pack_into(data, self._started, now_ms - 1_260_000)
        _U64.pack_into(data, self._ended, now_ms)
        return data


def status_signals(seq: int, now_ms: int) -> bytes:
    """What such a status becomes in the table: the JSON of its signals, for measuring the database alone."""
    values = {
        vss.LATITUDE: (42.5 + (seq % 10_000) * 1e-6, now_ms - 40, now_ms),
        vss.LONGITUDE: (1.5218367, now_ms - 40, now_ms),
        vss.HEADING: (271.5, now_ms - 40, now_ms),
        vss.SPEED: (48.25, now_ms - 15, now_ms),
        vss.ODOMETER: (20_000_000 + seq % 1_000_000_000, now_ms - 15, now_ms),
        vss.STATE_OF_CHARGE: (63.5, now_ms - 900, now_ms),
        vss.ELECTRIC_RANGE: (171_000, now_ms - 900, now_ms),
        vss.IGNITION: ("ON", now_ms - 30_000, now_ms),
    }
    return msgspec.json.encode(values)


def next_packet(data: bytes, start: int) -> tuple[int, int, int] | None:
    """(type, body start, body end) of the MQTT packet that begins at `start`; None when it is not complete yet."""
    end = len(data)
    length, shift, at = 0, 0, start + 1
    while True:
        if at >= end:
            return None
        digit = data[at]
        at += 1
        length |= (digit & 0x7F) << shift
        if digit < 0x80:
            break
        shift += 7
    return (data[start] >> 4, at, at + length) if at + length <= end else None
