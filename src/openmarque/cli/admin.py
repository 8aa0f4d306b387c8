"""What only the platform's operator does: access tokens, the revocation snapshot."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from openmarque.app import Platform
from openmarque.cli import operating
from openmarque.kit.ids import AccountId
from openmarque.link.revocation import snapshot_file

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def register(app: typer.Typer) -> None:
    """Add the group ``admin`` to `app`."""
    admin = typer.Typer(no_args_is_help=True, help="The operator's own: access tokens, the revocation snapshot.")
    revocation = typer.Typer(no_args_is_help=True, help="The signed list by which gates keep cars out.")
    admin.command()(token)
    revocation.command("write")(write_snapshot)
    admin.add_typer(revocation, name="revocation")
    app.add_typer(admin, name="admin")


def token(
    account: Annotated[UUID, typer.Argument(help="The account's id.")],
    hours: Annotated[int, typer.Option(min=1, max=24, help="How long it opens the API.")] = 1,
    as_json: Json = False,
) -> None:
    """Make an access token for an account. It is shown this once and kept as a hash only."""

    async def main(platform: Platform) -> dict[str, Any]:
        async with platform.database.begin() as tx:
            life = timedelta(hours=hours)
            return {"token": await platform.accounts.issue_token(tx, AccountId(account), platform.clock.now(), life)}

    operating.answer(main, as_json=as_json)


def write_snapshot(as_json: Json = False) -> None:
    """Write the revocation snapshot anew from the database, with the next version number."""

    async def main(platform: Platform) -> dict[str, Any]:
        await platform.write_snapshot()
        return {"written": str(snapshot_file(platform.settings.home))}

    operating.answer(main, as_json=as_json)
