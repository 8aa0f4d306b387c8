"""``openmarque up``: a whole platform in the foreground; with ``--demo`` an owner whose car drives, shown in the terminal."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.live import Live

from openmarque.api.serve import PORT_NAME
from openmarque.app import Platform
from openmarque.car.agent import CarAgent
from openmarque.car.drive import Drive, read_drive
from openmarque.car.identity import CAR_JSON, read_bundle
from openmarque.car.replay import replay
from openmarque.cli.operating import give_to_owner, platform_up, provision
from openmarque.cli.trying import DRIVE_MODEL, driving
from openmarque.cli.watch import picture, watching
from openmarque.domains.garage.service import Order
from openmarque.engines.errors import PortBusy
from openmarque.engines.process import Ports, is_free, port_holder
from openmarque.kit.clock import Clock
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.kit.log import configure_log
from openmarque.kit.settings import Settings
from openmarque.kit.stopping import until_stopped
from openmarque.protocol.levels import Level
from openmarque.simulator.lap import lap
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM

_PAUSE_S: Final = 20.0
"""The demo car rests that long between two drives."""
_DRAWN_PER_S: Final = 4
_PLAIN_EVERY_S: Final = 30.0
"""How often a line is printed where standard output is no terminal."""


@dataclass(frozen=True)
class DemoCar:
    """A car of the demo owner."""

    vehicle_id: VehicleId
    tenure_id: TenureId
    account_id: AccountId
    bundle: Path


async def run_up(settings: Settings, clock: Clock, *, demo: bool, drive: Path | None, console: Console) -> None:
    """Run a platform until SIGINT or SIGTERM. Raises ``PortBusy`` and what the engines raise."""
    recorded = None if drive is None else read_drive(drive)
    if settings.port and not is_free(settings.host, settings.port):
        raise PortBusy(f"{settings.port} is wanted for the API.", holder=port_holder(settings.port), setting="OPENMARQUE_PORT")
    console.print(f"Starting in {settings.home} …", highlight=False)
    log = await asyncio.to_thread(_open_log, settings.log_dir / "up.log")
    configure_log(stream=log)
    # From the first moment: who is stopped while starting takes down what was started.
    stopped = asyncio.create_task(until_stopped())
    running = asyncio.create_task(_run(settings, clock, demo=demo, recorded=recorded, console=console))
    await asyncio.wait((stopped, running), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _run(settings: Settings, clock: Clock, *, demo: bool, recorded: Drive | None, console: Console) -> None:
    async with platform_up(settings, clock) as (platform, _):
        base = f"http://{settings.host}:{settings.port or Ports(settings.run_dir).known(PORT_NAME)}"
        console.print(f"Ready. API and its description: {base}/api/docs", highlight=False)
        if demo:
            await _run_demo(platform, recorded, base, console)
        else:
            await asyncio.Event().wait()


def _open_log(path: Path) -> TextIO:
    """Our own log goes beside those of the other processes: the terminal is the car's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a", encoding="utf-8", buffering=1)


async def _run_demo(platform: Platform, recorded: Drive | None, base: str, console: Console) -> None:
    car = await demo_car(platform)
    async with platform.database.begin() as tx:
        token = await platform.accounts.issue_token(tx, car.account_id, platform.clock.now())
    path = f"{base}/api/v1/vehicles/{car.vehicle_id.hex}/status"
    console.print("The demo owner's access token, good for 24 hours:", token, "\nTry:", highlight=False)
    console.print(f"  curl -H 'Authorization: Bearer {token}' {path}", highlight=False, soft_wrap=True)
    async with watching(platform, car.tenure_id) as seen, driving(car.bundle, platform.clock) as agent:
        drives = asyncio.create_task(_drive_on(agent, recorded, platform.clock))
        footer = f"{base}/api/docs · Ctrl-C ends everything"
        try:
            if console.is_terminal:
                with Live(console=console, refresh_per_second=_DRAWN_PER_S) as live:
                    while not drives.done():
                        live.update(picture(seen, car.vehicle_id, platform.clock.now(), footer))
                        await asyncio.wait((drives,), timeout=1 / _DRAWN_PER_S)
            else:
                while not drives.done():
                    await asyncio.wait((drives,), timeout=_PLAIN_EVERY_S)
                    console.print(
                        f"{len(seen.values)} values, {seen.changes} changes, {len(seen.trips)} trips", highlight=False
                    )
            drives.result()
        finally:
            drives.cancel()
            await asyncio.gather(drives, return_exceptions=True)


async def _drive_on(agent: CarAgent, recorded: Drive | None, clock: Clock) -> None:
    """Drive, rest, drive again. Somebody in the car has chosen to share data and position; who has not is shown nothing."""
    agent.act(lambda core, now: core.set_level(now, Level.POSITION, "driver"))
    number = 0
    while True:
        drive = recorded or lap(clock.now().replace(tzinfo=None) - timedelta(minutes=10))
        await replay(agent, drive, f"demo {number}", speed=1.0)
        number += 1
        await asyncio.sleep(_PAUSE_S)


async def demo_car(platform: Platform) -> DemoCar:
    """The demo owner's car in this home: the one of an earlier start, or a new one with a made-up VIN."""
    folder = platform.settings.home / "demo" / "car-1"
    if await asyncio.to_thread((folder / CAR_JSON).exists):
        vehicle_id = VehicleId((await asyncio.to_thread(read_bundle, folder)).vehicle_id)
        async with platform.database.begin() as tx:
            rows = await postgres(tx).rows(
                PLATFORM, "SELECT tenure_id, account_id FROM tenure WHERE vehicle_id = %s AND ended_at IS NULL", (vehicle_id,)
            )
        if rows:
            return DemoCar(vehicle_id, TenureId(rows[0][0]), AccountId(rows[0][1]), folder)
    vin = f"VF1AACVYB{random.SystemRandom().randrange(10**8):08d}"
    vehicle_id = await provision(platform, Order(vin, DRIVE_MODEL), folder)
    tenure_id, account_id = await give_to_owner(platform, vehicle_id, "en", platform.clock.now())
    return DemoCar(vehicle_id, tenure_id, account_id, folder)
