"""How two workers of pytest-xdist share the tests: by file, or by what the files share.

The tests of a folder that starts something large once (engines, a whole platform, a browser) are one unit of work, so that it is started
once and not by each worker. Every other file is a unit of its own. Units that take long come first, in the order of `LONG`; what is
short fills up both workers at the end.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDERS: Final = {"tests/e2e/": "e2e", "tests/integration/api/": "api", "tests/integration/": "engines"}
"""Folders whose ``conftest.py`` starts something once; the first that fits counts."""
_ON_THE_PLATFORM: Final = re.compile(r"\b(?:new_car|hostile|innocent)\b")
"""Fixtures of tests/acceptance/conftest.py behind which the running platform stands."""
LONG: Final = ("e2e", "platform", "api", "engines", "tests/acceptance/")


@cache
def unit_of(path: str) -> str:
    """The unit that a test file, named from the root, belongs to."""
    for folder, unit in FOLDERS.items():
        if path.startswith(folder):
            return unit
    if path.startswith("tests/acceptance/") and _ON_THE_PLATFORM.search((ROOT / path).read_text("utf-8")):
        return "platform"
    return path


def rank(path: str) -> int:
    """Where a file's unit stands in the sequence; equal ones stay as they were collected."""
    unit = unit_of(path)
    return next((number for number, name in enumerate(LONG) if unit.startswith(name)), len(LONG))


class Units(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Hands a worker the next unit when it is nearly through with the one it has."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid.partition("::")[0])


class Distribution:
    """The pytest plugin; it acts only where there are several workers."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Put what takes long first: units are handed out in the sequence in which they were collected."""
        if hasattr(config, "workerinput"):
            items.sort(key=lambda item: rank(item.nodeid.partition("::")[0]))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Units:
        """Schedule by `unit_of`."""
        config.option.loadscopereorder = False
        return Units(config, log)
