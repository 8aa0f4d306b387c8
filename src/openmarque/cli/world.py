"""``openmarque world``: the deterministic world, seed by seed. Exit code 1 when an invariant broke."""

from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from openmarque.simulator.world.exploration import Exploration, Failure, explore
from openmarque.simulator.world.installed import with_services
from openmarque.simulator.world.world import DEFAULT_STEPS


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("world")(world)


def world(
    seeds: Annotated[int, typer.Option(min=1, help="How many worlds.")] = 100,
    first_seed: Annotated[int, typer.Option(min=0, help="The seed of the first; the others follow.")] = 0,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each before it is left in peace.")] = DEFAULT_STEPS,
    service: Annotated[
        list[str] | None,
        typer.Option(
            help="An installed service from outside this package to run beside ours, which always run; may be repeated."
        ),
    ] = None,
    go_on: Annotated[bool, typer.Option("--go-on", help="Run all seeds, whatever fails.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Cars, people and platform under one seeded clock, with every kind of fault; tells which invariant broke, if any."""
    console = Console(highlight=False)
    installed = with_services(service or ())
    if json:
        result = explore(seeds, first_seed, steps, installed=installed, stop_at_failure=not go_on)
        typer.echo(msgspec.json.encode(_document(result)).decode())
    else:
        with console.status("") as status:
            tell = lambda so_far: status.update(f"{so_far.seeds} of {seeds} seeds, {so_far.steps:,} steps")  # noqa: E731 - one line
            result = explore(seeds, first_seed, steps, installed=installed, stop_at_failure=not go_on, tell=tell)
        _print(console, result)
    if result.failures:
        raise typer.Exit(1)


def _document(result: Exploration) -> dict[str, Any]:
    return {
        "seeds": result.seeds,
        "steps": result.steps,
        "seconds": round(result.seconds, 3),
        "steps_per_s": round(result.steps / result.seconds),
        "seeds_per_s": round(result.seeds / result.seconds, 2),
        "faults": dict(sorted(result.faults.items())),
        "failures": [
            {"seed": f.seed, "invariant": f.invariant, "detail": f.detail, "last": f.lines(), "command": f.command}
            for f in result.failures
        ],
    }


def _print(console: Console, result: Exploration) -> None:
    console.print(
        f"{result.seeds} seeds, {result.steps:,} steps in {result.seconds:.1f} s "
        f"({result.steps / result.seconds:,.0f} steps/s, {result.seeds / result.seconds:.1f} seeds/s)"
    )
    for fault, times in sorted(result.faults.items()):
        console.print(f"  {times:>9,}  {fault.replace('_', ' ')}")
    for failure in result.failures:
        _print_failure(console, failure)
    if not result.failures:
        console.print("No invariant broke.")


def _print_failure(console: Console, failure: Failure) -> None:
    console.print(f"\nSeed {failure.seed} broke {failure.invariant}: {failure.detail}", style="red", markup=False)
    for line in failure.lines():
        console.print(f"  {line}", markup=False)
    console.print(f"Run it again with: {failure.command}", markup=False)
