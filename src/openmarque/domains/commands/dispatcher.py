"""What happens around a remote command at the edge, in short transactions: the safety code, the command itself, and its way to the car.

Between them nothing is held: neither a row nor a connection waits for a hash, for a car, or for the broker. What a cut-off request began
is finished all the same (`_finished`), so that a remote command that was kept is also handed over, or said not to be.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import structlog

from openmarque.domains.commands import reasons
from openmarque.domains.commands.bundle import Commands
from openmarque.domains.commands.errors import CommandRefused, TooManyPhoneRequests
from openmarque.domains.commands.progress import Progress
from openmarque.domains.commands.requests import CommandReceipt
from openmarque.domains.commands.rules import MAX_PHONE_REQUESTS
from openmarque.domains.commands.store import CodeRow, PhoneRow
from openmarque.http.edge import CarVisit, Edge, RequestSession, at_car
from openmarque.kit.clock import Clock
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.ids import VehicleId
from openmarque.link.broker import Broker, BrokerDown, NobodyListens
from openmarque.link.challenges import CarOffline, CarSilent, Challenges, TooManyChallenges
from openmarque.link.subjects import down_subject
from openmarque.storage.transaction import Database

T = TypeVar("T")
_log = structlog.get_logger("openmarque.commands")
_running: Final[set[asyncio.Task[Any]]] = set()
"""Work that goes on after its request; a task that nothing refers to may be collected while it runs."""


@dataclass(frozen=True)
class CommandSender:
    """Brings remote commands that were kept to their cars."""

    database: Database
    clock: Clock
    progress: Progress
    challenges: Challenges
    broker: Broker

    async def hand_over(self, vehicle_id: VehicleId, receipt: CommandReceipt) -> bool:
        """Bring a remote command that was just kept on its way, also when the request is cut off meanwhile; false when it was turned down."""
        if receipt.frame is not None:
            return await _finished(self._deliver(vehicle_id, receipt, receipt.frame))
        if receipt.needs_challenge:
            _ = _go_on(self._ask_and_deliver(vehicle_id, receipt))
        return True

    async def _deliver(self, vehicle_id: VehicleId, receipt: CommandReceipt, frame: bytes) -> bool:
        try:
            await self.broker.deliver(down_subject(vehicle_id, "command"), frame)
        except NobodyListens:
            await self._turn_down(receipt, reasons.CAR_OFFLINE)
            return False
        except BrokerDown as error:
            # It may have left or not: the car may still say its outcome, and the timer ends it otherwise.
            _log.warning("command_not_sent", error=type(error).__name__, detail=error.detail)
        return True

    async def _ask_and_deliver(self, vehicle_id: VehicleId, receipt: CommandReceipt) -> None:
        try:
            await self._send_own(vehicle_id, receipt)
        except OpenMarqueError as error:
            _log.warning("command_not_sent", error=type(error).__name__, detail=error.detail)

    async def _send_own(self, vehicle_id: VehicleId, receipt: CommandReceipt) -> None:
        try:
            challenge = await self.challenges.ask(vehicle_id)
        except CarOffline:
            await self._turn_down(receipt, reasons.CAR_OFFLINE)
            return
        except (CarSilent, TooManyChallenges, BrokerDown):
            await self._turn_down(receipt, reasons.CAR_SILENT)
            return
        async with self.database.begin() as tx:
            frame = await self.progress.send_with(tx, receipt.command_id, challenge, self.clock.now())
        if frame is not None:
            await self._deliver(vehicle_id, receipt, frame)

    async def _turn_down(self, receipt: CommandReceipt, reason: str) -> None:
        async with self.database.begin() as tx:
            await self.progress.turn_down(tx, receipt.command_id, reason, self.clock.now())


@dataclass(frozen=True)
class CommandDispatcher:
    """Takes what owners want of one car."""

    edge: Edge
    commands: Commands
    broker: Broker
    opened: RequestSession
    vehicle_id: str

    @property
    def sender(self) -> CommandSender:
        """What brings commands on their way."""
        commands = self.commands
        return CommandSender(
            self.edge.database, self.edge.clock, commands.remote_commands.progress, commands.challenges, self.broker
        )

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[CarVisit]:
        """A visit to the car in a transaction that commits when the block ends normally. Raises ``NotSignedIn``, ``NotInYourGarage``."""
        async with self.opened.visit(self.edge) as visit:
            yield at_car(visit, self.vehicle_id)

    async def counted_code(self, code: str) -> CodeRow:
        """Look whether `code` is the owner's; the try is counted. Raises ``WrongSafetyCode`` and what ``SafetyCodes.begin`` raises."""
        async with self.visit() as visit:
            counted = await self.commands.codes.begin(visit.tx, visit.account_id, visit.now)
        await self.commands.codes.prove(counted, code)
        return counted

    async def take_back(self, counted: CodeRow) -> None:
        """Take back a try whose code was right when nothing came of the command: its owner must not be locked out by a used counter."""
        async with self.edge.database.begin() as tx:
            await self.commands.codes.passed(tx, counted)

    async def hand_over(self, vehicle_id: VehicleId, receipt: CommandReceipt) -> bool:
        """See ``CommandSender.hand_over``."""
        return await self.sender.hand_over(vehicle_id, receipt)

    async def challenge(self) -> bytes:
        """A challenge of the car. Raises ``CommandRefused`` when no command is permitted now, and what ``Challenges.ask`` raises."""
        async with self.visit() as visit:
            closed = await self.commands.remote_commands.why_closed(visit.tx, visit.tenure_id, visit.vehicle_id, visit.now)
        if closed:
            raise CommandRefused(closed)
        return await self.commands.challenges.ask(visit.vehicle_id)

    async def offer_phone(self, spki: bytes, label: str, mac: bytes) -> PhoneRow:
        """Offer a phone's digital key to the car; gives the phone as it stands then. Raises ``CarOffline``, and what ``Phones.request`` raises."""
        async with self.visit() as visit:
            who = (visit.vehicle_id, visit.tenure_id, visit.account_id)
            row, frame = await self.commands.phones.request(visit.tx, who, spki, label, mac, visit.now)
            self._spend_offer(visit.vehicle_id)
        await _finished(self._offer(visit, row.key_id, frame))
        return row

    def _spend_offer(self, vehicle_id: VehicleId) -> None:
        """Each offer costs the car an answer that it keeps until it is delivered, also one that it refuses: so only so many go there."""
        try:
            self.commands.challenges.spend(vehicle_id, "phone")
        except TooManyChallenges:
            raise TooManyPhoneRequests(limit=MAX_PHONE_REQUESTS) from None

    async def _offer(self, visit: CarVisit, key_id: str, frame: bytes) -> None:
        try:
            await self.broker.deliver(down_subject(visit.vehicle_id, "key"), frame)
        except (NobodyListens, BrokerDown) as error:
            async with self.edge.database.begin() as tx:
                await self.commands.phones.not_offered(tx, visit.tenure_id, key_id, self.edge.clock.now())
            if isinstance(error, BrokerDown):
                raise
            raise CarOffline from error


def _go_on(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run `work` by itself; its timer tells the owner where it fails."""
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def _finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which goes on when whoever waits for it is cut off."""
    return await asyncio.shield(_go_on(work))
