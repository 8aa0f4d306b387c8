"""How a trip is measured, in the car and in every test of it: pure, no clock, no storage. REQ TRP-1, TRP-2.

Theory of operation: ``start`` opens a trip at ignition on, ``advance`` feeds one reading of the car's own sensors,
``finish`` reads the result at any time without ending anything. ``TripMeter`` is a frozen, serialisable value: written to disk
after each sample, it lets a car that was killed go on to exactly the same trip.

Distance comes from the wheels, never from positions (GPS holds a place and then jumps). Speeds and times are kept as
integers, so sums are exact: they depend neither on how samples are batched nor on where the car was restarted, and
doubled speeds give exactly the doubled distance.

Time. The steady clock measures, the wall clock only dates. A step is as long as the wall clock says while the steady one agrees
(``AGREES_MS``); else as the steady one says. The trip is dated by what the wall clock says at its end, and began its duration before.
A wall clock that jumps is believed with the second reading that goes on from there (one that was never set before: with the first), so
that one reading of another year dates nothing.

Holes. Over a step of ``LONGEST_STEP_MS`` or more the speed says nothing: the odometer does, if both ends of the hole have one and no
car could not have gone so far (``is_bridge``). A hole without that is left out of distance *and* of the charge used, so that the mean consumption is
of the stretch that was measured.

Charge. What a car gained by ``CHARGED_FROM`` or more while it stood still came from a station: it is not driven with, so it is put
aside. Smaller rises are the gauge's own (it recovers when the load goes), and those on the move are recuperation.
"""

from datetime import datetime
from typing import NamedTuple

import msgspec

from openmarque.kit.clock import from_ms

LONGEST_STEP_MS = 10_000
"""Steps of this length or more are gaps: no distance is made up for them from the speeds at their ends; they are counted."""
AGREES_MS = 100
"""Two clocks agree on a step to this and a hundredth of it: each is read to a millisecond, and a time server may slew one of them."""
CHARGED_FROM = 1.0
"""Percent of charge: what a gauge recovers by itself at a standstill was under 0.5 in seven recorded drives."""
_BRIDGE_M = 100.0
"""Odometers count in steps of up to 100 m."""
SHOWN_FROM_M = 300.0
"""A trip shorter than this is not shown (REQ TRP-2)."""
CONSUMPTION_FROM_M = 2_000.0
"""Mean consumption is given only above this distance (REQ TRP-2): below, the charge's resolution is most of the answer."""

_SPEED_UNITS = 1_000_000
"""Speeds are integers of 1e-6 km/h, the six decimals of the recorded drives."""
_PATH_UNITS_PER_M = 2 * _SPEED_UNITS * 3_600
"""Path is the sum of (v0 + v1) · dt in 1e-6 km/h · ms; 1 m = 1e-3 km · 3.6e6 ms/h · 1e6 · 2 (trapezoid) = 7.2e9 units."""


class Reading(NamedTuple):
    """What the sensors said at one moment.

    `at_ms` by the car's wall clock (epoch milliseconds), `steady_ms` by its steady one (None: there is none); `life` names the steady clock's
    life: in another one its numbers mean something else. `is_time_known` tells whether the wall clock was ever set.
    """

    at_ms: int
    speed_kmh: float
    soc_percent: float | None = None
    odometer_m: float | None = None
    steady_ms: int | None = None
    life: str = ""
    is_time_known: bool = True


