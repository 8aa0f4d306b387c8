"""Does the header fit what the columns hold? Exchanged columns whose numbers stay in range are told by their physics.

Theory of operation. A header is doubted for one exchange of two of its names at a time. A ``_Reading`` is what the rows say under
one naming; the naming as written and the exchanged one are compared, and only a *clearly* better exchange is told:

1. *Readable.* Under the header more than half of the rows are no rows at all; exchanged, most of those can be read, and the wheels fit
   the places. Rows that no exchange makes readable are bad rows, wherever in the file they begin, and say nothing of the header.
2. *Wheels and places.* A car's fixes lie as far apart as its wheels turned meanwhile, and a car whose wheels turn does not stay where it
   is. Whatever exchange takes part in Speed, LAT or LON breaks that. Latitude and longitude are the fine case: a degree of
   longitude is shorter by the cosine of the latitude, so only ways east or west tell; see `_LEAST_GAIN`.
3. *Charge.* It does not go up and down like an altitude (see `_WIGGLE_PER_MINUTE`), nor jump like a speed: 2 % within 2 s would be 36 C.
4. *Order.* Where the names stand in the data set's order but for exactly two, the burden of proof turns round: those two are
   taken for exchanged unless the rows speak for them by the same rules. So also a parked car is not shown in another continent.

What is left: files in an order of their own whose rows can't tell (a parked car; altitude against charge in a short piece; latitude
against longitude on a way due north). They are taken as named: a true header must never be doubted. Figures are of the seven recorded
drives, whole and in windows of 60, 300 and 600 rows (one every 15 rows).
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, compress, islice, pairwise
from typing import Final, NamedTuple

from openmarque.car.drive_csv import COLUMNS, HIGHEST_SPEED_KMH, Row, Table
from openmarque.kit.geo import distance_m, has_zero, is_on_earth

USUAL_ORDER: Final = (
    *COLUMNS,
    *("GpsSpeed", "Temperature", "Humidity", "Weather", "WindSpeedAv", "Traffic", "SpeedLimit"),
)
"""The columns of the RSK Twizy EV data set as its files order them."""

_NUMBERS: Final = ("Soc", "Speed", "LAT", "LON", "ALT")
_ENOUGH: Final = 10_000
"""Rows looked at; a header is wrong from the first row on, and a file may have 400,000."""
_HEAD: Final = 300
"""Rows at the head, and as many of those that can't be read as named, that are read again under each exchange where those are most."""
_GAP_S: Final = 10.0
"""From this step on the wheels say nothing; as `openmarque.car.drive.GAP_S`."""
_LARGEST_HELD_M: Final = 500.0
"""How far a car may roll in all without a second fix before that speaks against a naming."""
_BIG_STEP: Final = 2.0
"""Percent of charge, or km/h, within 2 s."""
_LARGEST_EXCESS_M: Final = 500.0
"""A fix may be wrong by any distance, and says no more for it."""
_SCALES: Final = (0.4, 2.5)
"""Metres by the fixes for one by the wheels, as far as a naming may choose: a speed in miles or knots, or of other wheels, is no swap."""
_LEAST_RATIO, _RATIO_MINUTES, _FREE_M = 1.5, 5.0, 100.0
"""Wheels and places: the misfit as named has to be 1.5 + 5 / (minutes) times that of the exchange, after this many metres were added to
both for what receivers do in a minute. True headers reach 5.3 in a window of 60 rows (asked: 6.5; the next one 3.0), 1.07 in 300 (2.5),
and stay below 1 in 600 (2.0) and in whole drives (1.5 to 1.8)."""
_AXES_SCALES: Final = (0.90, 1.12)
"""The same for LAT and LON, where the scale itself tells: what worn tyres, slip and recorders that lose rows may do. The seven drives have
0.97 to 1.07, and no scale of these by itself makes a header doubtful. Where neither naming has one, any of `_SCALES` will do."""
_LEAST_GAIN, _LEAST_GAIN_STEPS = 1.05, 12.0
"""LAT and LON: the misfit as named has to be 1.05 times, and 1 + 12 / (steps between fixes) times, that of the exchange. True headers reach
1.26 with 4 steps (asked: 4), 1.18 with 23 (1.52), 1.16 with 51 (1.24), and at most 0.84 in whole drives of 74 to 492 steps (1.16 to
1.05), which exchanged have 1.18 to 1.45."""
_WIGGLE_PER_MINUTE, _LEAST_WIGGLE = 0.7, 3.0
"""Percent that a charge may go back and forth (recuperation; a step counts as 1 at most, so that one bad cell proves nothing): 1 + 0.7 a
minute, and 3. The seven drives have at most 0.6 in 60 rows (allowed: 3), 2.1 in 300 (4.5), 3.0 in 600 (8), 11.7 in 103 minutes (73);
their altitudes, taken for charges, have 10 and more in 600 rows."""


