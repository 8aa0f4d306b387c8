"""Log files of a home: set aside at each start and once a day, deleted when their time is over. REQ GDP-2.

Theory of operation: every file of the folder is set aside at the same instant, as ``<name>.since-<instant before>``, and begins anew; so
the name says from when on it holds lines, whatever their form. It goes when that instant is as long ago as the log may be kept: no line is kept
longer, and some go a day earlier. Programs go on writing to the file that they have open, so it is copied and emptied (they append); a
line that is written in the microseconds between the two is lost. The broker keeps its own log: it is renamed, and the broker told to open another.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog

from openmarque.kit.clock import Clock

DAY: Final = timedelta(days=1)
_MARK: Final = "turned-over"
"""Holds the instant at which the files were set aside last."""
_FORM: Final = "%Y%m%dT%H%M%SZ"
_ASIDE: Final = re.compile(r".+\.since-(\d{8}T\d{6}Z)(?:\.\d+)?")
_log = structlog.get_logger("openmarque.engines")


class LogFiles:
    """The log files of one folder; whoever holds the home's lock turns them over."""

    def __init__(self, folder: Path, kept: timedelta, clock: Clock) -> None:
        """Keep lines of the files in `folder` for `kept`."""
        self._folder = folder
        self._kept = kept
        self._clock = clock
        self._turned_over: datetime | None = None

    @property
    def is_due(self) -> bool:
        """Whether a day has passed since the files were set aside, or the clock has gone back."""
        last = self._turned_over
        return last is None or not timedelta(0) <= self._clock.now() - last < DAY

    def turn_over(self, reopen: Mapping[str, Callable[[], None]]) -> None:
        """Set every file aside and delete what is too old. `reopen` tells the writers of files, by name, to open theirs again.

        What can't be done (no room, no right) is logged and tried again the next day.
        """
        now = self._clock.now()
        self._turned_over = now
        try:
            self._set_aside(now, reopen)
            self._delete(now)
        except OSError as error:
            _log.warning("logs_not_turned_over", error=type(error).__name__, detail=error.strerror or "")

    def _set_aside(self, now: datetime, reopen: Mapping[str, Callable[[], None]]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        since = self._since(now)
        for file in list(self._active()):
            aside = _free(file.with_name(f"{file.name}.since-{since.strftime(_FORM)}"))
            if file.name in reopen:
                file.rename(aside)
                reopen[file.name]()
            else:
                _copy_and_empty(file, aside)
        (self._folder / _MARK).write_text(now.astimezone(UTC).strftime(_FORM), "ascii")

    def _since(self, now: datetime) -> datetime:
        try:
            return min(now, _read((self._folder / _MARK).read_text("ascii")))
        except (OSError, ValueError):
            return now

    def _delete(self, now: datetime) -> None:
        for file in self._folder.iterdir():
            aside = _ASIDE.fullmatch(file.name)
            if aside and _read(aside[1]) + self._kept <= now:
                file.unlink(missing_ok=True)

    def _active(self) -> Iterator[Path]:
        """Files that may hold lines and are written to, or were; those that the broker set aside by size too."""
        for file in sorted(self._folder.iterdir()):
            if ".log" in file.name and not _ASIDE.fullmatch(file.name) and file.is_file() and file.stat().st_size:
                yield file


def _read(instant: str) -> datetime:
    return datetime.strptime(instant, _FORM).replace(tzinfo=UTC)


def _free(path: Path) -> Path:
    """`path`, or with a number behind it where it is taken: the files were turned over twice in one second."""
    number = 0
    while (found := path if not number else path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return found


def _copy_and_empty(file: Path, aside: Path) -> None:
    """Copy until nothing is left to copy, then empty the file; it stays the same one for whoever writes to it."""
    with file.open("r+b") as lines, os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as kept:
        while True:
            shutil.copyfileobj(lines, kept)
            if os.fstat(lines.fileno()).st_size == lines.tell():
                lines.truncate(0)
                return
