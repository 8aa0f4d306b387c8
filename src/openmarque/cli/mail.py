"""``openmarque mail``: what the embedded mailbox holds."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from openmarque.engines.mailbox import stored_mails
from openmarque.kit.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("mail")(show_mails)


def show_mails(
    to: Annotated[str | None, typer.Option("--to", help="Only mails to this address.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Show the mails that the platform has sent to its embedded mailbox, the newest last, with their links."""
    mails = stored_mails(load_settings(), to)
    if as_json:
        typer.echo(json.dumps([asdict(mail) for mail in mails], indent=1))
        return
    out = Console(highlight=False)
    for mail in mails:
        out.rule(f"{mail.received_at} · {', '.join(mail.to)}", style="dim")
        out.print(mail.subject, style="bold", markup=False)
        out.print(mail.text, markup=False, soft_wrap=True)
    if not mails:
        out.print("No mails.")
