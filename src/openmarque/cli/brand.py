"""``openmarque brand``: what a brand pack says, and what is wrong with it beside the services that are installed here."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from openmarque.brands.pack import FILE, BrandPack, BrandPackInvalid, load_pack
from openmarque.catalogue.brand_terms import pack_problems, unsold
from openmarque.catalogue.declarations import Declaration
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.governance.platform import platform_declarations
from openmarque.kit.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    group = typer.Typer(no_args_is_help=True, help="The brand pack: check one before it is in force.")
    group.command("check")(check)
    group.callback()(_top)
    app.add_typer(group, name="brand")


def _top() -> None:
    """Choose a command."""


def check(
    pack: Annotated[
        Path | None, typer.Argument(help="Folder with brand.toml, or that file; by default the pack in the settings.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Say what each plan opens, and what is wrong with the pack beside the installed services; exit code 1 if anything is."""
    folder = load_settings().brand_pack if pack is None else pack.parent if pack.name == FILE else pack
    found, problems = _read(folder)
    if as_json:
        typer.echo(json.dumps({"plans": {} if found is None else _plans(found), "problems": problems}, indent=2))
    else:
        _show(found, problems)
    raise typer.Exit(1 if problems else 0)


def _read(folder: Path | None) -> tuple[BrandPack | None, list[str]]:
    """The pack, unless it can't be read at all, and everything that is wrong."""
    try:
        pack = load_pack(folder)
    except BrandPackInvalid as error:
        return None, [f"{error.detail} {error.remedy}"]
    catalogue = Catalogue(installed_services(), platform_declarations())  # as declared, before the brand's terms
    declarations: list[Declaration] = list(catalogue.declarations.values())
    never = (f"products: none holds {name!r}, so nobody can have it" for name in unsold(pack, declarations))
    return pack, [*pack_problems(pack, declarations), *never]


def _plans(pack: BrandPack) -> dict[str, object]:
    return {
        name: {
            "trial_months": plan.trial_months,
            "products": {product: list(pack.products[product].declarations) for product in plan.products},
        }
        for name, plan in pack.plans.items()
    }


def _show(pack: BrandPack | None, problems: list[str]) -> None:
    out = Console(highlight=False)
    if pack is not None:
        table = Table("plan", "product", "opens", box=None)
        for name, plan in pack.plans.items():
            for product in plan.products:
                table.add_row(name, product, ", ".join(pack.products[product].declarations))
        out.print(table)
    for problem in problems:
        out.print(problem, markup=False, soft_wrap=True)
    out.print("Nothing is wrong with this pack." if not problems else f"{len(problems)} to mend in {FILE}.")
