"""The record of proved clauses, made by real pytest runs on planted tests."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tools import requirements
from tools.requirements import ROOT, clauses_of, read_clauses, read_rows, standing, unknown, web_tests

HEAD = "| id | requirement | from |\n|---|---|---|\n"
TABLE = (
    HEAD + "| LNK-1 | A car has a VIN. | C |\n| RC-6 | a) Remote commands; b) with pipes | and ends; c) once (+). | + |\n"
    "| RC-7 | a) One; b) two. | G |\n| RC-8 | a) Three; b) four. | G |\n"
)
CONFTEST = """
import pathlib
from tools.requirements import Recorder
def pytest_configure(config):
    config.addinivalue_line("markers", "req(*ids): clauses")
    config.pluginmanager.register(Recorder(config, pathlib.Path("result.json")))
"""
TESTS = """
import pytest
@pytest.mark.req("LNK-1")
def test_passes(): pass
@pytest.mark.req("LNK-1", "RC-6a")
@pytest.mark.parametrize("n", [1, 2])
def test_fails_once(n): assert n == 1
@pytest.mark.req("RC-7b")
def test_skipped(): pytest.skip("not here")
@pytest.fixture
def breaks(): yield; raise ValueError
@pytest.mark.req("RC-8b")
def test_teardown_fails(breaks): pass
def test_names_nothing(): pass
"""
PLUGINS = ["-p", "xdist"]
WORKERS = [[], ["-n", "2", "--dist", "loadfile"]]


def run(
    folder: Path, table: str | None, *arguments: str, tests: str = TESTS, conftest: str = CONFTEST
) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_planted.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\n")
    if table is not None:
        (folder / "REQUIREMENTS.md").write_text(table)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OPENMARQUE_SHARED": str(folder),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *PLUGINS, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def record_of(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return record


def states(folder: Path, *clauses: str) -> dict[str, str]:
    record = record_of(folder)
    return {clause: one.state for clause, one in standing(clauses, record["tests"], full=record["full"]).items()}


@pytest.mark.parametrize("workers", WORKERS)
def test_a_run_records_how_each_test_that_claims_a_clause_ended(tmp_path, workers):
    result = run(tmp_path, None, *workers)
    assert result.returncode == 1, result.stdout
    record = record_of(tmp_path)
    assert {name.partition("::")[2]: test["outcome"] for name, test in record["tests"].items()} == {
        "test_passes": "passed",
        "test_fails_once[1]": "passed",
        "test_fails_once[2]": "failed",
        "test_skipped": "skipped",
        "test_teardown_fails": "failed",
    }
    assert record["full"]
    assert states(tmp_path, "LNK-1", "RC-6a", "RC-7b", "RC-8b", "RC-9") == {
        "LNK-1": "failing",
        "RC-6a": "failing",
        "RC-7b": "broken",
        "RC-8b": "failing",
        "RC-9": "unproved",
    }


@pytest.mark.parametrize("workers", WORKERS)
def test_what_a_narrowed_run_leaves_out_is_not_held_against_it(tmp_path, workers):
    run(tmp_path, None, *workers, "-k", "passes or skipped")
    assert record_of(tmp_path)["tests"]["test_planted.py::test_teardown_fails"]["outcome"] == "deselected"
    assert states(tmp_path, "LNK-1", "RC-7b", "RC-8b") == {"LNK-1": "proved", "RC-7b": "unproved", "RC-8b": "unproved"}


def test_in_a_full_run_a_test_that_was_left_out_breaks_its_claims(tmp_path):
    deselecting = CONFTEST + (
        "\ndef pytest_collection_modifyitems(config, items):\n"
        "    config.hook.pytest_deselected(items=[items.pop(0)])\n"
        "    items[:] = [item for item in items if item.name == 'test_names_nothing']\n"
    )
    result = run(tmp_path, None, conftest=deselecting)
    assert result.returncode == 0, result.stdout
    assert states(tmp_path, "LNK-1") == {"LNK-1": "broken"}


@pytest.mark.parametrize("workers", WORKERS)
def test_a_test_that_claims_an_unknown_clause_stops_the_run(tmp_path, workers):
    tests = TESTS.replace("RC-7b", "RC-7").replace("RC-8b", "RC-8z")
    result = run(tmp_path, TABLE, *workers, tests=tests)
    said = result.stderr + result.stdout
    assert result.returncode != 0
    assert "no such clause in REQUIREMENTS.md" in said
    assert "test_skipped: RC-7 (claim its clauses by their letters)" in said
    assert "test_teardown_fails: RC-8z" in said
    assert "RC-6a" not in said
    assert not (tmp_path / "result.json").exists() or record_of(tmp_path)["exit_status"] != 0


def test_a_row_is_split_at_its_letters_and_nowhere_else():
    assert clauses_of("ENR-1", "One.") == {"ENR-1": "One."}
    assert clauses_of("ENR-1", "a) One (a) and (b); b) two; and c) too; c) three") == {
        "ENR-1a": "One (a) and (b)",
        "ENR-1b": "two; and c) too",
        "ENR-1c": "three",
    }


def test_the_table_is_read_whole(tmp_path, monkeypatch):
    (tmp_path / "REQUIREMENTS.md").write_text(TABLE)
    monkeypatch.setenv("OPENMARQUE_SHARED", str(tmp_path))
    assert list(read_rows() or {}) == ["LNK-1", "RC-6", "RC-7", "RC-8"]
    assert read_clauses() == {
        "LNK-1": "A car has a VIN.",
        "RC-6a": "Remote commands",
        "RC-6b": "with pipes | and ends",
        "RC-6c": "once (+).",
        "RC-7a": "One",
        "RC-7b": "two.",
        "RC-8a": "Three",
        "RC-8b": "four.",
    }


def test_an_absent_table_is_said_and_does_not_stop_the_run(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENMARQUE_SHARED", str(tmp_path))
    assert read_clauses() is None


def test_a_web_test_claims_by_a_tag_in_its_name_or_in_that_of_its_group():
    def test(title: str, status: str) -> dict[str, Any]:
        return {"ancestorTitles": ["a car at a glance [RC-6a]"], "title": title, "status": status}

    report = {
        "testResults": [
            {
                "name": "/x/web/tests/a.test.ts",
                "assertionResults": [test("is locked [RC-7a]", "passed"), test("is old", "pending")],
            },
            {"name": "b.test.ts", "assertionResults": [{"ancestorTitles": [], "title": "claims nothing", "status": "passed"}]},
        ]
    }
    assert web_tests(report) == {
        "web/tests/a.test.ts: a car at a glance  is locked": {"claims": ["RC-6a", "RC-7a"], "outcome": "passed"},
        "web/tests/a.test.ts: a car at a glance  is old": {"claims": ["RC-6a"], "outcome": "skipped"},
    }


def test_rows_are_told_whole_or_with_their_missing_letters_and_a_bad_claim_fails(tmp_path, monkeypatch, capsys):
    (tmp_path / "REQUIREMENTS.md").write_text(TABLE)
    monkeypatch.setenv("OPENMARQUE_SHARED", str(tmp_path))
    monkeypatch.setattr(requirements, "RESULT", tmp_path / "result.json")
    monkeypatch.setattr(requirements, "WEB_RESULT", tmp_path / "web.json")
    assert requirements.main() == 1, "there is no run"
    record = {
        "arguments": [],
        "full": True,
        "exit_status": 0,
        "tests": {
            "t::vin": {"claims": ["LNK-1"], "outcome": "passed"},
            "t::c[1]": {"claims": ["RC-6a", "RC-6c"], "outcome": "passed"},
        },
    }
    (tmp_path / "result.json").write_text(json.dumps(record))
    assert requirements.main() == 0
    told = capsys.readouterr().out
    assert "1 of 4 rows whole: LNK-1\n1 rows in part, without:\n  RC-6    b\n" in told
    assert "8 clauses: 3 proved, 0 failing, 0 broken, 5 unproved" in told
    web = {
        "testResults": [{"name": "a.ts", "assertionResults": [{"ancestorTitles": [], "title": "x [RC-9]", "status": "passed"}]}]
    }
    (tmp_path / "web.json").write_text(json.dumps(web))
    assert requirements.main() == 1
    assert "no such clause: web/tests/a.ts: x: RC-9" in capsys.readouterr().out
    assert unknown({"t": ["RC-6"]}, ["RC-6a"]) == ["t: RC-6 (claim its clauses by their letters)"]
