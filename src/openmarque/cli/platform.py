"""Operators' commands: bring a platform up, run its processes, prepare its database, provision and revoke cars."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from openmarque.app import Platform
from openmarque.brands.eligibility import model_of, sample_vin
from openmarque.brands.pack import BrandPack, load_pack
from openmarque.cli import operating
from openmarque.cli.demo import Demo, run_up
from openmarque.cli.schedule import main as run_scheduler
from openmarque.cli.serve import main as run_web
from openmarque.cli.work import main as run_worker
from openmarque.domains.garage.errors import ModelUnknown
from openmarque.domains.garage.service import NewVehicle
from openmarque.engines.doctor import examine
from openmarque.kit.clock import SystemClock
from openmarque.kit.errors import CallerError
from openmarque.kit.ids import wire
from openmarque.kit.settings import Settings, load_settings
from openmarque.kit.vin import normalise_vin
from openmarque.link.gate import run_gate
from openmarque.protocol.levels import Level

if TYPE_CHECKING:
    from openmarque.storage.migrate import Migrated

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


class ModelNotTold(CallerError):
    """No model was given, and the VIN is of none that the brand pack knows."""

    code = "model-not-told"
    cure = "Give --model with one of: {models}."
    http_status = 422


def register(app: typer.Typer, car: typer.Typer) -> None:
    """Add the platform's commands to `app`, and those about cars to the group `car`."""
    for command in (up, serve, work, schedule, gate, migrate, settings, doctor):
        app.command()(command)
    car.command()(provision)
    car.command()(revoke)
    car.command("sample-vin")(print_sample_vin)


def print_sample_vin(
    model: Annotated[str, typer.Option(help="Model of the brand pack.")],
    serial: Annotated[int, typer.Option(min=1, max=999_999, help="The serial number at its end.")] = 1,
) -> None:
    """Print a VIN of this model that can be connected, for trying things out: no such car was built."""
    pack = load_pack(load_settings().brand_pack)
    if model not in pack.models:
        raise ModelUnknown(f"It was {model!r}.", models=", ".join(pack.models))
    typer.echo(sample_vin(pack, model, serial))


def up(
    demo: Annotated[bool, typer.Option("--demo", help="Make a demo owner whose simulated cars drive, and show them.")] = False,
    cars: Annotated[int, typer.Option(min=1, max=50, help="How many simulated cars the demo owner has.")] = 5,
    drive: Annotated[
        Path | None, typer.Option(help="With --demo: one car more, which replays this recorded drive (CSV).")
    ] = None,
) -> None:
    """Run a whole platform in the foreground: engines, gate, worker, API; with --demo an owner with cars that live."""
    operating.run(run_up(load_settings(), SystemClock(), Demo(cars, drive) if demo else None, Console()))


def serve() -> None:
    """Run the API as this process (``up`` starts it; print ``ready`` once it serves)."""
    run_web()


def work() -> None:
    """Run an ingest worker as this process (``up`` starts it; print ``ready`` once it takes messages)."""
    run_worker()


def schedule() -> None:
    """Run a scheduler as this process (``up`` starts it; print ``ready`` once it looks): due timers, and mails."""
    run_scheduler()


def gate() -> None:
    """Run a connection gate as this process (``up`` starts it): it lets cars in by certificate, without the database."""
    run_gate(load_settings())


def migrate() -> None:
    """Bring the database to the newest schema and make it enforce the installed declarations."""
    done = operating.run(_migrate(load_settings()))
    for made in done.made:
        Console().print(f"Made for events: {escape(made)}")
    for table in done.left:
        Console().print(f"Of no installed service, kept and closed to everybody: {escape(table)}")
    Console().print("The database is up to date and enforces the installed declarations.")


async def _migrate(wanted: Settings) -> "Migrated":
    async with operating.engines_up(wanted, SystemClock()) as engines:
        return engines.migrated


