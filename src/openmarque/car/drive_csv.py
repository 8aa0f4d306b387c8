"""From the bytes of a recorded drive to raw rows: encoding, separator, header and one reading of each cell. No judgement across rows.

The form is that of the RSK Twizy EV data set: a header with Date, Time, Soc, Speed, Mode, LAT, LON, ALT and more, in any order; any
line ends; with or without byte order mark and quotes; separated by commas, semicolons (then a comma may be the decimal
sign) or tabs. Lines are read one by one, so that a quote left open spoils its own row and not the rest of the file.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Final

from openmarque.car.drive_errors import (
    DriveColumnsMissing,
    DriveColumnsRepeated,
    DriveEmpty,
    DriveHeaderMissing,
    DriveNotText,
)
from openmarque.kit.geo import is_on_earth

COLUMNS: Final = ("Date", "Time", "Soc", "Speed", "Mode", "LAT", "LON", "ALT")
"""The columns that a replay needs; others are ignored."""
GEARS: Final = frozenset("PRND")
HIGHEST_SPEED_KMH = 500.0
"""No road car is faster; a larger number is not a speed in km/h."""

_FOREIGN_NAMES: Final = {
    "latitude": "LAT", "lng": "LON", "long": "LON", "longitude": "LON", "altitude": "ALT", "elevation": "ALT", "gear": "Mode",
    "stateofcharge": "Soc", "charge": "Soc", "battery": "Soc", "velocity": "Speed", "vehiclespeed": "Speed", "wheelspeed": "Speed",
    "day": "Date", "clock": "Time", "timestamp": "Time",
}  # fmt: skip
_KEYS: Final = {name.casefold(): name for name in COLUMNS}
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_DATE: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})|([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_MONTHS: Final = 12
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?")
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffd]")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row that could be read, in the units of `openmarque.car.drive.Sample`."""

    time: datetime | None
    """Naive, as written; None when it names no point in time."""
    soc_percent: float
    speed_kmh: float
    gear: str | None
    latitude: float
    longitude: float
    altitude_m: float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A drive file with its header understood."""

    lines: list[str]
    """The lines after the header; blank ones left out (a blank line is not a row)."""
    separator: str
    names: tuple[str, ...]
    """The names in the header, as written."""
    index: dict[str, int]
    """Position of each column of `COLUMNS`."""

    @property
    def width(self) -> int:
        """Cells in the header."""
        return len(self.names)

    def exchanged(self, first: str, second: str) -> "Table":
        """The same lines under a header in which these two names (any case) have changed places."""
        at = {name.casefold(): i for i, name in enumerate(self.names)}
        a, b = at[first.casefold()], at[second.casefold()]
        moved = {a: b, b: a}
        return replace(self, index={name: moved.get(i, i) for name, i in self.index.items()})

    def cells(self) -> Iterator[list[str] | None]:
        """The stripped cells of each line; None where they can't be matched with the header."""
        for line in self.lines:
            cells = _split(line, self.separator)
            if cells is not None and len(cells) > self.width and not any(cells[self.width :]):
                del cells[self.width :]
            yield cells if cells is not None and len(cells) == self.width else None

    def rows(self) -> Iterator[Row | None]:
        """Each line as a `Row`; None where a number is missing, unreadable or physically impossible."""
        date, time, soc, speed, mode, latitude, longitude, altitude = (self.index[name] for name in COLUMNS)
        comma = self.separator != ","
        for cells in self.cells():
            if cells is None:
                yield None
                continue
            numbers = [_number(cells[i], decimal_comma=comma) for i in (soc, speed, latitude, longitude)]
            yield _row(
                _instant(cells[date], cells[time]), numbers, cells[mode].upper(), _number(cells[altitude], decimal_comma=comma)
            )

    def day_first(self) -> list[str]:
        """The dates that can be read only with the day before the month, one a row."""
        date = self.index["Date"]
        return [cells[date] for cells in self.cells() if cells is not None and _is_day_first(cells[date])]

    def seen(self, limit: int = 200) -> dict[str, str]:
        """What each needed column holds in the first rows: the range of its numbers, or an example; for error messages."""
        columns: dict[str, list[str]] = {name: [] for name in COLUMNS}
        for _, cells in zip(range(limit), self.cells(), strict=False):
            for name, i in self.index.items():
                if cells is not None and cells[i]:
                    columns[name].append(cells[i])
        return {name: _described(values, decimal_comma=self.separator != ",") for name, values in columns.items()}


def read_table(content: bytes | str) -> Table:
    """Understand the header of a drive file.

    Raises ``DriveEmpty``, ``DriveNotText``, ``DriveHeaderMissing``, ``DriveColumnsRepeated`` or ``DriveColumnsMissing``.
    """
    text = content if isinstance(content, str) else _decoded(content)
    lines = [line for line in _LINE_END.split(text.removeprefix("\ufeff")) if line.strip()]
    if not lines:
        raise DriveEmpty("It is empty.")
    separator, names = max((_header(lines[0], s) for s in ",;\t"), key=lambda option: len(_known(option[1])))
    known = _known(names)
    if not known:
        if len(_NOT_TEXT.findall(text[:4096])) > len(text[:4096]) // 50:
            raise DriveNotText("It holds bytes that no text has.")
        raise DriveHeaderMissing(f"Its first line is {_excerpt(lines[0])}.", columns=", ".join(COLUMNS))
    repeated = [name for name in COLUMNS if known.count(name) > 1]
    if repeated:
        raise DriveColumnsRepeated(f"Repeated: {', '.join(repeated)}.", repeated=", ".join(repeated))
    missing = [name for name in COLUMNS if name not in known]
    if missing:
        listed = ", ".join(missing)
        raise DriveColumnsMissing(f"Missing: {listed}.", missing=listed, hint=_hint(missing, names))
    if len(lines) == 1:
        raise DriveEmpty("It has a header and no rows.")
    index = {_KEYS[name.casefold()]: i for i, name in enumerate(names) if name.casefold() in _KEYS}
    return Table(lines[1:], separator, tuple(names), index)


