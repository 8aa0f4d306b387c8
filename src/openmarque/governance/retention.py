"""How long the rows of services are kept, read off their declarations. Pure. REQ GDP-2, GDP-12.

A row is kept as a whole and counts from its receipt (`RECEIVED`), so all items of a table have to be kept for the same number of days.
Items that end with something else, an account or a tenure, are not for this module.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import Table

from openmarque.catalogue.declarations import Retention, Until
from openmarque.catalogue.register import Catalogue

RECEIVED: Final = "received_at"
"""The column that says when a row came to be."""


def kept_for(catalogue: Catalogue, tables: Mapping[str, Table], owners: Mapping[str, str]) -> dict[str, timedelta]:
    """By name of each table of an installed service: for how long after its receipt a row is kept.

    Where items of one table are kept for different times a row goes with the first of them: nothing is kept for longer than declared.
    Tables with items that last until something happens are left out, and so are those of `unkept`.
    """
    return {
        name: min(retention.lasts for retention in promised)
        for name, promised in _promised(catalogue, owners).items()
        if RECEIVED in tables[name].columns and all(retention.until is Until.AGE for retention in promised)
    }


def unkept(catalogue: Catalogue, tables: Mapping[str, Table], owners: Mapping[str, str]) -> list[str]:
    """Tables of services of which the promise can't be kept: several times for one row, or no instant of receipt to count from."""
    promises = _promised(catalogue, owners).items()
    aged = {name: promised for name, promised in promises if any(r.until is Until.AGE for r in promised)}
    return sorted(name for name, promised in aged.items() if len(promised) > 1 or RECEIVED not in tables[name].columns)


def _promised(catalogue: Catalogue, owners: Mapping[str, str]) -> dict[str, set[Retention]]:
    """By table of an installed service: what is said of its items. Without the tables of which an item has no retention yet."""
    packages = {service.package for service in catalogue.services}
    found: dict[str, set[Retention | None]] = {}
    for declaration in catalogue.declarations.values():
        for item in declaration.items:
            for table in _tables_of(item.fields):
                if owners.get(table) in packages:
                    found.setdefault(table, set()).add(item.retention)
    return {table: {r for r in promised if r is not None} for table, promised in found.items() if None not in promised}


def _tables_of(fields: Iterable[str]) -> set[str]:
    return {field.partition(".")[0] for field in fields}
