"""Instants are aware, exact to the millisecond and written in one form; a clock can be moved by hand."""

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.kit.clock import ManualClock, SystemClock, from_ms, iso, require_aware, steady_ms, to_ms

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RABAT_SUMMER = timezone(timedelta(hours=1))


def test_a_naive_time_names_no_instant() -> None:
    naive = NOON.replace(tzinfo=None)
    for use in (require_aware, to_ms, iso, ManualClock):
        with pytest.raises(ValueError, match="time zone"):
            use(naive)


def test_the_epoch_is_zero_and_a_known_instant_has_its_known_number() -> None:
    assert to_ms(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert to_ms(datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)) == 1_000_000_000_000


@given(st.integers(to_ms(datetime(1, 1, 1, tzinfo=UTC)), to_ms(datetime(9999, 12, 31, tzinfo=UTC))))
def test_milliseconds_go_to_an_instant_and_back_unchanged(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_rounded_down_to_its_millisecond(instant: datetime) -> None:
    assert timedelta(0) <= instant - from_ms(to_ms(instant)) < timedelta(milliseconds=1)


def test_zones_do_not_change_the_instant() -> None:
    assert to_ms(NOON.astimezone(RABAT_SUMMER)) == to_ms(NOON)


def test_a_number_outside_the_calendar_overflows() -> None:
    for ms in (10**18, -(10**18)):
        with pytest.raises(OverflowError):
            from_ms(ms)


def test_instants_are_written_in_utc_with_z_and_milliseconds_only_when_there_are_any() -> None:
    assert iso(NOON) == "2026-11-22T12:00:00Z"
    assert iso(NOON.astimezone(RABAT_SUMMER)) == "2026-11-22T12:00:00Z"
    assert iso(NOON + timedelta(milliseconds=7)) == "2026-11-22T12:00:00.007Z"


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_what_is_written_is_read_again_to_the_millisecond(instant: datetime) -> None:
    assert to_ms(datetime.fromisoformat(iso(instant))) == to_ms(instant)


def test_a_manual_clock_moves_only_by_hand_forward_and_back() -> None:
    clock = ManualClock(NOON.astimezone(RABAT_SUMMER))
    assert clock.now() == clock.now() == NOON
    assert clock.now().tzinfo is UTC
    clock.advance(timedelta(hours=2))
    assert clock.now() == NOON + timedelta(hours=2)
    clock.advance(timedelta(days=-1))
    assert clock.now() == NOON - timedelta(hours=22)


def test_the_system_clock_goes_on_and_can_be_shifted() -> None:
    clock, ahead = SystemClock(), SystemClock(timedelta(days=30))
    first, later = clock.now(), ahead.now()
    assert first.tzinfo is UTC
    assert timedelta(days=30) <= later - first < timedelta(days=30, minutes=1)
    assert clock.now() >= first


def test_the_steady_clock_never_goes_back_and_nobody_sets_it() -> None:
    readings = [steady_ms() for _ in range(1_000)]
    assert readings == sorted(readings)
    boot_s = time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    assert abs(readings[-1] / 1000 - boot_s) < 5, "it counts from the start of the machine, sleep included"