def settings(as_json: Json = False) -> None:
    """List every setting with its value and where it came from."""
    rows = load_settings().listing()
    if as_json:
        typer.echo(json.dumps([dict(zip(("name", "value", "origin", "meaning"), row, strict=True)) for row in rows], indent=1))
        return
    table = Table("setting", "value", "from", "meaning")
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)


def doctor(as_json: Json = False) -> None:
    """Look for what keeps a platform from running here, and say what to do about it. Exit code 1 when something does."""
    findings = examine(load_settings(), SystemClock())
    if as_json:
        typer.echo(
            json.dumps([{"code": f.code, "what": f.what, "cure": f.cure, "severity": f.severity} for f in findings], indent=1)
        )
    for finding in () if as_json else findings:
        Console().print(f"[bold]{finding.severity}[/bold] {escape(finding.what)}\n  {escape(finding.cure)}")
    if not as_json and not findings:
        Console().print("Nothing is wrong.")
    if any(f.severity == "error" for f in findings):
        raise typer.Exit(1)


def provision(
    vin: Annotated[str, typer.Argument(help="The car's VIN.")],
    bundle: Annotated[Path, typer.Option(help="Folder to write the car's bundle to.")],
    model: Annotated[
        str, typer.Option(help="Its model in the brand pack; without it, the one that the VIN is of.", show_default=False)
    ] = "",
    ceiling: Annotated[
        str,
        typer.Option(
            help="Highest privacy level it is built for, of those that the brand offers; without it, the highest.",
            show_default=False,
        ),
    ] = "",
    owner: Annotated[bool, typer.Option("--owner", help="Also make an owner with the free trial.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="A new bundle for a known car; its certificates so far are revoked.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a car known and write the bundle its telematics unit starts with. The platform has to run."""
    normalise_vin(vin)  # before anything is asked of the platform: a mistyped one is named at once
    if bundle == Path():
        raise typer.BadParameter(
            "give the bundle a folder of its own: the car's private key is written to it", param_hint="--bundle"
        )
    highest = _level(ceiling) if ceiling else None
    if again and highest is not None:
        raise typer.BadParameter("--again keeps the ceiling that the car was built with: leave --ceiling out")

    async def main(platform: Platform) -> dict[str, Any]:
        if again:
            vehicle_id = await operating.provision_again(platform, vin, bundle)
        else:
            new = NewVehicle(vin, model or _model_by_vin(vin, platform.pack), highest)
            vehicle_id = await operating.provision(platform, new, bundle)
        told = {"vehicle_id": wire(vehicle_id), "bundle": str(bundle)}
        if owner:
            tenure_id, account_id = await operating.give_to_owner(platform, vehicle_id, "en", platform.clock.now())
            told |= {"tenure_id": wire(tenure_id), "account_id": wire(account_id)}
        return told

    operating.answer(main, as_json=as_json)


def revoke(
    vin: Annotated[str, typer.Argument(help="The car's VIN.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the certificates.")],
    as_json: Json = False,
) -> None:
    """End the trust in a car: its certificates are revoked, its connection is cut, and the gate keeps it out."""

    async def main(platform: Platform) -> dict[str, Any]:
        async with platform.database.begin() as tx:
            vehicle_id = await platform.garage.find(tx, vin)
        return {"vehicle_id": wire(vehicle_id), "connections_cut": await platform.revoke(vehicle_id, reason)}

    operating.answer(main, as_json=as_json)


def _model_by_vin(vin: str, pack: BrandPack) -> str:
    """The model that a VIN is of. Raises ``InvalidVin``, ``ModelNotTold``."""
    model = model_of(normalise_vin(vin), pack)
    if model is None:
        raise ModelNotTold(models=", ".join(pack.models))
    return model


def _level(name: str) -> Level:
    try:
        return Level[name.upper()]
    except KeyError:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(level.name.lower() for level in Level)}") from None
