"""A drive file with bad rows: each is counted once under its reason, refused whole or for its position alone, and the rest of the drive stays what it was."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.car.drive import POSITION_REASONS, RefusalReason, read_drive, shift_to_end_at
from openmarque.car.drive_errors import DriveColumnsSwapped, DriveError, DriveMostlyRefused, DriveWithoutGoodRow
from openmarque.kit.clock import iso
from tests.drives import BEGIN, HEADER, as_csv, changed, drawn_rows, trip

ROWS = drawn_rows()
PLAIN = read_drive(as_csv(ROWS))


def test_a_clean_drive_loses_nothing() -> None:
    assert (len(PLAIN.samples), PLAIN.read, PLAIN.refused) == (120, 120, {})
    assert PLAIN.samples[0].offset_s == 0
    assert (PLAIN.samples[0].gear, PLAIN.samples[0].altitude_m) == ("D", 140.0)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("Date", "03/00/2000", RefusalReason.IMPOSSIBLE_TIME),
        ("Date", "90/02/2032", RefusalReason.IMPOSSIBLE_TIME),
        ("Date", "03/29/2000", RefusalReason.IMPOSSIBLE_TIME),
        ("Date", "", RefusalReason.IMPOSSIBLE_TIME),
        ("Time", "24:00:00", RefusalReason.IMPOSSIBLE_TIME),
        ("Time", "noon", RefusalReason.IMPOSSIBLE_TIME),
        ("Time", "11:00:00", RefusalReason.CLOCK_BACK),
        ("LAT", "0.000000", RefusalReason.ZERO_POSITION),
        ("LON", "0", RefusalReason.ZERO_POSITION),
        ("LON", "-0.0", RefusalReason.ZERO_POSITION),
        ("LAT", "48.85", RefusalReason.FAR_POSITION),
        ("LON", "6.75", RefusalReason.FAR_POSITION),
        ("LAT", "34.05", RefusalReason.FAR_POSITION),
        ("LAT", "91", RefusalReason.MALFORMED),
        ("LON", "-180.5", RefusalReason.MALFORMED),
        ("Soc", "101", RefusalReason.MALFORMED),
        ("Soc", "-0.1", RefusalReason.MALFORMED),
        ("Soc", "", RefusalReason.MALFORMED),
        ("Speed", "-1", RefusalReason.MALFORMED),
        ("Speed", "NaN", RefusalReason.MALFORMED),
        ("Speed", "inf", RefusalReason.MALFORMED),
        ("Speed", "1e400", RefusalReason.MALFORMED),
        ("Speed", "1_0", RefusalReason.MALFORMED),
        ("Speed", "٣٦", RefusalReason.MALFORMED),
        ("Speed", "65535", RefusalReason.MALFORMED),
        ("LAT", "34.0\x00", RefusalReason.MALFORMED),
        ("Weather", "Clouds,Rain", RefusalReason.MALFORMED),
    ],
)
@pytest.mark.parametrize("which", [[0], [60], [119], [0, 1, 2, 117, 118, 119], [40, 41, 42, 43]])
def test_a_bad_row_is_refused_under_its_reason_wherever_it_stands(
    column: str, value: str, reason: RefusalReason, which: list[int]
) -> None:
    drive = read_drive(as_csv(changed(ROWS, which, column, value)))
    refused = dict(drive.refused)
    if (column, value) == ("Time", "11:00:00") and 0 in which:
        # The first row of the drive can't have been set back: it is earlier than all, and begins the drive.
        assert sum(refused.values()) == len(which) - 1
        return
    assert refused == {reason: len(which)}
    kept = [s.original_time for s in drive.samples]
    if reason not in POSITION_REASONS:
        assert kept == [s.original_time for i, s in enumerate(PLAIN.samples) if i not in which]
        return
    assert kept == [s.original_time for s in PLAIN.samples]
    assert [i for i, s in enumerate(drive.samples) if s.latitude is None and s.longitude is None] == which
    assert trip(drive) == trip(PLAIN)


@pytest.mark.parametrize(
    ("column", "value"), [("ALT", ""), ("ALT", "NaN"), ("Mode", "?"), ("GpsSpeed", "x"), ("Weather", "\xe9")]
)
def test_a_row_is_good_whatever_the_columns_hold_that_nothing_depends_on(column: str, value: str) -> None:
    drive = read_drive(as_csv(changed(ROWS, [60], column, value)).encode("latin-1"))
    assert len(drive.samples) == 120
    assert trip(drive) == trip(PLAIN)


@pytest.mark.parametrize("which", [range(50, 58), range(30, 90), [*range(20), *range(100, 120)]], ids=["8", "60", "ends"])
def test_a_bad_position_with_a_good_date_leaves_distance_and_duration_as_they_were(which: Sequence[int]) -> None:
    quick_and_slow = [[*row[:3], f"{20 + i % 40}.000000", *row[4:]] for i, row in enumerate(ROWS)]
    plain = read_drive(as_csv(quick_and_slow))
    drive = read_drive(as_csv(changed(quick_and_slow, which, "LAT", "12.5")))
    assert drive.refused == {RefusalReason.FAR_POSITION: len(which)}
    assert trip(drive) == trip(plain)


def test_one_row_an_hour_ahead_costs_itself_and_not_the_hour_after_it() -> None:
    drive = read_drive(as_csv(changed(ROWS, [60], "Time", "12:30:00")))
    assert drive.refused == {RefusalReason.CLOCK_BACK: 1}
    assert trip(drive) == trip(PLAIN)


def test_a_clock_set_back_half_a_minute_refuses_the_rows_until_it_has_caught_up() -> None:
    times = [(BEGIN + timedelta(seconds=i - (30 if i >= 60 else 0))).strftime("%H:%M:%S") for i in range(120)]
    drive = read_drive(as_csv([[row[0], time, *row[2:]] for row, time in zip(ROWS, times, strict=True)]))
    assert drive.refused == {RefusalReason.CLOCK_BACK: 29, RefusalReason.DUPLICATE_TIME: 1}
    assert drive.duration_s == 89


def test_a_clock_set_back_keeps_the_rows_before_it_also_where_times_interleave() -> None:
    rows = [[row[0], f"{row[1]}.5" if i >= 60 else row[1], *row[2:]] for i, row in enumerate(ROWS)]
    times = [ROWS[i - 30][1] if i >= 60 else ROWS[i][1] for i in range(120)]
    rows = [[row[0], time + row[1][8:], *row[2:]] for row, time in zip(rows, times, strict=True)]
    drive = read_drive(as_csv(rows))
    assert drive.refused == {RefusalReason.CLOCK_BACK: 29}
    assert [s.offset_s for s in drive.samples[58:62]] == [58.0, 59.0, 59.5, 60.5]


def test_a_clock_set_back_an_hour_keeps_the_longer_part_of_the_drive() -> None:
    drive = read_drive(as_csv(changed(ROWS, range(90, 120), "Time", lambda cell: "10" + cell[2:])))
    assert drive.refused == {RefusalReason.CLOCK_BACK: 30}
    assert drive.duration_s == 89


def test_a_drive_over_midnight_and_new_year_is_one_drive() -> None:
    begin = datetime(2021, 12, 31, 23, 59, tzinfo=UTC)
    moments = [begin + timedelta(seconds=i) for i in range(120)]
    rows = [[f"{t.month}/{t.day}/{t.year}", t.strftime("%H:%M:%S"), *row[2:]] for t, row in zip(moments, ROWS, strict=True)]
    assert read_drive(as_csv(rows)).duration_s == 119


def test_iso_dates_and_fractions_of_a_second_are_read() -> None:
    rows = [["2021-03-29", f"{row[1]}.250", *row[2:]] for row in ROWS]
    assert read_drive(as_csv(rows)).samples[0].original_time.isoformat() == "2021-03-29T11:13:45.250000"


def test_a_drive_across_the_antimeridian_has_no_far_positions() -> None:
    rows = [[*row[:6], "179.9999" if i % 10 < 5 else "-179.9999", *row[7:]] for i, row in enumerate(ROWS)]
    assert read_drive(as_csv(rows)).refused == {}


def test_far_positions_do_not_become_the_middle_of_a_drive_across_the_antimeridian() -> None:
    rows = [[*row[:6], "179.9999" if i % 10 < 5 else "-179.9999", *row[7:]] for i, row in enumerate(ROWS)]
    drive = read_drive(as_csv(changed(rows, [60, 61], "LON", "10.0")))
    assert drive.refused == {RefusalReason.FAR_POSITION: 2}


def test_a_jump_within_reach_of_the_drive_leaves_its_row_good() -> None:
    assert read_drive(as_csv(changed(ROWS, [60], "LAT", "34.025"))).refused == {}


def test_wheels_that_count_a_tenth_too_little_do_not_make_the_header_doubtful() -> None:
    rows = drawn_rows(1200, hold_s=15)
    short = changed(rows, range(len(rows)), "Speed", "32.4")
    in_ethiopia = changed(
        changed(short, range(len(rows)), "LAT", lambda cell: f"{float(cell) - 27.25:.6f}"), range(len(rows)), "LON", "34"
    )
    assert len(read_drive(as_csv(in_ethiopia)).samples) == 1200


def test_more_zero_positions_than_good_ones_do_not_outvote_them() -> None:
    drive = read_drive(as_csv(changed(changed(ROWS, range(80), "LAT", "0"), range(80), "LON", "0")))
    assert drive.refused == {RefusalReason.ZERO_POSITION: 80}


def test_one_fix_is_enough_and_none_is_no_drive() -> None:
    drive = read_drive(as_csv(changed(ROWS, range(1, 120), "LAT", "0")))
    assert trip(drive) == trip(PLAIN)
    assert (drive.withheld, drive.refused) == (119, {RefusalReason.ZERO_POSITION: 119})
    with pytest.raises(DriveWithoutGoodRow, match="zero_position 120"):
        read_drive(as_csv(changed(ROWS, range(120), "LAT", "0")), trust_header=True)


def test_when_most_rows_are_malformed_the_whole_is_refused_unless_the_header_is_trusted() -> None:
    spoilt = as_csv(changed(ROWS, range(61), "Soc", "full"))
    with pytest.raises(DriveMostlyRefused) as caught:
        read_drive(spoilt)
    assert "malformed 61" in caught.value.message
    assert len(read_drive(spoilt, trust_header=True).samples) == 59


LONG = drawn_rows(1200)
"""Most of it lies behind any head that one might look at."""


@pytest.mark.parametrize("altitude", ["140.000000", "40.000000"])
@pytest.mark.parametrize("begin", [0, 300, 500])
@pytest.mark.parametrize(
    ("column", "value"),
    [("Soc", ""), ("Speed", "nan"), ("LAT", ""), ("LON", "x"), ("ALT", None)],
)
def test_bad_rows_that_begin_late_are_no_fault_of_the_header(column: str, value: str | None, begin: int, altitude: str) -> None:
    which = [i for i in range(begin, len(LONG)) if begin or i % 3]
    rows = changed(LONG, range(len(LONG)), "ALT", altitude)
    if value is None:
        rows = [row[:9] if i in set(which) else row for i, row in enumerate(rows)]
    else:
        rows = changed(rows, which, column, value)
    with pytest.raises(DriveMostlyRefused, match=f"malformed {len(which)}"):
        read_drive(as_csv(rows))
    assert len(read_drive(as_csv(rows), trust_header=True).samples) == len(LONG) - len(which)


@pytest.mark.parametrize("value", ["03/00/2000", "90/02/2032", ""])
@pytest.mark.parametrize("begin", [300, 500])
def test_impossible_dates_are_counted_however_many_they_are(value: str, begin: int) -> None:
    drive = read_drive(as_csv(changed(LONG, range(begin, len(LONG)), "Date", value)))
    assert drive.refused == {RefusalReason.IMPOSSIBLE_TIME: len(LONG) - begin}
    assert len(drive.samples) == begin


def test_possible_dates_that_lie_years_apart_are_counted_too() -> None:
    rows = [[f"03/29/{1971 + i % 40}" if i >= 300 else row[0], *row[1:]] for i, row in enumerate(LONG)]
    drive = read_drive(as_csv(rows))
    assert sum(drive.refused.values()) + len(drive.samples) == len(LONG)
    assert drive.refused[RefusalReason.IMPOSSIBLE_TIME] > len(LONG) / 2


@pytest.mark.parametrize("begin", [300, 900])
@pytest.mark.parametrize(
    "pair", [("Speed", "ALT"), ("Soc", "ALT"), ("LAT", "ALT"), ("Date", "Time"), ("Soc", "Mode")], ids="-".join
)
def test_an_exchange_is_told_also_where_some_rows_are_bad_besides(pair: tuple[str, str], begin: int) -> None:
    rows = changed(LONG, [i for i in range(begin, len(LONG)) if i % 3 == 0], "LON", "")
    header = [dict([pair, pair[::-1]]).get(name, name) for name in HEADER]
    with pytest.raises(DriveColumnsSwapped) as caught:
        read_drive(as_csv(rows, header=header))
    assert f"{pair[0]} and {pair[1]} look exchanged" in caught.value.remedy


def test_a_row_bad_in_three_ways_is_counted_once() -> None:
    rows = changed(changed(changed(ROWS, [5], "LAT", "0"), [5], "Date", "00/00/0000"), [5], "Time", "10:00:00")
    assert read_drive(as_csv(rows)).refused == {RefusalReason.IMPOSSIBLE_TIME: 1}


def test_a_quote_left_open_and_a_line_cut_short_spoil_only_themselves() -> None:
    lines = as_csv(ROWS).splitlines()
    lines[10] = lines[10].replace("Clouds", '"Clouds')
    lines[-1] = lines[-1][:60]
    assert read_drive("\n".join(lines)).refused == {RefusalReason.MALFORMED: 2}


def test_one_good_row_is_a_drive_without_length() -> None:
    drive = read_drive(as_csv(changed(ROWS, range(1, 120), "Time", "noon")))
    assert (drive.duration_s, trip(drive).distance_m, trip(drive).mean_speed_kmh) == (0, 0, 0)


def test_a_replay_needs_to_know_in_which_zone_it_ends() -> None:
    with pytest.raises(ValueError, match="time zone"):
        shift_to_end_at(PLAIN, BEGIN.replace(tzinfo=None))
    assert iso(shift_to_end_at(PLAIN, BEGIN)[0][1]) == "2021-03-29T11:11:46Z"


BREAKAGES = {
    "Date": ["03/00/2000", "90/02/2032", "", "x"],
    "Time": ["99:99:99", ""],
    "LAT": ["0", "-89.5", "nan", "1e9", ""],
    "LON": ["0.0", "150", "inf", "\N{REPLACEMENT CHARACTER}"],
    "Soc": ["-1", "200", "abc"],
    "Speed": ["-3", "9999", "NaN"],
}
breakage = st.sampled_from(sorted(BREAKAGES)).flatmap(
    lambda column: st.tuples(st.just(column), st.sampled_from(BREAKAGES[column]))
)


@given(st.dictionaries(st.integers(0, 119), breakage, max_size=50))
def test_exactly_the_broken_rows_of_a_good_drive_are_refused(broken: dict[int, tuple[str, str]]) -> None:
    rows = ROWS
    for i, (column, value) in broken.items():
        rows = changed(rows, [i], column, value)
    drive = read_drive(as_csv(rows))
    assert sum(drive.refused.values()) == len(broken)
    assert len(drive.samples) + len(broken) - drive.withheld == drive.read == 120


cell = st.one_of(
    st.sampled_from(["", "0", "nan", "-1", "34.0", "-6.75", "03/29/2021", "11:14:00", '"', ",", ";", "\x00", "\n"]),
    st.text(max_size=8),
)


@given(st.lists(st.tuples(st.integers(0, 119), st.sampled_from(HEADER), cell), max_size=40))
def test_whatever_stands_in_whatever_cell_counts_add_up_and_times_go_forward(edits: list[tuple[int, str, str]]) -> None:
    rows = ROWS
    for i, column, value in edits:
        rows = changed(rows, [i], column, value)
    try:
        drive = read_drive(as_csv(rows).encode("utf-8", "surrogatepass"))
    except DriveError:  # anything else fails the test
        return
    assert len(drive.samples) + sum(drive.refused.values()) - drive.withheld == drive.read
    offsets = [sample.offset_s for sample in drive.samples]
    assert offsets[0] == 0
    assert all(a < b for a, b in pairwise(offsets))


@given(st.permutations(range(40)))
def test_rows_in_any_order_are_a_drive_whose_times_go_forward(remote_command: list[int]) -> None:
    drive = read_drive(as_csv([ROWS[i] for i in remote_command]))
    assert len(drive.samples) + sum(drive.refused.values()) == 40
    times = [sample.original_time for sample in drive.samples]
    assert times == sorted(set(times))


def test_when_every_row_is_bad_the_error_says_why_and_what_was_seen() -> None:
    with pytest.raises(DriveWithoutGoodRow) as caught:
        read_drive(as_csv(changed(ROWS, range(120), "LAT", "139.7")))
    assert "malformed 120" in caught.value.message
    assert "LAT: 139.7 to 139.7" in caught.value.remedy
