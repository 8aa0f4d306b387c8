"""PostgreSQL reads the columns of a batch as what they were."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest

from openmarque.storage import arrays

CARS = [UUID(int=1), UUID(int=2**128 - 1)]
WHEN = [datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(2026, 11, 22, 8, tzinfo=UTC)]


@pytest.fixture
def connection(postgres):
    with postgres.fresh() as url, psycopg.connect(url) as connection:
        arrays.register(connection.adapters)
        yield connection


@pytest.mark.parametrize(
    ("column", "cast", "wanted"),
    [
        (arrays.uuids(CARS), "uuid[]", CARS),
        (arrays.smallints([-32768, 0, 32767]), "smallint[]", [-32768, 0, 32767]),
        (arrays.integers([-(2**31), 2**31 - 1]), "int[]", [-(2**31), 2**31 - 1]),
        (arrays.bigints([-(2**63), 2**63 - 1]), "bigint[]", [-(2**63), 2**63 - 1]),
        (arrays.doubles([1.5, None, -0.25]), "float8[]", [1.5, None, -0.25]),
        (arrays.instants(WHEN), "timestamptz[]", WHEN),
        (arrays.jsonbs([b'{"a":[1,null,2.5]}', b"true"]), "jsonb[]", [{"a": [1, None, 2.5]}, True]),
        (arrays.uuids([]), "uuid[]", []),
        (arrays.doubles([]), "float8[]", []),
        (arrays.jsonbs([]), "jsonb[]", []),
    ],
)
def test_a_column_arrives_as_it_was(connection, column, cast, wanted):
    connection.execute("SET timezone = 'UTC'")
    row = connection.execute(f"SELECT %s::{cast}", [column]).fetchone()
    assert row == (wanted,)


def test_columns_are_unnested_side_by_side(connection):
    query = "SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::float8[]) AS u (car, number, figure)"
    parameters = (arrays.uuids(CARS), arrays.bigints([4, 5]), arrays.doubles([None, 0.5]))
    rows = connection.execute(query, parameters, prepare=True).fetchall()
    assert rows == [(CARS[0], 4, None), (CARS[1], 5, 0.5)]


def test_broken_json_is_refused_by_the_database(connection):
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        connection.execute("SELECT %s::jsonb[]", [arrays.jsonbs([b"{"])])
