"""The terminal view of cars' lives: how each moves and stands, what it shares, and how old the newest word is."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from rich.table import Table

from openmarque.app import Platform
from openmarque.kit.ids import TenureId, VehicleId, wire
from openmarque.link.broker import Message
from openmarque.link.live import INTEREST_S, VALUES
from openmarque.link.newest import SignalView, newest_values, views
from openmarque.link.subjects import INTEREST, LIVE
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import Value
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER

_LEVELS: Final = {Level.PRIVATE: "nothing", Level.DATA: "no position", Level.POSITION: "everything"}


@dataclass
class Watched:
    """What a watcher knows of one car."""

    values: dict[str, SignalView] = field(default_factory=dict)
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
            if change["kind"] == VALUES:
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
        seen.values |= await newest_values(tx, tenure_id)
        rows = await postgres(tx).rows(READER, "SELECT level FROM car_policy WHERE tenure_id = %s", (tenure_id,))
        seen.level = Level(rows[0][0]) if rows else None


@dataclass
class Row:
    """A car in the table: what it is called, what it does in the demo, and what is known of it."""

    vehicle_id: VehicleId
    called: str
    what: str
    seen: Watched = field(default_factory=Watched)


def rows_picture(rows: Sequence[Row], now: datetime) -> Table:
    """The cars as something rich can draw."""
    table = Table(expand=True, box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("car", "now", "energy", "doors", "shares", "heard"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(f"[bold]{row.called}[/bold]", *_facts(row.seen, now))
    return table


def line(row: Row, now: datetime) -> str:
    """A car in one line, where there is no terminal to draw in."""
    moves, energy, doors, level, heard = _facts(row.seen, now)
    return f"{row.called}: {moves}, {energy}, {_kilometres(row.seen)} km, {doors}, shares {level}, heard {heard} ago"


def _facts(seen: Watched, now: datetime) -> tuple[str, ...]:
    """Motion, energy, doors, level, and how old the newest word is."""
    level = "–" if seen.level is None else _LEVELS[seen.level]
    newest = max(seen.values.values(), key=lambda view: view.received_at, default=None)
    return (_motion(seen), _energy(seen), _doors(seen), level, _age(newest, now) if newest else "–")


def _value(seen: Watched, path: str) -> Value | None:
    view = seen.values.get(path)
    return None if view is None else view.value


def _motion(seen: Watched) -> str:
    speed = _value(seen, vss.SPEED)
    if isinstance(speed, (int, float)) and speed > 0:
        return f"{speed:.0f} km/h"
    if _value(seen, vss.IS_CHARGING):
        return "charging"
    ignition = _value(seen, vss.IGNITION)
    return "–" if ignition is None else "standing" if ignition == "ON" else "parked"


def _energy(seen: Watched) -> str:
    charge, fuel = _value(seen, vss.STATE_OF_CHARGE), _value(seen, vss.FUEL_LEVEL)
    said = [f"{charge:.0f} %" if isinstance(charge, (int, float)) else "", f"fuel {fuel} %" if fuel is not None else ""]
    return ", ".join(filter(None, said)) or "–"


def _kilometres(seen: Watched) -> str:
    metres = _value(seen, vss.ODOMETER)
    return f"{metres / 1000:.1f}" if isinstance(metres, (int, float)) else "–"


def _doors(seen: Watched) -> str:
    """One unlocked door makes the car unlocked (REQ RC-5)."""
    if any(_value(seen, path) for path in (*vss.DOORS_OPEN, vss.TRUNK_OPEN)):
        return "[yellow]open[/yellow]"
    locked = [_value(seen, path) for path in (*vss.DOORS_LOCKED, vss.TRUNK_LOCKED)]
    known = [one for one in locked if one is not None]
    return "–" if not known else "locked" if all(known) else "[yellow]unlocked[/yellow]"


def _age(view: SignalView, now: datetime) -> str:
    seconds = max(0, round((now - (view.car_time or view.received_at)).total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
