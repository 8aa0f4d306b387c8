"""What enforcing the declarations in PostgreSQL costs, on a throwaway server: ``python -m bench.enforcement``.

Each figure is the lower quartile over batches of 500 rows, the variants taken in turns, so that a neighbour's load falls on all.
"""

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

import psycopg

from openmarque.governance.enforcing import enforce, installed_enforcement
from openmarque.protocol.signals import SIGNALS
from openmarque.storage.migrate import migrate
from tests.databases import empty_database, throwaway_server

CARS: Final = 5_000
BATCH: Final = 500
ROUNDS: Final = 40
STORED, NEW = 23, 8
"""Signals that a car's row holds, and that one status brings."""

Connection = psycopg.Connection[Any]
Variants = Mapping[str, tuple[str, Callable[[], object]]]
"""Role and action by name."""

_UPDATE: Final = """
UPDATE last_values l SET seq = u.seq, signals = l.signals || u.signals
  FROM unnest(%s::uuid[], %s::bigint[], %s::jsonb[]) AS u (vehicle_id, seq, signals)
 WHERE l.vehicle_id = u.vehicle_id AND l.seq < u.seq AND l.policy_version = 1 RETURNING l.vehicle_id"""
_INSERT: Final = """
INSERT INTO trip (tenure_id, vehicle_id, trip, received_at, policy_version, started_at, ended_at, duration_s, travel_s,
                  gap_s, distance_m, mean_speed_kmh)
SELECT id, id, %s, %s, 1, 1, 2, 1, 1, 0, 1, 1 FROM unnest(%s::uuid[]) AS u (id)"""


def main() -> None:
    """Print microseconds a row for each variant."""
    with tempfile.TemporaryDirectory() as home, throwaway_server(Path(home)) as server, empty_database(server) as url:
        migrate(url, enforce)
        with psycopg.connect(url) as connection:
            cars = _fill(connection)
            figures = _status(connection, cars) | _trips(connection, cars)
    print(json.dumps({name: round(figure, 1) for name, figure in figures.items()}, indent=2, ensure_ascii=False))


def _fill(connection: Connection) -> list[UUID]:
    """Cars whose tenure has the car's own id: what matters here is the number of rows."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    cars = sorted(UUID(int=Random(n).getrandbits(128), version=4) for n in range(CARS))
    values = json.dumps({path: [12.5, 1_700_000_000_000, 1_700_000_000_000] for path in sorted(SIGNALS)[:STORED]})
    connection.execute("INSERT INTO brand VALUES ('b', 'B', '1')")
    connection.execute("INSERT INTO model VALUES ('m', 'b', 'M', 'electric', '{}')")
    connection.execute(
        "INSERT INTO account (account_id, brand_id, language, time_zone, created_at) VALUES (%s, 'b', 'en', 'UTC', %s)",
        [cars[0], now],
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO vehicle VALUES (%s, 'b', 'm', '', 'k', %s, 'POSITION', %s, '{PRIVATE,DATA,POSITION}')",
            [(c, c.bytes, now) for c in cars],
        )
        cursor.executemany("INSERT INTO tenure VALUES (%s, %s, %s, %s)", [(c, c, cars[0], now) for c in cars])
        cursor.executemany("INSERT INTO last_values VALUES (%s, %s, 1, 0, 1, 0, 2, %s)", [(c, c, values) for c in cars])
        policies = [(c, c, b"x" * 2500, ["car_finder", "status", "trip_places", "trips"], now, now) for c in cars]
        cursor.executemany("INSERT INTO car_policy VALUES (%s, %s, 1, %s, '', %s, 2, 3, true, '{}', %s, %s, 0)", policies)
    connection.commit()
    return cars


def _status(connection: Connection, cars: Sequence[UUID]) -> dict[str, float]:
    """Status batches as owner without the constraint, and as the link with and without it."""
    random, numbers = Random(1), iter(range(1, 10_000_000))
    new = json.dumps({path: [99.5, 1_700_000_060_000, 1_700_000_060_000] for path in sorted(SIGNALS)[:NEW]})

    def batch() -> None:
        chosen = sorted(random.sample(cars, BATCH))
        stored = connection.execute(_UPDATE, (chosen, [next(numbers)] * BATCH, [new] * BATCH), prepare=True).fetchall()
        assert len(stored) == BATCH

    def without() -> None:
        connection.execute("ALTER TABLE last_values DROP CONSTRAINT IF EXISTS ck_last_values_signals_declared")

    plain: Variants = {
        "status, owner, no constraint": ("openmarque", batch),
        "status, om_link, no constraint": ("om_link", batch),
    }
    checked: Variants = {"status, owner, constraint": ("openmarque", batch), "status, om_link, constraint": ("om_link", batch)}
    figures: dict[str, list[float]] = {}
    for _ in range(3):
        without()
        _measure(connection, plain, figures)
        enforce(connection)
        _measure(connection, checked, figures)
    keys = installed_enforcement().checks[0].keys
    scans: Variants = {
        "constraint alone": (
            "openmarque",
            lambda: connection.execute("SELECT count(*) FROM last_values WHERE signals - %s::text[] = '{}'", [list(keys)]),
        ),
        "reading the row alone": (
            "openmarque",
            lambda: connection.execute("SELECT count(*) FROM last_values WHERE signals IS NOT NULL"),
        ),
    }
    return _quartiles(figures) | {
        name: figure * BATCH / CARS for name, figure in _quartiles(_measure(connection, scans, {})).items()
    }


def _trips(connection: Connection, cars: Sequence[UUID]) -> dict[str, float]:
    """Trip batches as owner, past row security, and as the service."""
    numbers, now = iter(range(1, 10_000_000)), datetime(2026, 11, 22, tzinfo=UTC)

    def batch() -> None:
        connection.execute(_INSERT, (next(numbers), now, list(cars[:BATCH])), prepare=True)

    variants: Variants = {"trip, owner": ("openmarque", batch), "trip, om_svc_trips": ("om_svc_trips", batch)}
    figures: dict[str, list[float]] = {}
    for _ in range(3):
        _measure(connection, variants, figures)
    return _quartiles(figures)


def _measure(connection: Connection, variants: Variants, figures: dict[str, list[float]]) -> dict[str, list[float]]:
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM last_values")
    connection.autocommit = False
    for name, (_, act) in variants.items():
        figures.setdefault(name, [])
        act()
        connection.commit()
    for _ in range(ROUNDS):
        for name, (role, act) in variants.items():
            connection.execute(f"SET LOCAL ROLE {role}".encode())
            start = time.perf_counter()
            act()
            connection.commit()
            figures[name].append((time.perf_counter() - start) / BATCH * 1e6)
    return figures


def _quartiles(figures: dict[str, list[float]]) -> dict[str, float]:
    return {f"{name}, µs/row": sorted(values)[len(values) // 4] for name, values in figures.items()}


if __name__ == "__main__":
    main()
