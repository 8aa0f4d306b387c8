"""The record of proved requirements, made by real pytest runs on planted tests."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.requirements import ROOT, read_rows, standing

TABLE = "| id | requirement | from |\n|---|---|---|\n| LNK-1 | A car has a VIN. | C |\n| RC-6 | Remote commands | with pipes. | + |\n"
CONFTEST = """
import pathlib
from tools.requirements import Recorder
def pytest_configure(config):
    config.addinivalue_line("markers", "req(*ids): rows")
    config.pluginmanager.register(Recorder(config, pathlib.Path("result.json")))
"""
TESTS = """
import pytest
@pytest.mark.req("LNK-1")
def test_passes(): pass
@pytest.mark.req("LNK-1", "RC-6")
@pytest.mark.parametrize("n", [1, 2])
def test_fails_once(n): assert n == 1
@pytest.mark.req("RC-7")
def test_skipped(): pytest.skip("not here")
@pytest.fixture
def breaks(): yield; raise ValueError
@pytest.mark.req("RC-8")
def test_teardown_fails(breaks): pass
def test_names_nothing(): pass
"""


def run(folder: Path, table: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_planted.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\n")
    if table is not None:
        (folder / "REQUIREMENTS.md").write_text(table)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OPENMARQUE_SHARED": str(folder),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_run_records_how_each_named_row_ended(tmp_path):
    result = run(tmp_path, None)
    assert result.returncode == 1, result.stdout
    record = json.loads((tmp_path / "result.json").read_text())
    assert {name.partition("::")[2]: test["outcome"] for name, test in record["tests"].items()} == {
        "test_passes": "passed",
        "test_fails_once[1]": "passed",
        "test_fails_once[2]": "failed",
        "test_skipped": "skipped",
        "test_teardown_fails": "failed",
    }
    found = standing(["LNK-1", "RC-6", "RC-7", "RC-8", "RC-9"], record["tests"])
    assert {row: state for row, (state, _) in found.items()} == {
        "LNK-1": "failing",
        "RC-6": "failing",
        "RC-7": "skipped",
        "RC-8": "failing",
        "RC-9": "unproved",
    }


def test_a_row_is_proved_by_what_passed_when_nothing_failed(tmp_path):
    run(tmp_path, None, "-k", "passes")
    record = json.loads((tmp_path / "result.json").read_text())
    assert standing(["LNK-1"], record["tests"]) == {"LNK-1": ("proved", ["test_planted.py::test_passes"])}


def test_a_test_that_names_an_unknown_row_stops_the_run(tmp_path):
    result = run(tmp_path, TABLE)
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no such row in REQUIREMENTS.md" in result.stderr
    assert "test_skipped: RC-7" in result.stderr
    assert "RC-6" not in result.stderr


def test_the_table_is_read_whole(tmp_path, monkeypatch):
    (tmp_path / "REQUIREMENTS.md").write_text(TABLE)
    monkeypatch.setenv("OPENMARQUE_SHARED", str(tmp_path))
    assert read_rows() == {"LNK-1": "A car has a VIN.", "RC-6": "Remote commands | with pipes."}


def test_an_absent_table_is_said_and_does_not_stop_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENMARQUE_SHARED", str(tmp_path))
    assert read_rows() is None
