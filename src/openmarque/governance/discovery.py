"""Finds the cloud half of each installed service by the names of its files. See ``docs/howto/write-a-service.md``."""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

from openmarque.catalogue.declarations import Service
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import Handler


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
