"""Where installed services say that they are there: the entry points of one group, ours and others' alike."""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

SERVICE_GROUP: Final = "openmarque.services"
"""Each entry point of this group names the ``SERVICE`` in the ``declaration.py`` of a service's folder."""


@cache
def service_points() -> tuple[EntryPoint, ...]:
    """The entry points of all installed services, read once: looking through everything installed takes tens of milliseconds."""
    return tuple(entry_points(group=SERVICE_GROUP))


def service_packages() -> Mapping[str, str]:
    """The import name of each installed service's folder, by the name of its entry point; nothing is imported for it."""
    return {point.name: point.module.rpartition(".")[0] for point in service_points()}
