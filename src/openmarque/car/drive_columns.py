"""Does the header fit what the columns hold? Swapped columns whose numbers stay in range are told by their physics.

Both rules are meant to be silent on a true header, however bad single rows are: each asks for two independent signs.

* *Charge and speed.* A traction battery does not change by more than 2 % within 2 s (that would be 36 C); a speed does all the time.
* *Latitude and longitude.* A degree of longitude is shorter than one of latitude by the cosine of the latitude, so with
  the two exchanged a drive east or west seems longer than the wheels turned. Positions can't go farther than the wheels, and
  the ratio of the two is steadier under the right names. On the seven recorded drives: true names, sum of position steps over
  wheels 0.97 to 1.07, spread (interquartile range of the logarithm) 0.10 to 0.17; exchanged, 1.07 to 1.22 and 0.13 to 0.21; the
  spread alone is 1.15 to 1.57 times as large.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import quantiles

from openmarque.car.drive_csv import Row
from openmarque.kit.geo import distance_m

_BIG_STEP = 2.0
"""Percent of charge, or km/h, between neighbouring rows."""
_FEWEST_STEPS = 50
"""Position steps below which nothing is said of latitude and longitude: a true header must never be doubted."""
_SCALE, _SPREAD = 1.06, 1.12
"""From which total and from which ratio of spreads on the names are doubted: below all seven exchanged drives, and of their parts of
15 and 30 minutes under their true names none reaches both."""


def swapped_columns(rows: Sequence[Row]) -> tuple[str, str, str] | None:
    """The two columns that look exchanged, and what speaks for it in one sentence; None when nothing does.

    `rows` are good rows in order of time.
    """
    return _charge_and_speed(rows) or _latitude_and_longitude(rows)


def _charge_and_speed(rows: Sequence[Row]) -> tuple[str, str, str] | None:
    """Whether Soc moves like a speed while Speed moves like a charge."""
    steps = [(a, b) for a, b in pairwise(rows) if 0 < _seconds(a, b) <= 2]
    charge = sum(abs(b.soc_percent - a.soc_percent) > _BIG_STEP for a, b in steps)
    speed = sum(abs(b.speed_kmh - a.speed_kmh) > _BIG_STEP for a, b in steps)
    if charge < max(5, len(steps) // 100) or charge <= 5 * speed:
        return None
    return "Soc", "Speed", f"Soc changes by more than {_BIG_STEP:g} within 2 s {charge} times, Speed {speed} times."


def _latitude_and_longitude(rows: Sequence[Row]) -> tuple[str, str, str] | None:
    """Whether the wheels fit the positions clearly better with LAT and LON exchanged."""
    as_named = _Fit(_steps(rows, exchanged=False))
    exchanged = _Fit(_steps(rows, exchanged=True))
    if min(as_named.count, exchanged.count) < _FEWEST_STEPS:
        return None
    if as_named.scale < _SCALE or as_named.spread <= _SPREAD * exchanged.spread:
        return None
    if abs(math.log(exchanged.scale)) >= math.log(as_named.scale):
        return None
    told = f"As named, positions move {as_named.scale:.2f} times as far as the wheels; exchanged, {exchanged.scale:.2f}."
    return "LAT", "LON", told


class _Fit:
    """How positions and wheels agree: `scale` is total over total, `spread` how unsteady their ratio is."""

    def __init__(self, steps: Iterator[tuple[float, float]]) -> None:
        """Take (metres between two fixes, metres by the wheels); short steps say more of the receiver than of the scale."""
        used = [(gone, rolled) for gone, rolled in steps if rolled > 100 and rolled / 3 < gone < rolled * 3]
        self.count = len(used)
        self.scale = sum(gone for gone, _ in used) / (sum(rolled for _, rolled in used) or 1.0)
        low, _, high = quantiles([math.log(gone / rolled) for gone, rolled in used], n=4) if self.count > 1 else (0.0, 0.0, 0.0)
        self.spread = high - low


def _steps(rows: Sequence[Row], *, exchanged: bool) -> Iterator[tuple[float, float]]:
    """Metres between neighbouring distinct fixes, and metres by the wheels meanwhile; none across gaps of 10 s or more."""
    rolled, origin = 0.0, rows[0]
    for a, b in pairwise(rows):
        seconds = _seconds(a, b)
        if seconds >= 10:
            rolled, origin = 0.0, b
            continue
        rolled += (a.speed_kmh + b.speed_kmh) / 2 / 3.6 * seconds
        if (b.latitude, b.longitude) != (origin.latitude, origin.longitude):
            yield _between(origin, b, exchanged=exchanged), rolled
            rolled, origin = 0.0, b


def _between(a: Row, b: Row, *, exchanged: bool) -> float:
    """Metres between the fixes of two rows; infinite where exchanged names would be no place on Earth."""
    if not exchanged:
        return distance_m(a.latitude, a.longitude, b.latitude, b.longitude)
    if max(abs(a.longitude), abs(b.longitude)) > 90:
        return math.inf
    return distance_m(a.longitude, a.latitude, b.longitude, b.latitude)


def _seconds(a: Row, b: Row) -> float:
    """Seconds from a to b; both have a time."""
    return (b.time - a.time).total_seconds() if a.time and b.time else 0.0
