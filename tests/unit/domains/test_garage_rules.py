"""Tries of pairing codes, the state of a pairing, and names of cars: whatever happens, in whatever order."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from openmarque.domains.garage.rules import (
    FIRST_LOCK,
    LONGEST_LOCK,
    NAME_LENGTH,
    TRIES,
    PairingState,
    Tries,
    car_name,
    pairing_state,
)

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
GAPS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10))
LONG_AGO = timedelta(days=7)


@given(st.lists(GAPS, min_size=1, max_size=60))
def test_no_window_between_two_locks_takes_more_than_five_wrong_codes_and_locks_grow_up_to_a_day(gaps):
    tries, now, in_a_row = Tries(), START, 0
    locks: list[timedelta] = []
    for gap in gaps:
        now += gap
        if tries.lock_left(now):
            continue
        before = tries
        tries = tries.wrong_at(now)
        in_a_row = 1 if before.wrong == 0 or tries.wrong == 1 else in_a_row + 1
        assert in_a_row <= TRIES
        assert 0 <= tries.wrong < TRIES
        if tries.locked_until is not None and tries.locked_until > now:
            locks.append(tries.lock_left(now))
            assert tries.left == TRIES
    assert all(FIRST_LOCK <= lock <= LONGEST_LOCK for lock in locks)


def test_each_lock_lasts_twice_as_long_as_the_one_before_up_to_a_day():
    tries, now = Tries(), START
    lengths = []
    for _ in range(12):
        for _ in range(TRIES):
            tries = tries.wrong_at(now)
        lengths.append(tries.lock_left(now))
        now += tries.lock_left(now)
    assert lengths[0] == FIRST_LOCK
    assert all(later == min(2 * earlier, LONGEST_LOCK) for earlier, later in pairwise(lengths))
    assert lengths[-1] == LONGEST_LOCK


def test_trying_without_end_for_a_year_finds_a_code_with_a_chance_under_one_in_fifty_thousand():
    tries, now, tried = Tries(), START, 0
    while now < START + timedelta(days=365):
        tries, tried = tries.wrong_at(now), tried + 1
        now += tries.lock_left(now)
    assert tried / 10**8 < 1 / 50_000


def test_waiting_a_week_between_tries_gains_less_than_trying_on():
    """Forgiveness must not be the faster way."""
    in_a_week = TRIES
    tries, now, tried = Tries(), START, 0
    while now < START + LONG_AGO:
        tries, tried = tries.wrong_at(now), tried + 1
        now += tries.lock_left(now)
    assert in_a_week < tried


@given(st.integers(0, 4), st.integers(0, 99), GAPS)
def test_a_right_code_forgives_everything(wrong, locks, gap):
    tries = Tries(wrong, locks, START, START + timedelta(hours=1))
    assert tries.right_at(START + gap) == Tries(0, 0, START + gap)


@given(st.booleans(), st.booleans(), GAPS)
def test_a_pairing_that_ended_stays_as_it_ended(voided, paired, gap):
    expires_at, now = START + timedelta(days=5), START + gap
    state = pairing_state(START if voided and not paired else None, START if paired else None, expires_at, now)
    if paired:
        assert state is PairingState.PAIRED
    elif voided:
        assert state is PairingState.VOID
    else:
        assert state is (PairingState.WAITING if now < expires_at else PairingState.EXPIRED)


@given(st.text(max_size=60))
def test_a_name_is_kept_without_blanks_around_it_or_refused(text):
    try:
        name = car_name(text)
    except ValueError:
        assert len(text.strip()) > NAME_LENGTH or not text.strip().isprintable()
        return
    assert name == (text.strip() or None)
    assert name is None or (1 <= len(name) <= NAME_LENGTH and name.isprintable())
    assert car_name(name) == name
