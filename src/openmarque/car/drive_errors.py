"""What can be wrong with a recorded drive as a whole. Single rows are refused and counted instead, see `openmarque.car.drive`."""

from typing import ClassVar

from openmarque.kit.errors import CallerError


class DriveError(CallerError):
    """This recorded drive can't be replayed."""

    code: ClassVar[str] = "drive-unusable"
    http_status: ClassVar[int] = 422


class DriveNotFound(DriveError):
    """There is no readable drive file at this path."""

    code = "drive-not-found"
    cure = "Give the path of a CSV file that you may read."
    http_status = 404


class DriveTooLarge(DriveError):
    """This file is too large for a recorded drive."""

    code = "drive-too-large"
    cure = "Split the recording: a file may have at most {limit_mb} MB (some four days at one row a second)."
    http_status = 413


class DriveEmpty(DriveError):
    """This drive file has no rows."""

    code = "drive-empty"
    cure = "Export the drive again: a header line and one row a second are expected."


class DriveNotText(DriveError):
    """This file is not a CSV text."""

    code = "drive-not-text"
    cure = "Export the drive as CSV (UTF-8), not as a spreadsheet, an archive or a picture."


class DriveHeaderMissing(DriveError):
    """This drive file does not begin with a header line."""

    code = "drive-header-missing"
    cure = "Put the column names in the first line: {columns}."


class DriveColumnsMissing(DriveError):
    """This drive file lacks columns."""

    code = "drive-columns-missing"
    cure = "Add or rename: {missing}.{hint}"


class DriveColumnsRepeated(DriveError):
    """This drive file names a column twice, so it is unclear which one counts."""

    code = "drive-columns-repeated"
    cure = "Keep one column of each of: {repeated}."


class DriveColumnsSwapped(DriveError):
    """Columns of this drive file seem to be swapped."""

    code = "drive-columns-swapped"
    cure = "Check the header: {first} and {second} look exchanged. If they are right, give --trust-header."


class DriveDatesDayFirst(DriveError):
    """The dates of this drive file have the day before the month."""

    code = "drive-dates-day-first"
    cure = "Write the month first, as these files do, or ISO 8601: {right}."


class DriveWithoutGoodRow(DriveError):
    """No row of this drive file can be used."""

    code = "drive-without-good-row"
    cure = "Look at what the columns hold ({seen}) and whether the header names them rightly."


class DriveMostlyRefused(DriveError):
    """Most rows of this drive file can't be used."""

    code = "drive-mostly-refused"
    cure = "Look at what the columns hold ({seen}). If the header names them rightly, ask to trust it and take the rows that are left."
