"""The database as it stands: tables and columns against the code, rights and row policies against what is compiled."""

from collections.abc import Iterator
from typing import Any

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from openmarque.governance.check.finding import Finding
from openmarque.governance.database import Enforcement
from openmarque.governance.enforcing import TRIGGERS, Fact, describe, drift
from openmarque.storage.migrate import differences

_MIGRATE = "Run `openmarque migrate`, and find out who changed it."
_CODES = {
    "grant": "grant",
    "row security": "row-security",
    "row policy": "row-policy",
    "constraint": "constraint",
    "function": "function",
    "trigger": "trigger",
    "membership": "role-membership",
    "role": "role",
}


def findings(url: str, rules: Enforcement) -> Iterator[Finding]:
    """Where the database at `url` (as its owner) differs from the code and from `rules`. Changes nothing.

    Takes the locks of a schema change for some tenths of a second and gives up after three (``psycopg.errors.LockNotAvailable``).
    """
    yield from _schema(url)
    with psycopg.connect(url) as connection:
        yield from _strangers(connection)
        surplus, lacking = drift(connection, rules)
        triggers = {fact for fact in describe(connection) if fact.kind == "trigger"}
        connection.rollback()
    for fact in sorted(surplus):
        yield _finding(fact, "unexpected", "The declarations do not give")
    for fact in sorted(lacking):
        yield _finding(fact, "missing", "The database lacks")
    for fact in sorted(triggers):
        if not any(f"TRIGGER {name} " in fact.what for name in TRIGGERS):
            yield _finding(fact, "unexpected", "No code declares")


def _strangers(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Views show rows with their owner's eyes, past row security; tables elsewhere have no rules at all."""
    rows = connection.execute("""
        SELECT n.nspname || '.' || c.relname, CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE 'pg!_temp%' ESCAPE '!'
           AND (c.relkind IN ('v', 'm', 'f') OR c.relkind IN ('r', 'p')
                AND NOT (n.nspname = 'public' OR n.nspname = 'om_partition' AND c.relispartition))
    """).fetchall()
    for name, kind in rows:
        yield Finding(f"undeclared-{kind}", name, f"The database has a {kind} that no code declares.", _MIGRATE)


def _schema(url: str) -> Iterator[Finding]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        differing = differences(connection)
    for difference in differing:
        # A changed column comes as a list of its changes.
        for change in difference if isinstance(difference, list) else [difference]:
            yield _schema_finding(change)


def _schema_finding(change: tuple[object, ...]) -> Finding:
    kind = str(change[0])
    if kind == "remove_column":
        place = f"{change[2]}.{getattr(change[3], 'name', '')}"
        return Finding("undeclared-column", place, "The database has a column that the code does not declare.", _MIGRATE)
    if kind == "remove_table":
        name = getattr(change[1], "name", "")
        return Finding("undeclared-table", str(name), "The database has a table that the code does not declare.", _MIGRATE)
    named = [str(getattr(part, "name", part)) for part in change[1:] if isinstance(part, str) or hasattr(part, "name")]
    return Finding("schema-differs", ".".join(n for n in named if n != "None"), f"Code and database differ ({kind}).", _MIGRATE)


def _finding(fact: Fact, manner: str, sentence: str) -> Finding:
    return Finding(f"{manner}-{_CODES[fact.kind]}", fact.where, f"{sentence}: {fact.what}", _MIGRATE)
