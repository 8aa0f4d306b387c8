"""The commands of the car: ``car run`` and ``car replay``. They need the base install and a provisioning bundle."""

import asyncio
import hashlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from openmarque.car.agent import CarAgent
from openmarque.car.drive import Drive, read_drive
from openmarque.car.headunit import HeadUnit, serve
from openmarque.car.identity import read_bundle
from openmarque.car.replay import replay
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import Clock, SystemClock
from openmarque.kit.errors import CallerError

_Bundle = Annotated[Path, typer.Option(help="Folder that `openmarque car provision` wrote.")]


class TryNeedsCloud(CallerError):
    """A throwaway platform needs the cloud, which is not installed."""

    code = "try-needs-cloud"
    cure = "Install it with pip install 'openmarque[cloud]', or give --bundle of a car and run against its platform."


def register(group: typer.Typer) -> None:
    """Add the commands of this module to `group`."""
    group.command("run")(run)
    group.command("replay")(replay_file)


def run(
    bundle: _Bundle,
    headunit_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve the head-unit page on this loopback port; 0 takes a free one.")
    ] = None,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="With simulated sensors, doors and locks: a parked car that opens and closes.")
    ] = False,
    clock_ahead_s: Annotated[
        int, typer.Option(min=0, max=86_400, help="The car's clock goes so far ahead, to see now what it does at its time.")
    ] = 0,
) -> None:
    """Run a car's agent until it is stopped."""
    clock = SystemClock(timedelta(seconds=clock_ahead_s))
    asyncio.run((_run_simulated if simulated else _run)(bundle, clock, headunit_port))


def replay_file(
    file: Annotated[Path, typer.Argument(help="A recorded drive (CSV).")],
    *,
    bundle: Annotated[Path | None, typer.Option(help="Folder of the car that drives it.")] = None,
    speed: Annotated[float, typer.Option(min=0, help="Times real time; 0 is as fast as the platform acknowledges.")] = 0,
    try_it: Annotated[bool, typer.Option("--try", help="Use a throwaway platform and car.")] = False,
    trust_header: Annotated[bool, typer.Option(help="Take columns that look swapped as they are named.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on standard output.")] = False,
) -> None:
    """Replay a recorded drive: the car senses its rows, and the platform gets what the owner allows."""
    if (bundle is None) is not try_it:
        raise typer.BadParameter("Give either --bundle or --try.")
    drive = read_drive(file, trust_header=trust_header)
    name = hashlib.sha256(file.read_bytes()).hexdigest()[:32]
    with _progress() as on_progress:
        if bundle is None:
            report = _try(drive, speed, on_progress)
        else:
            report = asyncio.run(_replay(bundle, drive, name, speed, on_progress))
    if as_json:
        json.dump(report, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _show(report)


async def _run(folder: Path, clock: Clock, headunit_port: int | None) -> None:
    async with _agent(folder, clock) as agent:
        await _live(agent, agent.run(), headunit_port)


async def _run_simulated(folder: Path, clock: Clock, headunit_port: int | None) -> None:
    from openmarque.simulator.fleet.demo_fleet import new_car_spec
    from openmarque.simulator.fleet.fleet import FleetCar, ProvisionedCar
    from openmarque.simulator.fleet.installed import body_effects

    spec = new_car_spec(read_bundle(folder).facts.capabilities)
    services = installed_services()
    car = FleetCar(ProvisionedCar(folder, spec, seed=0), Catalogue(services), clock, effects=body_effects(services))
    await _live(car.agent, car.run(), headunit_port)


async def _live(agent: CarAgent, life: Coroutine[Any, Any, None], headunit_port: int | None) -> None:
    """Let the car live, with its head-unit page if wanted, until something ends or a signal comes."""
    tasks = [asyncio.create_task(life)]
    if headunit_port is not None:
        unit = HeadUnit(agent, agent.catalogue, agent.bundle.vin, app_url=agent.bundle.facts.app_url)
        tasks.append(asyncio.create_task(serve(unit, headunit_port, lambda port: _say(f"Head unit: http://127.0.0.1:{port}/"))))
    stopped = asyncio.create_task(_until_signalled())
    done, pending = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


async def _replay(
    folder: Path, drive: Drive, name: str, speed: float, on_progress: Callable[[int, int], None]
) -> dict[str, Any]:
    async with _agent(folder, SystemClock()) as agent:
        running = asyncio.create_task(agent.run())
        driving = asyncio.create_task(replay(agent, drive, name, speed=speed, on_progress=on_progress))
        try:
            await asyncio.wait([running, driving], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            return (await driving).as_json()
        finally:
            for task in (driving, running):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


@asynccontextmanager
async def _agent(folder: Path, clock: Clock) -> AsyncIterator[CarAgent]:
    bundle = read_bundle(folder)
    store = SqliteCarStore(bundle.store_path)
    try:
        yield CarAgent(bundle, store, Catalogue(installed_services()), clock)
    finally:
        store.close()


def _try(drive: Drive, speed: float, on_progress: Callable[[int, int], None]) -> dict[str, Any]:
    """The report of a replay on a throwaway platform. Its code belongs to the cloud and is loaded only here."""
    try:
        from openmarque.cli.operating import run as run_cloud
        from openmarque.cli.trying import try_replay
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "openmarque":
            raise  # a module of ours that is missing is a broken install, not a small one
        raise TryNeedsCloud(f"({error.name} is missing.)") from error
    return run_cloud(try_replay(drive, speed, on_progress))


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, where that is a terminal."""
    columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("rows", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _show(report: dict[str, Any]) -> None:
    table = Table(show_header=False)
    for name, value in report.items():
        table.add_row(name, escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
    Console().print(table)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _until_signalled() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
