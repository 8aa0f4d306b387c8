"""How a trip is measured, in the car and in every test of it: pure, no clock, no storage. REQ TRP-1, TRP-2.

Theory of operation: ``start`` opens a trip at ignition on, ``advance`` feeds one sample of the car's own sensors,
``finish`` reads the result at any time without ending anything. ``TripMeter`` is a frozen, serialisable value: written to disk
after each sample, it lets a car that was killed go on to exactly the same trip.

Distance comes from the wheels, never from positions (GPS holds a place and then jumps). Speeds and times are kept as
integers, so sums are exact: they depend neither on how samples are batched nor on where the car was restarted, and
doubled speeds give exactly the doubled distance.
"""

from datetime import datetime

import msgspec

from openmarque.kit.clock import from_ms

LONGEST_STEP_MS = 10_000
"""Steps of this length or more are gaps: no distance is invented for them, they are counted instead."""
SHOWN_FROM_M = 300.0
"""A trip shorter than this is not shown (REQ TRP-2)."""
CONSUMPTION_FROM_M = 2_000.0
"""Mean consumption is given only above this distance (REQ TRP-2): below, the charge's resolution is most of the answer."""

_SPEED_UNITS = 1_000_000
"""Speeds are integers of 1e-6 km/h, the six decimals of the recorded drives."""
_PATH_UNITS_PER_M = 2 * _SPEED_UNITS * 3_600
"""Path is the sum of (v0 + v1) · dt in 1e-6 km/h · ms; 1 m = 1e-3 km · 3.6e6 ms/h · 1e6 · 2 (trapezoid) = 7.2e9 units."""


class TripMeter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a trip that may still be running: integers in the units named, and charge in percent (None without one)."""

    started_ms: int
    """Epoch milliseconds of the first sample."""
    last_ms: int
    last_speed: int
    """Speed at the last sample, 1e-6 km/h."""
    soc_start: float | None
    soc_last: float | None
    path: int = 0
    """Twice the distance, in 1e-6 km/h · ms; see `distance_m`."""
    travel_ms: int = 0
    """Time in steps in which the wheels turned."""
    gaps: int = 0
    """Steps of 10 s or more, left out of distance and travel time."""
    gap_ms: int = 0
    """Time in those gaps."""

    @property
    def distance_m(self) -> float:
        """Metres so far: the trapezoid of the wheel speed over steps under 10 s."""
        return self.path / _PATH_UNITS_PER_M


class TripSummary(msgspec.Struct, frozen=True):
    """A trip as the owner reads it."""

    started_at: datetime
    """First sample after ignition on, aware UTC."""
    ended_at: datetime
    """Last sample before ignition off, aware UTC."""
    duration_s: float
    """Trip duration: ignition on to ignition off, standing included."""
    travel_duration_s: float
    """Travel duration: only while the wheels turned; gaps are not counted, since nothing is known of them."""
    distance_m: float
    mean_speed_kmh: float
    """Average speed: distance over trip duration; zero for a trip without duration."""
    soc_start: float | None
    """State of charge of the first sample, percent, two decimals; None without a traction battery."""
    soc_end: float | None
    mean_consumption_kwh_100km: float | None
    """Charge used times battery capacity over distance; None when the capacity is unknown or at 2 km or less. Negative when
    the charge rose (a long descent)."""
    gaps: int
    """Times the car was without samples for 10 s or more."""
    gap_s: float
    """Time in those gaps, in which nothing was measured."""


def start(at_ms: int, speed_kmh: float, soc_percent: float | None) -> TripMeter:
    """Open a trip with its first sample. Raises ``ValueError`` for a speed that is negative or not a number."""
    return TripMeter(at_ms, at_ms, _speed_units(speed_kmh), soc_percent, soc_percent)


def advance(meter: TripMeter, at_ms: int, speed_kmh: float, soc_percent: float | None) -> TripMeter:
    """The trip with one more sample.

    A sample that is not later than the last one changes nothing: after a restart the car may feed samples again. Raises
    ``ValueError`` for a speed that is negative or not a number.
    """
    speed = _speed_units(speed_kmh)
    step_ms = at_ms - meter.last_ms
    if step_ms <= 0:
        return meter
    is_gap = step_ms >= LONGEST_STEP_MS
    path = 0 if is_gap else (meter.last_speed + speed) * step_ms
    return TripMeter(
        started_ms=meter.started_ms,
        last_ms=at_ms,
        last_speed=speed,
        soc_start=meter.soc_start,
        soc_last=soc_percent,
        path=meter.path + path,
        travel_ms=meter.travel_ms + (step_ms if path else 0),
        gaps=meter.gaps + is_gap,
        gap_ms=meter.gap_ms + (step_ms if is_gap else 0),
    )


def finish(meter: TripMeter, battery_kwh: float | None = None) -> TripSummary:
    """The summary of the trip up to its last sample; `battery_kwh` is the usable capacity of the traction battery."""
    duration_ms = meter.last_ms - meter.started_ms
    distance = meter.distance_m
    return TripSummary(
        started_at=from_ms(meter.started_ms),
        ended_at=from_ms(meter.last_ms),
        duration_s=duration_ms / 1000,
        travel_duration_s=meter.travel_ms / 1000,
        distance_m=distance,
        mean_speed_kmh=distance * 3600 / duration_ms if duration_ms else 0.0,
        soc_start=_two_decimals(meter.soc_start),
        soc_end=_two_decimals(meter.soc_last),
        mean_consumption_kwh_100km=_mean_consumption(meter, battery_kwh),
        gaps=meter.gaps,
        gap_s=meter.gap_ms / 1000,
    )


def is_shown(distance_m: float) -> bool:
    """Whether a trip of this distance is shown to the owner (REQ TRP-2: not under 300 m)."""
    return distance_m >= SHOWN_FROM_M


def shown(summary: TripSummary) -> bool:
    """Whether this trip is shown to the owner (REQ TRP-2)."""
    return is_shown(summary.distance_m)


def _mean_consumption(meter: TripMeter, battery_kwh: float | None) -> float | None:
    """KWh per 100 km, or None where REQ TRP-2 or an unknown capacity withholds it."""
    if battery_kwh is None or meter.soc_start is None or meter.soc_last is None or meter.distance_m <= CONSUMPTION_FROM_M:
        return None
    used_kwh = (meter.soc_start - meter.soc_last) / 100 * battery_kwh
    return used_kwh / (meter.distance_m / 100_000)


def _two_decimals(soc_percent: float | None) -> float | None:
    """The charge as it is shown; None stays None."""
    return None if soc_percent is None else round(soc_percent, 2)


def _speed_units(speed_kmh: float) -> int:
    """The speed as an integer of 1e-6 km/h; NaN, infinities and negative speeds raise ``ValueError``."""
    if not 0 <= speed_kmh < float("inf"):
        raise ValueError(f"a wheel speed is a number from 0 up, not {speed_kmh!r}")
    return round(speed_kmh * _SPEED_UNITS)
