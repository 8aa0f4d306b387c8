"""A server for the tests of migrations; each test gets an empty database on it."""

from collections.abc import Iterator

import pytest

from openmarque.engines.postgres import PostgresEndpoint
from tests.databases import empty_database, throwaway_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresEndpoint]:
    with throwaway_server(tmp_path_factory.mktemp("migration")) as endpoint:
        yield endpoint


@pytest.fixture
def empty(server: PostgresEndpoint) -> Iterator[str]:
    with empty_database(server) as url:
        yield url
