"""Databases for tests on the real engine: a throwaway server, and databases on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from openmarque.engines.postgres import PostgresEndpoint, PostgresServer
from openmarque.kit.settings import Settings

_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
"""No test that uses these databases cuts the power."""
APP = "om_app"
APP_PASSWORD = "of every test"
"""A login role belongs to the server and not to one database: whoever prepares a database on a shared server gives it this same one,
or those that were prepared before can be entered no more."""
_numbers = count(1)


@contextmanager
def throwaway_server(home: Path) -> Iterator[PostgresEndpoint]:
    """A server of its own below `home`, ended afterwards."""
    server = PostgresServer(Settings(home=home, postgres_port=0), extra_conf=_QUICK)
    try:
        yield server.start()
    finally:
        server.destroy()


@contextmanager
def empty_database(server: PostgresEndpoint) -> Iterator[str]:
    """The address (libpq, as owner) of a new database on `server`, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.database("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        try:
            yield server.database(name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def as_app(url: str) -> str:
    """The same database for the program's login role, once it has `APP_PASSWORD`."""
    return as_user(url, APP, APP_PASSWORD)


def as_user(url: str, user: str, password: str) -> str:
    """The same database for another login role."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"))
