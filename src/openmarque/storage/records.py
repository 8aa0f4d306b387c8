"""Typed records on PostgreSQL: columns, bulk writing and reading, all read off the record (``catalogue.records``)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from psycopg import sql

from openmarque.catalogue.records import ColumnSpec, Kind
from openmarque.storage.arrays import Column, encoded

_TYPES: Final[dict[Kind, type[sa.types.TypeEngine[Any]] | sa.types.TypeEngine[Any]]] = {
    Kind.BOOLEAN: sa.Boolean,
    Kind.BIGINT: sa.BigInteger,
    Kind.SMALLINT: sa.SmallInteger,
    Kind.INTEGER: sa.Integer,
    Kind.DOUBLE: sa.Double,
    Kind.TEXT: sa.Text,
    Kind.BYTES: sa.LargeBinary,
    Kind.INSTANT: sa.DateTime(timezone=True),
    Kind.UUID: sa.Uuid,
}


def sql_columns(columns: Iterable[ColumnSpec], key: Sequence[str]) -> list[sa.Column[Any]]:
    """The columns as a table's; those of `key` are its primary key."""
    return [
        sa.Column(c.name, _TYPES[c.kind], primary_key=c.name in key, nullable=c.nullable, comment=c.comment) for c in columns
    ]


def names(columns: Iterable[str], of: str | None = None) -> sql.Composed:
    """The names with commas between, each behind the name of its table where `of` is given."""
    return sql.SQL(", ").join(sql.Identifier(name) if of is None else sql.Identifier(of, name) for name in columns)


def arrays(columns: Iterable[ColumnSpec]) -> sql.Composed:
    """A parameter for each column, cast to its array: what ``unnest`` takes."""
    return sql.SQL(", ").join(sql.SQL("%s::{}[]").format(sql.SQL(c.kind.value)) for c in columns)


def batch(columns: Sequence[ColumnSpec], rows: Sequence[Sequence[Any]]) -> list[Column]:
    """The values of `rows`, at least one, as the parameters of `arrays`."""
    return [
        encoded(column.kind.value, values, nullable=column.nullable)
        for column, values in zip(columns, zip(*rows, strict=True), strict=True)
    ]
