"""The terminal view of a car's life: newest values with their age, trips, privacy level, what was refused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from rich.console import Group
from rich.panel import Panel
from rich.table import Table

from openmarque.app import Platform
from openmarque.kit.ids import TenureId, VehicleId, wire
from openmarque.link.broker import Message
from openmarque.link.live import INTEREST_S
from openmarque.link.subjects import INTEREST, LIVE
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.services.status.service import SignalView, views
from openmarque.services.trips.rules import is_shown
from openmarque.services.trips.store import TripView
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER

_NAMES: Final = {
    vss.SPEED: "speed",
    vss.STATE_OF_CHARGE: "state of charge",
    vss.RANGE: "range",
    vss.ODOMETER: "mileage",
    vss.LATITUDE: "latitude",
    vss.LONGITUDE: "longitude",
    vss.ALTITUDE: "altitude",
    vss.IGNITION: "ignition",
    vss.GEAR: "gear",
}
_LEVELS: Final = {Level.PRIVATE: "private", Level.DATA: "data without position", Level.POSITION: "data and position"}
_TRIPS: Final = 5
_FAR_FUTURE: Final = timedelta(days=3650)


@dataclass
class Watched:
    """What a watcher knows of one car."""

    values: dict[str, SignalView] = field(default_factory=dict)
    trips: list[TripView] = field(default_factory=list)
    level: Level | None = None
    changes: int = 0


@asynccontextmanager
async def watching(
    platform: Platform, tenure_id: TenureId, on_values: Callable[[dict[str, SignalView]], None] | None = None
) -> AsyncIterator[Watched]:
    """Follow a tenure's car: stored values first, then every change as it is committed; `on_values` gets each change of values."""
    seen = Watched()

    async def handle(batch: list[Message]) -> None:
        for message in batch:
            change: dict[str, Any] = msgspec.json.decode(message.payload)
            seen.changes += 1
            if change["kind"] == "status":
                fresh = views(change["signals"])
                seen.values |= fresh
                if on_values is not None:
                    on_values(fresh)
            else:
                await _read(platform, tenure_id, seen)

    subscription = await platform.broker.subscribe(LIVE.to(tenure_id=tenure_id), handle)
    interest = asyncio.create_task(_announce(platform, tenure_id))
    await platform.broker.publish(INTEREST.to(), wire(tenure_id).encode())
    await platform.broker.flush()
    await _read(platform, tenure_id, seen)
    try:
        yield seen
    finally:
        interest.cancel()
        with suppress(asyncio.CancelledError):
            await interest
        await subscription.close()


async def _announce(platform: Platform, tenure_id: TenureId) -> None:
    while True:
        await asyncio.sleep(INTEREST_S / 3)
        await platform.broker.publish(INTEREST.to(), wire(tenure_id).encode())


async def _read(platform: Platform, tenure_id: TenureId, seen: Watched) -> None:
    async with platform.database.begin() as tx:
        seen.values |= await platform.status.newest(tx, tenure_id)
        seen.trips = await platform.trips.trips(tx, tenure_id, platform.clock.now() + _FAR_FUTURE, _TRIPS)
        rows = await postgres(tx).rows(READER, "SELECT level FROM car_policy WHERE tenure_id = %s", (tenure_id,))
        seen.level = Level(rows[0][0]) if rows else None


def picture(seen: Watched, vehicle_id: VehicleId, now: datetime, footer: str) -> Group:
    """The view as something rich can draw."""
    values = Table("value", "", "age", expand=True, box=None)
    for path, view in sorted(seen.values.items(), key=lambda item: list(_NAMES).index(item[0]) if item[0] in _NAMES else 99):
        values.add_row(_NAMES.get(path, path.removeprefix("Vehicle.")), _shown(view), _age(view, now))
    trips = Table("trip", "distance", "mean speed", "charge", expand=True, box=None)
    for trip in (t for t in seen.trips if is_shown(t.distance_m)):
        charge = "" if trip.soc_start is None or trip.soc_end is None else f"{trip.soc_start:.1f} → {trip.soc_end:.1f} %"
        duration = timedelta(seconds=round(trip.duration_s))
        trips.add_row(
            f"{trip.ended_at:%H:%M}, {duration}", f"{trip.distance_m / 1000:.2f} km", f"{trip.mean_speed_kmh:.1f} km/h", charge
        )
    level = "not yet known, counts as private" if seen.level is None else _LEVELS[seen.level]
    title = f"car {wire(vehicle_id)[:8]}… · privacy level: {level} · {seen.changes} changes"
    return Group(Panel(values, title=title), Panel(trips, title="trips"), footer)


def _shown(view: SignalView) -> str:
    if view.path == vss.ODOMETER and isinstance(view.value, (int, float)):
        return f"{view.value / 1000:.1f} km"
    number = f"{view.value:.6g}" if isinstance(view.value, float) else str(view.value)
    if view.path in (vss.LATITUDE, vss.LONGITUDE):
        number = f"{view.value:.6f}"
    return f"{number} {view.unit}".strip()


def _age(view: SignalView, now: datetime) -> str:
    seconds = max(0, round((now - (view.car_time or view.received_at)).total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
