"""What remote commands are in the cloud: reports of cars, routes, timers, what a car that came back is told, event streams."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from openmarque.domains.commands.bundle import Commands
from openmarque.domains.commands.dispatcher import CommandSender
from openmarque.domains.commands.giving import GIVEN_TIMER
from openmarque.domains.commands.postgres import COMMAND_TIMER
from openmarque.domains.commands.requests import CommandReceipt
from openmarque.domains.commands.routes import router
from openmarque.domains.commands.sources import COMMANDS, DIGITAL_KEYS
from openmarque.domains.commands.states import State
from openmarque.domains.commands.timers import SWEEP, sweep
from openmarque.kit.clock import Clock
from openmarque.kit.ids import VehicleId
from openmarque.link.broker import Broker
from openmarque.link.ports import Accepted
from openmarque.parts.cloud import CloudPart, MessageHandler
from openmarque.protocol.commands import COMMAND_REPORT
from openmarque.protocol.digital_keys import DIGITAL_KEY_REPORT
from openmarque.protocol.messages import Hello
from openmarque.storage.transaction import Database, Transaction


class Platform(Protocol):
    """What it needs of the wired platform."""

    @property
    def commands(self) -> Commands:
        """The use cases of this domain."""
        ...

    @property
    def clock(self) -> Clock:
        """The platform's clock."""
        ...

    @property
    def database(self) -> Database:
        """Begins transactions."""
        ...

    @property
    def broker(self) -> Broker:
        """Reaches cars."""
        ...


async def _take_reports(platform: Platform, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
    return await platform.commands.handler().apply(tx, messages)


async def _greeted(platform: Platform, tx: Transaction, vehicle_id: VehicleId, hello: Hello, now: datetime) -> None:
    await platform.commands.resend().greeted(tx, vehicle_id, hello, now)


async def _time_over(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    await platform.commands.remote_commands.progress.time_over(tx, about, now)


async def _given(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    """A service gave a command: it goes by itself, outside of this transaction, for its car may take seconds to answer."""
    commands = platform.commands
    row = await commands.store.lock_command(tx, about)
    if row is not None and row.state is State.ACCEPTED and row.expires_at > now:
        progress = commands.remote_commands.progress
        sender = CommandSender(platform.database, platform.clock, progress, commands.challenges, platform.broker)
        await sender.hand_over(row.vehicle_id, CommandReceipt(about, needs_challenge=True))


async def _sweep(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    del about
    await sweep(tx, platform.commands.kept, now)


CLOUD: Final[CloudPart[Platform]] = CloudPart(
    name="commands",
    handlers=(MessageHandler((COMMAND_REPORT, DIGITAL_KEY_REPORT), _take_reports),),
    routes=router,
    timers={COMMAND_TIMER: _time_over, GIVEN_TIMER: _given, SWEEP: _sweep},
    recurring={SWEEP: timedelta(hours=1)},
    stream_parts=(COMMANDS, DIGITAL_KEYS),
    greeted=_greeted,
)
