"""What holds for every test: the budget, sockets off in pure tests, and the record of proved requirements."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tools.distribution import Distribution
from tools.requirements import ROOT, Recorder, shared
from tools.spending import Spending

_T = TypeVar("_T")
_PURE = (ROOT / "tests" / "unit", ROOT / "tests" / "services", ROOT / "tests" / "lints")
"""Folders whose tests open no network socket (an event loop's own socket pair is a Unix one and stays)."""


@dataclass(frozen=True)
class Budget:
    """How much a run may spend: small in `make test` (minutes), large in `make prove` (hours)."""

    large: bool

    def of(self, small: _T, large: _T) -> _T:
        """The value for this run's budget, for example a number of seeds."""
        return large if self.large else small


BUDGET = Budget(large=os.environ.get("OPENMARQUE_BUDGET", "small") == "large")

# A small run draws the same examples each time, so that it fails for a change and never by chance; a large run searches.
settings.register_profile("small", max_examples=60, derandomize=True, deadline=None, print_blob=True)
settings.register_profile(
    "large", max_examples=3000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(BUDGET.of("small", "large"))


def pytest_configure(config: pytest.Config) -> None:
    """Record which clauses the run proves; share the tests between workers; add up what they cost."""
    config.pluginmanager.register(Recorder(config), "openmarque-requirements")
    config.pluginmanager.register(Distribution(), "openmarque-distribution")
    config.pluginmanager.register(Spending(config), "openmarque-spending")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Turn network sockets off in the folders of pure tests."""
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in _PURE):
            item.add_marker(pytest.mark.disable_socket)


@pytest.fixture(scope="session")
def budget() -> Budget:
    """The budget of this run."""
    return BUDGET


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the drives, maps and lists that come beside the repository; skips, and says so, when absent."""
    folder = shared() / "data"
    if not folder.is_dir():
        pytest.skip(f"no data beside the repository (looked for {folder}; OPENMARQUE_SHARED names another place)")
    return folder
