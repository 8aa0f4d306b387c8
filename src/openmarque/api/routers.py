"""Finds the routes of every domain and installed service by the names of its files, as ``governance.discovery`` finds handlers.

A ``routes.py`` gives ``router()``, an ``APIRouter`` whose paths begin below ``/api/v1``, and may give ``live_sources()``: the parts
of a car's state that it tells on event streams, by name.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType

from fastapi import APIRouter

from openmarque.catalogue.declarations import Service
from openmarque.http.events import Source


def route_modules(services: Iterable[Service]) -> Iterator[ModuleType]:
    """Every ``routes`` module: the domains', then the services', each in order of name."""
    domains = find_spec("openmarque.domains")
    assert domains is not None
    names = sorted(f"openmarque.domains.{module.name}" for module in iter_modules(domains.submodule_search_locations))
    for package in (*names, *(service.package for service in services)):
        if find_spec(f"{package}.routes") is not None:
            yield import_module(f"{package}.routes")


def routers(modules: Iterable[ModuleType]) -> list[APIRouter]:
    """The routers of `modules`."""
    return [module.router() for module in modules]


def live_sources(modules: Iterable[ModuleType]) -> dict[str, Source]:
    """The parts that `modules` tell on event streams, by name; ``ValueError`` when two have the same."""
    sources: dict[str, Source] = {}
    for module in modules:
        if hasattr(module, "live_sources"):
            for kind, source in module.live_sources().items():
                if kind in sources or kind in {"snapshot", "end"}:
                    raise ValueError(f"two parts of the event stream are called {kind!r}")
                sources[kind] = source
    return sources