class Swap(NamedTuple):
    """Two columns that look exchanged, and what speaks for it in one sentence."""

    first: str
    second: str
    told: str


def swapped_columns(table: Table, rows: Sequence[Row], unreadable: Sequence[int]) -> Swap | None:
    """The two columns that look exchanged; None when nothing says so.

    `rows` are the rows that can be read and lie on the drive's timeline, single far positions left out; `unreadable` are the lines, in
    order, that are malformed or without a possible time.
    """
    out_of_order = _out_of_order(table.names)
    named = _Reading.of(rows[:_ENOUGH]) if rows else None
    if len(unreadable) > len(table.lines) / 2 and (swap := _repaired(table, unreadable, named, out_of_order)):
        return swap
    if named is None:
        return None
    if out_of_order is not None and not _is_proved(table, named, out_of_order):
        return Swap(*out_of_order, "All names but these two stand in the usual order, and the rows do not speak for it.")
    if all(row.gear is None and row.altitude_m is None for row in rows) and _has_gears(table.exchanged("Mode", "ALT")):
        return Swap("Mode", "ALT", "No row has a gear or an altitude; exchanged, they have both.")
    found: list[tuple[float, Swap]] = []
    for pair in combinations(_NUMBERS, 2):
        other = named.exchanged(pair)
        if told := _speaks_against(pair, named, other):
            found.append((other.misfit_m(_SCALES), Swap(*pair, told)))
    return min(found)[1] if found else None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What some rows say under one naming."""

    seconds: Sequence[float]
    """Since the row before; 0 for the first."""
    columns: Mapping[str, Sequence[float]]
    """The numbers of `_NUMBERS`; nan where there is none."""
    share: float
    """Rows with possible numbers and a place, of all that were looked at."""

    @classmethod
    def of(cls, rows: Sequence[Row], read: int | None = None) -> "_Reading":
        """The reading of rows in order of time; `read` of them were looked at (without it, all that are here)."""
        times = [row.time for row in rows if row.time is not None]
        seconds = [0.0, *((b - a).total_seconds() for a, b in pairwise(times))]
        columns = {
            "Soc": [row.soc_percent for row in rows],
            "Speed": [row.speed_kmh for row in rows],
            "LAT": [row.latitude for row in rows],
            "LON": [row.longitude for row in rows],
            "ALT": [math.nan if row.altitude_m is None else row.altitude_m for row in rows],
        }
        return cls(seconds, columns, sum(map(_has_place, columns["LAT"], columns["LON"])) / (read or len(rows) or 1))

    def exchanged(self, pair: tuple[str, str]) -> "_Reading":
        """The same rows with these two names exchanged, without those whose numbers are then impossible."""
        first, second = pair
        columns = {**self.columns, first: self.columns[second], second: self.columns[first]}
        good = [
            0 <= soc <= 100 and 0 <= speed <= HIGHEST_SPEED_KMH and is_on_earth(latitude, longitude)
            for soc, speed, latitude, longitude in zip(*(columns[name] for name in _NUMBERS[:4]), strict=True)
        ]
        placed = sum(map(_has_place, compress(columns["LAT"], good), compress(columns["LON"], good)))
        if all(good):
            return _Reading(self.seconds, columns, placed / (len(good) or 1))
        ends = list(_running(self.seconds, good))
        seconds = [0.0, *(b - a for a, b in pairwise(ends))]
        return _Reading(seconds, {name: list(compress(cells, good)) for name, cells in columns.items()}, placed / len(good))

    def steps(self) -> Iterator[tuple[float, float]]:
        """Metres between neighbouring distinct fixes, and metres by the wheels meanwhile; none across gaps.

        The last pair is (nan, metres by the wheels since the last new fix). Rows without a fix roll on.
        """
        rolled, before = 0.0, 0.0
        at: tuple[float, float] | None = None
        for seconds, speed, *place in zip(
            self.seconds, self.columns["Speed"], self.columns["LAT"], self.columns["LON"], strict=False
        ):
            if seconds >= _GAP_S:
                rolled, at = 0.0, None
            else:
                rolled += (before + speed) / 7.2 * seconds
            before = speed
            latitude, longitude = place
            if at == (latitude, longitude) or not _has_place(latitude, longitude):
                continue
            if at is not None:
                yield distance_m(*at, latitude, longitude), rolled
                rolled = 0.0
            at = (latitude, longitude)
        yield math.nan, rolled

    def stays(self) -> bool:
        """Whether the wheels turned for half a kilometre and more, and never brought the car to another place."""
        steps = list(islice(self.steps(), 2))
        return len(steps) == 1 and steps[0][1] > _LARGEST_HELD_M

    def scale(self) -> float:
        """Metres by the fixes for one by the wheels; 1 where there is nothing to tell it."""
        steps = [(gone, rolled) for gone, rolled in self.steps() if gone < 3 * rolled + 200]
        return sum(gone for gone, _ in steps) / (sum(rolled for _, rolled in steps) or math.inf) or 1.0

    def misfit_m(self, scales: tuple[float, float], enough: float = math.inf) -> float:
        """Metres by which wheels and places disagree after the best scale of `scales`; above `enough` some figure above `enough`.

        The way since the last fix counts too.
        """
        steps: list[tuple[float, float]] = []
        at_least = all_gone = all_rolled = 0.0
        for gone, rolled in self.steps():
            steps.append((gone, rolled))
            if gone < 3 * rolled + 200:
                all_gone += gone
                all_rolled += rolled
            elif (at_least := at_least + min(gone - scales[1] * rolled, _LARGEST_EXCESS_M)) > enough:
                return at_least
        scale = min(max(all_gone / all_rolled, scales[0]), scales[1]) if all_rolled else 1.0
        held = steps.pop()[1] * scale
        return held + sum(_apart_m(gone, scale * rolled) for gone, rolled in steps)

    def changes(self, name: str) -> list[float]:
        """How much a column changed over each step of at most 2 s."""
        cells = self.columns[name]
        return [b - a for seconds, (a, b) in zip(self.seconds[1:], pairwise(cells), strict=False) if seconds <= 2]

    def leaps(self) -> int:
        """How often the altitude changes by more than 100 m within 2 s."""
        return sum(abs(change) > 100 for change in self.changes("ALT"))

    def wiggle(self) -> float:
        """Percent of charge back and forth: twice the smaller of all rises and all falls, 1 % at most for a step."""
        changes = [min(max(change, -1.0), 1.0) for change in self.changes("Soc")]
        return 2 * min(sum(c for c in changes if c > 0), -sum(c for c in changes if c < 0))


def _speaks_against(pair: tuple[str, str], named: _Reading, other: _Reading) -> str | None:
    """What shows that `other`, in which the two names of `pair` are exchanged, is clearly the better reading; None when nothing does."""
    if other.share < named.share - 0.02 or other.stays():
        return None
    if pair == ("LAT", "LON"):
        return _better_axes(named, other)
    if pair == ("Soc", "ALT"):
        return _better_charge(named, other)
    if pair == ("Soc", "Speed") and (told := _jumping_charge(named)):
        return told
    if named.share < 0.5:
        return None  # a receiver without a fix says nothing of the header
    if "ALT" in pair and other.leaps() > named.leaps() + 2:
        return None
    here = named.misfit_m(_SCALES)
    there = other.misfit_m(_SCALES, here)
    asked = _LEAST_RATIO + _RATIO_MINUTES * 60 / (sum(named.seconds) or 1.0)
    if here + _FREE_M <= asked * (there + _FREE_M):
        return None
    return f"As named, wheels and positions disagree by {here / 1000:.1f} km in all; exchanged, by {there / 1000:.1f} km."


def _jumping_charge(named: _Reading) -> str | None:
    """Whether Soc jumps as a speed does while Speed moves like a charge."""
    changes = named.changes("Soc")
    charge = sum(abs(change) > _BIG_STEP for change in changes)
    speed = sum(abs(change) > _BIG_STEP for change in named.changes("Speed"))
    if charge < max(5, len(changes) // 100) or charge <= 5 * speed:
        return None
    return f"Soc changes by more than {_BIG_STEP:g} within 2 s {charge} times, Speed {speed} times."


def _better_axes(named: _Reading, other: _Reading) -> str | None:
    """Whether the wheels fit the positions better with LAT and LON exchanged."""
    count = sum(1 for _ in named.steps()) - 1
    known = any(_AXES_SCALES[0] <= reading.scale() <= _AXES_SCALES[1] for reading in (named, other))
    scales = _AXES_SCALES if known else _SCALES
    here, there = named.misfit_m(scales), other.misfit_m(scales)
    if not count or here + _FREE_M / 2 <= max(_LEAST_GAIN, 1 + _LEAST_GAIN_STEPS / count) * (there + _FREE_M / 2):
        return None
    return f"As named, positions and wheels disagree by {here:.0f} m over {count} fixes; exchanged, by {there:.0f} m."


def _better_charge(named: _Reading, other: _Reading) -> str | None:
    """Whether Soc goes up and down as an altitude does, and ALT as a charge."""
    minutes = sum(seconds for seconds in named.seconds if seconds <= 2) / 60
    here, there = named.wiggle(), other.wiggle()
    if here < max(_LEAST_WIGGLE, 1 + _WIGGLE_PER_MINUTE * minutes) or here <= 4 * there:
        return None
    return f"Soc goes up and down by {here:.0f} within {minutes:.0f} minutes, ALT by {there:.1f}."


def _is_proved(table: Table, named: _Reading, pair: tuple[str, str]) -> bool:
    """Whether the rows speak clearly for two names that are out of the usual order, or are none that a replay needs."""
    if not set(pair) & set(COLUMNS):
        return True
    other = named.exchanged(pair) if set(pair) <= set(_NUMBERS) else _read(table.exchanged(*pair), _ENOUGH)[0]
    return other.share < 0.5 * named.share or _speaks_against(pair, other, named) is not None


def _repaired(
    table: Table, unreadable: Sequence[int], named: _Reading | None, out_of_order: tuple[str, str] | None
) -> Swap | None:
    """The exchange under which most unreadable rows can be read, with gears, and with places where the wheels can have carried the car.

    `named` is the reading of the rows that can be read as named: they may speak for a name. Where there is none (None), nothing shows
    that the recorder had altitudes either.
    """
    told = f"As named, {len(unreadable)} of {len(table.lines)} rows can't be read; exchanged, most of them can."
    bad = replace(table, lines=[table.lines[i] for i in _evenly(unreadable, _HEAD)])
    if out_of_order is not None and _mends(bad, out_of_order) and _likeness(table.exchanged(*out_of_order)) is not None:
        return Swap(*out_of_order, told)
    likely = [
        (like, pair)
        for pair in combinations(COLUMNS, 2)
        if _mends(bad, pair, with_altitude="ALT" in pair and named is not None)
        and not (named is not None and set(pair) <= set(_NUMBERS) and _speaks_against(pair, named.exchanged(pair), named))
        and (like := _likeness(table.exchanged(*pair))) is not None
    ]
    return Swap(*min(likely)[1], told) if likely else None


def _mends(bad: Table, pair: tuple[str, str], *, with_altitude: bool = False) -> bool:
    """Whether most of these rows, unreadable as named, can be read with `pair` exchanged: what was missing, or no time, is there.

    With `with_altitude` only rows count that have one then, too: an empty cell that became the altitude's is no less empty.
    """
    mended = sum(
        after is not None
        and after.time is not None
        and (before is None or before.time != after.time)
        and not (with_altitude and after.altitude_m is None)
        for before, after in zip(bad.rows(), bad.exchanged(*pair).rows(), strict=True)
    )
    return 2 * mended > len(bad.lines)


def _evenly(which: Sequence[int], limit: int) -> Sequence[int]:
    """At most `limit` of them, spread evenly."""
    return which if len(which) <= limit else [which[i * len(which) // limit] for i in range(limit)]


def _likeness(table: Table) -> tuple[bool, float] | None:
    """How little the head of a file is like a drive: no gears, and metres of misfit; None when it can't be one."""
    reading, geared = _read(table, _HEAD)
    misfit_m = reading.misfit_m(_SCALES)
    way = sum(rolled for _, rolled in reading.steps())
    if reading.share < 0.8 or reading.stays() or misfit_m > 0.6 * way + _LARGEST_HELD_M:
        return None
    return not geared, misfit_m


