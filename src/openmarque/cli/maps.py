"""``openmarque map``: the region that the app draws on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from openmarque.engines.process import ensure_home
from openmarque.engines.tiles import make
from openmarque.engines.tiles.regions import Region, archive
from openmarque.kit.clock import SystemClock, iso
from openmarque.kit.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    group = typer.Typer(no_args_is_help=True, help="The map of the owner's app: import a region of OpenStreetMap.")
    group.command("import")(import_region)
    group.callback()(_top)
    app.add_typer(group, name="map")


def _top() -> None:
    """Choose a command."""


def import_region(
    extract: Annotated[Path, typer.Argument(help="An OpenStreetMap extract (region.osm.pbf).")],
    *,
    name: Annotated[str | None, typer.Option(help="Name of the region; by default that of the file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Make vector tiles of a region and show them in the app from then on. A running platform need not be restarted."""
    settings = load_settings()
    ensure_home(settings.home)
    with _progress() as on_progress:
        region = make.import_region(settings.home, extract, name or make.region_name(extract), SystemClock(), on_progress)
    if as_json:
        typer.echo(json.dumps(_facts(region, settings.home)))
    else:
        size = f"{region.size_bytes / 1e6:.1f} MB"
        Console().print(f"The map of {region.name} is in force ({size}). {region.attribution}.", highlight=False)


def _facts(region: Region, home: Path) -> dict[str, object]:
    return {
        "name": region.name,
        "bbox": list(region.bbox),
        "attribution": region.attribution,
        "imported_at": iso(region.imported_at),
        "size_bytes": region.size_bytes,
        "file": str(archive(home, region.name)),
    }


@contextmanager
def _progress() -> Iterator[make.Progress]:
    """A progress bar on standard error, where that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
