"""What the engines do alone: the limits beside which the platform's figures stand.

The database's limits use the shape of the platform's own statements, on tables with the same columns, indexes and fill factor but
without guards, constraints, row policies or triggers; parameters are encoded before the clock runs. So they are limits that no
worker can reach, which makes the shares reported smaller, not larger.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg

from bench.frames import status_signals
from openmarque.kit.clock import from_ms
from openmarque.storage import arrays
from openmarque.storage.arrays import bigints, doubles, instants, integers, jsonbs, smallints, uuids

_TABLES: Final = """
DROP TABLE IF EXISTS bench_values, bench_trip;
CREATE TABLE bench_values (LIKE last_values INCLUDING DEFAULTS INCLUDING INDEXES) WITH (fillfactor = 50);
INSERT INTO bench_values SELECT * FROM last_values;
CREATE TABLE bench_trip (LIKE trip INCLUDING DEFAULTS INCLUDING INDEXES);
"""

_UPSERT: Final = """
UPDATE bench_values l
   SET seq = u.seq, received_ms = u.received_ms, trust = u.trust, signals = l.signals || u.signals
  FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::smallint[], %s::jsonb[])
       AS u (vehicle_id, epoch, seq, policy_version, received_ms, trust, signals)
 WHERE l.vehicle_id = u.vehicle_id"""

_INSERT: Final = """
INSERT INTO bench_trip (tenure_id, vehicle_id, trip, received_at, policy_version, started_at, ended_at, duration_s,
                        travel_s, gap_s, distance_m, mean_speed_kmh, soc_start, soc_end, consumption_kwh_100km)
SELECT u.a, u.b, u.d + %s, u.e, u.f, u.g, u.h, u.i, u.j, u.k, u.l, u.m, u.n, u.o, u.p
  FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::timestamptz[], %s::int[], %s::bigint[], %s::bigint[],
              %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[],
              %s::float8[], %s::float8[]) AS u (a, b, d, e, f, g, h, i, j, k, l, m, n, o, p)"""


class RawDatabase:
    """One connection as the database's owner, with the two plain tables."""

    def __init__(self, url: str, vehicles: Sequence[UUID], batch: int) -> None:
        """Make the tables, and batches of `batch` rows for `vehicles`."""
        self._connection = psycopg.connect(url, autocommit=True)
        arrays.register(self._connection.adapters)
        self._connection.execute(_TABLES)
        self._vehicles = list(vehicles)
        self._batch = min(batch, len(self._vehicles))
        self._trips = 0

    def upserts_per_s(self, seconds: float) -> float:
        """Rows of newest values replaced in a second, one transaction a batch."""
        parameters = [self._statuses(turn) for turn in range(8)]
        return self._rate(lambda turn: self._connection.execute(_UPSERT, parameters[turn % 8], prepare=True), seconds)

    def inserts_per_s(self, seconds: float) -> float:
        """Trips inserted in a second, one transaction a batch."""
        columns = self._trip_columns()

        def insert(_: int) -> None:
            self._trips += self._batch
            self._connection.execute(_INSERT, (self._trips, *columns), prepare=True)

        return self._rate(insert, seconds)

    def close(self) -> None:
        """Drop the tables."""
        self._connection.execute("DROP TABLE bench_values, bench_trip")
        self._connection.close()

    def _rate(self, step: Callable[[int], Any], seconds: float) -> float:
        for turn in range(3):
            step(turn)
        began, turns = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            step(turns)
            turns += 1
        return turns * self._batch / (time.perf_counter() - began)

    def _statuses(self, turn: int) -> tuple[arrays.Column, ...]:
        start = turn * self._batch % len(self._vehicles)
        cars = sorted((self._vehicles * 2)[start : start + self._batch])
        now_ms, many = time.time_ns() // 1_000_000, len(cars)
        return (
            uuids(cars),
            bigints([1] * many),
            bigints([2**40 + turn] * many),
            integers([1] * many),
            bigints([now_ms] * many),
            smallints([2] * many),
            jsonbs([status_signals(turn * many + n, now_ms) for n in range(many)]),
        )

    def _trip_columns(self) -> tuple[arrays.Column, ...]:
        cars = self._vehicles[: self._batch]
        now_ms, many = time.time_ns() // 1_000_000, self._batch
        figures = (1260.0, 1124.5, 0.0, 14_380.2, 41.09, 71.5, 63.5, 16.4)
        return (
            uuids(cars),
            uuids(cars),
            bigints(range(many)),
            instants([from_ms(now_ms)] * many),
            integers([1] * many),
            bigints([now_ms - 1_260_000] * many),
            bigints([now_ms] * many),
            *(doubles([figure] * many) for figure in figures),
        )
