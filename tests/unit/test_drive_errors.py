"""A file that is no drive at all is answered with a typed error that says what was seen and what to do, never with a traceback."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.car import drive_errors
from openmarque.car.drive import LARGEST_FILE, RefusalReason, read_drive
from openmarque.car.drive_errors import (
    DriveColumnsMissing,
    DriveColumnsRepeated,
    DriveColumnsSwapped,
    DriveDatesDayFirst,
    DriveEmpty,
    DriveError,
    DriveHeaderMissing,
    DriveNotFound,
    DriveNotText,
    DriveTooLarge,
    DriveWithoutGoodRow,
)
from openmarque.kit.errors import Blame
from tests.drives import HEADER, as_csv, drawn_rows

ROWS = drawn_rows(20)


def renamed(old: str, new: str) -> list[str]:
    return [new if name == old else name for name in HEADER]


def test_a_missing_file_a_folder_and_an_impossible_path_are_not_found(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, tmp_path / "a\x00b"):
        with pytest.raises(DriveNotFound):
            read_drive(path)


def test_a_file_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "drive.csv"
    path.write_text(as_csv(ROWS), "utf-8")
    assert read_drive(path) == read_drive(as_csv(ROWS))


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(DriveTooLarge) as caught:
        read_drive(path)
    assert "50 MB" in caught.value.remedy


@pytest.mark.parametrize("content", ["", "\n\r\n  \n", "\ufeff", as_csv([])])
def test_an_empty_file_and_a_header_alone_have_no_rows(content: str) -> None:
    with pytest.raises(DriveEmpty):
        read_drive(content)


@pytest.mark.parametrize("content", [bytes(range(256)) * 40, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00\x01\xff" * 500])
def test_a_picture_is_not_a_csv_text(content: bytes) -> None:
    with pytest.raises(DriveNotText):
        read_drive(content)


def test_a_file_that_begins_with_data_lacks_its_header() -> None:
    with pytest.raises(DriveHeaderMissing) as caught:
        read_drive(as_csv(ROWS[1:], header=ROWS[0]))
    assert "Date, Time, Soc" in caught.value.remedy


@pytest.mark.parametrize("column", ["Date", "Time", "Soc", "Speed", "Mode", "LAT", "LON", "ALT"])
def test_a_missing_column_is_named(column: str) -> None:
    with pytest.raises(DriveColumnsMissing) as caught:
        read_drive(as_csv(ROWS, header=renamed(column, "Other")))
    assert f"Missing: {column}." in caught.value.message


@pytest.mark.parametrize(
    ("column", "written"), [("LAT", "Latitude"), ("LON", "lng"), ("Speed", "Sped"), ("Soc", "State of Charge")]
)
def test_a_column_under_another_name_is_suggested(column: str, written: str) -> None:
    with pytest.raises(DriveColumnsMissing) as caught:
        read_drive(as_csv(ROWS, header=renamed(column, written)))
    assert f"Perhaps '{written}' is {column}." in caught.value.remedy


def test_names_may_be_written_in_any_case_and_further_columns_may_be_absent() -> None:
    needed = [row[:8] for row in ROWS]
    assert read_drive(as_csv(needed, header=[name.upper() for name in HEADER[:8]])) == read_drive(as_csv(ROWS))


def test_a_column_named_twice_is_ambiguous() -> None:
    with pytest.raises(DriveColumnsRepeated) as caught:
        read_drive(as_csv(ROWS, header=renamed("GpsSpeed", "Speed")))
    assert "Speed" in caught.value.remedy


def test_date_and_time_exchanged_are_told_though_no_row_can_be_read() -> None:
    header = [{"Date": "Time", "Time": "Date"}.get(name, name) for name in HEADER]
    with pytest.raises(DriveColumnsSwapped) as caught:
        read_drive(as_csv(ROWS, header=header))
    assert "Date and Time" in caught.value.remedy
    with pytest.raises(DriveWithoutGoodRow) as untold:
        read_drive(as_csv(ROWS, header=header), trust_header=True)
    assert "impossible_time 20" in untold.value.message
    assert "Date: '11:13:45'" in untold.value.remedy


@pytest.mark.parametrize("form", ["{d}/{m}/{y}", "{d}.{m}.{y}", "{d}-{m}-{y}"])
@pytest.mark.parametrize("trust_header", [False, True])
def test_dates_with_the_day_first_are_told_with_how_to_write_them(form: str, trust_header: bool) -> None:
    for rows in (ROWS, drawn_rows(1200)):
        written = [[form.format(m=row[0][:2], d=row[0][3:5], y=row[0][6:]), *row[1:]] for row in rows]
        with pytest.raises(DriveDatesDayFirst) as caught:
            read_drive(as_csv(written), trust_header=trust_header)
        assert form.format(d="29", m="03", y="2021") in caught.value.message
        assert caught.value.remedy == "Write the month first, as these files do, or ISO 8601: 03/29/2021 or 2021-03-29."


def test_a_few_dates_with_the_day_first_are_bad_rows_like_others() -> None:
    rows = [["29/03/2021", *row[1:]] if i < 9 else row for i, row in enumerate(ROWS)]
    assert read_drive(as_csv(rows)).refused == {RefusalReason.IMPOSSIBLE_TIME: 9}


def test_every_drive_error_is_the_callers_has_its_own_code_and_a_cure() -> None:
    kinds = [kind for kind in vars(drive_errors).values() if isinstance(kind, type) and issubclass(kind, DriveError)]
    assert len({kind.code for kind in kinds}) == len(kinds) == 12
    for kind in kinds:
        assert kind.blame is Blame.CALLER
        assert kind.code.startswith("drive-")
        assert kind.cure or kind is DriveError


@given(st.binary(max_size=400))
def test_no_bytes_at_all_raise_anything_untyped(content: bytes) -> None:
    for body in (content, as_csv([]).encode() + content):
        try:
            drive = read_drive(body)
        except DriveError:  # anything else fails the test
            continue
        assert len(drive.samples) + sum(drive.refused.values()) - drive.withheld == drive.read
