"""A drive replayed on a throwaway platform, to see what would become of it.

The whole way is the real one: the car's agent over mutual TLS, gate, worker, PostgreSQL, and a watcher who sees what an owner would see.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from openmarque.app import Platform
from openmarque.car.agent import CarAgent
from openmarque.car.drive import Drive
from openmarque.car.identity import read_bundle
from openmarque.car.replay import ReplayReport, replay
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.cli.operating import give_to_owner, platform_up, provision
from openmarque.cli.watch import watching
from openmarque.domains.garage.service import NewVehicle
from openmarque.governance.discovery import installed_parts
from openmarque.http.edge import CarVisit
from openmarque.kit.clock import Clock, SystemClock
from openmarque.kit.geo import bounding_box
from openmarque.kit.ids import TenureId
from openmarque.kit.settings import Settings
from openmarque.link.newest import SignalView, newest_values
from openmarque.protocol import signals as vss

DRIVE_VIN: Final = "VF1AACVYB00"
"""How the VINs of a throwaway platform begin; all are invented (region V, France: no check digit)."""
DRIVE_MODEL: Final = "puce"
_LIVE_S: Final = 5.0
"""Longest wait for the last live update after the last acknowledgement; it normally takes milliseconds."""

Progress = Callable[[int, int], None]


@dataclass
class Shown:
    """The positions that a watcher saw, in order, each once as long as it stands."""

    positions: list[tuple[float, float]] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, values: Mapping[str, SignalView]) -> None:
        """Note the place in `values`, if it tells a new one."""
        if vss.LATITUDE in values and vss.LONGITUDE in values:
            place = (float(values[vss.LATITUDE].value), float(values[vss.LONGITUDE].value))
            if not self.positions or self.positions[-1] != place:
                self.positions.append(place)
                self._more.set()

    async def until(self, place: tuple[float, float]) -> None:
        """Return once `place` is the newest that was seen."""
        while not self.positions or self.positions[-1] != place:
            self._more.clear()
            await self._more.wait()


async def try_replay(drive: Drive, speed: float, on_progress: Progress) -> dict[str, Any]:
    """Replay `drive` on a platform made for it and removed afterwards; gives what scripts read, as JSON values (see ``describe``)."""
    return (await try_replays([drive], speed, on_progress))[0]


async def try_replays(drives: Sequence[Drive], speed: float, on_progress: Progress) -> list[dict[str, Any]]:
    """Replay each of `drives` with a car of its own, all at once on one throwaway platform."""
    async with throwaway_home() as home:
        settings = Settings(home=home, port=0, mqtt_port=0)
        async with platform_up(settings, SystemClock(), api=False) as (platform, _):
            replays = (
                _replay_on(platform, home / f"car-{number}", f"{DRIVE_VIN}{number:06d}", drive, speed, on_progress)
                for number, drive in enumerate(drives)
            )
            return await asyncio.gather(*replays)


@asynccontextmanager
async def throwaway_home() -> AsyncIterator[Path]:
    """A folder that PostgreSQL's own user can reach, removed at the end."""
    home = _make_home()  # not in a thread: cancelled meanwhile, nobody would remove what it makes
    try:
        yield home
    finally:
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)


def _make_home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="openmarque-try-"))
    home.chmod(0o711)
    return home


async def _replay_on(
    platform: Platform, folder: Path, vin: str, drive: Drive, speed: float, on_progress: Progress
) -> dict[str, Any]:
    vehicle_id = await provision(platform, NewVehicle(vin, DRIVE_MODEL), folder)
    tenure_id, account_id = await give_to_owner(platform, vehicle_id, "en", platform.clock.now())
    shown = Shown()
    async with watching(platform, tenure_id, shown.take), driving(folder, platform.clock) as agent:
        agent.act(lambda core, now: core.set_level(now, core.levels[-1], "driver"))
        report = await replay(agent, drive, "try", speed=speed, on_progress=on_progress)
        await _all_shown(platform, tenure_id, shown)
    async with platform.database.begin() as tx:
        visit = CarVisit(tx, platform.clock.now(), account_id, vehicle_id, tenure_id, platform.catalogue)
        state = {part.name: await part.read(visit) for part in installed_parts(platform.catalogue.services).stream_parts()}
    return describe(report, state, shown)


@asynccontextmanager
async def driving(folder: Path, clock: Clock) -> AsyncIterator[CarAgent]:
    """The car of a bundle, its agent running."""
    bundle = read_bundle(folder)
    store = SqliteCarStore(bundle.store_path)
    agent = CarAgent(bundle, store, Catalogue(installed_services()), clock)
    running = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        store.close()


async def _all_shown(platform: Platform, tenure_id: TenureId, shown: Shown) -> None:
    """Wait until the newest stored place has been seen: live updates leave right after the commit, on their own way."""
    async with platform.database.begin() as tx:
        newest = await newest_values(tx, tenure_id)
    if vss.LATITUDE not in newest:
        return
    place = (float(newest[vss.LATITUDE].value), float(newest[vss.LONGITUDE].value))
    with suppress(TimeoutError):
        await asyncio.wait_for(shown.until(place), _LIVE_S)


def describe(report: ReplayReport, state: Mapping[str, Mapping[str, Any]], shown: Shown) -> dict[str, Any]:
    """The answer as JSON values: the report, the places that were shown, and the `state` that an event stream then tells its owner."""
    told = report.as_json()
    box = bounding_box(shown.positions) if shown.positions else None
    place = {"shown": len(shown.positions), "bbox": None if box is None else [box.south, box.west, box.north, box.east]}
    return {**told, "positions": {**told["positions"], **place}, "state": state}
