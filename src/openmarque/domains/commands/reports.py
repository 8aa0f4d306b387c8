"""What cars say of commands and phones, and what a car is told when it has come back. Never commits. REQ RC-6."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from openmarque.domains.commands.phones import Phones
from openmarque.domains.commands.progress import Progress
from openmarque.domains.commands.store import CommandStore
from openmarque.kit.ids import VehicleId
from openmarque.link.ports import Accepted
from openmarque.link.subjects import down_subject
from openmarque.protocol.commands import COMMAND_REPORT, CommandReport
from openmarque.protocol.digital_keys import DIGITAL_KEY_REPORT, DigitalKeyReport
from openmarque.protocol.messages import Hello
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_UNREADABLE: Final = "unreadable"


class ReportHandler:
    """``Handler`` of ``command_report`` and ``digital_key_report``."""

    types = frozenset((COMMAND_REPORT, DIGITAL_KEY_REPORT))
    role = PLATFORM

    def __init__(self, remote_commands: Progress, phones: Phones) -> None:
        """Hand reports on to `commands` and `phones`."""
        self._remote_commands = remote_commands
        self._phones = phones

    async def apply(self, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
        """See ``Handler.apply``."""
        refused: dict[int, str] = {}
        for indices in _groups(messages):
            reasons = await self._take(tx, [messages[index] for index in indices])
            refused |= {index: reason for index, reason in zip(indices, reasons, strict=True) if reason}
        return refused

    async def _take(self, tx: Transaction, messages: Sequence[Accepted]) -> list[str]:
        """The reason why each of `messages`, a group of ``_groups``, can't be taken; empty where it is."""
        about = messages[0]
        if isinstance(about.body, DigitalKeyReport):
            return [await self._phones.report(tx, about.vehicle_id, about.tenure_id, about.body, about.received_at)]
        said = [message.body for message in messages if isinstance(message.body, CommandReport)]
        if not said:
            return [_UNREADABLE]
        return await self._remote_commands.reports(tx, about.vehicle_id, about.tenure_id, said, about.received_at)


def _groups(messages: Sequence[Accepted]) -> list[list[int]]:
    """The places of `messages`, in their order; what one car says of one command in a row stands together."""
    groups: list[list[int]] = []
    former: tuple[VehicleId, str] | None = None
    for index, message in enumerate(messages):
        about = (message.vehicle_id, message.body.command_id) if isinstance(message.body, CommandReport) else None
        if about is not None and about == former:
            groups[-1].append(index)
        else:
            groups.append([index])
        former = about
    return groups


class Resend:
    """``AfterWelcome`` of commands: first which phones remain, then what was sent and is not over yet.

    A car runs a remote command once at most and knows by its own clock whether it is in time, so giving it again is harmless; what
    it was never given, since it was not connected, was refused and is not among them.
    """

    def __init__(self, store: CommandStore, phones: Phones) -> None:
        """Look into `store`."""
        self._store = store
        self._phones = phones

    async def greeted(self, tx: Transaction, vehicle_id: VehicleId, hello: Hello, now: datetime) -> None:
        """See ``link.ports.AfterWelcome``."""
        del hello
        await self._phones.tell_car(tx, vehicle_id, now)
        commander = await self._store.commander(tx, vehicle_id, now)
        if commander is None:
            return
        for row in await self._store.to_send_again(tx, vehicle_id, commander[0], now):
            if row.frame is not None:
                await self._store.count_send(tx, row.command_id)
                tx.publish_after_commit(down_subject(vehicle_id, "command"), row.frame)
