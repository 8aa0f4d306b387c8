"""Monthly partitions of the tables that grow.

They live in a schema of their own, which no role may use: rows are reached through the table alone, where grants and row policies
stand.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg import sql

from openmarque.kit.clock import require_aware

SCHEMA: Final = "om_partition"


def ensure_partitions(connection: psycopg.Connection[Any], now: datetime, months_ahead: int = 2) -> list[str]:
    """Make the partitions for the month of `now` and `months_ahead` more; gives the names of the new ones.

    Needs the owner's rights; runs in the caller's transaction. Rows of such a month that had gone to the default partition,
    because nobody had made one in time, are moved.
    """
    made = []
    for table in _partitioned(connection):
        for first, after in _months(now, months_ahead):
            name = f"{table}_{first:%Y%m}"
            if not _exists(connection, name):
                _make(connection, table, name, first, after)
                made.append(name)
    return made


def drop_past_partitions(connection: psycopg.Connection[Any], kept: Mapping[str, timedelta], now: datetime) -> list[str]:
    """Drop the months of each table of `kept` whose newest row was received longer ago than it is kept; gives their names.

    The sweep has deleted the rows by then; this gives their room back. Needs the owner's rights; runs in the caller's transaction.
    """
    dropped = []
    for table in _partitioned(connection):
        for name in _parts(connection, table) if table in kept else ():
            month = name.removeprefix(f"{table}_")
            if month.isdecimal() and _first_of(int(month[:4]) * 12 + int(month[4:])) <= require_aware(now) - kept[table]:
                connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(SCHEMA, name)))
                dropped.append(name)
    return dropped


def _parts(connection: psycopg.Connection[Any], table: str) -> list[str]:
    rows = connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = %s::regclass ORDER BY 1",
        [f"public.{table}"],
    )
    return [str(row[0]) for row in rows]


def _months(now: datetime, ahead: int) -> Iterator[tuple[datetime, datetime]]:
    """The first instants (UTC) of each month from that of `now`, each with that of the following month."""
    start = require_aware(now).astimezone(UTC)
    count = start.year * 12 + start.month - 1
    for month in range(count, count + ahead + 1):
        yield _first_of(month), _first_of(month + 1)


def _first_of(month: int) -> datetime:
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def _partitioned(connection: psycopg.Connection[Any]) -> list[str]:
    """The tables partitioned by range of one instant."""
    rows = connection.execute("""
        SELECT c.relname FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
        WHERE p.partstrat = 'r' AND p.partnatts = 1 AND c.relnamespace = 'public'::regnamespace ORDER BY 1
    """)
    return [str(row[0]) for row in rows]


def _exists(connection: psycopg.Connection[Any], name: str) -> bool:
    return connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{SCHEMA}.{name}"]).fetchone() == (True,)


def _make(connection: psycopg.Connection[Any], table: str, name: str, first: datetime, after: datetime) -> None:
    """Make a free-standing table, move what the default partition holds of that month, then attach it."""
    part, parent = sql.Identifier(SCHEMA, name), sql.Identifier("public", table)
    overflow, column = sql.Identifier(SCHEMA, f"{table}_default"), sql.Identifier(_key(connection, table))
    span = sql.SQL("{c} >= {a} AND {c} < {b}").format(c=column, a=sql.Literal(first), b=sql.Literal(after))
    connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(overflow))
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)").format(part, parent))
    connection.execute(
        sql.SQL("WITH moved AS (DELETE FROM {} WHERE {} RETURNING *) INSERT INTO {} SELECT * FROM moved").format(
            overflow, span, part
        )
    )
    connection.execute(
        sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
            parent, part, sql.Literal(first), sql.Literal(after)
        )
    )


def _key(connection: psycopg.Connection[Any], table: str) -> str:
    row = connection.execute(
        """
        SELECT a.attname FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = %s::regclass
        """,
        [f"public.{table}"],
    ).fetchone()
    assert row is not None
    return str(row[0])
