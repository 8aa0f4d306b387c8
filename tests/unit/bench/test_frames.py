"""The loader's frames are real ones, whatever was patched into them."""

from uuid import uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bench.frames import PUBLISH, StatusPacket, TripPacket, hello_packet, next_packet, publish_packet
from openmarque.protocol.envelope import MAX_SEQUENCE, Lane, Trust, read_envelope
from openmarque.protocol.messages import STATUS_WITH_PLACE, Hello, StatusBody
from openmarque.protocol.signals import ODOMETER, SIGNALS
from openmarque.services.trips.messages import TRIP_COMPLETED, TripCompleted

CAR = uuid4().hex
NOW_MS = 1_795_000_000_000


def published(packet: bytes) -> tuple[str, bytes]:
    kind, start, end = next_packet(packet, 0) or (0, 0, 0)
    assert (kind, end) == (PUBLISH, len(packet))
    topic_end = start + 2 + int.from_bytes(packet[start : start + 2], "big")
    return packet[start + 2 : topic_end].decode(), packet[topic_end:end]


@given(st.integers(1, MAX_SEQUENCE // 2), st.integers(0, 10**12))
def test_a_patched_status_is_a_status_with_that_number_and_only_known_values(seq, later):
    packet = bytes(StatusPacket(CAR, 1).next(seq, NOW_MS + later))
    topic, payload = published(packet)
    envelope = read_envelope(payload)
    values = msgspec.msgpack.decode(envelope.body, type=StatusBody).values
    assert topic == f"v/{CAR}/up/status"
    assert (envelope.epoch, envelope.lane, envelope.seq, envelope.car_time) == (1, Lane.STATUS, seq, NOW_MS + later)
    assert (envelope.trust, envelope.type) == (Trust.SYNCED, STATUS_WITH_PLACE)
    assert len(values) == 8
    assert all(SIGNALS[path].accepts(value) for path, (value, _) in values.items())
    assert values[ODOMETER][0] == 20_000_000 + seq % 1_000_000_000


@given(st.integers(1, MAX_SEQUENCE))
def test_a_patched_trip_is_a_trip_with_that_number(seq):
    topic, payload = published(bytes(TripPacket(CAR, 3).next(seq, NOW_MS)))
    envelope = read_envelope(payload)
    trip = msgspec.msgpack.decode(envelope.body, type=TripCompleted)
    assert topic == f"v/{CAR}/up/event"
    assert (envelope.epoch, envelope.lane, envelope.seq, envelope.type) == (3, Lane.EVENT, seq, TRIP_COMPLETED)
    assert (trip.trip, trip.started_at, trip.ended_at) == (seq, NOW_MS - 1_260_000, NOW_MS)


def test_a_status_is_about_as_large_as_a_real_one():
    _, payload = published(bytes(StatusPacket(CAR, 1).next(1, NOW_MS)))
    assert 250 <= len(payload) <= 450


def test_the_hello_of_a_measuring_car_is_a_hello():
    topic, payload = published(hello_packet(CAR, 1))
    assert topic == f"v/{CAR}/up/hello"
    assert msgspec.msgpack.decode(payload, type=Hello).epoch == 1


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(0, 2000))
def test_packets_are_read_however_the_stream_is_cut(payloads, cut):
    stream = b"".join(publish_packet("v/x/down/ack", payload) for payload in payloads)
    found, rest = [], b""
    for piece in (stream[:cut], stream[cut:]):
        data, start = rest + piece, 0
        while start < len(data) and (packet := next_packet(data, start)):
            found.append(published(data[start : packet[2]])[1])
            start = packet[2]
        rest = data[start:]
    assert (found, rest) == (payloads, b"")
