"""Databases for tests on the real engine: one throwaway server, one migrated template, a copy of it for each test."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from openmarque.engines.postgres import PostgresEndpoint, PostgresServer
from openmarque.kit.settings import Settings

_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
"""No test that uses these databases cuts the power."""
_numbers = count(1)


@dataclass(frozen=True)
class Template:
    """A migrated database that nobody connects to; `copy` makes a test its own."""

    server: PostgresEndpoint
    name: str

    @contextmanager
    def copy(self) -> Iterator[str]:
        """The address (libpq, as owner) of a fresh copy, dropped afterwards."""
        with empty_database(self.server, template=self.name) as url:
            yield url


@contextmanager
def throwaway_server(home: Path) -> Iterator[PostgresEndpoint]:
    """A server of its own below `home`, ended afterwards."""
    server = PostgresServer(Settings(home=home, postgres_port=0), extra_conf=_QUICK)
    try:
        yield server.start()
    finally:
        server.destroy()


@contextmanager
def empty_database(server: PostgresEndpoint, template: str = "template0") -> Iterator[str]:
    """The address of a new database on `server`, a copy of `template`, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.database("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"'.encode())
        try:
            yield server.database(name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def as_user(url: str, user: str, password: str) -> str:
    """The same database for another login role."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{host}"))