def _decoded(content: bytes) -> str:
    """The text; bytes that are no UTF-8 become U+FFFD, so that only the cell they stand in is unreadable."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    return content.decode("utf-8", errors="replace")


def _split(line: str, separator: str) -> list[str] | None:
    """The stripped cells of a line; None when its quoting can't be read."""
    if '"' not in line:
        return [cell.strip() for cell in line.split(separator)]
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator, skipinitialspace=True))]
    except csv.Error:  # a cell of more than 128 kB
        return None


def _header(line: str, separator: str) -> tuple[str, list[str]]:
    """The separator and the names it gives; names at the end that are empty (a trailing separator) are dropped."""
    names = _split(line, separator) or []
    while names and not names[-1]:
        names.pop()
    return separator, names


def _known(names: list[str]) -> list[str]:
    """Those of `COLUMNS` that occur, as often as they occur; case does not matter."""
    return [_KEYS[name.casefold()] for name in names if name.casefold() in _KEYS]


def _hint(missing: list[str], names: list[str]) -> str:
    """Which present columns may be meant by the missing ones."""
    strangers = {re.sub(r"[^a-z]", "", name.casefold()): name for name in names if name.casefold() not in _KEYS}
    hints = []
    for wanted in missing:
        aliases = [alias for alias in strangers if _FOREIGN_NAMES.get(alias) == wanted]
        near = aliases or get_close_matches(wanted.casefold(), strangers, n=1, cutoff=0.6)
        hints += [f" Perhaps {_excerpt(strangers[near[0]])} is {wanted}."] if near else []
    return "".join(hints)


def _number(cell: str, *, decimal_comma: bool) -> float | None:
    """The finite number in a cell; None for anything else, also for ``nan`` and ``inf``."""
    if decimal_comma and "," in cell:
        cell = cell.replace(",", ".")
    if _NUMBER.fullmatch(cell) is None:
        return None
    value = float(cell)
    return value if abs(value) != float("inf") else None


def _instant(date: str, time: str) -> datetime | None:
    """The naive local time of a row, month before day as in the data set, or ISO 8601; None for what no calendar has."""
    day, clock = _DATE.fullmatch(date), _TIME.fullmatch(time)
    if day is None or clock is None:
        return None
    year, month, of_month = (day[3], day[1], day[2]) if day[3] else (day[4], day[5], day[6])
    fraction = int((clock[4] or "").ljust(6, "0"))
    try:
        return datetime(  # noqa: DTZ001 - the file names no zone; `shift_to_end_at` gives the replay its aware times
            int(year), int(month), int(of_month), int(clock[1]), int(clock[2]), int(clock[3]), fraction
        )
    except ValueError:
        return None


def _is_day_first(date: str) -> bool:
    """Whether this is a date of the calendar with its day, which is no month, first."""
    if (found := _DAY_FIRST.fullmatch(date)) is None:
        return False
    try:
        return datetime(int(found[3]), int(found[2]), int(found[1])).day > _MONTHS  # noqa: DTZ001 - no time, only a day
    except ValueError:
        return False


def month_first(date: str) -> str:
    """A date that has its day first, as these files and ISO 8601 write it."""
    day, month, year = (int(part) for part in re.split(r"[/.-]", date))
    return f"{month:02}/{day:02}/{year:04} or {year:04}-{month:02}-{day:02}"


def _row(time: datetime | None, numbers: list[float | None], gear: str, altitude_m: float | None) -> Row | None:
    """The row, if its four numbers (charge, speed, latitude, longitude) are there and physically possible."""
    soc, speed, latitude, longitude = numbers
    if soc is None or speed is None or latitude is None or longitude is None:
        return None
    if not (0 <= soc <= 100 and 0 <= speed <= HIGHEST_SPEED_KMH and is_on_earth(latitude, longitude)):
        return None
    return Row(time, soc, speed, gear if gear in GEARS else None, latitude, longitude, altitude_m)


def _described(values: list[str], *, decimal_comma: bool) -> str:
    """The range of the values if all are numbers, else an example."""
    if not values:
        return "nothing"
    numbers = [number for value in values if (number := _number(value, decimal_comma=decimal_comma)) is not None]
    if len(numbers) < len(values):
        return _excerpt(next(value for value in values if _number(value, decimal_comma=decimal_comma) is None))
    return f"{min(numbers):g} to {max(numbers):g}"


def _excerpt(text: str) -> str:
    """A short quotation that is safe to print: nothing but printable characters."""
    shown = "".join(c if c.isprintable() else "?" for c in text[:40])
    return f"'{shown}…'" if len(text) > 40 else f"'{shown}'"
