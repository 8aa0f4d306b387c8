"""Remote commands that services of the platform give by themselves (``parts.commands``). Never commits."""

from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.catalogue.capabilities import is_reason_code
from openmarque.catalogue.declarations import Authority
from openmarque.domains.commands import reasons
from openmarque.domains.commands.errors import CommandRefused, CommandUnknown, NotForPlatform
from openmarque.domains.commands.requests import Asked
from openmarque.domains.commands.service import RemoteCommands
from openmarque.domains.commands.store import CommandStore
from openmarque.kit.ids import VehicleId, new_uuid, wire
from openmarque.parts.commands import OwnCommand
from openmarque.storage.timers import TimerStore
from openmarque.storage.transaction import Transaction

GIVEN_TIMER: Final = "command_given"
"""Kind of the timer, due at once, that brings a command on its way behind the commit of whoever gave it."""


class OwnCommands:
    """``parts.commands.Commands``."""

    def __init__(self, remote_commands: RemoteCommands, store: CommandStore, timers: TimerStore) -> None:
        """Give them as `remote_commands` takes those of owners."""
        self._remote_commands = remote_commands
        self._store = store
        self._timers = timers

    async def give(self, tx: Transaction, vehicle_id: VehicleId, wanted: OwnCommand, now: datetime) -> UUID:
        """See ``parts.commands.Commands.give``."""
        command = self._remote_commands.command(wanted.command)
        if command.declaration != wanted.declaration:
            raise CommandUnknown(commands=", ".join(self._remote_commands.listed_by(wanted.declaration)) or "–")
        if command.spec.authority is not Authority.PLATFORM or not wanted.cause or not is_reason_code(wanted.cause):
            raise NotForPlatform
        commander = await self._store.commander(tx, vehicle_id, now)
        if commander is None:
            raise CommandRefused(reasons.NOT_GRANTED)
        asked = Asked(vehicle_id, *commander, wire(new_uuid()), wanted.command, wanted.arguments, cause=wanted.cause)
        receipt = await self._remote_commands.place(tx, asked, now)
        if receipt.needs_challenge:
            await self._timers.set(tx, GIVEN_TIMER, receipt.command_id, now)
        return receipt.command_id
