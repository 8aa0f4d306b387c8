"""The program ``openmarque``. The car's commands need the base install only; the platform's need the extra ``[cloud]``."""

import sys
from typing import Final

import typer
from rich.console import Console

from openmarque.cli import car
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.log import configure_log

_INSTALL: Final = "pip install 'openmarque[cloud]'"
_WRONG_USAGE: Final = 2
_INTERRUPTED: Final = 130
"""128 and the number of SIGINT, as shells have it: also before a command has begun."""
_CARS_OWN: Final = (["car", "run"], ["car", "replay"])
"""Commands that run in the car: they start without loading anything of the cloud, whether it is installed or not."""


def main() -> None:
    """Run the command in ``sys.argv``. Exit code 0, 1 for an error of ours or a finding, 2 for wrong usage."""
    console = Console(stderr=True, highlight=False)
    configure_log(for_people=console.is_terminal)
    missing = ""
    try:
        app, missing = build(with_cloud=sys.argv[1:3] not in _CARS_OWN)
        app()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except OpenMarqueError as error:
        console.print(error.message, style="red", markup=False)
        if error.remedy:
            console.print(error.remedy, markup=False)
        sys.exit(1)
    except SystemExit as ending:
        if ending.code == _WRONG_USAGE and missing:
            console.print(
                f"Only the car's commands are installed ({missing} is missing). For the platform: {_INSTALL}", markup=False
            )
        raise


def build(*, with_cloud: bool = True) -> tuple[typer.Typer, str]:
    """The command tree, and the library whose absence keeps the platform's commands out of it ("" when they are here)."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="The connected-services cloud of a car brand, and the half of it that runs in the car.",
    )
    group = typer.Typer(no_args_is_help=True, help="Cars: provision one, run one, replay a drive.")
    car.register(group)
    app.add_typer(group, name="car")
    missing = _add_platform(app, group) if with_cloud else ""
    app.callback()(_top)  # a callback keeps "car" a group even while it is the only command
    return app, missing


def _top() -> None:
    """Choose a command."""


def _add_platform(app: typer.Typer, group: typer.Typer) -> str:
    """Add the platform's commands; the name of the missing library when the extra is not installed."""
    try:
        from openmarque.cli import admin, api_docs, brand, broker, cloud, mail, maps, platform, world
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing.partition(".")[0] == "openmarque":
            raise  # a module of ours that is missing is a broken install, not a small one
        return missing
    platform.register(app, group)
    for module in (cloud, brand, world, api_docs, mail, maps, admin, broker):
        module.register(app)
    return ""


if __name__ == "__main__":
    main()
