"""Recorded drives: reading, cleaning and moving them in time. What the car does before it says anything about itself.

Theory of operation. ``read_drive`` judges each row and counts the bad ones by reason; nothing is dropped silently. A row is judged in
this order, so that it is counted once:

1. ``malformed``        a cell count other than the header's; charge, speed or place missing, unreadable or physically impossible
2. ``impossible_time``  no such date, or more than a day from the median time of the drive (where most dates are right but for having the
   day first, the file is refused with that word)
3. ``duplicate_time``, ``clock_back``  not on the drive's timeline: the most rows that can be kept with times only going forward. So
   one row that is an hour ahead costs itself and not the hour after it.
4. ``zero_position``    a coordinate is exactly zero: the receiver had no fix
5. ``far_position``     farther from the middle of the drive than the whole drive could reach

1 to 3 refuse the row whole. 4 and 5 (`POSITION_REASONS`) withhold what the receiver said and nothing else: wheels,
clock and battery were right, and the distance comes from the wheels (as in the car itself, `openmarque.services.status.car`). So
``drive.read == len(drive.samples) + sum(drive.refused.values()) - drive.withheld``.

Single fixes that jump within the reach of the drive are not refused here: their row is good, and the position filter
(`openmarque.services.status.rules`) judges the fix while driving.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from statistics import median, median_low
from typing import Final

from openmarque.car.drive_columns import swapped_columns
from openmarque.car.drive_csv import Row, Table, month_first, read_table
from openmarque.car.drive_errors import (
    DriveColumnsSwapped,
    DriveDatesDayFirst,
    DriveError,
    DriveMostlyRefused,
    DriveNotFound,
    DriveTooLarge,
    DriveWithoutGoodRow,
)
from openmarque.kit.clock import require_aware
from openmarque.kit.geo import distance_m, has_zero, unwrap_longitude

LARGEST_FILE: Final = 50_000_000
"""Bytes; a row has some 130, so this is four days at 1 Hz."""
LONGEST_DRIVE: Final = timedelta(days=1)
"""Times farther than this from the median time belong to no drive of this file."""
GAP_S: Final = 10.0
"""From this step on the wheels' speed says nothing of the way between two rows; a trip leaves such steps out."""
_GAP_SPEED_KMH: Final = 130.0
"""What a car may do in a gap, unless the recording shows it faster: the highest usual speed limit on motorways."""
_REACH_MARGIN_M: Final = 2_000.0
"""Beyond the wheels' reach: recorders lose rows without a gap in their times (seen: 1.7 km), and a fix is some seconds late."""
_WHEEL_SCALE: Final = 1.1
"""Wheels count up to a tenth too little (worn tyres, slip, steps of the recorder)."""


class RefusalReason(StrEnum):
    """Why a row was refused, or its position."""

    MALFORMED = "malformed"
    IMPOSSIBLE_TIME = "impossible_time"
    ZERO_POSITION = "zero_position"
    FAR_POSITION = "far_position"
    DUPLICATE_TIME = "duplicate_time"
    CLOCK_BACK = "clock_back"


POSITION_REASONS: Final = frozenset((RefusalReason.ZERO_POSITION, RefusalReason.FAR_POSITION))
"""They cost a row its position only."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A good row: what the car's own sensors said at one moment."""

    original_time: datetime
    """Naive local time, as written in the file."""
    offset_s: float
    """Seconds since the first good row; strictly increasing."""
    soc_percent: float
    speed_kmh: float
    """By the wheels."""
    gear: str | None
    """P, R, N or D; None where the file says something else."""
    latitude: float | None
    """None, and the longitude and altitude with it, where the position was refused."""
    longitude: float | None
    altitude_m: float | None
    """None also where the file has no number; nothing depends on it."""


@dataclass(frozen=True, slots=True)
class Drive:
    """A cleaned drive in order of time; at least one of its samples has a place."""

    samples: tuple[Sample, ...]
    read: int
    """Rows of the file, blank lines and header not counted."""
    refused: Mapping[RefusalReason, int]
    """Rows refused, whole or for their position, by reason; reasons that did not occur are absent."""

    @property
    def duration_s(self) -> float:
        """Seconds from the first to the last good row."""
        return self.samples[-1].offset_s

    @property
    def withheld(self) -> int:
        """Samples without a place."""
        return sum(self.refused.get(reason, 0) for reason in POSITION_REASONS)