def _read(table: Table, limit: int) -> tuple[_Reading, bool]:
    """The reading of the first rows, and whether most of them have a gear."""
    rows = list(islice(table.rows(), limit))
    line: list[Row] = []
    for row in rows:
        if row is not None and row.time is not None and (not line or line[-1].time is None or line[-1].time < row.time):
            line.append(row)
    return _Reading.of(line, len(rows)), 2 * sum(row.gear is not None for row in line) > len(line)


def _has_gears(table: Table) -> bool:
    """Whether every row at the head of the file that can be read has a gear and an altitude."""
    rows = [row for row in islice(table.rows(), _HEAD) if row is not None]
    return bool(rows) and all(row.gear is not None and row.altitude_m is not None for row in rows)


def _out_of_order(names: Sequence[str]) -> tuple[str, str] | None:
    """The two names that have to change places to give `USUAL_ORDER` (columns may be absent); None when it takes anything else."""
    usual = {name.casefold(): name for name in USUAL_ORDER}
    given = [usual.get(name.casefold(), "") for name in names]
    expected = [name for name in USUAL_ORDER if name in given]
    wrong = [name for name, right in zip(expected, given, strict=False) if name != right]
    return (wrong[0], wrong[1]) if len(given) == len(expected) and len(wrong) == 2 else None


def _apart_m(gone: float, rolled: float) -> float:
    """How little a fix fits the wheels: by as much as they turned too much, or by as much as it went too far."""
    return min(gone - rolled, _LARGEST_EXCESS_M) if gone > rolled else rolled - gone


def _has_place(latitude: float, longitude: float) -> bool:
    return not has_zero(latitude, longitude)


def _running(seconds: Iterable[float], good: Iterable[bool]) -> Iterator[float]:
    """Seconds since the first row, at the good ones."""
    total = 0.0
    for step, is_good in zip(seconds, good, strict=True):
        total += step
        if is_good:
            yield total
