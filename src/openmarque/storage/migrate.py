"""Brings a database to the newest schema: migrations of the platform and of every installed service, and tables of events.

Theory of operation: all of it is one transaction under an advisory lock, so two that start at once do it once, and a failure
leaves the database as it was. First come the platform's own revisions, then, one service after the other, those in
``<its package>.migrations``: a line of Alembic revisions that begins with ``down_revision = None``. Each service has a version table of its own, so
a service that is not installed any more stands in nobody's way; its tables are told, and stay. Tables of events follow from the
declarations (``storage.event_tables``), and what is compiled from them (roles, grants, row policies, constraints) is no migration either:
`enforce` applies it after every run, also when nothing was to migrate.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from openmarque.catalogue.register import installed_services
from openmarque.kit.clock import Clock, SystemClock
from openmarque.kit.errors import OpenMarqueError
from openmarque.storage.base import import_tables, metadata
from openmarque.storage.event_tables import ensure_event_tables
from openmarque.storage.partitions import ensure_partitions

_SCRIPTS: Final = "openmarque.storage.migrations"
_LOCK: Final = 7_301_966_018
"""Number of the advisory lock; any constant that nobody else uses in this database."""

_VERSIONS: Final = "alembic_version"
"""The platform's version table; a service's has its name behind it."""

Enforce = Callable[[psycopg.Connection[Any]], None]
"""Applies what is compiled from the declarations, inside the transaction of the connection it is given."""


class MigrationsWrong(OpenMarqueError):
    """The migrations of a package can't be applied to this database."""

    code = "migrations-wrong"
    cure = (
        "Keep them one line that begins with down_revision = None, without branch_labels and depends_on; a database that a newer "
        "version of the package has migrated needs that version."
    )


@dataclass(frozen=True)
class Migrated:
    """What a run did: revisions applied, in order; tables and columns of events made; tables that nothing installed declares."""

    applied: tuple[str, ...]
    made: tuple[str, ...]
    left: tuple[str, ...]


def migrate(url: str, enforce: Enforce | None = None, clock: Clock | None = None) -> Migrated:
    """Bring the database at `url` (libpq form, as its owner) up to date.

    Makes the partitions for the months from now on, then calls `enforce` (``governance.enforcing.enforce`` in production). Idempotent;
    waits for another one at work. Raises ``MigrationsWrong``, ``EventTableDiffers``; then nothing has happened.
    """
    import_tables()
    applied: list[str] = []
    with _connect(url) as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        for line in _lines():
            applied += _upgrade(connection, line)
        made = ensure_event_tables(connection)
        raw = driver_connection(connection)
        ensure_partitions(raw, (clock or SystemClock()).now())
        if enforce is not None:
            enforce(raw)
        left = _left(connection)
    return Migrated(tuple(applied), tuple(made), left)


def differences(connection: Connection) -> list[Any]:
    """Where the database and the declared tables differ, as Alembic writes it; checks are ``governance.enforcing``'s to compare."""
    _leave_out_options_of_checks(connection.dialect)
    options = {"compare_type": True, "compare_server_default": True, "include_name": _is_compared}
    found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    return found


def _leave_out_options_of_checks(dialect: Any) -> None:
    """SQLAlchemy 2.1 can't reflect a table with a check that is not proved on old rows: its options end in a constructor that knows none."""
    reflected = dialect.get_multi_check_constraints

    def without_options(*asked: Any, **how: Any) -> list[Any]:
        return [
            (table, [{name: value for name, value in check.items() if name != "dialect_options"} for check in checks])
            for table, checks in reflected(*asked, **how)
        ]

    dialect.get_multi_check_constraints = without_options


def _is_compared(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "table" or name is None or not name.startswith(_VERSIONS)


@dataclass(frozen=True)
class _Line:
    """The revisions of one package: where they lie, and which table says how far the database is."""

    package: str
    folder: str
    version_table: str


def _lines() -> Iterator[_Line]:
    yield _Line("openmarque", str(Path(_folder(_SCRIPTS)) / "versions"), _VERSIONS)
    for service in installed_services():
        package = f"{service.package}.migrations"
        if find_spec(package) is not None:
            yield _Line(service.package, _folder(package), f"{_VERSIONS}_{service.name}")


def _upgrade(connection: Connection, line: _Line) -> list[str]:
    config = Config()
    config.set_main_option("script_location", _escaped(_folder(_SCRIPTS)))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", _escaped(line.folder))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = line.version_table
    config.attributes["applied"] = applied = list[str]()
    try:
        with warnings.catch_warnings():
            # Alembic goes on with a number that is given twice, and from one that is not there.
            warnings.filterwarnings("error", "Revision ", UserWarning)
            command.upgrade(config, "head")
    except (CommandError, KeyError, UserWarning) as error:
        raise MigrationsWrong(f"{line.package}: {error}") from error
    return applied


def _left(connection: Connection) -> tuple[str, ...]:
    there = inspect(connection).get_table_names()
    return tuple(sorted(name for name in there if name not in metadata.tables and not name.startswith(_VERSIONS)))


def driver_connection(connection: Connection) -> psycopg.Connection[Any]:
    """The psycopg connection below a SQLAlchemy one, in the same transaction."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def _connect(url: str) -> Connection:
    # psycopg reads the libpq address itself: socket directories and options need no translation.
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool).connect()


def _folder(package: str) -> str:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return spec.submodule_search_locations[0]


def _escaped(folder: str) -> str:
    """`folder` as the value of an option: the configuration parser reads % as the start of a reference."""
    return folder.replace("%", "%%")
