"""Wishes to be woken: what local time means, and that no clock makes a service act twice, too early or too late."""

import zoneinfo
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.kit.clock import from_ms, to_ms
from openmarque.protocol.waking import (
    ALREADY_RUN,
    BAD_GRACE,
    HORIZON_MS,
    NOT_A_WISH,
    TOO_FAR_AHEAD,
    TOO_LATE,
    UNKNOWN_ZONE,
    Armed,
    Clocks,
    Steady,
    UnknownZone,
    Wall,
    Woken,
    arm,
    instant_ms,
    moved,
    next_local,
    refuses,
    waits_ms,
    woken,
)

local = datetime.fromisoformat
"""What a clock on the wall shows: naive."""
PARIS = "Europe/Paris"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
GRACE_S = 600
HALF_PAST_SEVEN = Wall(local("2026-12-01 07:30"), PARIS, GRACE_S)
INSTANT = instant_ms(HALF_PAST_SEVEN)
ZONES = (
    PARIS,
    "Europe/London",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
)

zones = st.sampled_from(ZONES)
locals_ = st.datetimes(local("2005-01-01"), local("2037-01-01"))


def utc(year: int, month: int, day: int, hour: int, minute: int, second: int = 0) -> int:
    return to_ms(datetime(year, month, day, hour, minute, second, tzinfo=UTC))


@pytest.mark.parametrize(
    ("shown", "zone", "instant"),
    [
        (local("2026-07-01 07:30"), PARIS, utc(2026, 7, 1, 5, 30)),
        (local("2026-12-01 07:30"), PARIS, utc(2026, 12, 1, 6, 30)),
        # 29 March 2026, Paris: 2:00 to 3:00 is left out
        (local("2026-03-29 01:59:59"), PARIS, utc(2026, 3, 29, 0, 59, 59)),
        (local("2026-03-29 02:00"), PARIS, utc(2026, 3, 29, 1, 0)),
        (local("2026-03-29 02:30"), PARIS, utc(2026, 3, 29, 1, 0)),
        (local("2026-03-29 02:59:59.999"), PARIS, utc(2026, 3, 29, 1, 0)),
        (local("2026-03-29 03:00"), PARIS, utc(2026, 3, 29, 1, 0)),
        # 25 October 2026, Paris: 2:00 to 3:00 comes twice
        (local("2026-10-25 01:59"), PARIS, utc(2026, 10, 24, 23, 59)),
        (local("2026-10-25 02:00"), PARIS, utc(2026, 10, 25, 0, 0)),
        (local("2026-10-25 02:30"), PARIS, utc(2026, 10, 25, 0, 30)),
        (local("2026-10-25 02:30").replace(fold=1), PARIS, utc(2026, 10, 25, 0, 30)),
        (local("2026-10-25 03:00"), PARIS, utc(2026, 10, 25, 2, 0)),
        # half an hour is left out, and a whole day was
        (local("2026-10-04 02:15"), "Australia/Lord_Howe", utc(2026, 10, 3, 15, 30)),
        (local("2011-12-30 12:00"), "Pacific/Apia", utc(2011, 12, 30, 10, 0)),
    ],
)
def test_a_local_time_means_one_instant_also_where_a_clock_change_leaves_it_out_or_doubles_it(shown, zone, instant):
    assert from_ms(instant_ms(Wall(shown, zone, 60))) == from_ms(instant)


