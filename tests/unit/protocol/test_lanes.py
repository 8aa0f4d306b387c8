"""Numbering on the platform's side: each message settled once, in order, whatever the link does to it. REQ LNK-3."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.protocol.envelope import MAX_SEQUENCE, Ack, Answer, Disposition, Envelope, Lane, Trust, pack
from openmarque.protocol.lanes import LanePosition, acknowledge, receive
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import GONE, Tombstone


def message(seq: int, lane: Lane = Lane.EVENT, epoch: int = 1, type_name: str = "happened", through: int = 0) -> Envelope:
    body = pack(Tombstone(through, "level")) if through else msgspec.Raw(b"\x80")
    return Envelope(epoch, lane, seq, 1_700_000_000_000, Trust.SYNCED, Level.DATA, type_name, body)


def numbers(envelopes: tuple[Envelope, ...]) -> list[int]:
    return [envelope.seq for envelope in envelopes]


def test_the_next_number_is_applied_and_moves_the_watermark() -> None:
    reception = receive(LanePosition(1, 4), [message(5)])
    assert numbers(reception.apply) == [5]
    assert reception.after == LanePosition(1, 5)


@pytest.mark.req("LNK-3d")
def test_a_repeat_changes_nothing_and_is_answered_again() -> None:
    reception = receive(LanePosition(1, 4), [message(4), message(2)])
    assert reception.apply == ()
    assert {a.disposition for a in reception.answered} == {Disposition.DUPLICATE}
    assert reception.after == LanePosition(1, 4)


@pytest.mark.req("LNK-3c")
def test_a_message_behind_a_gap_stays_unsettled() -> None:
    reception = receive(LanePosition(1, 4), [message(5), message(7)])
    assert numbers(reception.apply) == [5]
    assert reception.answered == (Answer(7, Disposition.GAP),)
    assert reception.after.watermark == 5


def test_a_status_needs_no_predecessor() -> None:
    reception = receive(LanePosition(1, 4), [message(9, Lane.STATUS)])
    assert numbers(reception.apply) == [9]
    assert reception.after.watermark == 9


@pytest.mark.parametrize(("epoch", "reason"), [(1, "stale_epoch"), (3, "unknown_epoch")])
def test_another_epoch_is_refused_and_moves_nothing(epoch: int, reason: str) -> None:
    reception = receive(LanePosition(2, 4), [message(5, epoch=epoch)])
    assert reception.answered == (Answer(5, Disposition.REFUSED, reason),)
    assert reception.after == LanePosition(2, 4)


def test_a_tombstone_settles_every_number_it_stands_for() -> None:
    reception = receive(LanePosition(1, 4), [message(5, type_name=GONE, through=8), message(9)])
    assert numbers(reception.apply) == [5, 9]
    assert reception.after.watermark == 9


def test_a_tombstone_that_is_garbage_settles_its_own_number_only() -> None:
    assert receive(LanePosition(1, 4), [message(5, type_name=GONE)]).after.watermark == 5
    no_text = msgspec.structs.replace(message(5, type_name=GONE), body=msgspec.Raw(b"\x92\x05\xa2\xff\xfe"))
    assert receive(LanePosition(1, 4), [no_text]).after.watermark == 5
    assert receive(LanePosition(1, 4), [message(5, type_name=GONE, through=2**60)]).after.watermark == MAX_SEQUENCE


@pytest.mark.req("LNK-3b", "LNK-3c", "LNK-3d")
@given(st.integers(0, 30), st.lists(st.integers(1, 40), max_size=60), st.integers(1, 7))
def test_however_frames_are_lost_repeated_shuffled_and_split_each_number_is_applied_once_in_order(
    watermark: int, arrivals: list[int], split: int
) -> None:
    position, applied = LanePosition(1, watermark), []
    for start in range(0, len(arrivals), split):
        reception = receive(position, [message(seq) for seq in arrivals[start : start + split]])
        applied += numbers(reception.apply)
        position = reception.after
    assert applied == list(range(watermark + 1, position.watermark + 1))
    # Sent again from the watermark on, as the car does, everything arrives.
    rest = receive(position, [message(seq) for seq in range(position.watermark + 1, 41)])
    assert numbers(rest.apply) == list(range(position.watermark + 1, 41))


def test_an_acknowledgement_lists_its_answers_in_order() -> None:
    answers = [Answer(6, Disposition.STORED), Answer(5, Disposition.REFUSED, "level_too_low")]
    assert acknowledge(Lane.EVENT, LanePosition(1, 6), answers) == Ack(1, Lane.EVENT, 6, tuple(sorted(answers)))
