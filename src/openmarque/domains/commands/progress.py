"""What becomes of a remote command that was kept: the platform signs its own, the car reports, time runs out. Never commits. REQ RC-6."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from openmarque.catalogue.capabilities import is_reason_code
from openmarque.catalogue.refusals import Reason
from openmarque.domains.commands import reasons
from openmarque.domains.commands.errors import CommandStepImpossible
from openmarque.domains.commands.requests import CommandReceipt
from openmarque.domains.commands.rules import Command
from openmarque.domains.commands.states import COMMAND_LIFE, Event, State
from openmarque.domains.commands.store import CommandRow, CommandStore, CommandView
from openmarque.kit.ids import TenureId, VehicleId, parse_wire, wire
from openmarque.link.live import LiveUpdates
from openmarque.protocol import signing
from openmarque.protocol.commands import (
    PLATFORM_KEY,
    CommandPayload,
    CommandReport,
    CommandStep,
    b64url,
    sign_command,
    write_payload,
)
from openmarque.storage.transaction import Transaction

LIVE_PART: Final = "remote_commands"
"""Name of the part of event streams that tells of commands."""
UNKNOWN_REMOTE_COMMAND: Final = "unknown_remote_command"

_EVENTS: Final[Mapping[CommandStep, Event]] = {
    CommandStep.REACHED: Event.CAR_REACHED,
    CommandStep.EXECUTING: Event.CAR_EXECUTING,
    CommandStep.DONE: Event.CAR_DONE,
    CommandStep.REFUSED: Event.CAR_REFUSED,
    CommandStep.FAILED: Event.CAR_FAILED,
}

_MS: Final = timedelta(milliseconds=1)

CommandKey = Callable[[], signing.PrivateKey]
"""Gives the key that signs commands now."""


class Progress:
    """Moves commands on by the table of ``states``, and tells whoever watches."""

    def __init__(self, store: CommandStore, commands: Mapping[str, Command], key: CommandKey) -> None:
        """Keep commands in `store`, sign the platform's own among `commands` with `key`."""
        self._store = store
        self._commands = commands
        self._key = key

    async def send_with(self, tx: Transaction, command_id: UUID, challenge: bytes, now: datetime) -> bytes | None:
        """Sign an accepted command of the platform over the car's challenge; gives the frame to hand over. None when its time is over.

        The car gave the challenge before `now`; counting from there it begins no later than the request allows.
        """
        row = await self._store.lock_command(tx, command_id)
        if row is None or row.state is not State.ACCEPTED or row.frame is not None or row.command not in self._commands:
            return None
        valid_ms = (row.requested_at + self._commands[row.command].begins_within - now) // _MS
        if valid_ms < 1:
            await self.move(tx, row, Event.TURNED_DOWN, reasons.NOT_SENT, now)
            return None
        counter = await self._store.next_counter(tx, row.vehicle_id, now)
        payload = write_payload(
            CommandPayload(
                command_id=wire(command_id),
                vehicle_id=wire(row.vehicle_id),
                command=row.command,
                arguments=dict(row.arguments),
                key_id=PLATFORM_KEY,
                counter=counter,
                challenge=b64url(challenge),
                valid_ms=valid_ms,
            )
        )
        version = (await self._store.eligibility(tx, row.tenure_id, row.account_id, now, now)).keys_version
        frame = sign_command(self._key(), row.vehicle_id, payload, b"", code_fresh=False, keys_version=version)
        row = replace(
            row,
            key_id=PLATFORM_KEY,
            counter=counter,
            payload_hash=hashlib.sha256(payload).digest(),
        )
        row = handed_over(row, frame)
        await self.keep(tx, row, [row.state], now)
        return frame

    async def turn_down(self, tx: Transaction, command_id: UUID, reason: str, now: datetime) -> None:
        """The command could not be handed over: it is refused, and nothing of it is kept to be sent.

        Without effect when the car has got it meanwhile: one that came back at this moment was given it at its greeting.
        """
        row = await self._store.lock_command(tx, command_id)
        if row is not None and row.state in (State.ACCEPTED, State.SENT) and row.sends <= 1:
            await self.move(tx, row, Event.TURNED_DOWN, reason, now)

    async def time_over(self, tx: Transaction, command_id: UUID, now: datetime) -> None:
        """The command's time is over. Looks at the row: it may have ended, or have been given more time."""
        row = await self._store.lock_command(tx, command_id)
        if row is None:
            return
        if row.expires_at > now:
            await self._store.expire_at(tx, command_id, row.expires_at)
            return
        ended_by = {State.AWAITING_PHONE: reasons.NOT_APPROVED, State.ACCEPTED: reasons.NOT_SENT}
        await self.move(tx, row, Event.TIME_OVER, ended_by.get(row.state, reasons.NO_OUTCOME), now)

    async def report(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, report: CommandReport, now: datetime
    ) -> str:
        """The car says how a remote command fares; gives the reason why this can't be taken, empty when it is."""
        return (await self.reports(tx, vehicle_id, tenure_id, [report], now))[0]

    async def reports(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, said: Sequence[CommandReport], now: datetime
    ) -> list[str]:
        """The car says several things of one command, in their order: as one ``report`` after the other, kept and told once."""
        try:
            command_id = parse_wire(said[0].command_id)
        except ValueError:
            return [UNKNOWN_REMOTE_COMMAND] * len(said)
        row = await self._store.lock_command(tx, command_id)
        if row is None or row.vehicle_id != vehicle_id:
            return [UNKNOWN_REMOTE_COMMAND] * len(said)
        if row.tenure_id != tenure_id:
            return [str(Reason.NO_TENURE)] * len(said)
        refused, taken = [], list[tuple[State, str]]()
        for report in said:
            ended = report.state in (CommandStep.REFUSED, CommandStep.FAILED)
            try:
                stood = taken[-1][0] if taken else row.state
                state = COMMAND_LIFE.after(stood, _EVENTS[report.state])
            except CommandStepImpossible as impossible:
                refused.append(impossible.code.replace("-", "_"))
                continue
            refused.append("")
            if state is not stood:
                taken.append(
                    (state, (report.reason if is_reason_code(report.reason) else reasons.UNSPECIFIED) if ended else "")
                )
        if taken:
            # A state with a reason is a last one, so none but the last step has one.
            row = replace(row, state=taken[-1][0], reason=taken[-1][1], frame=None)
            await self.keep(tx, row, [state for state, _ in taken], now)
        return refused

    async def move(self, tx: Transaction, row: CommandRow, event: Event, reason: str, now: datetime) -> CommandReceipt:
        """Let `event` happen to a locked command; a stale one changes nothing. Raises ``CommandStepImpossible``."""
        state = COMMAND_LIFE.after(row.state, event)
        if state is not row.state:
            row = replace(row, state=state, reason=reason, frame=None)
            await self.keep(tx, row, [state], now)
        return CommandReceipt(row.command_id)

    async def keep(self, tx: Transaction, row: CommandRow, steps: Sequence[State], now: datetime) -> CommandView:
        """Keep what changed of a locked command, and tell whoever watches, in the language of the account that gave it."""
        view, language = await self._store.move_command(tx, row, steps, now)
        LiveUpdates.tell(tx, row.tenure_id, LIVE_PART, remote_command=view, language=language)
        return view


def handed_over(row: CommandRow, frame: bytes) -> CommandRow:
    """The accepted command with the frame that leaves after the commit."""
    return replace(row, state=COMMAND_LIFE.after(row.state, Event.HANDED_OVER), frame=frame, sends=1)
