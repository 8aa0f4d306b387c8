"""``python -m bench``: measure, and write ``docs/reference/performance.{json,md}``. ``make bench`` runs it without arguments.

``python -m bench status events`` measures these groups only; figures of the others stay as they were in the file. ``--quick`` takes
small numbers, to see that it works, and writes nothing unless ``--out`` is given.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

from bench.commands import CommandBudget, CommandTimes
from bench.connecting import connected
from bench.figures import GOALS, Results, read_results
from bench.link_rates import Budget, LinkRates
from bench.machine import describe, versions
from bench.page import write_page
from bench.processes import ROOT, Bench, throwaway
from bench.provision import provision
from bench.starting import starts

GROUPS: Final = ("status", "events", "commands", "cars", "start")
_PAGE: Final = ROOT / "docs" / "reference"
_CONNECTED: Final = 10_000
_REMOTE_COMMANDS: Final = 500
"""Remote commands in one window: five of them are beyond the 99th percentile."""
_STATUS_CARS: Final = 4000
"""Cars that send status, one in flight each. 15,000 a second are then four from each car, still more than any car sends: with 1,000
the figure would tell how fast one car's message goes round, with a tenth of the cores idle meanwhile, and not what the platform takes in."""


async def measure(groups: list[str], budget: Budget, results: Results, *, cars: int, heavy_repeats: int) -> None:
    """Measure `groups` into `results`; `cars` are connected at once; these and starts are repeated `heavy_repeats` times."""
    results.machine |= describe()
    if "start" in groups:
        # First, on a machine that has nothing else of ours to do.
        await starts(results, repeats=heavy_repeats)
    if "cars" in groups:
        # On a platform of their own: what a broker once took for connections it keeps, and then each car seems to cost less.
        async with throwaway() as bench:
            results.machine |= versions(bench)
            bench.cars = await provision(bench, cars)
            await connected(bench, results, cars=cars, repeats=heavy_repeats)
    if not {"status", "events", "commands"} & set(groups):
        return
    async with throwaway() as bench:
        results.machine |= versions(bench)
        bench.cars = await provision(bench, budget.status_cars + budget.event_cars + budget.load_cars)
        rates = LinkRates(bench, budget, results)
        if "status" in groups:
            await rates.status()
        if "events" in groups:
            await rates.events()
        if "commands" in groups:
            await _commands(bench, budget, results)


async def _commands(bench: Bench, budget: Budget, results: Results) -> None:
    """The command group, its load made by cars that no other group has used: their numbers begin at one."""
    every = bench.cars
    bench.cars = every[budget.status_cars : budget.status_cars + budget.load_cars]
    commands = CommandBudget(budget.repeats, 20 if budget.seconds < 1 else _REMOTE_COMMANDS)
    try:
        await CommandTimes(bench, commands, results).measure()
    finally:
        bench.cars = every


def main(arguments: list[str] | None = None) -> int:
    """Run as a program; the exit code is 0 when everything asked for was measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the platform on this machine.")
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="which figures; all of them when none is named")
    parser.add_argument("--quick", action="store_true", help="small numbers, to see that it works")
    parser.add_argument("--seconds", type=float, help="length of one window")
    parser.add_argument("--repeats", type=int, help="windows for each figure")
    parser.add_argument("--workers", type=int, default=1, help="ingest worker processes")
    parser.add_argument("--out", type=Path, help="folder to write to; with --quick nothing is written without it")
    given = parser.parse_args(arguments)
    groups = list(given.groups) or list(GROUPS)
    quick: bool = given.quick
    budget = Budget(
        seconds=given.seconds or (0.5 if quick else 6.0),
        repeats=given.repeats or (1 if quick else 5),
        status_cars=20 if quick else _STATUS_CARS,
        event_cars=5 if quick else 100,
        load_cars=20 if quick else _STATUS_CARS,
        workers=given.workers,
    )
    folder: Path | None = given.out or (None if quick else _PAGE)
    kept = folder / "performance.json" if folder else None
    results = read_results(kept.read_bytes()) if kept and kept.exists() else Results()
    try:
        asyncio.run(measure(groups, budget, results, cars=50 if quick else _CONNECTED, heavy_repeats=1 if quick else 3))
    finally:
        # What was measured before a fault is kept.
        if folder:
            write_page(results, folder)
        _show(results)
    return 0


def _show(results: Results) -> None:
    for name, figure in sorted(results.details.items()):
        goal = GOALS.get(name)
        wanted = f"  goal {'>=' if goal.at_least else '<='} {goal.value:g}" if goal else ""
        print(f"{name:28} {figure.median:>12,.2f} {figure.unit:6} ± {figure.spread / 2:4.0%}{wanted}")
    for name, text in results.checks.items():
        print(f"check {name}: {text}")


if __name__ == "__main__":
    sys.exit(main())
