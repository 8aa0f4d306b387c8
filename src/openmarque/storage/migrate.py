"""Brings a database to the newest schema: Alembic migrations of the platform and of every installed service.

Theory of operation: all of it is one transaction under an advisory lock, so two that start at once do it once, and a failure
leaves the database as it was. A service outside the package keeps its migrations in ``<its package>.migrations``, as an Alembic
branch of its own (``down_revision = None``, ``branch_labels = (its name,)``). What is compiled from the declarations (roles,
grants, row policies, constraints) is no migration: `enforce` applies it after every run, also when nothing was to migrate.
"""

import os
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from openmarque.catalogue.register import installed_services
from openmarque.kit.clock import Clock, SystemClock
from openmarque.storage.partitions import ensure_partitions

_SCRIPTS: Final = "openmarque.storage.migrations"
_LOCK: Final = 7_301_966_018
"""Number of the advisory lock; any constant that nobody else uses in this database."""

Enforce = Callable[[psycopg.Connection[Any]], None]
"""Applies what is compiled from the declarations, inside the transaction of the connection it is given."""


def migrate(url: str, enforce: Enforce | None = None, clock: Clock | None = None) -> list[str]:
    """Bring the database at `url` (libpq form, as its owner) up to date; gives the revisions applied, in order.

    Makes the partitions for the months from now on, then calls `enforce` (``governance.database.enforce`` in production). Idempotent;
    waits for another one at work.
    """
    with _connect(url) as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        config = alembic_config()
        config.attributes["connection"] = connection
        config.attributes["applied"] = applied = list[str]()
        command.upgrade(config, "heads")
        raw = driver_connection(connection)
        ensure_partitions(raw, (clock or SystemClock()).now())
        if enforce is not None:
            enforce(raw)
    return applied


def alembic_config() -> Config:
    """Alembic's configuration for all script folders; the caller puts a connection into its attributes."""
    config = Config()
    config.set_main_option("script_location", _escaped(_folder(_SCRIPTS)))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(map(_escaped, _version_folders())))
    return config


def driver_connection(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection below a SQLAlchemy one, in the same transaction."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def _connect(url: str) -> Connection:
    # psycopg reads the libpq address itself: socket directories and options need no translation.
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool).connect()


def _version_folders() -> Iterator[str]:
    yield str(Path(_folder(_SCRIPTS)) / "versions")
    for service in installed_services():
        if find_spec(f"{service.package}.migrations") is not None:
            yield _folder(f"{service.package}.migrations")


def _folder(package: str) -> str:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return spec.submodule_search_locations[0]


def _escaped(folder: str) -> str:
    """`folder` as the value of an option: the configuration parser reads % as the start of a reference."""
    return folder.replace("%", "%%")
