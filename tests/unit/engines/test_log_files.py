"""No line of a log file is kept longer than declared, whatever its form and whoever writes it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openmarque.domains.audit.declaration import LOG_KEPT
from openmarque.engines.log_files import DAY, LogFiles
from openmarque.engines.process import open_log
from openmarque.kit.clock import ManualClock

START = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Home:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock(START)
        self.logs = self.started()

    def started(self) -> LogFiles:
        """As another run of the keeper has them: it remembers nothing."""
        return LogFiles(self.folder, LOG_KEPT.lasts, self.clock)

    def says(self, line: str, name: str = "gate.log") -> None:
        with open_log(self.folder / name) as log:
            log.write(f"{line}\n".encode())

    def lines(self) -> set[str]:
        return {line for file in self.folder.iterdir() if ".log" in file.name for line in file.read_text("utf-8").splitlines()}

    def passes(self, time: timedelta) -> None:
        """Time passes as in a platform that runs: looked at every hour, turned over when it is due."""
        hours = time // timedelta(hours=1)
        for _ in range(hours):
            self.clock.advance(timedelta(hours=1))
            if self.logs.is_due:
                self.logs.turn_over({})
        self.clock.advance(time - hours * timedelta(hours=1))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "log")


@pytest.mark.req("GDP-2k")
def test_a_line_stays_for_a_month_but_a_day_and_not_a_moment_longer(home):
    home.logs.turn_over({})
    home.says("first")
    home.passes(LOG_KEPT.lasts - DAY)
    assert "first" in home.lines()
    home.passes(DAY)
    assert "first" not in home.lines()


def test_each_line_goes_at_its_time_and_the_newer_ones_stay(home):
    home.logs.turn_over({})
    said = []
    for day in range(70):
        home.says(f"day {day}")
        said.append((f"day {day}", home.clock.now()))
        home.passes(DAY)
        kept = {line for line, at in said if home.clock.now() - at <= LOG_KEPT.lasts - DAY}
        there = home.lines()
        assert kept <= there
        assert not {line for line, at in said if home.clock.now() - at > LOG_KEPT.lasts} & there


def test_what_an_earlier_run_wrote_goes_by_when_it_was_written_and_not_by_the_next_start(home):
    home.logs.turn_over({})
    home.says("before the platform stood still")
    home.clock.advance(timedelta(days=20))
    home.logs = home.started()
    home.logs.turn_over({})
    assert "before the platform stood still" in home.lines()
    home.passes(timedelta(days=10))
    assert "before the platform stood still" not in home.lines()


def test_a_platform_that_stood_still_for_longer_deletes_it_as_it_starts(home):
    home.logs.turn_over({})
    home.says("long ago", "postgres.log")
    home.clock.advance(LOG_KEPT.lasts + DAY)
    home.started().turn_over({})
    assert home.lines() == set()


def test_a_program_goes_on_writing_to_the_file_that_it_has_open(home):
    with open_log(home.folder / "worker.log") as log:
        log.write(b"before\n")
        log.flush()
        home.logs.turn_over({})
        log.write(b"after\n")
        log.flush()
        assert (home.folder / "worker.log").read_text() == "after\n"
    assert home.lines() == {"before", "after"}


def test_a_program_with_a_log_of_its_own_is_told_to_open_another(home):
    home.says("before", "nats.log")
    told: list[bool] = []
    home.logs.turn_over({"nats.log": lambda: told.append((home.folder / "nats.log").exists())})
    assert told == [False]
    assert home.lines() == {"before"}


def test_files_that_were_set_aside_by_size_are_turned_over_too(home):
    home.logs.turn_over({})
    home.says("much", "nats.log.2026.11.30.15.00.53.938890")
    home.passes(LOG_KEPT.lasts + DAY)
    assert home.lines() == set()


def test_turning_over_twice_within_a_second_loses_nothing(home):
    for line in ("one", "two", "three"):
        home.says(line)
        home.logs.turn_over({})
    assert home.lines() == {"one", "two", "three"}


@pytest.mark.parametrize("mark", ["", "yesterday", "20261399T000000Z", "\0"])
def test_a_mark_that_nobody_can_read_counts_as_now(home, mark):
    home.says("kept")
    (home.folder / "turned-over").write_text(mark)
    home.logs.turn_over({})
    assert home.lines() == {"kept"}
    home.passes(LOG_KEPT.lasts)
    assert home.lines() == set()


def test_a_clock_that_goes_back_makes_the_files_due_and_deletes_nothing_that_is_young(home):
    home.logs.turn_over({})
    home.says("young")
    home.clock.advance(-timedelta(days=400))
    assert home.logs.is_due
    home.logs.turn_over({})
    assert home.lines() == {"young"}
    assert not home.logs.is_due


def test_other_files_of_the_folder_are_left_alone(home):
    home.says("x")
    other = home.folder / "notes.txt"
    other.write_text("mine")
    home.logs.turn_over({})
    home.passes(timedelta(days=90))
    assert other.read_text() == "mine"


def test_a_folder_that_can_not_be_written_costs_a_line_of_the_log_and_no_start(home, monkeypatch):
    home.says("x")
    monkeypatch.setattr("openmarque.engines.log_files._copy_and_empty", _no_room)
    home.logs.turn_over({})
    assert home.lines() == {"x"}
    assert not home.logs.is_due


def _no_room(_file: Path, _aside: Path) -> None:
    raise OSError(28, "No space left on device")
