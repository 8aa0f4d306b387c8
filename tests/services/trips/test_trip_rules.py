"""A trip is measured by the wheels, exactly, whatever interrupts the measuring; short trips are not shown. REQ TRP-1, TRP-2."""

import math
from datetime import UTC, datetime
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.kit.clock import from_ms, to_ms
from openmarque.services.trips.rules import (
    LONGEST_STEP_MS,
    Reading,
    TripMeter,
    TripSummary,
    advance,
    finish,
    is_shown,
    shown,
    start,
)

BEGIN = to_ms(datetime(2026, 11, 22, 12, tzinfo=UTC))
Samples = list[tuple[int, float, float]]


def metered(samples: Samples) -> TripMeter:
    meter = start(Reading(*samples[0]))
    for sample in samples[1:]:
        meter = advance(meter, Reading(*sample))
    return meter


def steady(seconds: int, speed_kmh: float, soc_start: float = 80.0, soc_end: float = 80.0) -> TripMeter:
    return metered([(BEGIN + i * 1000, speed_kmh, soc_start if i < seconds else soc_end) for i in range(seconds + 1)])


@pytest.mark.req("TRP-1c", "TRP-1d")
def test_a_trip_tells_durations_distance_average_speed_charge_and_consumption() -> None:
    samples = [(BEGIN, 0.0, 80.0), *((BEGIN + i * 1000, 0.0, 80.0) for i in range(1, 61))]
    samples += [(BEGIN + i * 1000, 36.0, 79.0) for i in range(61, 361)]
    samples += [(BEGIN + i * 1000, 0.0, 75.004) for i in range(361, 401)]
    meter = metered(samples)
    assert finish(meter) == TripSummary(
        started_at=from_ms(BEGIN),
        ended_at=from_ms(BEGIN + 400_000),
        duration_s=400.0,
        travel_duration_s=301.0,
        distance_m=3000.0,
        mean_speed_kmh=27.0,
        soc_start=80.0,
        soc_end=75.0,
        mean_consumption_kwh_100km=None,
        gaps=0,
        gap_s=0.0,
    )
    known = finish(meter, battery_kwh=6.1)
    assert known.mean_consumption_kwh_100km == pytest.approx((80 - 75.004) / 100 * 6.1 / 3000 * 100_000)


@pytest.mark.req("TRP-2a")
def test_a_trip_under_300_m_is_not_shown() -> None:
    assert not shown(finish(steady(29, 36)))
    assert shown(finish(steady(30, 36)))
    assert not is_shown(math.nextafter(300, 0))


@pytest.mark.req("TRP-2b")
def test_consumption_is_told_only_above_2_km_and_with_a_known_battery() -> None:
    assert finish(steady(200, 36, soc_end=70), 6.1).mean_consumption_kwh_100km is None
    assert finish(steady(201, 36, soc_end=70), 6.1).mean_consumption_kwh_100km == pytest.approx(0.61 / 2010 * 100_000)
    assert finish(steady(201, 36, soc_end=70)).mean_consumption_kwh_100km is None


def test_a_car_without_a_traction_battery_has_trips_too() -> None:
    meter = advance(start(Reading(BEGIN, 50)), Reading(BEGIN + 1000, 50))
    summary = finish(meter, 6.1)
    assert (summary.soc_start, summary.soc_end, summary.mean_consumption_kwh_100km) == (None, None, None)


def test_a_step_of_ten_seconds_is_a_gap_and_one_just_shorter_is_not() -> None:
    short = finish(advance(start(Reading(BEGIN, 36, 80)), Reading(BEGIN + LONGEST_STEP_MS - 1, 36, 80)))
    gap = finish(advance(start(Reading(BEGIN, 36, 80)), Reading(BEGIN + LONGEST_STEP_MS, 36, 80)))
    assert short.distance_m == pytest.approx(99.99)
    assert short.gaps == 0
    assert (gap.distance_m, gap.gaps, gap.gap_s, gap.duration_s, gap.travel_duration_s) == (0, 1, 10.0, 10.0, 0)


def test_samples_not_later_than_the_last_change_nothing() -> None:
    meter = steady(10, 36)
    assert advance(meter, Reading(meter.last_ms, 99, 1)) == meter
    assert advance(meter, Reading(meter.last_ms - 5000, 99, 1)) == meter


@pytest.mark.parametrize("speed", [-0.1, math.nan, math.inf])
def test_a_speed_that_is_none_is_refused_even_when_it_comes_late(speed: float) -> None:
    with pytest.raises(ValueError, match="wheel speed"):
        start(Reading(BEGIN, speed, 80))
    with pytest.raises(ValueError, match="wheel speed"):
        advance(steady(3, 36), Reading(BEGIN, speed, 80))


def test_a_trip_of_one_sample_has_no_average() -> None:
    assert finish(start(Reading(BEGIN, 50, 80))).mean_speed_kmh == 0


drives = st.lists(
    st.tuples(st.integers(1, 15_000), st.floats(0, 300).map(lambda v: round(v, 6)), st.floats(0, 100)), min_size=2, max_size=60
)


def timed(drive: Samples) -> Samples:
    at: int = BEGIN
    samples: Samples = []
    for step, speed, soc in drive:
        at += step
        samples.append((at, speed, soc))
    return samples


@given(drives, st.lists(st.integers(0, 59), max_size=5))
def test_a_car_killed_and_restarted_anywhere_measures_the_same_trip(drive: Samples, kills: list[int]) -> None:
    samples = timed(drive)
    meter = start(Reading(*samples[0]))
    for i, sample in enumerate(samples[1:], start=1):
        meter = advance(meter, Reading(*sample))
        if i in kills:  # what was written before the kill is read again, and the last samples are fed a second time
            meter = msgspec.msgpack.decode(msgspec.msgpack.encode(meter), type=TripMeter)
            for again in samples[max(0, i - 3) : i + 1]:
                meter = advance(meter, Reading(*again))
    assert meter == metered(samples)
    assert msgspec.json.decode(msgspec.json.encode(meter), type=TripMeter) == meter


@given(drives)
def test_double_speed_is_exactly_double_distance(drive: Samples) -> None:
    samples = timed(drive)
    doubled = [(at, 2 * speed, soc) for at, speed, soc in samples]
    assert metered(doubled).path == 2 * metered(samples).path
    assert metered(doubled).distance_m == 2 * metered(samples).distance_m


@given(drives, st.integers(1, 59))
def test_distances_of_two_parts_add_up_to_that_of_the_whole(drive: Samples, cut: int) -> None:
    samples = timed(drive)
    cut = min(cut, len(samples) - 1)
    parts = (metered(samples[: cut + 1]), metered(samples[cut:]))
    whole = metered(samples)
    assert sum(part.path for part in parts) == whole.path
    assert sum(part.travel_ms for part in parts) == whole.travel_ms
    assert sum(part.gap_ms for part in parts) == whole.gap_ms


@given(drives)
def test_travel_and_gaps_fit_into_the_trip_and_distance_is_the_plain_integral(drive: Samples) -> None:
    samples = timed(drive)
    summary = finish(metered(samples))
    assert summary.travel_duration_s + summary.gap_s <= summary.duration_s + 1e-9
    plain = sum((v + w) / 2 / 3.6 * (b - a) / 1000 for (a, v, _), (b, w, _) in pairwise(samples) if b - a < 10_000)
    assert summary.distance_m == pytest.approx(plain)
