"""What each part of the suite costs, told after a run, and the share of it that one service may take.

A service's own tests stand in ``tests/services/<name>``. They may cost `SERVICE_S` seconds where everything else costs `REST_S`, as on
the reference run (two workers on two cores that do nothing else): so the bound is a share, the same on a slow or busy machine, and thirty
services fit in the time that .ci/run has. Over it the run fails, when it was a full one.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import pytest

from tools.requirements import is_full

SERVICES: Final = "tests/services/"
SERVICE_S: Final = 10.0
REST_S: Final = 1300.0
SHARE: Final = SERVICE_S / REST_S


def part_of(nodeid: str) -> str:
    """The folder under ``tests`` that a test stands in; of a service's test, the service's folder."""
    folders = nodeid.partition("::")[0].split("/")[:-1]
    return "/".join(folders[: 3 if nodeid.startswith(SERVICES) else 2])


def over(spent: Mapping[str, float]) -> dict[str, float]:
    """The services that took more than their share (part → share of what everything but services took)."""
    rest = sum(seconds for part, seconds in spent.items() if not part.startswith(SERVICES))
    shares = {part: seconds / rest for part, seconds in spent.items() if part.startswith(SERVICES) and rest}
    return {part: share for part, share in shares.items() if share > SHARE}


class Spending:
    """The pytest plugin; with several workers the process that started them adds up."""

    def __init__(self, config: pytest.Config) -> None:
        """Nothing was spent yet."""
        self._config = config
        self._spent: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one phase of a test: what a fixture costs belongs to the test that was first to ask for it."""
        self._spent[part_of(report.nodeid)] += report.duration

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail a full run in which a service took more than its share."""
        if exitstatus == pytest.ExitCode.OK and over(self._spent) and is_full(self._config):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Tell the seconds of each part, and who took more than a service may."""
        if len(self._spent) < 2:
            return
        terminalreporter.write_sep("=", "seconds by part")
        for part, seconds in sorted(self._spent.items(), key=lambda item: -item[1]):
            terminalreporter.write_line(f"{seconds:8.1f}  {part}")
        for part, share in over(self._spent).items():
            told = f"{part} takes {share:.1%} of what all but the services take; it may take {SHARE:.1%} ({SERVICE_S:g} of {REST_S:g} s)"
            terminalreporter.write_line(told, red=True)
