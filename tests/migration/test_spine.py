"""The migrations give exactly the tables that the code declares, and nothing is lost on the way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import openmarque.storage.migrations
from openmarque.kit.clock import ManualClock
from openmarque.storage.base import import_tables
from openmarque.storage.migrate import Migrated, differences, migrate
from openmarque.storage.partitions import ensure_partitions

_VERSIONS = Path(openmarque.storage.migrations.__path__[0]) / "versions"
REVISIONS = tuple(sorted(path.stem.partition("_")[0] for path in _VERSIONS.glob("0*.py")))


def test_the_migrated_database_equals_the_declared_tables(empty):
    migrate(empty)
    import_tables()
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(empty), poolclass=NullPool)
    with engine.connect() as connection:
        assert differences(connection) == []
        connection.exec_driver_sql("ALTER TABLE account ADD COLUMN driver text")
        assert differences(connection) != [], "the comparison sees a column too many"


def test_migrating_again_applies_nothing(empty):
    assert migrate(empty).applied[: len(REVISIONS)] == REVISIONS
    assert migrate(empty) == Migrated((), (), ())


def test_of_two_that_migrate_at_once_one_does_it(empty):
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(migrate, [empty, empty]))
    (nothing, everything) = sorted(run.applied for run in runs)
    assert (nothing, everything[: len(REVISIONS)]) == ((), REVISIONS)


def test_a_failure_afterwards_leaves_the_database_as_it_was(empty):
    def fail(connection):
        connection.execute("SELECT 1/0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty, fail)
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT to_regclass('account')").fetchone() == (None,)


def test_a_new_policy_version_reaches_the_guard_of_status_writes(empty):
    migrate(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        vehicle = uuid4()
        connection.execute("INSERT INTO brand VALUES ('b', 'B', '1')")
        connection.execute("INSERT INTO model VALUES ('m', 'b', 'M', 'electric', '{}')")
        connection.execute(
            "INSERT INTO vehicle VALUES (%s, 'b', 'm', '', 'k', '', 'POSITION', %s, '{PRIVATE,POSITION}')", [vehicle, _day(1)]
        )
        connection.execute(
            "INSERT INTO last_values (vehicle_id, epoch, seq, policy_version, received_ms, trust, signals)"
            " VALUES (%s, 1, 0, 0, 0, 0, '{}')",
            [vehicle],
        )
        connection.execute(
            "INSERT INTO car_policy (vehicle_id, version, frame, hash, open_declarations, level, ceiling, remote_access,"
            " switched_off, issued_at, valid_until, terms, accepted_version)"
            " VALUES (%s, 7, '', '', '{}', 1, 3, true, '{}', %s, %s, '', 0)",
            [vehicle, _day(1), _day(2)],
        )
        assert connection.execute("SELECT policy_version FROM last_values").fetchone() == (7,)
        connection.execute("UPDATE car_policy SET version = 8")
        assert connection.execute("SELECT policy_version FROM last_values").fetchone() == (8,)


def test_a_row_that_came_before_its_month_was_made_moves_into_it(empty):
    migrate(empty, clock=ManualClock(_day(1)))
    late = datetime(2027, 6, 15, tzinfo=UTC)
    with psycopg.connect(empty) as connection:
        connection.execute(
            "INSERT INTO trip_place VALUES (%s, 1, %s, %s, 1, 1, 48.1, 2.1, 48.2, 2.2)", [uuid4(), late, uuid4()]
        )
        assert _where(connection) == "om_partition.trip_place_default"
        assert "trip_place_202706" in ensure_partitions(connection, late)
        assert _where(connection) == "om_partition.trip_place_202706"
        assert ensure_partitions(connection, late) == []


def _where(connection: psycopg.Connection) -> str:
    (place,) = connection.execute("SELECT tableoid::regclass::text FROM trip_place").fetchall()
    return place[0]


def _day(day: int) -> datetime:
    return datetime(2026, 11, day, tzinfo=UTC)
