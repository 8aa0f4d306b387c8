"""``openmarque broker config``: what an operator who runs NATS gives it, so that cars and our processes meet there."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from openmarque.brands.pack import load_pack
from openmarque.engines.nats import identities
from openmarque.engines.nats_config import NatsPlace, config_text
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import Settings, load_settings
from openmarque.link.bringup import authority, broker_plan

_HEAD: Final = "Printed by `openmarque broker config`. It holds public keys only."
_NATS_PORT: Final = 4222


def register(app: typer.Typer) -> None:
    """Add the group ``broker`` to `app`."""
    broker = typer.Typer(no_args_is_help=True, help="A NATS server that somebody else runs.")
    broker.callback()(_top)  # a callback keeps "broker" a group even while it has one command
    broker.command()(config)
    app.add_typer(broker, name="broker")


def _top() -> None:
    """Choose a command."""


def config(
    folder: Annotated[
        Path, typer.Option(help="Folder on the broker's machine that gets the three files below and its store and log.")
    ],
    name: Annotated[str, typer.Option(help="Name of this server; each one of a cluster needs its own.")] = "openmarque",
    listen: Annotated[
        str, typer.Option(help="Where it listens for our processes, host:port; else as OPENMARQUE_NATS_URL says.")
    ] = "",
    mqtt_listen: Annotated[
        str, typer.Option(help="Where it listens for cars; else as OPENMARQUE_MQTT_HOST and OPENMARQUE_MQTT_PORT say.")
    ] = "",
) -> None:
    """Print the configuration of a nats-server for this home: accounts, keys, limits, as the embedded one has them.

    Makes the home's keys and certificates if there are none. The broker's machine needs server.pem, server.key.pem and
    cars.anchors.pem of the home's folder pki.
    """
    settings, clock = load_settings(), SystemClock()
    plan = broker_plan(settings, clock, authority(settings, clock, name=load_pack(settings.brand_pack).name))
    there = folder.absolute()
    moved = replace(
        plan,
        cert_file=there / plan.cert_file.name,
        key_file=there / plan.key_file.name,
        ca_file=there / plan.ca_file.name,
    )
    place = NatsPlace(
        name=name,
        account=settings.nats_account,
        listen=listen or _address(settings),
        mqtt_listen=mqtt_listen or f"{settings.mqtt_host}:{settings.mqtt_port}",
        store=there / "store",
        log=there / "nats.log",
        tls=urlsplit(settings.nats_url or "").scheme == "tls",
        head=_HEAD,
    )
    typer.echo(config_text(moved, identities(settings), place), nl=False)


def _address(settings: Settings) -> str:
    """Host and port of the address in the settings, without what may stand before them."""
    address = urlsplit((settings.nats_url or "").partition(",")[0])
    return f"{address.hostname or '127.0.0.1'}:{address.port or _NATS_PORT}"
