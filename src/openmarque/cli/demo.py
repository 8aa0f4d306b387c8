"""``openmarque up``: a whole platform in the foreground; with ``--demo`` an owner whose simulated cars live, shown in the terminal.

With ``--drive`` the owner has one car more, which replays a recorded drive again and again.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from openmarque.app import Platform
from openmarque.car.agent import CarAgent
from openmarque.car.drive import Drive, read_drive
from openmarque.car.replay import replay
from openmarque.cli.demo_home import DemoCar, Secrets, account_of, demo_car, demo_cars, demo_owner
from openmarque.cli.fleet import Parked, write_fleet
from openmarque.cli.operating import platform_up
from openmarque.cli.supervisor import Child, Supervisor
from openmarque.cli.trying import DRIVE_MODEL, driving
from openmarque.cli.watch import Row, line, rows_picture, watching
from openmarque.engines.errors import AddressNotHere, PortBusy
from openmarque.engines.process import Ports, is_free, is_here, open_log, port_holder
from openmarque.http.address import web_address
from openmarque.kit.clock import Clock
from openmarque.kit.log import configure_log
from openmarque.kit.settings import Settings
from openmarque.kit.stopping import until_stopped
from openmarque.simulator.fleet.demo_fleet import car_spec

LOOPBACK: Final = "127.0.0.1"
_PAUSE_S: Final = 20.0
"""The car of a recorded drive rests that long between two rounds."""
_DRAWN_PER_S: Final = 2
_PLAIN_EVERY_S: Final = 30.0
"""How often a line is printed where standard output is no terminal."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What to show: how many simulated cars, and a recorded drive for one more."""

    cars: int = 5
    drive: Path | None = None


