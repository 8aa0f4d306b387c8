"""Which clauses of REQUIREMENTS.md the last test run proved.

A row of the table is split into lettered clauses; ``ENR-1a`` is one of them, and the bare id is the only clause of a row that has one.
A test claims clauses: ``@pytest.mark.req("ENR-1a")`` in Python, ``[ENR-1a]`` in the name of a test or of its ``describe`` in the app.

`Recorder` is the pytest plugin (registered by ``tests/conftest.py``): it notes for each test that claims something how it ended, and
writes ``var/requirements.json`` when the run is over; with several workers each tells the one that started them. The app's tests write
``var/web-tests.json`` (``web/vitest.config.ts``). ``python -m tools.requirements`` (`make requirements`) lays both beside the table. A
clause is **proved** when a test that claims it passed and none failed, was skipped or was left out of a full run; a row is whole when
each of its clauses is proved.
"""

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
RESULT: Final = ROOT / "var" / "requirements.json"
WEB_RESULT: Final = ROOT / "var" / "web-tests.json"
_ROW: Final = re.compile(r"^\|\s*([A-Z]{2,3}-\d+)\s*\|\s*(.*?)\s*\|[^|]*\|\s*$", re.MULTILINE)
_LETTER: Final = re.compile(r"(?:^|;\s+)([a-z])\)\s")
_TAG: Final = re.compile(r"\[([A-Z]{2,3}-\d+[a-z]?)\]")
_WIDTH: Final = 96
"""Characters of a clause's text that are shown: one line on a wide terminal."""
_CLAIMS: Final = "openmarque-claims"
"""Under which a worker tells what the tests that it collected claim, and which of them were left out."""


def shared() -> Path:
    """Folder of the inputs that come with the project's brief: OPENMARQUE_SHARED, else the repository's neighbour."""
    return Path(os.environ.get("OPENMARQUE_SHARED", ROOT.parent / "shared"))


