"""Frames: what is no envelope is refused as such, whatever bytes come. REQ LNK-3, LNK-6."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.protocol.envelope import (
    MAX_FRAME_BYTES,
    MAX_SEQUENCE,
    Ack,
    Answer,
    Disposition,
    Envelope,
    Lane,
    Trust,
    UnreadableFrame,
    encode,
    pack,
    read_ack,
    read_envelope,
)
from openmarque.protocol.levels import Level, effective
from openmarque.protocol.messages import StatusBody
from openmarque.protocol.signals import SPEED
from openmarque.protocol.times import MAX_AHEAD_MS, MAX_BEHIND_MS, plausible

NOW_MS = 1_795_000_000_000


def test_an_envelope_comes_back_as_it_was_sent() -> None:
    sent = Envelope(2, Lane.STATUS, 7, NOW_MS, Trust.HELD, Level.DATA, "status", pack(StatusBody({SPEED: (50.5, 0)})))
    read = read_envelope(encode(sent))
    assert (read.epoch, read.lane, read.seq, read.car_time, read.trust, read.level, read.type) == (
        2,
        "status",
        7,
        NOW_MS,
        1,
        2,
        "status",
    )
    assert bytes(read.body) == bytes(sent.body)
    ack = Ack(2, Lane.STATUS, 7, (Answer(7, Disposition.STORED, ""),))
    assert read_ack(encode(ack)) == ack


@given(st.binary(max_size=400))
def test_arbitrary_bytes_never_raise_anything_else(frame: bytes) -> None:
    for read in (read_envelope, read_ack):
        try:
            read(frame)
        except UnreadableFrame:
            continue


def raw(**changes: object) -> bytes:
    parts = {"epoch": 1, "lane": "event", "seq": 1, "time": NOW_MS, "trust": 2, "level": 2, "type": "x", "body": {}} | changes
    return msgspec.msgpack.encode(list(parts.values()))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        raw(seq=0),
        raw(seq=-1),
        raw(seq=MAX_SEQUENCE + 1),
        raw(epoch=0),
        raw(lane="express"),
        raw(level=9),
        raw(trust=7),
        raw(type=5),
        raw(body={"x": "y" * MAX_FRAME_BYTES}),
        msgspec.msgpack.encode([1, "event", 1]),
        msgspec.msgpack.encode({"epoch": 1}),
    ],
)
def test_a_frame_of_another_shape_is_unreadable(frame: bytes) -> None:
    with pytest.raises(UnreadableFrame):
        read_envelope(frame)


def test_an_unknown_level_counts_as_private() -> None:
    assert effective(Level.POSITION, None) is Level.PRIVATE
    assert effective() is Level.PRIVATE
    assert effective(Level.POSITION, Level.DATA) is Level.DATA


def test_a_time_thirty_years_off_is_not_plausible_unless_the_clock_claims_nothing() -> None:
    years = 30 * 365 * 24 * 3600 * 1000
    assert not plausible(NOW_MS + years, NOW_MS, Trust.SYNCED)
    assert not plausible(NOW_MS - years, NOW_MS, Trust.HELD)
    assert plausible(0, NOW_MS, Trust.UNSET)
    assert plausible(NOW_MS + MAX_AHEAD_MS, NOW_MS, Trust.HELD)
    assert plausible(NOW_MS - MAX_BEHIND_MS, NOW_MS, Trust.HELD)
