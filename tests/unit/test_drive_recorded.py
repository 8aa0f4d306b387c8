"""The seven recorded drives become the trips that the data's README computed from them, and nothing absurd is shown of them."""

import csv
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from openmarque.car.drive import Drive, RefusalReason, read_drive, shift_to_end_at
from openmarque.car.drive_errors import DriveColumnsSwapped
from openmarque.kit.clock import to_ms
from openmarque.kit.geo import bounding_box
from openmarque.services.status.rules import Verdict
from openmarque.services.trips.rules import is_shown
from tests.drives import END, HEADER, TRUTHS, Truth, as_csv, changed, judged, rows_of, trip, twizy

each_drive = pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.name)


@each_drive
@pytest.mark.req("TRP-1")
def test_the_trip_has_the_distance_duration_and_charge_of_the_file(truth: Truth) -> None:
    drive = read_drive(twizy(truth.name))
    summary = trip(drive)
    assert summary.distance_m / 1000 == pytest.approx(truth.distance_km, rel=0.005)
    assert summary.duration_s == pytest.approx(truth.duration_s, abs=2)
    assert (summary.soc_start, summary.soc_end) == (truth.soc_start, truth.soc_end)
    assert summary.mean_speed_kmh == pytest.approx(truth.distance_km / truth.duration_s * 3600, rel=0.005)
    assert 0 < summary.travel_duration_s <= summary.duration_s
    assert summary.ended_at == END
    assert is_shown(summary.distance_m)


@each_drive
def test_bad_rows_are_refused_and_counted_and_good_ones_are_kept(truth: Truth) -> None:
    drive = read_drive(twizy(truth.name))
    assert len(drive.samples) == truth.good
    assert drive.refused == ({RefusalReason.IMPOSSIBLE_TIME: truth.bad} if truth.bad else {})
    assert drive.read == truth.good + truth.bad


def source_fixes(path: Path) -> set[tuple[float, float]]:
    """The places of a file, read without this package."""
    with path.open(encoding="utf-8") as lines:
        return {(float(row["LAT"]), float(row["LON"])) for row in csv.DictReader(lines)}


def distinct_plausible(drive: Drive) -> int:
    fixes = [(s.latitude, s.longitude) for s in drive.samples]
    return sum(now != before for before, now in zip([None, *fixes], fixes, strict=False))


@each_drive
@pytest.mark.req("STA-1")
def test_positions_shown_are_fixes_of_the_file_around_rabat_and_nearly_all_of_them(truth: Truth) -> None:
    path = twizy(truth.name)
    drive = read_drive(path)
    new = [(sample.latitude, sample.longitude) for sample, verdict in judged(drive) if verdict is Verdict.NEW]
    assert set(new) <= source_fixes(path)
    assert len(new) >= 0.99 * distinct_plausible(drive)
    box = bounding_box(new)
    assert box is not None
    assert 33 < box.south < box.north < 35
    assert -8 < box.west < box.east < -6


def test_when_the_recorder_lost_rows_on_the_way_the_position_comes_back_at_the_third_agreeing_fix() -> None:
    refused = [s for s, verdict in judged(read_drive(twizy("T1_06_30_2021_1"))) if verdict is Verdict.JUMP]
    assert [f"{s.original_time:%H:%M:%S}" for s in refused] == ["13:37:34", "13:37:48"]


@each_drive
def test_a_replay_moves_times_to_end_now_and_still_tells_the_original_ones(truth: Truth) -> None:
    drive = read_drive(twizy(truth.name))
    moved = shift_to_end_at(drive, END)
    assert moved[-1][1] == END
    assert moved[0][1] == END - timedelta(seconds=drive.duration_s)
    first_line = rows_of(twizy(truth.name))[0]
    assert moved[0][0].original_time == datetime.strptime(" ".join(first_line[:2]), "%m/%d/%Y %H:%M:%S")  # noqa: DTZ007 - naive
    assert all(a[1] < b[1] for a, b in pairwise(moved))