def read_drive(source: Path | bytes | str, *, trust_header: bool = False) -> Drive:
    """Read and clean a drive from a file (`Path`) or from its content (bytes or text).

    Raises an `openmarque.car.drive_errors.DriveError` when the whole can't be used; never anything else for whatever content. With
    `trust_header` columns that look swapped are taken as named.
    """
    table = read_table(_content(source))
    rows = list(table.rows())
    timeless = sum(row is None or row.time is None for row in rows)
    if 2 * timeless > len(rows) and 2 * len(written := table.day_first()) > len(rows):
        raise DriveDatesDayFirst(f"{len(written)} of {len(rows)} are like {written[0]}.", right=month_first(written[0]))
    refused: dict[int, RefusalReason] = {}
    for i, row in enumerate(rows):
        if row is None:
            refused[i] = RefusalReason.MALFORMED
    read = {i: row for i, row in enumerate(rows) if row is not None}
    _refuse_impossible_times(read, refused)
    unreadable = sorted(refused)
    _refuse_off_timeline(read, refused)
    misplaced = _misplaced(read)
    if not trust_header and (swap := swapped_columns(table, _telling(read, misplaced), unreadable)):
        raise DriveColumnsSwapped(swap.told, first=swap.first, second=swap.second)
    counts = Counter([*refused.values(), *misplaced.values()])
    good = [(row, row.time, i not in misplaced) for i, row in read.items() if row.time is not None]
    if len(misplaced) == len(good):
        raise _unusable(DriveWithoutGoodRow, table, counts)
    if not trust_header and counts[RefusalReason.MALFORMED] + counts[RefusalReason.FAR_POSITION] > len(rows) / 2:
        raise _unusable(DriveMostlyRefused, table, counts)
    first = good[0][1]
    return Drive(tuple(_sample(row, time, first, placed=placed) for row, time, placed in good), len(rows), dict(counts))


def shift_to_end_at(drive: Drive, end: datetime) -> list[tuple[Sample, datetime]]:
    """Each sample with its time in a replay whose last good row is at `end` (aware); the distances in time stay as recorded."""
    last = require_aware(end).astimezone(UTC)
    whole = drive.duration_s
    return [(sample, last - timedelta(seconds=whole - sample.offset_s)) for sample in drive.samples]