async def run_up(settings: Settings, clock: Clock, demo: Demo | None, console: Console) -> None:
    """Run a platform until SIGINT or SIGTERM. Raises ``PortBusy`` and what the engines raise."""
    recorded = read_drive(demo.drive) if demo and demo.drive else None
    if not is_here(settings.host):
        raise AddressNotHere(f"{settings.host} is wanted for the API.", setting="OPENMARQUE_HOST")
    if settings.port and not is_free(settings.host, settings.port):
        raise PortBusy(f"{settings.port} is wanted for the API.", holder=port_holder(settings.port), setting="OPENMARQUE_PORT")
    console.print(f"Starting in {settings.home} …", highlight=False, markup=False)
    log = await asyncio.to_thread(_open_log, settings.log_dir / "up.log")
    configure_log(stream=log)
    # From the first moment: who is stopped while starting takes down what was started.
    stopped = asyncio.create_task(until_stopped())
    running = asyncio.create_task(_run(settings, clock, demo, recorded, console))
    await asyncio.wait((stopped, running), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _run(settings: Settings, clock: Clock, demo: Demo | None, recorded: Drive | None, console: Console) -> None:
    if demo is None:
        async with platform_up(settings, clock):
            console.print(f"Ready. API and its description: {web_address(settings)}/api/docs", highlight=False)
            await asyncio.Event().wait()
        return
    household = _Household(demo.cars)
    async with platform_up(settings, clock, meanwhile=household.make) as (platform, supervisor):
        await _run_demo(platform, supervisor, household, recorded, console)


def _open_log(path: Path) -> TextIO:
    """Our own log goes beside those of the other processes: the terminal is the cars'."""
    return TextIOWrapper(open_log(path), encoding="utf-8", line_buffering=True)


class _Household:
    """The demo's owner and simulated cars, made while the platform's processes start."""

    owner: Secrets
    cars: list[DemoCar]

    def __init__(self, cars: int) -> None:
        self.parts = [car_spec(number) for number in range(cars)]

    async def make(self, platform: Platform) -> None:
        """Make them, or find them in the home."""
        self.owner = await demo_owner(platform)
        self.cars = await demo_cars(platform, self.owner, self.parts)


async def _run_demo(
    platform: Platform, supervisor: Supervisor, household: _Household, recorded: Drive | None, console: Console
) -> None:
    owner, cars, parts = household.owner, list(household.cars), household.parts
    rows = [Row(car.vehicle_id, car.called, part.what) for car, part in zip(cars, parts, strict=True)]
    pages = await _start_fleet(platform.settings, supervisor, cars)
    async with AsyncExitStack() as stack:
        if recorded is not None:
            folder = platform.settings.home / "demo" / "car-recorded"
            extra = await demo_car(platform, owner, folder, DRIVE_MODEL)
            cars.append(extra)
            rows.append(Row(extra.vehicle_id, extra.called, "a recorded drive, again and again"))
            await stack.enter_async_context(_replaying(extra, recorded, platform.clock))
        for row, car in zip(rows, cars, strict=True):
            row.seen = await stack.enter_async_context(watching(platform, car.tenure_id))
        async with platform.database.begin() as tx:
            token = await platform.accounts.issue_token(tx, account_of(owner), platform.clock.now())
        console.print(_card(platform.settings, owner, rows, pages))
        console.print(f"Access token for programs, good for 24 hours: {token}", soft_wrap=True, highlight=False)
        await _show(platform.clock, rows, console)


async def _start_fleet(settings: Settings, supervisor: Supervisor, cars: Sequence[DemoCar]) -> list[str]:
    """Run the cars in a process of their own; gives the addresses of their head-unit pages."""
    ports = Ports(settings.run_dir)
    parked = [
        Parked(str(car.folder), number, ports.settle(f"headunit-{number + 1}", 0, LOOPBACK, held_by_us=False))
        for number, car in enumerate(cars)
    ]
    write_fleet(settings.home, parked)
    await supervisor.start([Child("fleet", ("-m", "openmarque.cli.fleet"), settings.log_dir / "fleet.log")])
    return [f"http://{LOOPBACK}:{one.headunit_port}/" for one in parked]


@asynccontextmanager
async def _replaying(car: DemoCar, recorded: Drive, clock: Clock) -> AsyncIterator[None]:
    """The recorded drive, driven while the context lasts."""
    async with driving(car.folder, clock) as agent:
        rounds = asyncio.create_task(_drive_on(agent, recorded))
        try:
            yield
        finally:
            rounds.cancel()
            await asyncio.gather(rounds, return_exceptions=True)


async def _drive_on(agent: CarAgent, recorded: Drive) -> None:
    """Drive, rest, drive again. Somebody in the car has chosen to share all there is to choose; who has not is shown nothing."""
    agent.act(lambda core, now: core.set_level(now, core.levels[-1], "driver"))
    number = 0
    while True:
        await replay(agent, recorded, f"demo {number}", speed=1.0)
        number += 1
        await asyncio.sleep(_PAUSE_S)


def _card(settings: Settings, owner: Secrets, rows: Sequence[Row], pages: Sequence[str]) -> Panel:
    """What a visitor needs, on one card."""
    base = web_address(settings)
    table = Table(show_header=False, box=None, padding=(0, 1, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("The app", f"[bold]{escape(base)}/[/bold]")
    table.add_row("E-mail", owner.email)
    table.add_row("Password", owner.password)
    table.add_row("Safety code", owner.safety_code)
    table.add_row("")
    table.add_row("In the cars", "[dim]their head-unit pages; “Add a phone” is there[/dim]")
    for row, page in zip(rows, pages, strict=False):
        table.add_row(f"  {escape(row.called)}", f"{escape(page)} [dim]{escape(row.what)}[/dim]")
    table.add_row("")
    table.add_row("API", f"{base}/api/docs")
    return Panel(table, title="OpenMarque is running", title_align="left", subtitle="Ctrl-C ends everything", padding=(1, 1))


async def _show(clock: Clock, rows: Sequence[Row], console: Console) -> None:
    """The cars as they live, until cancelled."""
    if not console.is_terminal:
        while True:
            await asyncio.sleep(_PLAIN_EVERY_S)
            for row in rows:
                console.print(line(row, clock.now()), soft_wrap=True, highlight=False)
    with Live(console=console, refresh_per_second=_DRAWN_PER_S) as live:
        while True:
            live.update(rows_picture(rows, clock.now()))
            await asyncio.sleep(1 / _DRAWN_PER_S)
