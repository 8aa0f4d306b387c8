"""What a measurement gives: figures with their repeats, checks, and the goals they are held against."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec


class Goal(msgspec.Struct, frozen=True):
    """What was asked for (issues 2 and 3), on two cores with the loader on the same machine."""

    value: float
    at_least: bool = True


GOALS: Final[Mapping[str, Goal]] = {
    "ingest_status_per_s": Goal(15_000),
    "ingest_share_of_raw_upsert": Goal(0.40),
    "ingest_events_per_s": Goal(8_000),
    "connected_cars": Goal(10_000),
    "start_to_ready_s": Goal(8, at_least=False),
    "command_p99_ms_idle": Goal(30, at_least=False),
    "command_p99_ms_loaded": Goal(100, at_least=False),
}

UNITS: Final[Mapping[str, str]] = {
    "ingest_status_per_s": "1/s",
    "ingest_events_per_s": "1/s",
    "raw_upsert_per_s": "1/s",
    "raw_upsert_loaded_per_s": "1/s",
    "raw_broker_per_s": "1/s",
    "raw_insert_per_s": "1/s",
    "ingest_share_of_raw_upsert": "ratio",
    **{f"command_{part}_ms_{load}": "ms" for load in ("idle", "loaded") for part in ("p50", "p99", "p999")},
    "raw_processor_p99_ms_idle": "ms",
    "raw_processor_p99_ms_loaded": "ms",
    "raw_car_round_trip_p50_ms": "ms",
    "raw_car_round_trip_p99_ms": "ms",
    "connected_cars": "cars",
    "connects_per_s": "1/s",
    "broker_kb_per_car": "kB",
    "raw_connected_cars": "cars",
    "raw_connects_per_s": "1/s",
    "raw_broker_kb_per_car": "kB",
    "start_to_ready_s": "s",
    "first_start_to_ready_s": "s",
    "raw_engines_start_s": "s",
}

RAW_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "ingest_status_per_s": ("raw_upsert_loaded_per_s", "raw_upsert_per_s", "raw_broker_per_s"),
    "ingest_events_per_s": ("raw_insert_per_s", "raw_broker_per_s"),
    "command_p50_ms_idle": ("raw_car_round_trip_p50_ms",),
    "command_p50_ms_loaded": ("raw_car_round_trip_p50_ms",),
    "command_p99_ms_idle": ("raw_processor_p99_ms_idle", "raw_car_round_trip_p99_ms"),
    "command_p99_ms_loaded": ("raw_processor_p99_ms_loaded", "raw_car_round_trip_p99_ms"),
    "connected_cars": ("raw_connected_cars",),
    "connects_per_s": ("raw_connects_per_s",),
    "broker_kb_per_car": ("raw_broker_kb_per_car",),
    "start_to_ready_s": ("raw_engines_start_s",),
    "first_start_to_ready_s": ("raw_engines_start_s",),
}
"""The raw limit that stands beside a figure: what the engine alone does on this machine in this run."""


class Figure(msgspec.Struct, omit_defaults=True):
    """One figure: its repeats, and what else was seen while it was measured."""

    values: list[float]
    unit: str
    measured_at: str
    detail: dict[str, Any] = {}

    @property
    def median(self) -> float:
        """The figure itself."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """(highest - lowest) / median; 0 for a single value."""
        return (max(self.values) - min(self.values)) / self.median if self.median else 0.0


class Results(msgspec.Struct):
    """Everything that a run, or several partial ones, found out."""

    machine: dict[str, Any] = {}
    details: dict[str, Figure] = {}
    checks: dict[str, str] = {}

    def add(self, name: str, values: Sequence[float], measured_at: str, **detail: Any) -> None:
        """Keep a figure, in the place of an earlier one of that name."""
        self.details[name] = Figure([round(v, 4) for v in values], UNITS[name], measured_at, detail)

    def as_json(self) -> bytes:
        """The file: ``figures`` holds one number each (the median), ``details`` all the rest."""
        content = {
            "figures": {name: round(figure.median, 4) for name, figure in sorted(self.details.items())},
            "goals": {name: {"value": g.value, "at_least": g.at_least, "met": self.met(name)} for name, g in GOALS.items()},
            "details": {
                name: {"unit": f.unit, "median": round(f.median, 4), "low": min(f.values), "high": max(f.values),
                       "spread": round(f.spread, 3), "values": f.values, "measured_at": f.measured_at, "detail": f.detail}
                for name, f in sorted(self.details.items())
            },
            "checks": self.checks,
            "machine": self.machine,
        }  # fmt: skip
        return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"

    def met(self, name: str) -> bool | None:
        """Whether the goal for a figure is met; None when it was not measured."""
        figure = self.details.get(name)
        if figure is None:
            return None
        goal = GOALS[name]
        return figure.median >= goal.value if goal.at_least else figure.median <= goal.value


def read_results(data: bytes) -> Results:
    """The results in a file written by `Results.as_json`."""
    content = msgspec.json.decode(data)
    details = {
        name: Figure(f["values"], f["unit"], f["measured_at"], f.get("detail", {})) for name, f in content["details"].items()
    }
    return Results(content.get("machine", {}), details, content.get("checks", {}))
