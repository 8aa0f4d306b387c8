"""Recorded drives, the whole way: car, mutual TLS, gate, worker, PostgreSQL, and a watcher who sees what an owner would. Two of the seven;
in `make prove`, all.

They run at once, each with a car of its own, on one throwaway platform.
"""

import csv
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from openmarque.car.drive import Drive, read_drive
from openmarque.car.replay import ReplayReport
from openmarque.cli import trying
from openmarque.cli.operating import run
from openmarque.kit.geo import bounding_box
from tests.conftest import BUDGET
from tests.drives import TRUTHS, Truth, as_csv, drawn_rows, twizy

SOUTH, WEST, NORTH, EAST = 33.0, -8.0, 35.0, -6.0
DRIVEN = BUDGET.of([truth for truth in TRUTHS if truth.good < 2_000][:2], list(TRUTHS))
"""The shortest ones: each row goes the whole way."""


@dataclass(frozen=True)
class Outcome:
    """A drive as it was read, what became of it, and the places that the watcher saw."""

    drive: Drive
    told: dict[str, Any]
    shown: set[tuple[float, float]]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    drives = [read_drive(twizy(truth.name)) for truth in DRIVEN]
    seen: dict[int, set[tuple[float, float]]] = {}
    describe = trying.describe

    def describe_and_note(report: ReplayReport, state: Mapping[str, Mapping[str, Any]], shown: trying.Shown) -> dict[str, Any]:
        answer = describe(report, state, shown)
        seen[id(answer)] = set(shown.positions)
        return answer

    with pytest.MonkeyPatch.context() as patch:  # the answer for scripts counts the places and does not list them
        patch.setattr(trying, "describe", describe_and_note)
        told = run(trying.try_replays(drives, 0.0, lambda _done, _total: None))
    return {t.name: Outcome(drive, answer, seen[id(answer)]) for t, drive, answer in zip(DRIVEN, drives, told, strict=True)}


@pytest.fixture(params=DRIVEN, ids=lambda truth: truth.name)
def truth(request: pytest.FixtureRequest) -> Truth:
    chosen: Truth = request.param
    return chosen


@pytest.mark.req("TRP-1a", "TRP-1d")
@pytest.mark.timeout(400)
def test_a_recorded_drive_becomes_one_trip_with_its_true_figures(outcomes: dict[str, Outcome], truth: Truth) -> None:
    trip = outcomes[truth.name].told["state"]["trips"]["newest"]
    assert trip["distance_m"] == pytest.approx(truth.distance_km * 1000, rel=0.005)
    assert trip["duration_s"] == pytest.approx(truth.duration_s, abs=2)
    assert (trip["soc_start_percent"], trip["soc_end_percent"]) == (truth.soc_start, truth.soc_end)
    assert trip["mean_speed_kmh"] == pytest.approx(trip["distance_m"] / trip["duration_s"] * 3.6, abs=0.05)


def test_times_are_moved_to_end_now_and_the_original_ones_are_told(outcomes: dict[str, Outcome], truth: Truth) -> None:
    outcome = outcomes[truth.name]
    trip = outcome.told["state"]["trips"]["newest"]
    assert datetime.fromisoformat(outcome.told["original_started_at"]) == outcome.drive.samples[0].original_time
    started, ended = (datetime.fromisoformat(trip[name]) for name in ("started_at", "ended_at"))
    assert ended - started == timedelta(seconds=outcome.drive.duration_s)
    received = datetime.fromisoformat(outcome.told["state"]["status"]["Vehicle.Speed"]["received_at"])
    assert timedelta(0) <= received - ended < timedelta(minutes=5)


def test_at_least_nine_in_ten_true_positions_are_shown_and_each_is_one_of_the_file(
    outcomes: dict[str, Outcome], truth: Truth
) -> None:
    told, shown = outcomes[truth.name].told["positions"], outcomes[truth.name].shown
    with twizy(truth.name).open(encoding="utf-8") as file:
        source = {(float(row["LAT"]), float(row["LON"])) for row in csv.DictReader(file)}
    plausible = {(lat, lon) for lat, lon in source if SOUTH <= lat <= NORTH and WEST <= lon <= EAST}
    assert shown <= plausible
    assert len(shown) >= 0.9 * len(plausible)
    assert told["shown"] >= len(shown)  # a place that is visited again is shown again
    assert tuple(told["bbox"]) == bounding_box(shown)
    newest = outcomes[truth.name].told["state"]["status"]
    place = (newest["Vehicle.CurrentLocation.Latitude"]["value"], newest["Vehicle.CurrentLocation.Longitude"]["value"])
    assert place in plausible


@pytest.mark.req("LNK-3a")
def test_everything_sent_was_acknowledged_and_every_row_is_accounted_for(outcomes: dict[str, Outcome], truth: Truth) -> None:
    told = outcomes[truth.name].told
    assert told["messages"]["sent"] == told["messages"]["acknowledged"] > 0
    assert told["messages"]["refused"] == {}
    assert told["rows"]["read"] == truth.good + truth.bad
    assert sum(told["rows"]["refused"].values()) == truth.bad


@pytest.mark.timeout(200)
def test_the_command_prints_one_json_object_for_scripts(tmp_path: Path) -> None:
    drive = tmp_path / "drive.csv"
    drive.write_text(as_csv(drawn_rows(120)))
    command = [sys.executable, "-m", "openmarque.cli.main", "car", "replay", str(drive), "--try", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) >= {"rows", "messages", "positions", "started_at", "original_started_at", "state"}
    assert set(told["positions"]) >= {"shown", "bbox"}
    assert told["state"]["trips"]["newest"]["distance_m"] > 0
    assert told["state"]["level"]["level"] == "position"
