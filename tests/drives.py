"""Recorded and drawn drives for tests: where they are, what is true of them, and the way from a drive to a trip."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openmarque.car.drive import Drive, Sample, shift_to_end_at
from openmarque.kit.clock import to_ms
from openmarque.services.status.rules import Fix, PositionFilter, Verdict, accept_fix
from openmarque.services.trips.rules import Reading, TripMeter, TripSummary, advance, finish, start
from tools.requirements import shared

TOP_SPEED_KMH = 85.0
"""A Renault Twizy does 80; the fastest row of the seven drives is 81.58."""
END = datetime(2026, 11, 22, 12, tzinfo=UTC)

Cells = list[str]


@dataclass(frozen=True)
class Truth:
    """A row of the table in the data's README: computed straight from the file, without this package."""

    name: str
    good: int
    bad: int
    duration_s: int
    distance_km: float
    soc_start: float
    soc_end: float


TRUTHS = (
    Truth("T1_03_29_2021", 6179, 10, 6188, 49.60, 87.54, 15.0),
    Truth("T1_06_30_2021_1", 5166, 34, 5199, 45.13, 96.06, 32.42),
    Truth("T1_07_01_2021", 4535, 0, 4534, 37.82, 95.52, 39.64),
    Truth("T3_04_22_2021_1", 1049, 0, 1048, 14.15, 97.74, 79.0),
    Truth("T3_04_26_2021_1", 1032, 0, 1031, 14.34, 96.12, 71.66),
    Truth("T3_05_25_2021_1", 961, 0, 960, 13.83, 56.2, 32.4),
    Truth("T3_05_31_2021", 1122, 0, 1121, 15.70, 54.6, 23.36),
)


def twizy(name: str) -> Path:
    """The file of a recorded drive; skips, and says so, when the drives are not beside the repository."""
    folder = shared() / "data" / "drives" / "twizy"
    if not folder.is_dir():
        pytest.skip(f"the recorded drives are absent (looked in {folder}; OPENMARQUE_SHARED names another place)")
    return folder / f"{name}.csv"


def trip_meter(samples: Sequence[tuple[Sample, datetime]]) -> TripMeter:
    """The meter after all samples at these times."""
    (first, at), *rest = samples
    meter = start(Reading(to_ms(at), first.speed_kmh, first.soc_percent))
    for sample, moment in rest:
        meter = advance(meter, Reading(to_ms(moment), sample.speed_kmh, sample.soc_percent))
    return meter


def trip(drive: Drive, battery_kwh: float | None = None) -> TripSummary:
    """The trip of a whole drive, moved to end at `END`."""
    return finish(trip_meter(shift_to_end_at(drive, END)), battery_kwh)


def judged(drive: Drive) -> Iterator[tuple[Sample, Verdict]]:
    """Each sample that has a fix with the verdict on it, fed one by one as a car does."""
    state = PositionFilter()
    meter: TripMeter | None = None
    for sample in drive.samples:
        at_ms = round(sample.offset_s * 1000)
        reading = Reading(at_ms, sample.speed_kmh, sample.soc_percent)
        meter = start(reading) if meter is None else advance(meter, reading)
        if sample.latitude is None or sample.longitude is None:
            continue
        state, verdict = accept_fix(
            state, Fix(sample.latitude, sample.longitude), meter.distance_m, sample.offset_s, TOP_SPEED_KMH
        )
        yield sample, verdict


HEADER = "Date,Time,Soc,Speed,Mode,LAT,LON,ALT,GpsSpeed,Temperature,Humidity,Weather,WindSpeedAv,Traffic,SpeedLimit".split(",")
BEGIN = datetime(2021, 3, 29, 11, 13, 45, tzinfo=UTC)
METRES_PER_DEGREE = 111_195.0


def drawn_rows(count: int = 120, speed_kmh: float = 36.0, hold_s: int = 5) -> list[Cells]:
    """Rows of a car going north at a constant speed, 1 Hz, whose receiver holds each fix for `hold_s` seconds."""
    rows = []
    for i in range(count):
        at = BEGIN + timedelta(seconds=i)
        north = 34.0 + (i // hold_s * hold_s) * speed_kmh / 3.6 / METRES_PER_DEGREE
        numbers = [f"{80 - i * 0.02:.6f}", f"{speed_kmh:.6f}", "D", f"{north:.6f}", "-6.750000", "140.000000"]
        rows.append([at.strftime("%m/%d/%Y"), at.strftime("%H:%M:%S"), *numbers, *"0 20 60 Clouds 2.49 0 40".split()])
    return rows


def as_csv(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, end: str = "\n", separator: str = ",") -> str:
    """The text of a drive file."""
    return end.join(separator.join(row) for row in [header, *rows]) + end


def rows_of(path: Path) -> list[Cells]:
    """The rows of a recorded file as cells, header left out."""
    return list(csv.reader(io.StringIO(path.read_text("utf-8"))))[1:]


def changed(rows: Sequence[Cells], which: Sequence[int], column: str, value: str | Callable[[str], str]) -> list[Cells]:
    """A copy in which these rows hold another value in one column."""
    copy = [list(row) for row in rows]
    at = HEADER.index(column)
    for i in which:
        copy[i][at] = value if isinstance(value, str) else value(copy[i][at])
    return copy
