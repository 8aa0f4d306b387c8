"""What every declaration has to say: how long each item is kept, and under which guarantee who processes it. REQ GDP-8, GDP-12."""

from collections.abc import Iterator

from openmarque.catalogue.declarations import Retention
from openmarque.catalogue.register import Catalogue
from openmarque.governance.check.finding import Finding
from openmarque.governance.platform import table_owners
from openmarque.governance.retention import RECEIVED, unkept
from openmarque.storage.base import import_tables


def findings(catalogue: Catalogue) -> Iterator[Finding]:
    """Items without retention, and places promised for two; the rest is refused when the catalogue is built (``catalogue.register``)."""
    yield from _without_retention(catalogue)
    yield from _with_two_retentions(catalogue)
    yield from _rows_that_can_not_go(catalogue)


def _without_retention(catalogue: Catalogue) -> Iterator[Finding]:
    for declaration in catalogue.declarations.values():
        for item in declaration.items:
            if item.retention is None:
                yield Finding(
                    "no-retention",
                    f"{declaration.name}: {item.name}",
                    "Nobody has said how long it is kept; until then the service is refused.",
                    "Set it in the declaration or in the brand pack.",
                )


def _with_two_retentions(catalogue: Catalogue) -> Iterator[Finding]:
    """Only one of two can be what is enforced, and an owner would be told both."""
    said: dict[str, dict[Retention, str]] = {}
    for declaration in catalogue.declarations.values():
        for item in declaration.items:
            if item.retention is None:
                continue
            for place in (*item.fields, *item.carried):
                said.setdefault(place, {}).setdefault(item.retention, f"{declaration.name}: {item.name}")
    for place, items in said.items():
        if len(items) > 1:
            yield Finding(
                "two-retentions",
                f"{place} ({', '.join(items.values())})",
                "It is said to be kept for two different times.",
                "Say the same in each declaration, or in the brand pack.",
            )


def _rows_that_can_not_go(catalogue: Catalogue) -> Iterator[Finding]:
    """Rows of services are deleted whole, some days after their receipt (``governance.timers``)."""
    for table in unkept(catalogue, import_tables(), table_owners()):
        yield Finding(
            "unkept-retention",
            table,
            "Its items are promised for different times, or its rows do not say when they were received.",
            f"Say the same of each item of a table, and give it a column {RECEIVED}.",
        )
