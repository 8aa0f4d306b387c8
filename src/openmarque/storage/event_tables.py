"""Makes the tables of events equal to what services declare. Runs as the database's owner, after the migrations.

A kind of event needs no migration of its own: its table is made when the service is installed, and a field that was added to the record
is added to the table (messages only grow: an added field has a default, or may be null). Whatever would change rows that are there
is refused; the service then brings a migration.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, MetaData, Table, inspect, literal
from sqlalchemy.schema import CreateColumn

from openmarque.catalogue.events import EventSpec
from openmarque.kit.errors import OpenMarqueError
from openmarque.storage.base import metadata
from openmarque.storage.events import EVENTS
from openmarque.storage.partitions import SCHEMA

_CURE: Final = "Bring a migration in the service's folder `migrations` that makes the table so, or take the change back."


class EventTableDiffers(OpenMarqueError):
    """The table of a service's events can't be made as the service declares it without changing stored rows."""

    code = "event-table-differs"
    cure = _CURE


def ensure_event_tables(connection: Connection, declared: MetaData = metadata) -> list[str]:
    """Make every table of events that is not there, and every added column; gives what was made (``table`` or ``table.column``).

    In the caller's transaction. Raises ``EventTableDiffers`` with the service, the table and the column.
    """
    made: list[str] = []
    for table in declared.sorted_tables:
        if EVENTS in table.info:
            if inspect(connection).has_table(table.name):
                made += _adjusted(connection, table)
            else:
                table.create(connection)
                connection.exec_driver_sql(f'CREATE TABLE {SCHEMA}."{table.name}_default" PARTITION OF "{table.name}" DEFAULT')
                made.append(table.name)
    return made


def _adjusted(connection: Connection, table: Table) -> Iterator[str]:
    spec: EventSpec[Any] = table.info[EVENTS]
    looked = inspect(connection)
    there = {column["name"]: column for column in looked.get_columns(table.name)}
    key = looked.get_pk_constraint(table.name)["constrained_columns"]
    if key != [column.name for column in table.primary_key]:
        raise EventTableDiffers(f"{spec.service}: {table.name} is known by {key}, not by what once_by says now.")
    for name in sorted(there.keys() - set(table.columns.keys())):
        # What may be null is left alone, since it may hold data; `openmarque check` tells of it.
        if not there[name]["nullable"] and there[name]["default"] is None:
            raise EventTableDiffers(
                f"{spec.service}: {table.name} needs the column {name!r}, which {spec.body.__name__} has not."
            )
    for column in table.columns:
        if column.name in there:
            _compare(connection, spec, column, there[column.name])
        else:
            _add(connection, spec, column)
            yield f"{table.name}.{column.name}"
    known = {index["name"] for index in looked.get_indexes(table.name)}
    for index in table.indexes:
        if index.name not in known:
            index.create(connection)


def _compare(connection: Connection, spec: EventSpec[Any], column: Column[Any], there: Any) -> None:
    place, dialect = f"{spec.service}: {spec.table}.{column.name}", connection.dialect
    kept, wanted = there["type"].compile(dialect), column.type.compile(dialect)
    if kept != wanted:
        raise EventTableDiffers(f"{place} holds {kept}, and is declared as {wanted}.")
    if there["nullable"] and not column.nullable:
        raise EventTableDiffers(f"{place} may be null in rows that are stored, and is declared as never null.")
    if column.nullable and not there["nullable"]:
        connection.exec_driver_sql(f'ALTER TABLE "{spec.table}" ALTER COLUMN "{column.name}" DROP NOT NULL')


def _add(connection: Connection, spec: EventSpec[Any], column: Column[Any]) -> None:
    """Rows that are there get the field's default: what a message without it means."""
    default = next(c.default for c in spec.columns if c.name == column.name)
    definition = str(CreateColumn(column).compile(dialect=connection.dialect))
    if column.nullable:
        connection.exec_driver_sql(f'ALTER TABLE "{spec.table}" ADD COLUMN {definition}')
        return
    if default is msgspec.NODEFAULT:
        raise EventTableDiffers(f"{spec.service}: {spec.table}.{column.name} was added without a default.")
    written = literal(default, column.type).compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    head, _, tail = definition.partition(" NOT NULL")
    connection.exec_driver_sql(f'ALTER TABLE "{spec.table}" ADD COLUMN {head} NOT NULL DEFAULT {written}{tail}')
    connection.exec_driver_sql(f'ALTER TABLE "{spec.table}" ALTER COLUMN "{column.name}" DROP DEFAULT')
