"""Commands that print the machine-readable descriptions of the outside interfaces; no platform has to run."""

import json
import sys

import typer

from openmarque.api.app import describe
from openmarque.api.asyncapi import asyncapi_document
from openmarque.governance.platform import installed_catalogue


def register(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command("openapi")(openapi)
    app.command("asyncapi")(asyncapi)


def openapi() -> None:
    """Print the OpenAPI 3.1 document of the API, the routes of every installed service included."""
    _print(describe(installed_catalogue()))


def asyncapi() -> None:
    """Print the AsyncAPI 3.0 document of the vehicle link, the messages of every installed service included."""
    _print(asyncapi_document(installed_catalogue().messages))


def _print(document: dict[str, object]) -> None:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
