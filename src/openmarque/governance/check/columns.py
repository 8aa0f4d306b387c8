"""Columns and JSON keys of the tables that the code declares."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB

from openmarque.catalogue.register import Catalogue
from openmarque.governance.check.finding import Finding
from openmarque.governance.database import ARGUMENTS_COLUMN, DOCUMENT_COLUMNS, declared_keys, json_columns

_DECLARE = "Declare it in an item of the declaration that uses it, with its retention, or remove it."


def findings(catalogue: Catalogue, tables: Mapping[str, Table], owners: Mapping[str, str]) -> Iterator[Finding]:
    """Columns that no declaration of their owner covers, declared columns that don't exist, tables that can't be guarded."""
    services = {service.package: service for service in catalogue.services}
    declared = catalogue.declared_fields()
    for table in tables.values():
        service = services.get(owners.get(table.name, ""))
        if table.name not in owners:
            yield Finding(
                "unowned-table", table.name, "No package's tables.py holds it under a name.", "Bind it to a name there."
            )
        for column in table.columns:
            place = f"{table.name}.{column.name}"
            names = declared.get(place, [])
            if not names:
                yield Finding("undeclared-column", place, "No declaration covers this column.", _DECLARE)
            elif service and not {d.name for d in service.declarations}.intersection(names):
                yield Finding(
                    "foreign-declaration", place, f"Only {', '.join(names)} covers it, not {service.name} itself.", _DECLARE
                )
        if service and "tenure_id" not in table.columns:
            yield Finding(
                "unguarded-table", table.name, "It has no tenure_id, so no row of it can be tied to an owner.", "Add one."
            )
    for place in declared:
        table_name, _, column_name = place.partition("[")[0].partition(".")
        if table_name not in tables or column_name not in tables[table_name].columns:
            yield Finding("declared-nowhere", place, "It is declared and does not exist.", "Remove it from the declaration.")
    yield from _json(catalogue, tables)


def _json(catalogue: Catalogue, tables: Mapping[str, Table]) -> Iterator[Finding]:
    for table, column in json_columns(tables.values()):
        place = f"{table}.{column}"
        if not isinstance(tables[table].columns[column].type, JSONB):
            yield Finding("json-not-jsonb", place, "Keys of json can't be held by a constraint.", "Use jsonb.")
        if place not in (ARGUMENTS_COLUMN, *DOCUMENT_COLUMNS) and not declared_keys(catalogue, place):
            yield Finding("json-without-keys", place, "No key of this JSON is declared.", "Declare each as table.column[key].")
