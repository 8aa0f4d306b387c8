"""A service that is not in the package: for tests of everything that is generic, so that none of them names a real service.

It has settings documents of each sort (an owner's, one with places, one that only the platform sets and that stays with the car, a legal one),
a command with arguments, a wake, a message and a notice. ``PROBE`` is put beside the installed services where a catalogue is made;
``probe_installed`` has the whole program find it by its entry point while the block runs.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openmarque.kit import texts
from openmarque.kit.plugins import service_points
from tests.probe_service.declaration import SERVICE as PROBE

__all__ = ["PROBE", "probe_installed"]

_DISTRIBUTION = str(Path(__file__).parent / "installed")


@contextmanager
def probe_installed() -> Iterator[None]:
    """The probe is an installed service until the block ends. Not while a platform runs that was started without it."""
    sys.path.insert(0, _DISTRIBUTION)
    _look_again()
    try:
        yield
    finally:
        sys.path.remove(_DISTRIBUTION)
        _look_again()


def _look_again() -> None:
    """Forget what was found installed."""
    for found in (service_points, texts._installed, texts._folders):
        found.cache_clear()
