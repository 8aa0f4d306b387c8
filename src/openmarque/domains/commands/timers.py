"""What happens to a remote command when its time is over, and when it has been kept long enough. REQ RC-6, GDP-2, GDP-12."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from openmarque.catalogue.refusals import Reason
from openmarque.domains.commands.postgres import COMMAND_TIMER
from openmarque.domains.commands.service import RemoteCommands
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.timers import TimerHandler
from openmarque.storage.transaction import Transaction

SWEEP: Final = "commands_sweep"
EVERY: Final[Mapping[str, timedelta]] = {SWEEP: timedelta(hours=1)}
REFUSAL_KEPT: Final = timedelta(days=1)
"""A remote command that was refused since no retention is set (REQ GDP-12) is told to its owner for so long."""


class Commands(Protocol):
    """What the timers need of the domain."""

    @property
    def remote_commands(self) -> RemoteCommands:
        """The life of commands."""
        ...

    @property
    def kept(self) -> timedelta | None:
        """How long the status of a remote command is kept."""
        ...


class Parts(Protocol):
    """What the timers need of a wired platform."""

    @property
    def commands(self) -> Commands:
        """The use cases of this domain."""
        ...


async def sweep(tx: Transaction, kept: timedelta | None, now: datetime) -> None:
    """Delete commands, with their steps, that were requested longer than `kept` ago.

    While nobody says how long, new ones are refused for that, are told, and go after `REFUSAL_KEPT`; others wait until somebody does.
    """
    if kept is None:
        query = "DELETE FROM vehicle_command WHERE requested_at < %s AND reason = %s"
        await postgres(tx).execute(RETENTION, query, (now - REFUSAL_KEPT, Reason.NO_RETENTION))
    else:
        await postgres(tx).execute(RETENTION, "DELETE FROM vehicle_command WHERE requested_at < %s", (now - kept,))


def timer_handlers(parts: Parts) -> dict[str, TimerHandler]:
    """The handlers of this domain's timers, by kind."""

    async def over(tx: Transaction, about: UUID, now: datetime, /) -> None:
        await parts.commands.remote_commands.progress.time_over(tx, about, now)

    async def forget(tx: Transaction, about: UUID, now: datetime, /) -> None:
        del about
        await sweep(tx, parts.commands.kept, now)

    return {COMMAND_TIMER: over, SWEEP: forget}
