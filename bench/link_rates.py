"""Figures of the vehicle link: status and events from publish to acknowledgement after the commit, beside what the engines do alone.

Each rate is what cars saw acknowledged in a window of time; afterwards the database is compared with what was acknowledged, car by
car, so a figure of messages that were not stored can't come about.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg

from bench.figures import Results
from bench.loader import CarEntry
from bench.processes import Bench, BenchFailed, Child, ask
from bench.raw import RawDatabase
from openmarque.kit.clock import iso
from openmarque.link.worker import MAX_BATCH

_TRIP_BYTES: Final = """
SELECT sum(pg_total_relation_size(relid)) / (SELECT greatest(count(*), 1) FROM trip) FROM pg_partition_tree('trip')"""
_WARM_UP: Final = 0.4
"""Share of a window that runs before the first one: caches, plans, TCP windows."""


@dataclass(frozen=True)
class Budget:
    """How much to spend. `seconds` is one window; cars that send status, that send events, and that make the load beside commands."""

    seconds: float
    repeats: int
    status_cars: int
    event_cars: int
    load_cars: int
    workers: int


class LinkRates:
    """Measures on one throwaway platform."""

    def __init__(self, bench: Bench, budget: Budget, results: Results) -> None:
        """Write into `results`."""
        self._bench = bench
        self._budget = budget
        self._results = results

    async def status(self) -> None:
        """``ingest_status_per_s`` and the limits beside it."""
        cars = self._bench.cars[: self._budget.status_cars]
        await self._bench.start_workers(self._budget.workers)
        loader = await self._loader(cars, "status")
        try:
            await self._connect(loader, len(cars))
            windows, cpu = await self._windows(loader, "status")
            ended = await self._stopped(loader)
            self._results.checks["status"] = self._compare(ended["acked"], "SELECT vehicle_id, seq FROM last_values")
            self._bench.stop_workers()
            rates = [window["stored"] / window["seconds"] for window in windows]
            size = round(self._number("SELECT avg(pg_column_size(l.*)) FROM last_values l WHERE seq > 0"))
            seen = {"cars": len(cars), **_answers(windows), "bytes_a_row": size, "cpu_us_per_message": cpu}
            self._results.add("ingest_status_per_s", rates, self._now(), **seen)
            await self._beside_status(loader, cars, rates)
            await ask(loader, do="quit")
        finally:
            loader.end()
            self._bench.stop_workers()

    async def events(self) -> None:
        """``ingest_events_per_s`` and the database's own limit."""
        # Other cars than those of the status lane, so that each loader begins at number one.
        cars = self._bench.cars[-self._budget.event_cars :]
        await self._bench.start_workers(self._budget.workers)
        loader = await self._loader(cars, "events")
        try:
            await self._connect(loader, len(cars))
            windows, cpu = await self._windows(loader, "events")
            ended = await self._stopped(loader)
            query = "SELECT vehicle_id, max(trip) FROM trip GROUP BY 1 HAVING count(*) = max(trip) AND min(trip) = 1"
            self._results.checks["events"] = self._compare(ended["acked"], query)
            rates = [window["stored"] / window["seconds"] for window in windows]
            size = round(self._number(_TRIP_BYTES))
            seen = {"cars": len(cars), **_answers(windows), "bytes_a_row_with_indexes": size, "cpu_us_per_message": cpu}
            self._results.add("ingest_events_per_s", rates, self._now(), **seen)
            await ask(loader, do="quit")
        finally:
            loader.end()
            self._bench.stop_workers()
        raw = self._raw(self._bench.cars)
        inserts = await self._repeated(raw.inserts_per_s)
        raw.close()
        self._results.add("raw_insert_per_s", inserts, self._now(), rows_a_transaction=MAX_BATCH)

    async def _beside_status(self, loader: Child, cars: list[CarEntry], rates: list[float]) -> None:
        """The raw limits, while the same cars are still connected and no worker runs."""
        rate, raw = statistics.median(rates), self._raw(cars)
        alone = await self._repeated(raw.upserts_per_s)
        await ask(loader, do="pace", kind="stream", rate=rate)
        publishing, _ = await self._loaded(loader, raw)
        answering = await self._child("answering")
        try:
            loaded, answered = await self._loaded(loader, raw)
        finally:
            answering.say("")
            answering.end()
        raw.close()
        await ask(loader, do="stop")
        self._results.add("raw_upsert_per_s", alone, self._now(), rows_a_transaction=min(MAX_BATCH, len(cars)))
        seen = {"published_per_s": round(rate), "answered_per_s": round(answered)}
        self._results.add(
            "raw_upsert_loaded_per_s", loaded, self._now(), **seen, beside_publishing_only=round(statistics.median(publishing))
        )
        self._results.add(
            "ingest_share_of_raw_upsert",
            [one / statistics.median(loaded) for one in rates],
            self._now(),
            of_unloaded=round(rate / statistics.median(alone), 3),
            of_one_beside_publishing_only=round(rate / statistics.median(publishing), 3),
        )
        await self._broker_alone(loader)

    async def _loaded(self, loader: Child, raw: RawDatabase) -> tuple[list[float], float]:
        """Rows a second in each window while the loader runs, and the messages a second that were answered to it meanwhile."""
        rates, answered = [], []
        for _ in range(self._budget.repeats):
            load = asyncio.create_task(ask(loader, do="run", seconds=self._budget.seconds * 1.2))
            await asyncio.sleep(self._budget.seconds * 0.1)
            rates.append(await asyncio.to_thread(raw.upserts_per_s, self._budget.seconds))
            window = await load
            answered.append(window["stored"] / window["seconds"])
        return rates, statistics.median(answered)

    async def _child(self, module: str) -> Child:
        log = self._bench.settings.log_dir / f"{module}.log"
        return await Child.start(("-m", f"bench.{module}"), self._bench.environment, log)

    async def _broker_alone(self, loader: Child) -> None:
        """The same cars publish as fast as the broker takes it; a subscriber counts what arrives."""
        counter = await self._child("counting")
        rates = []
        try:
            await ask(loader, do="pace", kind="stream", rate=0)
            await ask(loader, do="run", seconds=self._budget.seconds * _WARM_UP)
            for _ in range(self._budget.repeats):
                before = await _count(counter)
                window = await ask(loader, do="run", seconds=self._budget.seconds)
                rates.append((await _count(counter) - before) / window["seconds"])
            await ask(loader, do="stop")
        finally:
            counter.end()
        self._results.add("raw_broker_per_s", rates, self._now())

    def _raw(self, cars: list[CarEntry]) -> RawDatabase:
        return RawDatabase(self._bench.owner_url, [UUID(hex=car.client_id) for car in cars], MAX_BATCH)

    async def _repeated(self, measure: Callable[[float], float]) -> list[float]:
        return [await asyncio.to_thread(measure, self._budget.seconds) for _ in range(self._budget.repeats)]

    async def _loader(self, cars: list[CarEntry], name: str) -> Child:
        file = self._bench.cars_file(cars, f"cars-{name}")
        return await Child.start(
            ("-m", "bench.loader", str(file)), {}, self._bench.settings.log_dir / "loader.log", ready=False
        )

    async def _connect(self, loader: Child, wanted: int) -> None:
        answer = await ask(loader, do="connect", at_once=32, hello=True, timeout_s=120)
        if answer["live"] != wanted:
            raise BenchFailed(f"{answer['live']} of {wanted} cars finished the handshake")

    async def _windows(self, loader: Child, kind: str) -> tuple[list[dict[str, Any]], Mapping[str, float]]:
        """Repeated windows of acknowledged messages, and the processor time of each part in microseconds a message."""
        await ask(loader, do="pace", kind=kind)
        await ask(loader, do="run", seconds=self._budget.seconds * _WARM_UP)
        before, commits = self._bench.processor_s(loader), self._commits()
        windows = [await ask(loader, do="run", seconds=self._budget.seconds) for _ in range(self._budget.repeats)]
        after = self._bench.processor_s(loader)
        stored = max(1, sum(window["stored"] for window in windows))
        windows[0]["a_transaction"] = stored / max(1, self._commits() - commits)
        return windows, {part: round((after[part] - before[part]) * 1e6 / stored, 1) for part in after}

    def _commits(self) -> int:
        """Transactions committed up to now; sessions report theirs once a second."""
        time.sleep(1.1)
        return round(self._number("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"))

    def _number(self, query: LiteralString) -> float:
        with psycopg.connect(self._bench.owner_url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()
        return float(row[0]) if row and row[0] is not None else 0.0

    async def _stopped(self, loader: Child) -> dict[str, Any]:
        ended = await ask(loader, do="stop")
        if not ended["drained"]:
            raise BenchFailed("not everything in flight was acknowledged")
        return ended

    def _compare(self, acked: Mapping[str, int], query: str) -> str:
        """Every car's newest row must be the last one that was acknowledged to it."""
        with psycopg.connect(self._bench.owner_url) as connection:
            stored = {row[0].hex: row[1] for row in connection.execute(query.encode()).fetchall()}
        wrong = {car: (number, stored.get(car)) for car, number in acked.items() if stored.get(car) != number}
        if wrong:
            raise BenchFailed(f"acknowledged and stored differ for {len(wrong)} cars, such as {next(iter(wrong.items()))}")
        return f"{sum(acked.values())} messages of {len(acked)} cars acknowledged, all of them found in the database"

    def _now(self) -> str:
        return iso(self._bench.platform.clock.now())


def _answers(windows: list[dict[str, Any]]) -> dict[str, Any]:
    """What else cars saw: latencies in milliseconds, and messages that were not plainly stored."""
    return {
        "ack_p50_ms": round(statistics.median(window["p50_ms"] for window in windows), 1),
        "messages_a_transaction": round(windows[0]["a_transaction"]),
        "ack_p99_ms": round(statistics.median(window["p99_ms"] for window in windows), 1),
        **{name: sum(window[name] for window in windows) for name in ("resent", "duplicate", "refused")},
    }


async def _count(counter: Child) -> int:
    counter.say("count")
    return int(await counter.line())
