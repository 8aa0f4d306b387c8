"""Which rows of REQUIREMENTS.md the last test run proved.

`Recorder` is the pytest plugin (registered by ``tests/conftest.py``): it notes for each test that carries
``@pytest.mark.req("LNK-3")`` how it ended, and writes ``var/requirements.json`` when the run is over. ``python -m
tools.requirements`` (`make requirements`) lays that beside the table. A row is **proved** when at least one test that names it
passed and none failed; **failing** when one failed; **skipped** when all that name it were skipped; else **unproved**.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "var" / "requirements.json"
_ROW = re.compile(r"^\|\s*([A-Z]{2,3}-\d+)\s*\|\s*(.*?)\s*\|[^|]*\|\s*$", re.MULTILINE)
_WIDTH = 96
"""Characters of a row's text that are shown: one line on a wide terminal."""


def shared() -> Path:
    """Folder of the inputs that come with the project's brief: OPENMARQUE_SHARED, else the repository's neighbour."""
    return Path(os.environ.get("OPENMARQUE_SHARED", ROOT.parent / "shared"))


def read_rows() -> dict[str, str] | None:
    """Text by id of every row, in the table's command; None when the file is not there."""
    try:
        text = (shared() / "REQUIREMENTS.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return dict(_ROW.findall(text))


def requirements_of(item: pytest.Item) -> list[str]:
    """The ids that a test says it proves, without repeats, in order."""
    return list(dict.fromkeys(str(name) for mark in item.iter_markers("req") for name in mark.args))


class Recorder:
    """Notes how each test that proves a requirement ended; one instance for one run."""

    def __init__(self, config: pytest.Config, result: Path = RESULT) -> None:
        """Write to `result`, a JSON file whose folder is made when needed."""
        self._config = config
        self._result = result
        self._tests: dict[str, dict[str, Any]] = {}
        self._named: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Stop the run when a test names a row that does not exist: its proof would count for nothing."""
        known = read_rows()
        self._named = {item.nodeid: names for item in items if (names := requirements_of(item))}
        if known is None:
            return
        wrong = [f"{test}: {name}" for test, names in self._named.items() for name in names if name not in known]
        if wrong:
            raise pytest.UsageError("no such row in REQUIREMENTS.md:\n  " + "\n  ".join(wrong))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst of a test's three phases: a failed teardown is a failed proof."""
        if report.nodeid not in self._named:
            return
        before = self._tests.get(report.nodeid, {}).get("outcome")
        if report.failed or before == "failed":
            outcome = "failed"
        elif report.skipped or before == "skipped":
            outcome = "skipped"
        elif report.when == "call" or before == "passed":
            outcome = "passed"
        else:
            return
        self._tests[report.nodeid] = {"requirements": self._named[report.nodeid], "outcome": outcome}

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the record, unless nothing was run (``--collect-only``)."""
        if self._config.option.collectonly:
            return
        record = {
            "arguments": list(self._config.invocation_params.args),
            "exit_status": int(exitstatus),
            "collected": session.testscollected,
            "table_present": read_rows() is not None,
            "tests": dict(sorted(self._tests.items())),
        }
        self._result.parent.mkdir(parents=True, exist_ok=True)
        self._result.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def standing(rows: Iterable[str], tests: dict[str, dict[str, Any]]) -> dict[str, tuple[str, list[str]]]:
    """For each id in `rows`: its state (proved, failing, skipped, unproved) and the tests that decide it."""
    result = {}
    for row in rows:
        by_outcome: dict[str, list[str]] = {"failed": [], "passed": [], "skipped": []}
        for name, test in tests.items():
            if row in test["requirements"]:
                by_outcome[test["outcome"]].append(name)
        states = (("failed", "failing"), ("passed", "proved"), ("skipped", "skipped"))
        found = next(((state, by_outcome[outcome]) for outcome, state in states if by_outcome[outcome]), None)
        result[row] = found or ("unproved", [])
    return result


def main() -> int:
    """Print every row with its state; exit 1 when a row is failing or there is no run to speak of, else 0."""
    if not RESULT.exists():
        print("No test run is recorded (var/requirements.json): run `make test` first.")
        return 1
    record = json.loads(RESULT.read_text(encoding="utf-8"))
    rows = read_rows()
    if rows is None:
        print(f"REQUIREMENTS.md is absent (looked in {shared()}; OPENMARQUE_SHARED names another folder).")
        print("Listed are only the rows that tests of the last run name.\n")
        rows = dict.fromkeys(sorted({name for test in record["tests"].values() for name in test["requirements"]}), "")
    found = standing(rows, record["tests"])
    for row, (state, tests) in found.items():
        print(f"{state:9} {row:7} {_shortened(rows[row])}".rstrip())
        for test in _grouped(tests):
            print(f"{'':17} {test}")
    counts = {
        state: sum(1 for one, _ in found.values() if one == state) for state in ("proved", "failing", "skipped", "unproved")
    }
    print(f"\nLast run: pytest {' '.join(record['arguments'])} ({record['collected']} tests collected)")
    print(f"{len(rows)} rows: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    return 1 if counts["failing"] else 0


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _grouped(tests: list[str]) -> list[str]:
    """Parametrised cases of one test as one line with their number."""
    cases: dict[str, int] = {}
    for test in tests:
        name = test.partition("[")[0]
        cases[name] = cases.get(name, 0) + 1
    return [name if count == 1 else f"{name} ({count} cases)" for name, count in cases.items()]


if __name__ == "__main__":
    sys.exit(main())
