"""A pairing code typed in the car: sent once on an open link, answered by number, given up after ten seconds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.car.headunit_state import pairing_outcome
from openmarque.car.model import Channel, Frame
from openmarque.car.pairing import ANSWER_WITHIN_MS, Outcome, PairingCodeInvalid
from openmarque.kit.texts import LANGUAGES
from openmarque.protocol.envelope import Envelope, encode, read_envelope
from openmarque.protocol.levels import Level
from openmarque.protocol.pairing import PairingAnswer, PairingRequest, PairingResult
from tests.cars import NEXT_OWNER, Car, Platform, converse, open_link, policy

CODE = "04251387"


def linked() -> tuple[Car, Platform]:
    car, platform = Car(), Platform(policy=policy())
    open_link(car, platform)
    return car, platform


def types(car: Car, code: str = CODE) -> list[Frame]:
    return [frame for frame in car.did(car.core.pair(car.now, code)) if frame.channel is Channel.PAIR]


def request_in(frames: list[Frame]) -> PairingRequest:
    (frame,) = frames
    return msgspec.msgpack.decode(frame.payload, type=PairingRequest)


def outcome_in(car: Car) -> Outcome:
    return car.core.pairing.outcome


@pytest.mark.parametrize("result", list(PairingResult))
def test_the_outcome_is_what_the_platform_answers(result):
    car, _ = linked()
    request = request_in(types(car))
    assert request.code == CODE
    assert outcome_in(car) is Outcome.WAITING
    car.hears("pair", encode(PairingAnswer(request.asked, result, wait_s=901, tries=3)))
    assert outcome_in(car) == result.value
    assert car.core.pairing.facts == {"tries": 3, "minutes": 16}


def test_a_code_leaves_also_a_private_car_that_has_no_owner_yet():
    car, platform = Car(), Platform(policy=policy(tenure=None))
    open_link(car, platform)
    assert car.core.level is Level.PRIVATE
    assert request_in(types(car)).code == CODE


def test_a_car_that_is_not_connected_sends_nothing_then_nor_later():
    car, platform = Car(), Platform(policy=policy())
    assert types(car) == []
    assert outcome_in(car) is Outcome.OFFLINE
    greeting = car.connect()
    assert types(car) == [], "before the welcome the link is not open"
    converse(car, platform, greeting)
    car.wait(60)
    assert [frame for frame in car.wire if frame.channel is Channel.PAIR] == []


def test_an_answer_that_does_not_come_within_ten_seconds_is_given_up_and_told():
    car, _ = linked()
    request = request_in(types(car))
    car.wait(ANSWER_WITHIN_MS / 1000 - 1)
    assert outcome_in(car) is Outcome.WAITING
    car.wait(1)
    assert outcome_in(car) is Outcome.NO_ANSWER
    car.hears("pair", encode(PairingAnswer(request.asked, PairingResult.PAIRED)))
    assert outcome_in(car) is Outcome.NO_ANSWER
    assert car.core.counts("ignored") == {"pair:not_asked": 1}
    again = request_in(types(car))
    assert again.asked > request.asked
    car.hears("pair", encode(PairingAnswer(again.asked, PairingResult.PAIRED)))
    assert outcome_in(car) is Outcome.PAIRED


def test_the_agent_is_woken_for_it():
    car, _ = linked()
    before = car.core.wake_in_ms(car.now)
    types(car)
    assert car.core.wake_in_ms(car.now) == min(ANSWER_WITHIN_MS, before if before is not None else ANSWER_WITHIN_MS)


def test_a_connection_that_ends_takes_the_answer_with_it():
    car, _ = linked()
    types(car)
    car.disconnect()
    assert outcome_in(car) is Outcome.NO_ANSWER


def test_while_one_answer_is_awaited_another_code_is_not_sent():
    car, _ = linked()
    types(car)
    assert types(car, "99999999") == []
    assert outcome_in(car) is Outcome.WAITING


def test_a_clock_that_is_set_back_meanwhile_does_not_keep_it_waiting():
    car, _ = linked()
    first = request_in(types(car))
    car.ms -= 3_600_000
    car.did(car.core.tick(car.now))
    car.senses({"Vehicle.Speed": 1.0})
    assert outcome_in(car) is Outcome.NO_ANSWER
    assert request_in(types(car)).asked > first.asked, "an answer to the first is not taken for one to the second"


@pytest.mark.parametrize("code", ["", "1234567", "123456789", "1234567x", "١٢٣٤٥٦٧٨", "1234567\n"])
def test_what_is_no_code_is_refused_and_breaks_nothing(code):
    car, _ = linked()
    with pytest.raises(PairingCodeInvalid):
        car.core.pair(car.now, code)
    assert request_in(types(car)).code == CODE


@given(st.binary(max_size=64))
def test_whatever_comes_as_an_answer_the_car_goes_on(payload):
    car, _ = linked()
    types(car)
    car.hears("pair", payload)
    assert outcome_in(car) in {Outcome.WAITING, Outcome.NOT_TAKEN}


@given(st.text(max_size=20), st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1))
def test_an_answer_of_a_later_platform_can_be_told_in_every_language(result, wait_s, tries):
    car, _ = linked()
    request = request_in(types(car))
    car.hears("pair", encode(PairingAnswer(request.asked, result, wait_s, tries)))
    view = car.core.pairing
    assert view.outcome is (Outcome(result) if result in set(PairingResult) else Outcome.NOT_TAKEN)
    for language in LANGUAGES:
        assert len(pairing_outcome(car.core, language)) > 20


def test_with_the_policy_of_a_new_owner_everything_waiting_from_the_former_is_wiped():
    car, platform = linked()
    car.set_level(Level.POSITION)
    converse(car, platform, [])
    car.drives()
    assert car.core.outbox_fill
    car.hears("policy", policy(2, tenure=NEXT_OWNER))
    kept = {e.type for e in _waiting(car)}
    assert "trip_completed" not in kept
    assert "trip_places" not in kept


def _waiting(car: Car) -> list[Envelope]:
    """What of the event lane is sent after a new connection."""
    before = len(car.wire)
    car.disconnect()
    platform = Platform(policy=policy(2, tenure=NEXT_OWNER), epoch=car.core.epoch)
    open_link(car, platform)
    return [read_envelope(f.payload) for f in car.wire[before:] if f.channel is Channel.EVENT]
