"""Commands about what the installation declares."""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from openmarque.car.parts import InvalidCarPart, car_parts, glance_texts, part_functions
from openmarque.catalogue.register import CatalogueInvalid, installed_services
from openmarque.engines.postgres import check_server
from openmarque.governance.check.finding import Finding
from openmarque.governance.check.run import check_installation
from openmarque.governance.check.wording import missing_text
from openmarque.governance.discovery import Claim, address_of, installed_parts
from openmarque.kit.settings import load_settings
from openmarque.kit.texts import ENGLISH, texts
from openmarque.simulator.fleet.installed import InvalidEffects, body_effects


def register(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command("check")(check)


def check(
    database_url: Annotated[
        str | None, typer.Option(help="PostgreSQL to check too, as its owner; by default the one in the settings, if any.")
    ] = None,
    *,
    parts: Annotated[
        bool, typer.Option("--parts", help="List instead who handles which message, timer, route and part of event streams.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
) -> None:
    """Look for columns, keys, subjects, headers, log fields and rights that no declaration covers; exit code 1 if there are any."""
    if parts:
        _list_parts(as_json=as_json)
        return
    settings = load_settings()
    url = database_url or settings.database_url
    if url is not None:
        check_server(url)
    found = sorted({*check_installation(url, settings.brand_pack), *_car_findings()})
    if as_json:
        json.dump({"database": url is not None, "findings": [asdict(finding) for finding in found]}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _show(found, with_database=url is not None)
    raise typer.Exit(1 if found else 0)


def _list_parts(*, as_json: bool) -> None:
    """Who handles what in the cloud and in the car, by the manifests of what is installed."""
    services = installed_services()
    in_car = (
        Claim(what, name, function.__module__.rpartition(".")[0], address_of(function))
        for what, name, function in part_functions(car_parts(services))
    )
    claims = sorted([*installed_parts(services).claims(), *in_car])
    if as_json:
        json.dump([claim._asdict() for claim in claims], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    for claim in claims:
        typer.echo(f"{claim.what:<20} {claim.name:<40} {claim.package:<36} {claim.function}")


def _car_findings() -> Iterator[Finding]:
    """What is wrong with the in-car half of a service, and with what it brings for the simulated car: the first of each; and which words its line on the screen lacks."""
    try:
        services = installed_services()
    except CatalogueInvalid:
        return  # told by `check_installation`
    try:
        for part in car_parts(services):
            lacks = (key for key in glance_texts(part) if not texts(ENGLISH).has(key))
            yield from (missing_text(key, f"{part.name}: glance") for key in lacks)
    except InvalidCarPart as error:
        yield Finding(error.code, str(error.facts["place"]), error.detail, error.remedy)
    try:
        body_effects(services)
    except InvalidEffects as error:
        yield Finding(error.code, str(error.facts["place"]), error.detail, error.remedy)


def _show(found: list[Finding], *, with_database: bool) -> None:
    console = Console()
    scope = "code and database" if with_database else "the code (no database given)"
    if not found:
        console.print(f"Everything is declared: {scope}.")
        return
    table = Table("Code", "Where", "What", "Cure", title=f"{len(found)} findings in {scope}")
    for finding in found:
        table.add_row(*map(escape, asdict(finding).values()))
    console.print(table)
