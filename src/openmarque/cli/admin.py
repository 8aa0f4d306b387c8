"""What only the platform's operator does: the revocation snapshot, and in a demo home a token of the demo owner."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from openmarque.app import Platform
from openmarque.cli import operating
from openmarque.link.revocation import snapshot_file

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def register(app: typer.Typer) -> None:
    """Add the group ``admin`` to `app`."""
    admin = typer.Typer(no_args_is_help=True, help="The operator's own: the revocation snapshot; a token of the demo owner.")
    revocation = typer.Typer(no_args_is_help=True, help="The signed list by which gates keep cars out.")
    admin.command()(token)
    revocation.command("write")(write_snapshot)
    admin.add_typer(revocation, name="revocation")
    app.add_typer(admin, name="admin")


def token(
    hours: Annotated[int, typer.Option(min=1, max=24, help="How long it opens the API.")] = 1,
    as_json: Json = False,
) -> None:
    """Make an access token of the demo owner, for programs that try the API. No other account can be opened from here.

    It is shown this once and kept as a hash only.
    """
    from openmarque.cli.demo_home import account_of, known_demo_owner  # the simulator is loaded for nobody else

    async def main(platform: Platform) -> dict[str, Any]:
        owner = await known_demo_owner(platform)
        async with platform.database.begin() as tx:
            life = timedelta(hours=hours)
            return {"token": await platform.accounts.issue_token(tx, account_of(owner), platform.clock.now(), life)}

    operating.answer(main, as_json=as_json)


def write_snapshot(as_json: Json = False) -> None:
    """Write the revocation snapshot anew from the database, with the next version number."""

    async def main(platform: Platform) -> dict[str, Any]:
        await platform.write_snapshot()
        return {"written": str(snapshot_file(platform.settings.home))}

    operating.answer(main, as_json=as_json)
