"""For how long rows of services are kept: read off the declarations. Pure; PostgreSQL is asked elsewhere."""

from datetime import timedelta

import pytest
from sqlalchemy import Column, MetaData, Table, Text

from openmarque.brands.pack import load_pack
from openmarque.catalogue.declarations import (
    DAYS_30,
    LIFE_OF_TENURE,
    MONTHS_2,
    MONTHS_12,
    Declaration,
    Item,
    LegalBasis,
    Retention,
    Service,
    Until,
)
from openmarque.catalogue.register import Catalogue
from openmarque.governance.platform import installed_catalogue, table_owners
from openmarque.governance.retention import kept_for, unkept
from openmarque.storage.base import import_tables
from openmarque.storage.events import EVENTS

OWNERS = {"note": "notes", "somebody_elses": "other"}


def kept(received: str, *promised: Retention | None, table: str = "note") -> tuple[dict[str, timedelta], list[str]]:
    """What comes of a table with a column `received` and one more for each retention."""
    columns = [received, *(f"text_{number}" for number in range(len(promised)))]
    made = Table(table, MetaData(), *(Column(name, Text) for name in columns))
    items = [Item(f"item {n}", retention, fields=(f"{table}.text_{n}",)) for n, retention in enumerate(promised)]
    declaration = Declaration("notes", 1, LegalBasis.CONTRACT, tuple(items))
    catalogue = Catalogue([Service("notes", "notes", (declaration,))])
    return kept_for(catalogue, {table: made}, OWNERS), unkept(catalogue, {table: made}, OWNERS)


@pytest.mark.parametrize(
    ("received", "promised", "days", "is_promise_kept"),
    [
        ("received_at", [MONTHS_2, MONTHS_2], 61, True),
        ("received_at", [MONTHS_12, DAYS_30], 30, False),
        ("received_at", [LIFE_OF_TENURE], None, True),
        ("received_at", [MONTHS_2, LIFE_OF_TENURE], None, False),
        ("at", [MONTHS_2], None, False),
        ("received_at", [MONTHS_2, None], None, True),
    ],
)
def test_a_row_goes_with_the_first_of_its_items_and_a_promise_that_nobody_keeps_is_found(
    received, promised, days, is_promise_kept
):
    swept, found = kept(received, *promised)
    assert swept == ({} if days is None else {"note": timedelta(days=days)})
    assert found == ([] if is_promise_kept else ["note"])


def test_tables_of_no_service_are_not_looked_at():
    assert kept("received_at", MONTHS_2, table="somebody_elses") == ({}, [])


def test_whatever_is_installed_keeps_its_promises_of_days():
    catalogue, tables, owners = installed_catalogue(load_pack()), import_tables(), table_owners()
    assert unkept(catalogue, tables, owners) == []
    events = {name for name, table in tables.items() if EVENTS in table.info}
    aged = {i.fields[0].partition(".")[0] for d in catalogue.declarations.values() for i in d.items if _is_aged(i) and i.fields}
    assert events & aged <= kept_for(catalogue, tables, owners).keys()


def _is_aged(item: Item) -> bool:
    return item.retention is not None and item.retention.until is Until.AGE