@given(locals_, zones)
def test_an_instant_shows_the_local_time_wished_for_or_is_the_first_after_the_gap(wished, zone):
    wished = wished.replace(microsecond=wished.microsecond // 1000 * 1000)
    shown = from_ms(instant_ms(Wall(wished, zone, 60))).astimezone(zoneinfo.ZoneInfo(zone))
    if shown.replace(tzinfo=None) != wished:
        just_before = shown.astimezone(UTC) - timedelta(milliseconds=1)
        assert shown.replace(tzinfo=None) > wished
        assert just_before.astimezone(shown.tzinfo).replace(tzinfo=None) < wished
    else:
        assert shown.fold == 0, "the first pass"


@given(st.times().map(lambda at: at.replace(microsecond=0)), zones, locals_, st.sets(st.integers(0, 6), min_size=1))
def test_the_next_local_time_is_the_first_on_a_day_that_was_named(at, zone, now, weekdays):
    after = to_ms(now.replace(tzinfo=UTC))
    found = next_local(at, zone, after, frozenset(weekdays))
    assert found.time() == at
    assert found.weekday() in weekdays
    instant = instant_ms(Wall(found, zone, 60))
    assert after < instant
    assert instant - after <= 9 * DAY_MS
    if len(weekdays) == 7:
        assert instant - after <= 2 * DAY_MS


def test_a_timer_of_every_morning_keeps_its_local_time_through_both_clock_changes():
    for first, hours in ((local("2026-03-28 04:00"), (23, 24, 24)), (local("2026-10-24 04:00"), (25, 24, 24))):
        instants: list[int] = [to_ms(first.replace(tzinfo=UTC))]
        for _ in range(4):
            found = next_local(time(7, 30), PARIS, instants[-1])
            assert (found.hour, found.minute) == (7, 30)
            instants.append(instant_ms(Wall(found, PARIS, 60)))
        days = [(b - a) // HOUR_MS for a, b in pairwise(instants[1:])]
        assert tuple(days) == hours


def test_no_day_of_the_week_is_no_timer():
    with pytest.raises(ValueError, match="no day"):
        next_local(time(7), PARIS, 0, frozenset())


steady: Any = Steady
wall: Any = Wall
NOW = Clocks(50_000, INSTANT - HOUR_MS)


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (Steady(-(2**53)), ""),
        (Steady(0), ""),
        (Steady(NOW.steady_ms + HORIZON_MS), ""),
        (Steady(NOW.steady_ms + HORIZON_MS + 1), TOO_FAR_AHEAD),
        (Steady(NOW.steady_ms + 365 * DAY_MS), TOO_FAR_AHEAD),
        (Steady(10**30), TOO_FAR_AHEAD),
        (Steady(-(10**30)), NOT_A_WISH),
        (steady("soon"), NOT_A_WISH),
        (steady(1.5), NOT_A_WISH),
        (HALF_PAST_SEVEN, ""),
        (Wall(local("0001-01-02"), PARIS, 60), ""),
        (Wall(local("2027-12-01"), PARIS, 60), TOO_FAR_AHEAD),
        (Wall(local("9999-12-31 23:59"), "America/New_York", 60), NOT_A_WISH),
        (Wall(datetime(2026, 12, 1, tzinfo=UTC), PARIS, 60), NOT_A_WISH),
        (wall("07:30", PARIS, 60), NOT_A_WISH),
        (Wall(local("2026-12-01"), "Europe/Lutetia", 60), UNKNOWN_ZONE),
        (Wall(local("2026-12-01"), "", 60), UNKNOWN_ZONE),
        (Wall(local("2026-12-01"), "Europe", 60), UNKNOWN_ZONE),
        (Wall(local("2026-12-01"), "../etc/passwd", 60), UNKNOWN_ZONE),
        (Wall(local("2026-12-01"), "\udc80", 60), UNKNOWN_ZONE),
        (Wall(local("2026-12-01"), "x" * 5000, 60), UNKNOWN_ZONE),
        (Wall(local("2026-12-01"), PARIS, 59), BAD_GRACE),
        (Wall(local("2026-12-01"), PARIS, 86_401), BAD_GRACE),
        ("tomorrow", NOT_A_WISH),
        (7, NOT_A_WISH),
    ],
)
def test_a_wish_that_can_not_be_is_refused_with_its_reason(wish, reason):
    assert refuses(wish, NOW) == reason


def test_a_clock_that_was_never_set_tells_nothing_of_how_far_ahead_a_wish_is():
    wish = Wall(local("2060-01-01"), PARIS, 60)
    assert refuses(wish, Clocks(0, None)) == ""
    assert waits_ms(arm(wish, Clocks(0, None)), Clocks(10**12, None)) is None


@pytest.mark.parametrize(
    ("clock_says", "late_ms", "missed"),
    [
        (INSTANT, 0, ""),
        (INSTANT + GRACE_S * 1000, GRACE_S * 1000, ""),
        (INSTANT + GRACE_S * 1000 + 1, GRACE_S * 1000 + 1, TOO_LATE),
        (INSTANT + DAY_MS, DAY_MS, TOO_LATE),
    ],
)
def test_a_wish_that_came_to_lie_in_the_past_is_run_within_its_grace_and_told_as_missed_beyond(clock_says, late_ms, missed):
    armed = arm(HALF_PAST_SEVEN, NOW)
    assert waits_ms(armed, Clocks(60_000, clock_says)) == 0
    assert woken(armed, Clocks(60_000, clock_says), ()) == Woken(HALF_PAST_SEVEN, late_ms, missed)