@pytest.mark.req("TRP-1")
def test_double_wheel_speed_is_exactly_double_distance() -> None:
    rows = rows_of(twizy("T3_05_25_2021_1"))
    twice = changed(rows, range(len(rows)), "Speed", lambda cell: repr(float(cell) * 2))
    one, two = trip(read_drive(as_csv(rows))), trip(read_drive(as_csv(twice)))
    assert two.distance_m == 2 * one.distance_m
    assert two.duration_s == one.duration_s


def test_rows_written_twice_give_the_same_trip() -> None:
    rows = rows_of(twizy("T3_05_25_2021_1"))
    doubled = read_drive(as_csv([copy for row in rows for copy in (row, row)]))
    assert trip(doubled) == trip(read_drive(as_csv(rows)))
    assert doubled.refused == {RefusalReason.DUPLICATE_TIME: len(rows)}


def test_line_ends_byte_order_mark_quotes_separator_and_column_order_change_nothing() -> None:
    rows = rows_of(twizy("T3_05_25_2021_1"))
    plain = read_drive(as_csv(rows))
    backwards = [row[::-1] for row in rows]
    quoted = [[f'"{cell}"' for cell in row] for row in rows]
    with_commas = [[cell.replace(".", ",") for cell in row] for row in rows]
    assert read_drive(as_csv(rows, end="\r\n")) == plain
    assert read_drive(as_csv(rows, end="\r")) == plain
    assert read_drive(b"\xef\xbb\xbf" + as_csv(rows).encode()) == plain
    assert read_drive(as_csv(rows).encode("utf-16")) == plain
    assert read_drive(as_csv(quoted)) == plain
    assert read_drive(as_csv(backwards, header=HEADER[::-1])) == plain
    assert read_drive(as_csv(rows, separator=";")) == plain
    assert read_drive(as_csv(with_commas, separator=";")) == plain
    assert read_drive(as_csv(rows, end="\n\n")) == plain


@each_drive
def test_exchanged_columns_are_noticed_though_every_number_is_in_range(truth: Truth) -> None:
    rows = rows_of(twizy(truth.name))
    for first, second in (("LAT", "LON"), ("Soc", "Speed")):
        header = [{first: second, second: first}.get(name, name) for name in HEADER]
        with pytest.raises(DriveColumnsSwapped) as caught:
            read_drive(as_csv(rows, header=header))
        assert first in caught.value.remedy
        assert second in caught.value.remedy
        assert read_drive(as_csv(rows, header=header), trust_header=True).samples


@each_drive
def test_any_quarter_of_an_hour_of_a_true_drive_is_never_taken_for_exchanged(truth: Truth) -> None:
    rows = rows_of(twizy(truth.name))
    for begin in range(0, len(rows) - 900, 300):
        assert read_drive(as_csv(rows[begin : begin + 900])).samples


def test_a_car_that_was_off_for_twenty_minutes_in_between_counts_the_gap_and_invents_no_way() -> None:
    rows = rows_of(twizy("T3_04_22_2021_1"))
    whole, without = trip(read_drive(as_csv(rows))), trip(read_drive(as_csv(rows[:300] + rows[500:])))
    cut = trip(read_drive(as_csv(rows[299:501])))
    assert without.distance_m == pytest.approx(whole.distance_m - cut.distance_m)
    assert (without.duration_s, without.gaps, without.gap_s) == (whole.duration_s, 1, 201.0)


def test_after_a_gap_positions_are_shown_again_at_once() -> None:
    rows = rows_of(twizy("T3_04_22_2021_1"))
    verdicts = [verdict for _, verdict in judged(read_drive(as_csv(rows[:300] + rows[700:])))]
    assert Verdict.JUMP not in verdicts


def test_milliseconds_of_the_car_are_those_of_the_file() -> None:
    moved = shift_to_end_at(read_drive(twizy("T3_05_31_2021")), END)
    assert {to_ms(b[1]) - to_ms(a[1]) for a, b in pairwise(moved)} == {1000}
