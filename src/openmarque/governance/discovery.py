"""Finds the cloud half of each installed service by the names of its files. See ``docs/howto/write-a-service.md``."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from openmarque.catalogue.declarations import Service
from openmarque.governance.platform import platform_packages
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import Handler
from openmarque.storage.timers import TimerHandler


def service_handlers(services: Iterable[Service], live: LiveUpdates) -> list[Handler]:
    """The handlers of all `services`: what ``handlers(live)`` in each one's ``service.py`` gives, where it has that function."""
    found: list[Handler] = []
    for service in services:
        if find_spec(f"{service.package}.service") is None:
            continue
        module = import_module(f"{service.package}.service")
        if hasattr(module, "handlers"):
            found += module.handlers(live)
    return found


def timer_handlers(services: Iterable[Service], parts: object) -> dict[str, TimerHandler]:
    """The handlers of timers by kind: what ``timer_handlers(parts)`` in ``timers.py`` gives: the engine's own, each domain's and service's.

    `parts` is the wired platform; each module says in a protocol of its own what it needs of it. ``ValueError`` when two have the same.
    """
    found: dict[str, TimerHandler] = {}
    for module in _timer_modules(services):
        for kind, handler in module.timer_handlers(parts).items():
            if kind in found:
                raise ValueError(f"two kinds of timer are called {kind!r}")
            found[kind] = handler
    return found


def recurring_timers(services: Iterable[Service]) -> dict[str, timedelta]:
    """The kinds of timer that recur, and after what time: the mapping ``EVERY`` of each ``timers.py`` that has one."""
    return {kind: every for module in _timer_modules(services) for kind, every in getattr(module, "EVERY", {}).items()}


def _timer_modules(services: Iterable[Service]) -> Iterator[ModuleType]:
    for package in ("openmarque.governance", *platform_packages(), *(service.package for service in services)):
        # Storage's own module of this name is where timers are kept.
        if package != "openmarque.storage" and find_spec(f"{package}.timers") is not None:
            yield import_module(f"{package}.timers")