def test_a_wish_for_which_the_service_has_acted_is_told_as_that_and_not_run_again():
    armed = arm(HALF_PAST_SEVEN, NOW)
    for run, missed in (
        (HALF_PAST_SEVEN, ALREADY_RUN),
        (msgspec.structs.replace(HALF_PAST_SEVEN, grace_s=60), ALREADY_RUN),
        (msgspec.structs.replace(HALF_PAST_SEVEN, local=HALF_PAST_SEVEN.local - timedelta(days=1)), ""),
        (msgspec.structs.replace(HALF_PAST_SEVEN, zone="Europe/Berlin"), ""),
    ):
        assert woken(armed, Clocks(60_000, INSTANT), [run]).missed == missed


@pytest.mark.parametrize(
    ("asked", "now", "due"),
    [
        (Clocks(1_000, 500_000), Clocks(40, 530_000), 40 + 30_000),
        (Clocks(1_000, 500_000), Clocks(40, 590_000), 40),
        (Clocks(1_000, 500_000), Clocks(40, 100_000), 40 + 60_000),
        (Clocks(1_000, None), Clocks(40, 530_000), 40 + 60_000),
        (Clocks(1_000, 500_000), Clocks(40, None), 40 + 60_000),
    ],
)
def test_after_a_restart_of_the_steady_clock_a_wait_goes_on_by_the_wall_clock_or_begins_again(asked, now, due):
    armed = moved(arm(Steady(61_000), asked), now)
    assert armed.due_steady_ms == due
    assert waits_ms(armed, now) == due - now.steady_ms


@given(
    st.integers(0, 10**9),
    st.one_of(st.none(), st.integers(0, 2 * 10**12)),
    st.lists(st.tuples(st.integers(0, DAY_MS), st.one_of(st.none(), st.integers(0, 2 * 10**12)), st.booleans()), max_size=8),
)
def test_a_steady_wish_is_never_early_nor_later_than_its_length_once_more_whatever_the_wall_clock_does(wait, shown, moves):
    """Each move lets time pass by the steady clock, sets the wall clock, and may restart the machine."""
    clocks = Clocks(1_000, shown)
    armed, passed, since_boot = arm(Steady(1_000 + wait), clocks), 0, 0
    for by, wall_ms, restarts in moves:
        passed, since_boot = passed + by, since_boot + by
        clocks = Clocks(clocks.steady_ms + by, wall_ms)
        if waits_ms(armed, clocks) == 0:
            assert passed >= wait or since_boot != passed, "never early without a restart"
            return
        assert (waits_ms(armed, clocks) or 0) <= wait
        if restarts:
            clocks, since_boot = Clocks(0, wall_ms), 0
            armed = moved(armed, clocks)
            assert 0 <= armed.due_steady_ms <= wait


@given(st.lists(st.one_of(st.none(), st.integers(INSTANT - 3 * DAY_MS, INSTANT + 3 * DAY_MS)), max_size=12))
def test_a_service_that_always_asks_again_acts_once_for_a_local_time_whatever_the_clock_is_set_to(clock_says):
    runs: list[Wall] = []
    armed = arm(HALF_PAST_SEVEN, Clocks(0, clock_says[0] if clock_says else None))
    for passed, shown in enumerate(clock_says):
        clocks = Clocks(passed, shown)
        if waits_ms(armed, clocks) != 0:
            assert shown is None or shown < INSTANT
            continue
        told = woken(armed, clocks, runs)
        if not told.missed:
            assert INSTANT <= (shown or 0) <= INSTANT + GRACE_S * 1000
            runs.append(HALF_PAST_SEVEN)
        armed = arm(HALF_PAST_SEVEN, clocks)
    assert len(runs) <= 1


def test_a_wish_survives_the_store():
    for wish in (Steady(-5), HALF_PAST_SEVEN):
        armed = arm(wish, NOW)
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(armed), type=Armed) == armed


def test_a_car_whose_system_brings_no_rules_of_local_time_takes_those_of_the_package():
    zoneinfo.reset_tzpath(to=[])
    try:
        zoneinfo.ZoneInfo.clear_cache()
        rules = zoneinfo.ZoneInfo.no_cache("Europe/Madrid")
    finally:
        zoneinfo.reset_tzpath()
    assert datetime(2026, 7, 1, 12, tzinfo=rules).utcoffset() == timedelta(hours=2)


def test_an_unknown_zone_is_told():
    with pytest.raises(UnknownZone):
        instant_ms(Wall(local("2026-12-01"), "Europe/Lutetia", 60))
