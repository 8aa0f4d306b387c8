"""The seven recorded drives become the trips that the data's README computed from them, and nothing absurd is shown of them."""

import csv
import re
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from openmarque.car.drive import Drive, RefusalReason, read_drive, shift_to_end_at
from openmarque.car.drive_errors import DriveColumnsSwapped, DriveMostlyRefused
from openmarque.kit.clock import to_ms
from openmarque.kit.geo import bounding_box
from openmarque.services.status.rules import Verdict
from openmarque.services.trips.rules import is_shown
from tests.drives import END, HEADER, TRUTHS, Cells, Truth, as_csv, changed, judged, rows_of, trip, twizy

each_drive = pytest.mark.parametrize("truth", TRUTHS, ids=lambda truth: truth.name)


@pytest.mark.req("TRP-1d")
@each_drive
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
def test_positions_shown_are_fixes_of_the_file_around_rabat_and_nearly_all_of_them(truth: Truth) -> None:
    path = twizy(truth.name)
    drive = read_drive(path)
    new = [
        (sample.latitude, sample.longitude)
        for sample, verdict in judged(drive)
        if verdict is Verdict.NEW and sample.latitude is not None and sample.longitude is not None
    ]
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


NEEDED = HEADER[:8]


def under_exchanged_names(rows: list[Cells], first: str, second: str) -> str:
    return as_csv(rows, header=[{first: second, second: first}.get(name, name) for name in HEADER])


@pytest.mark.parametrize("name", ["T3_05_31_2021", "T3_04_22_2021_1"])
@pytest.mark.parametrize("pair", list(combinations(NEEDED, 2)), ids="-".join)
def test_two_exchanged_names_are_told_for_a_whole_file_and_its_first_minute_five_and_ten(
    name: str, pair: tuple[str, str]
) -> None:
    rows = rows_of(twizy(name))
    for count in (60, 300, 600, len(rows)):
        with pytest.raises(DriveColumnsSwapped) as caught:
            read_drive(under_exchanged_names(rows[:count], *pair))
        assert set(pair) <= set(re.findall(r"\w+", caught.value.remedy))


@each_drive
def test_exchanged_columns_are_told_also_in_a_file_of_another_column_order(truth: Truth) -> None:
    backwards = [row[::-1] for row in rows_of(twizy(truth.name))]
    for pair in (("LAT", "LON"), ("Soc", "Speed"), ("Speed", "ALT"), ("Soc", "ALT"), ("LAT", "ALT"), ("LON", "ALT")):
        header = [dict([pair, pair[::-1]]).get(name, name) for name in HEADER[::-1]]
        with pytest.raises(DriveColumnsSwapped):
            read_drive(as_csv(backwards, header=header))
    header = [{"LAT": "LON", "LON": "LAT"}.get(name, name) for name in HEADER[::-1]]
    assert read_drive(as_csv(backwards, header=header), trust_header=True).samples


@each_drive
@pytest.mark.parametrize("count", [60, 300, 600])
def test_no_piece_of_a_true_drive_is_taken_for_exchanged(truth: Truth, count: int) -> None:
    rows = rows_of(twizy(truth.name))
    for begin in range(0, len(rows) - count + 1, count):
        assert read_drive(as_csv(rows[begin : begin + count])).samples


@each_drive
@pytest.mark.parametrize(("column", "value"), [("Soc", ""), ("Soc", "255"), ("Speed", "65535"), ("LAT", ""), ("LON", "nan")])
def test_a_true_drive_whose_later_rows_are_spoilt_is_not_taken_for_exchanged(truth: Truth, column: str, value: str) -> None:
    rows = rows_of(twizy(truth.name))
    for begin in (300, 400):
        with pytest.raises(DriveMostlyRefused):
            read_drive(as_csv(changed(rows, range(begin, len(rows)), column, value)))


def test_latitude_and_longitude_may_stand_in_either_order() -> None:
    rows = [[*row[:5], row[6], row[5], *row[7:]] for row in rows_of(twizy("T3_05_25_2021_1"))]
    header = [{"LAT": "LON", "LON": "LAT"}.get(name, name) for name in HEADER]
    assert read_drive(as_csv(rows, header=header)) == read_drive(twizy("T3_05_25_2021_1"))


def test_bad_positions_in_the_middle_and_at_both_ends_cost_their_places_and_nothing_else() -> None:
    truth = next(truth for truth in TRUTHS if truth.name == "T3_05_25_2021_1")
    rows = rows_of(twizy(truth.name))
    which = [*range(5), *range(400, 460), *range(len(rows) - 5, len(rows))]
    drive = read_drive(as_csv(changed(changed(rows, which, "LAT", "0.000000"), which, "LON", "0.000000")))
    assert drive.refused == {RefusalReason.ZERO_POSITION: 70}
    summary = trip(drive)
    assert summary.distance_m / 1000 == pytest.approx(truth.distance_km, rel=0.005)
    assert summary.duration_s == pytest.approx(truth.duration_s, abs=2)
    assert (summary.soc_start, summary.soc_end) == (truth.soc_start, truth.soc_end)
    shown = {(s.latitude, s.longitude) for s, verdict in judged(drive) if verdict is Verdict.NEW}
    assert shown <= source_fixes(twizy(truth.name))
    assert len(shown) >= 0.9 * len({(row[5], row[6]) for i, row in enumerate(rows) if i not in which})


def test_a_clock_set_back_in_a_real_drive_costs_the_rows_until_it_has_caught_up() -> None:
    rows = rows_of(twizy("T3_05_25_2021_1"))
    begin = datetime.strptime(rows[0][1], "%H:%M:%S")  # noqa: DTZ007 - naive
    late = [*range(500), *range(460, len(rows) - 40)]  # from row 500 on the clock is 40 s behind
    times = [(begin + timedelta(seconds=second)).strftime("%H:%M:%S") for second in late]
    drive = read_drive(as_csv([[row[0], time, *row[2:]] for row, time in zip(rows, times, strict=True)]))
    assert drive.refused == {RefusalReason.CLOCK_BACK: 39, RefusalReason.DUPLICATE_TIME: 1}
    speeds = [float(row[3]) for row in rows[:500] + rows[540:]]
    assert trip(drive).distance_m == pytest.approx(sum((a + b) / 2 / 3.6 for a, b in pairwise(speeds)), rel=1e-6)
    assert trip(drive).duration_s == len(speeds) - 1


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