def read_rows() -> dict[str, str] | None:
    """Text by id of every row, in the table's order; None when the file is not there."""
    try:
        text = (shared() / "REQUIREMENTS.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return dict(_ROW.findall(text))


def clauses_of(row: str, text: str) -> dict[str, str]:
    """The clauses of a row, text by id: ``{"ENR-1a": …, "ENR-1b": …}``, or the row itself where nothing is lettered.

    A letter counts only where it is the next one, so that "a)" inside a clause is text.
    """
    found: dict[str, str] = {}
    start, name = 0, ""
    for match in _LETTER.finditer(text):
        if match[1] != chr(ord("a") + len(found) + bool(name)):
            continue
        if name:
            found[name] = text[start : match.start()].strip()
        name, start = row + match[1], match.end()
    if name:
        found[name] = text[start:].strip()
    return found or {row: text}


def read_clauses() -> dict[str, str] | None:
    """Text by id of every clause, in the table's order; None when the file is not there."""
    rows = read_rows()
    if rows is None:
        return None
    return {name: clause for row, text in rows.items() for name, clause in clauses_of(row, text).items()}


def row_of(clause: str) -> str:
    """The row that a clause belongs to."""
    return clause.rstrip("abcdefghijklmnopqrstuvwxyz")


def claims_of(item: pytest.Item) -> list[str]:
    """The clauses that a test says it proves, without repeats, in order."""
    return list(dict.fromkeys(str(name) for mark in item.iter_markers("req") for name in mark.args))


def unknown(claims: Mapping[str, Iterable[str]], known: Iterable[str]) -> list[str]:
    """A line for each claim (test → clauses) of a clause that the table does not have."""
    clauses = set(known)
    rows = {row_of(clause) for clause in clauses}
    return [
        f"{test}: {name}" + (" (claim its clauses by their letters)" if name in rows else "")
        for test, names in claims.items()
        for name in names
        if name not in clauses
    ]


def is_full(config: pytest.Config) -> bool:
    """Whether nothing on the command line narrowed the run."""
    narrowing = ("keyword", "markexpr", "deselect", "lf", "ignore", "ignore_glob", "stepwise")
    narrowed = any(getattr(config.option, name, None) for name in narrowing)
    return not narrowed and config.args_source is not pytest.Config.ArgsSource.ARGS


class Recorder:
    """Notes how each test that claims a clause ended; one instance for one process of a run."""

    def __init__(self, config: pytest.Config, result: Path = RESULT) -> None:
        """Write to `result`, a JSON file whose folder is made when needed; a worker of several writes none."""
        self._config = config
        self._result = result
        self._outcomes: dict[str, str] = {}
        self._claims: dict[str, list[str]] = {}
        self._left_out: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run nothing when a test claims a clause that does not exist: its proof would count for nothing."""
        self._claims = {item.nodeid: names for item in items if (names := claims_of(item))}
        if self._wrong():
            items.clear()

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """A test that is left out proves nothing."""
        self._left_out |= {item.nodeid for item in items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst of a test's three phases: a failed teardown is a failed proof."""
        before = self._outcomes.get(report.nodeid)
        if report.failed or before == "failed":
            self._outcomes[report.nodeid] = "failed"
        elif report.skipped or before == "skipped":
            self._outcomes[report.nodeid] = "skipped"
        elif report.when == "call":
            self._outcomes[report.nodeid] = "passed"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker collected. Every worker collects the same, so the last one's word is as good as any."""
        claims, left_out = getattr(node, "workeroutput", {}).get(_CLAIMS, ({}, []))
        self._claims |= claims
        self._left_out |= set(left_out)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the record, unless nothing was run (``--collect-only``); a claim of an unknown clause ends the run as a usage error."""
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_CLAIMS] = (self._claims, sorted(self._left_out))
            return
        if self._wrong():
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
            return
        if self._config.option.collectonly:
            return
        tests = {
            name: {"claims": claims, "outcome": self._outcomes.get(name, "deselected" if name in self._left_out else "not run")}
            for name, claims in sorted(self._claims.items())
        }
        record = {
            "arguments": list(self._config.invocation_params.args),
            "full": is_full(self._config),
            "exit_status": int(exitstatus),
            "tests": tests,
        }
        self._result.parent.mkdir(parents=True, exist_ok=True)
        self._result.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the claims for which nothing was run."""
        if wrong := self._wrong():
            terminalreporter.write_line("no such clause in REQUIREMENTS.md:\n  " + "\n  ".join(wrong), red=True)

    def _wrong(self) -> list[str]:
        known = read_clauses()
        return [] if known is None else unknown(self._claims, known)


@dataclass(frozen=True)
class Standing:
    """What the tests of a run say of one clause: ``proved``, ``failing``, ``broken`` (claimed by a test that did not run) or ``unproved``."""

    state: str
    tests: tuple[str, ...]


def standing(clauses: Iterable[str], tests: Mapping[str, Mapping[str, Any]], *, full: bool) -> dict[str, Standing]:
    """For each of `clauses` its state and the tests that decide it. In a run that was narrowed, a test that was left out says nothing."""
    by_clause: dict[str, dict[str, list[str]]] = {}
    for name, test in tests.items():
        for clause in test["claims"]:
            by_clause.setdefault(clause, {}).setdefault(test["outcome"], []).append(name)
    result = {}
    for clause in clauses:
        ended = by_clause.get(clause, {})
        idle = [name for outcome in ("skipped", "deselected", "not run") for name in ended.get(outcome, ())]
        if ended.get("failed"):
            result[clause] = Standing("failing", tuple(ended["failed"]))
        elif full and idle:
            result[clause] = Standing("broken", tuple(idle))
        elif ended.get("passed"):
            result[clause] = Standing("proved", tuple(ended["passed"]))
        else:
            result[clause] = Standing("unproved", ())
    return result


def web_tests(report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The app's tests that claim something, from vitest's JSON report, in the form of the record's ``tests``."""
    found: dict[str, dict[str, Any]] = {}
    for file in report["testResults"]:
        for test in file["assertionResults"]:
            name = " ".join([*test["ancestorTitles"], test["title"]])
            if claims := _TAG.findall(name):
                outcome = test["status"] if test["status"] in ("passed", "failed") else "skipped"
                found[f"web/tests/{Path(file['name']).name}: {_TAG.sub('', name).strip()}"] = {
                    "claims": claims,
                    "outcome": outcome,
                }
    return found


def main() -> int:
    """Print every clause with its state, then the rows; exit 1 for a claim that does not hold or no run to speak of, else 0."""
    if not RESULT.exists():
        print("No test run is recorded (var/requirements.json): run `make test` first.")
        return 1
    record = json.loads(RESULT.read_text(encoding="utf-8"))
    tests: dict[str, dict[str, Any]] = record["tests"]
    if WEB_RESULT.exists():
        tests |= web_tests(json.loads(WEB_RESULT.read_text(encoding="utf-8")))
    clauses = read_clauses()
    if clauses is None:
        print(f"REQUIREMENTS.md is absent (looked in {shared()}; OPENMARQUE_SHARED names another folder).")
        print("Listed are only the clauses that tests of the last run claim.\n")
        clauses = dict.fromkeys(sorted({name for test in tests.values() for name in test["claims"]}, key=_place), "")
    found = standing(clauses, tests, full=record["full"])
    for clause, stands in found.items():
        print(f"{stands.state:9} {clause:8} {_shortened(clauses[clause])}".rstrip())
        for test in _grouped(stands.tests):
            print(f"{'':18} {test}")
    print("\n" + "\n".join(_rows(found)))
    wrong = unknown({name: test["claims"] for name, test in tests.items()}, clauses)
    for line in wrong:
        print(f"no such clause: {line}")
    narrowed = "" if record["full"] else ", narrowed: what was left out is not held against it"
    counts = {
        state: sum(1 for one in found.values() if one.state == state) for state in ("proved", "failing", "broken", "unproved")
    }
    print(f"\nLast run: pytest {' '.join(record['arguments'])}{narrowed}")
    print(f"{len(clauses)} clauses: " + ", ".join(f"{count} {state}" for state, count in counts.items()))
    return 1 if counts["failing"] or counts["broken"] or wrong else 0


def _rows(found: Mapping[str, Standing]) -> list[str]:
    """The rows that are whole, and those in part with their missing letters."""
    rows: dict[str, dict[str, bool]] = {}
    for clause, stands in found.items():
        rows.setdefault(row_of(clause), {})[clause] = stands.state == "proved"
    whole = [row for row, parts in rows.items() if all(parts.values())]
    part = {row: parts for row, parts in rows.items() if any(parts.values()) and row not in whole}
    lines = [f"{len(whole)} of {len(rows)} rows whole: {' '.join(whole)}".rstrip(), f"{len(part)} rows in part, without:"]
    for row, parts in part.items():
        lines.append(f"  {row:7} {' '.join(clause.removeprefix(row) for clause, proved in parts.items() if not proved)}")
    return lines


def _place(clause: str) -> tuple[str, int, str]:
    """By area, number and letter."""
    area, _, rest = clause.partition("-")
    return area, int(row_of(rest)), rest


def _shortened(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _grouped(tests: Iterable[str]) -> list[str]:
    """Parametrised cases of one test as one line with their number."""
    cases: dict[str, int] = {}
    for test in tests:
        name = test.partition("[")[0]
        cases[name] = cases.get(name, 0) + 1
    return [name if count == 1 else f"{name} ({count} cases)" for name, count in cases.items()]


if __name__ == "__main__":
    sys.exit(main())