class TripMeter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a trip that may still be running: integers in the units named, and charge in percent (None without one)."""

    started_ms: int
    """Epoch milliseconds of the first sample, reckoned from the last one: the wall clock may have been set since."""
    last_ms: int
    """The same of the last sample, by the wall clock as far as it is believed."""
    last_speed: int
    """Speed at the last sample, 1e-6 km/h."""
    soc_start: float | None
    soc_last: float | None
    last_steady_ms: int | None = None
    life: str = ""
    is_dated: bool = True
    """Whether the wall clock was set at the last sample."""
    ahead_ms: int = 0
    """By how much the wall clock jumped at the last sample: believed when the next one goes on from there."""
    duration_ms: int = 0
    """Time from the first to the last sample."""
    odometer_m: float | None = None
    """The highest reading so far: one that goes back is a fault of it."""
    path: int = 0
    """Twice the distance, in 1e-6 km/h · ms; see `distance_m`."""
    travel_ms: int = 0
    """Time in steps in which the wheels turned."""
    gaps: int = 0
    """Steps of 10 s or more, of whose time nothing is known."""
    gap_ms: int = 0
    """Time in those gaps."""
    still_soc: float | None = None
    """The charge when the car came to its present standstill; None on the move."""
    charged: float = 0.0
    """Percent that came from stations."""
    unmeasured: float = 0.0
    """Percent used in gaps of which the distance is not known."""
    is_mixed: bool = False
    """Whether the car drove and charged within one gap: then nobody knows what it used."""

    @property
    def distance_m(self) -> float:
        """Metres so far: the trapezoid of the wheel speed over steps under 10 s, and the odometer over longer ones."""
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


def start(reading: Reading) -> TripMeter:
    """Open a trip with its first reading. Raises ``ValueError`` for a speed that is negative or not a number."""
    speed, soc = _speed_units(reading.speed_kmh), reading.soc_percent
    return TripMeter(
        started_ms=reading.at_ms,
        last_ms=reading.at_ms,
        last_speed=speed,
        soc_start=soc,
        soc_last=soc,
        last_steady_ms=reading.steady_ms,
        life=reading.life,
        is_dated=reading.is_time_known,
        odometer_m=reading.odometer_m,
        still_soc=None if speed else soc,
    )


def advance(meter: TripMeter, reading: Reading, top_speed_kmh: float = 250.0) -> TripMeter:
    """The trip with one more reading; `top_speed_kmh` is the most that this car can do.

    A reading that is not later than the last one changes nothing: after a restart the car may feed samples again. Raises
    ``ValueError`` for a speed that is negative or not a number.
    """
    speed = _speed_units(reading.speed_kmh)
    step_ms = elapsed_ms(meter, reading)
    if step_ms is None or step_ms <= 0:
        return meter
    is_gap = step_ms >= LONGEST_STEP_MS
    bridge_m = _bridged_m(meter, reading, step_ms, top_speed_kmh) if is_gap else None
    path = round((bridge_m or 0.0) * _PATH_UNITS_PER_M) if is_gap else (meter.last_speed + speed) * step_ms
    stretch = _Stretch(is_gap=is_gap, is_measured=not is_gap or bridge_m is not None, is_still=not (meter.last_speed or path))
    meter = _used(meter, reading.soc_percent, stretch)
    last_ms, ahead_ms = _dated(meter, reading, step_ms)
    duration_ms = meter.duration_ms + step_ms
    odometers = [one for one in (meter.odometer_m, reading.odometer_m) if one is not None]
    return msgspec.structs.replace(
        meter,
        started_ms=last_ms - duration_ms,
        last_ms=last_ms,
        ahead_ms=ahead_ms,
        is_dated=meter.is_dated or reading.is_time_known,
        last_steady_ms=reading.steady_ms,
        life=reading.life,
        last_speed=speed,
        duration_ms=duration_ms,
        odometer_m=max(odometers, default=None),
        path=meter.path + path,
        travel_ms=meter.travel_ms + (step_ms if path and not is_gap else 0),
        gaps=meter.gaps + is_gap,
        gap_ms=meter.gap_ms + (step_ms if is_gap else 0),
        still_soc=None if speed else meter.still_soc if meter.still_soc is not None and not path else meter.soc_last,
    )


def elapsed_ms(meter: TripMeter, reading: Reading) -> int | None:
    """Milliseconds from the last reading to this one; None where no clock tells."""
    wall_ms = reading.at_ms - meter.last_ms
    if reading.steady_ms is None or meter.last_steady_ms is None:
        return wall_ms
    if reading.life != meter.life:  # the machine was off, and only the wall clock may have gone on
        return wall_ms if meter.is_dated and reading.is_time_known else None
    steady_ms = reading.steady_ms - meter.last_steady_ms
    return wall_ms if _agree(wall_ms, steady_ms) else steady_ms


def has_moved(meter: TripMeter, odometer_m: float | None) -> bool:
    """Whether the odometer has gone on since the last reading."""
    return odometer_m is not None and meter.odometer_m is not None and odometer_m > meter.odometer_m


def finish(meter: TripMeter, battery_kwh: float | None = None) -> TripSummary:
    """The summary of the trip up to its last sample; `battery_kwh` is the usable capacity of the traction battery."""
    duration_ms = meter.duration_ms
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
    known = not meter.is_mixed and meter.distance_m > CONSUMPTION_FROM_M
    if battery_kwh is None or meter.soc_start is None or meter.soc_last is None or not known:
        return None
    charged = meter.charged + _gained(meter.still_soc, meter.soc_last)
    used_kwh = (meter.soc_start - meter.soc_last + charged - meter.unmeasured) / 100 * battery_kwh
    return used_kwh / (meter.distance_m / 100_000)


def _agree(wall_ms: int, steady_ms: int) -> bool:
    return abs(wall_ms - steady_ms) <= AGREES_MS + steady_ms // 100


def _dated(meter: TripMeter, reading: Reading, step_ms: int) -> tuple[int, int]:
    """The date of this reading as far as it is believed, and by how much the wall clock says otherwise."""
    if not reading.is_time_known:
        return meter.last_ms + step_ms, 0
    off_ms = reading.at_ms - meter.last_ms - step_ms
    went_on = bool(meter.ahead_ms) and _agree(step_ms + off_ms - meter.ahead_ms, step_ms)
    if not meter.is_dated or went_on or _agree(step_ms + off_ms, step_ms):
        return reading.at_ms, 0
    return meter.last_ms + step_ms, off_ms


def _bridged_m(meter: TripMeter, reading: Reading, step_ms: int, top_speed_kmh: float) -> float | None:
    """Metres by the odometer over a gap; None where it does not say, or says what no car could have done."""
    if meter.odometer_m is None or reading.odometer_m is None:
        return None
    gone = reading.odometer_m - meter.odometer_m
    return gone if 0 <= gone <= top_speed_kmh / 3_600 * step_ms + _BRIDGE_M else None


class _Stretch(NamedTuple):
    """What a step was: a gap or not, of a known distance or not, and whether the car stood throughout."""

    is_gap: bool
    is_measured: bool
    is_still: bool


def _used(meter: TripMeter, soc: float | None, stretch: _Stretch) -> TripMeter:
    """The meter with the charge after one more step: what came from a station put aside, and what was used where nothing was measured."""
    if soc is None or meter.soc_last is None:
        return msgspec.structs.replace(meter, soc_last=soc if meter.soc_last is None else meter.soc_last)
    change = soc - meter.soc_last
    if not stretch.is_measured:
        return msgspec.structs.replace(meter, soc_last=soc, unmeasured=meter.unmeasured - change, still_soc=None)
    if stretch.is_still:
        return msgspec.structs.replace(meter, soc_last=soc)
    # The standstill before this step, if any, is over: what it brought is known now.
    charged = meter.charged + _gained(meter.still_soc, meter.soc_last)
    is_mixed = meter.is_mixed or (stretch.is_gap and change >= CHARGED_FROM)
    return msgspec.structs.replace(meter, soc_last=soc, charged=charged, still_soc=None, is_mixed=is_mixed)


def _gained(still_soc: float | None, soc: float | None) -> float:
    """What a standstill brought from a station, percent."""
    gained = 0.0 if still_soc is None or soc is None else soc - still_soc
    return gained if gained >= CHARGED_FROM else 0.0


def _two_decimals(soc_percent: float | None) -> float | None:
    """The charge as it is shown; None stays None."""
    return None if soc_percent is None else round(soc_percent, 2)


def _speed_units(speed_kmh: float) -> int:
    """The speed as an integer of 1e-6 km/h; NaN, infinities and negative speeds raise ``ValueError``."""
    if not 0 <= speed_kmh < float("inf"):
        raise ValueError(f"a wheel speed is a number from 0 up, not {speed_kmh!r}")
    return round(speed_kmh * _SPEED_UNITS)