def _content(source: Path | bytes | str) -> bytes | str:
    """The bytes of the file, or the content given; refused beyond `LARGEST_FILE`."""
    try:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        if size > LARGEST_FILE:
            raise DriveTooLarge(f"It has {size / 1e6:.0f} MB.", limit_mb=LARGEST_FILE // 1_000_000)
        return source.read_bytes() if isinstance(source, Path) else source
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the path
        raise DriveNotFound(f"{str(source)!r}: {getattr(exc, 'strerror', None) or exc}.") from exc


def _refuse(rows: dict[int, Row], refused: dict[int, RefusalReason], which: Sequence[int], reason: RefusalReason) -> None:
    """Move these rows from `rows` to `refused`."""
    for i in which:
        del rows[i]
        refused[i] = reason


def _refuse_impossible_times(rows: dict[int, Row], refused: dict[int, RefusalReason]) -> None:
    """Refuse times that no calendar has, and times that lie more than `LONGEST_DRIVE` from the median."""
    times = [row.time for row in rows.values() if row.time is not None]
    middle = median_low(times) if times else None
    wrong = [i for i, row in rows.items() if row.time is None or middle is None or abs(row.time - middle) > LONGEST_DRIVE]
    _refuse(rows, refused, wrong, RefusalReason.IMPOSSIBLE_TIME)


def _misplaced(rows: Mapping[int, Row]) -> dict[int, RefusalReason]:
    """The rows of the timeline whose position is zero, or one that the drive can't have reached.

    The centre is the fix nearest to the median latitude and median longitude, so it is a place where the car was as long as more
    than half of the positions are right; wherever the car was, it is no farther from there than the way it went in all.
    """
    zero = {i: RefusalReason.ZERO_POSITION for i, row in rows.items() if has_zero(row.latitude, row.longitude)}
    fixed = {i: row for i, row in rows.items() if i not in zero}
    if not fixed:
        return zero
    reach = _reach_m(list(rows.values()))
    near = next(iter(fixed.values())).longitude
    latitude = median(row.latitude for row in fixed.values())
    longitude = unwrap_longitude(median(unwrap_longitude(row.longitude, near) for row in fixed.values()), 0.0)
    centre = min(fixed.values(), key=lambda row: distance_m(latitude, longitude, row.latitude, row.longitude))
    far = [i for i, r in fixed.items() if distance_m(centre.latitude, centre.longitude, r.latitude, r.longitude) > reach]
    return zero | dict.fromkeys(far, RefusalReason.FAR_POSITION)


def _telling(rows: Mapping[int, Row], misplaced: Mapping[int, RefusalReason]) -> list[Row]:
    """The rows by which the header is judged: without far positions, unless most are (then it may be the header's fault)."""
    near = [row for i, row in rows.items() if misplaced.get(i) is not RefusalReason.FAR_POSITION]
    return near if 2 * len(near) >= len(rows) else list(rows.values())


def _reach_m(rows: Sequence[Row]) -> float:
    """The longest way the car can have gone between the first and the last row of the timeline, in metres, margin included."""
    line = [(row.time, row.speed_kmh) for row in rows if row.time is not None]
    fastest = max([_GAP_SPEED_KMH, *(speed for _, speed in line)])
    way = 0.0
    for (time_a, speed_a), (time_b, speed_b) in pairwise(line):
        seconds = (time_b - time_a).total_seconds()
        way += (fastest if seconds >= GAP_S else (speed_a + speed_b) / 2) / 3.6 * seconds
    return way * _WHEEL_SCALE + _REACH_MARGIN_M


def _refuse_off_timeline(rows: dict[int, Row], refused: dict[int, RefusalReason]) -> None:
    """Refuse the rows that are not on the timeline; one with the time of the row kept before it is a duplicate."""
    kept = set(_timeline(rows))
    duplicate, back = [], []
    last: datetime | None = None
    for i, row in rows.items():
        if i in kept:
            last = row.time
        elif row.time == last:
            duplicate.append(i)
        else:
            back.append(i)
    _refuse(rows, refused, duplicate, RefusalReason.DUPLICATE_TIME)
    _refuse(rows, refused, back, RefusalReason.CLOCK_BACK)


def _timeline(rows: Mapping[int, Row]) -> list[int]:
    """The rows to keep so that times strictly increase: as many as possible, and the earlier of two equal choices.

    Where simply refusing each row that is not later than the last kept one keeps as many, that is the choice: a clock
    that was set back then costs the rows after it, as it does while driving.
    """
    times = [(i, row.time) for i, row in rows.items() if row.time is not None]
    forward: list[int] = []
    last: datetime | None = None
    for i, time in times:
        if last is None or time > last:
            forward.append(i)
            last = time
    longest = _longest_increasing(times)
    return forward if len(forward) >= len(longest) else longest


def _longest_increasing(times: Sequence[tuple[int, datetime]]) -> list[int]:
    """The longest strictly increasing subsequence (Schensted 1961, patience sorting; n log n)."""
    ends: list[datetime] = []
    end_keys: list[int] = []
    before: dict[int, int | None] = {}
    for i, time in times:
        length = bisect_left(ends, time)
        before[i] = end_keys[length - 1] if length else None
        if length < len(ends) and ends[length] == time:
            continue  # the earlier row of two with one time stays
        ends[length : length + 1] = [time]
        end_keys[length : length + 1] = [i]
    chain: list[int] = []
    at = end_keys[-1] if end_keys else None
    while at is not None:
        chain.append(at)
        at = before[at]
    return chain[::-1]


def _unusable(error: type[DriveError], table: Table, counts: Mapping[RefusalReason, int]) -> DriveError:
    """The error that says why rows were refused and what the columns hold."""
    why = ", ".join(f"{reason.value} {n}" for reason, n in counts.items())
    seen = ", ".join(f"{name}: {what}" for name, what in table.seen().items())
    return error(f"Refused: {why}. The columns hold {seen}.", seen=seen)


def _sample(row: Row, time: datetime, first: datetime, *, placed: bool) -> Sample:
    """The sample of a good row; without what the receiver said unless it is `placed`."""
    return Sample(
        original_time=time,
        offset_s=(time - first).total_seconds(),
        soc_percent=row.soc_percent,
        speed_kmh=row.speed_kmh,
        gear=row.gear,
        latitude=row.latitude if placed else None,
        longitude=row.longitude if placed else None,
        altitude_m=row.altitude_m if placed else None,
    )
