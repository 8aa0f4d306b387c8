"""Remote commands, phones and safety codes in memory: the fake under the deterministic world, held to the same tests as ``postgres``."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.domains.commands.rules import next_number
from openmarque.domains.commands.states import KeyState, State
from openmarque.domains.commands.store import (
    CodeRow,
    CommandEligibility,
    CommandLookup,
    CommandRow,
    CommandView,
    Inquiry,
    PhoneRow,
    Step,
)
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.link.memory import CAR_POLICY
from openmarque.storage.memory import memory
from openmarque.storage.transaction import Transaction

VEHICLE_COMMAND: Final = "vehicle_command"
COMMAND_STEP: Final = "command_step"
DIGITAL_KEY: Final = "digital_key"
SAFETY_CODE: Final = "safety_code"
COMMAND_NUMBERS: Final = "command_numbers"
COMMAND_TIMER: Final = "command_timer"
"""When each command is to be looked at, by its id: whoever runs the world does so and takes the row away."""
COMMANDER: Final = "commander"
"""The account that may command a car: {vehicle: (tenure, account)}. Set by whoever runs the world or the test."""


class MemoryCommands:
    """``CommandStore`` in memory. One transaction runs at a time, so there is nothing to lock."""

    @staticmethod
    def let(tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, account_id: AccountId) -> None:
        """Let this account, and nobody else, command the car by this tenure."""
        memory(tx).put(COMMANDER, vehicle_id, (tenure_id, account_id))

    @staticmethod
    def forbid(tx: Transaction, vehicle_id: VehicleId) -> None:
        """Let nobody command the car."""
        memory(tx).delete(COMMANDER, vehicle_id)

    async def eligibility(
        self, tx: Transaction, tenure_id: TenureId, account_id: AccountId, now: datetime, since: datetime
    ) -> CommandEligibility:
        """See ``CommandStore.eligibility``."""
        del now
        vehicles = [vehicle for vehicle, held in memory(tx).all(COMMANDER).items() if held == (tenure_id, account_id)]
        remote_commands = memory(tx).all(VEHICLE_COMMAND).values()
        asked = sum(row.tenure_id == tenure_id and row.requested_at > since for row in remote_commands)
        version = (memory(tx).get(COMMAND_NUMBERS, vehicles[0]) or (0, 0))[1] if vehicles else 0
        return CommandEligibility(bool(vehicles), asked, version, "en" if vehicles else "")

    async def look_up(self, tx: Transaction, inquiry: Inquiry, now: datetime, since: datetime) -> CommandLookup:
        """See ``CommandStore.look_up``."""
        return CommandLookup(
            await self.eligibility(tx, inquiry.tenure_id, inquiry.account_id, now, since),
            await self.command_by_key(tx, inquiry.account_id, inquiry.idempotency_key),
            await self.lock_phone(tx, inquiry.tenure_id, inquiry.key_id),
            memory(tx).get(CAR_POLICY, inquiry.vehicle_id),
        )

    async def commander(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> tuple[TenureId, AccountId] | None:
        """See ``CommandStore.commander``."""
        del now
        held: tuple[TenureId, AccountId] | None = memory(tx).get(COMMANDER, vehicle_id)
        return held

    async def language(self, tx: Transaction, account_id: AccountId) -> str:
        """See ``CommandStore.language``: nobody reads here."""
        del tx, account_id
        return "en"

    async def add_command(
        self, tx: Transaction, row: CommandRow, steps: Sequence[State], now: datetime, look_at: datetime | None = None
    ) -> bool:
        """See ``CommandStore.add_command``."""
        for other in memory(tx).all(VEHICLE_COMMAND).values():
            same_counter = row.key_id is not None and (row.vehicle_id, row.key_id, row.counter) == (
                *(other.vehicle_id, other.key_id, other.counter),
            )
            same_key = (row.account_id, row.idempotency_key) == (other.account_id, other.idempotency_key)
            if row.command_id == other.command_id or same_key or same_counter:
                return False
        memory(tx).put(VEHICLE_COMMAND, row.command_id, row)
        self._add_steps(tx, row, steps, now)
        phone = await self.lock_phone(tx, row.tenure_id, row.key_id or "")
        if phone is not None and row.counter is not None:
            await self.put_phone(tx, replace(phone, counter=row.counter))
        if look_at is not None:
            await self.expire_at(tx, row.command_id, look_at)
        return True

    async def command_by_key(self, tx: Transaction, account_id: AccountId, idempotency_key: str) -> CommandRow | None:
        """See ``CommandStore.command_by_key``."""
        every = memory(tx).all(VEHICLE_COMMAND).values()
        wanted = (account_id, idempotency_key)
        return next((row for row in every if (row.account_id, row.idempotency_key) == wanted), None)

    async def lock_command(self, tx: Transaction, command_id: UUID) -> CommandRow | None:
        """See ``CommandStore.lock_command``."""
        row: CommandRow | None = memory(tx).get(VEHICLE_COMMAND, command_id)
        return row

    async def move_command(
        self, tx: Transaction, row: CommandRow, steps: Sequence[State], now: datetime
    ) -> tuple[CommandView, str]:
        """See ``CommandStore.move_command``: nobody reads here, so the language is any."""
        memory(tx).put(VEHICLE_COMMAND, row.command_id, row)
        self._add_steps(tx, row, steps, now)
        return _view(tx, row), "en"

    @staticmethod
    def _add_steps(tx: Transaction, row: CommandRow, steps: Sequence[State], now: datetime) -> None:
        known: tuple[Step, ...] = memory(tx).get(COMMAND_STEP, row.command_id) or ()
        added = tuple(Step(state, row.reason if state is row.state else "", now) for state in steps)
        memory(tx).put(COMMAND_STEP, row.command_id, known + added)

    async def to_send_again(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, now: datetime
    ) -> list[CommandRow]:
        """See ``CommandStore.to_send_again``."""
        found = [
            row
            for row in memory(tx).all(VEHICLE_COMMAND).values()
            if (row.vehicle_id, row.tenure_id, row.state) == (vehicle_id, tenure_id, State.SENT)
            and row.frame is not None
            and row.expires_at > now
        ]
        return sorted(found, key=lambda row: (row.requested_at, row.command_id))

    async def count_send(self, tx: Transaction, command_id: UUID) -> None:
        """See ``CommandStore.count_send``."""
        row: CommandRow = memory(tx).all(VEHICLE_COMMAND)[command_id]
        memory(tx).put(VEHICLE_COMMAND, command_id, replace(row, sends=row.sends + 1))

    async def command_view(self, tx: Transaction, tenure_id: TenureId, command_id: UUID) -> CommandView | None:
        """See ``CommandStore.command_view``."""
        row: CommandRow | None = memory(tx).get(VEHICLE_COMMAND, command_id)
        return None if row is None or row.tenure_id != tenure_id else _view(tx, row)

    async def command_views(
        self, tx: Transaction, tenure_id: TenureId, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[CommandView]:
        """See ``CommandStore.command_views``."""
        found = [row for row in memory(tx).all(VEHICLE_COMMAND).values() if row.tenure_id == tenure_id]
        found.sort(key=lambda row: (row.requested_at, row.command_id), reverse=True)
        return [_view(tx, row) for row in found if before is None or (row.requested_at, row.command_id) < before][:limit]

    async def expire_at(self, tx: Transaction, command_id: UUID, due_at: datetime) -> None:
        """See ``CommandStore.expire_at``."""
        memory(tx).put(COMMAND_TIMER, command_id, due_at)

    async def next_counter(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> int:
        """See ``CommandStore.next_counter``."""
        counter, version = memory(tx).get(COMMAND_NUMBERS, vehicle_id) or (0, 0)
        counter = next_number(counter, to_ms(now))
        memory(tx).put(COMMAND_NUMBERS, vehicle_id, (counter, version))
        return counter

    async def next_keys_version(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> int:
        """See ``CommandStore.next_keys_version``."""
        counter, version = memory(tx).get(COMMAND_NUMBERS, vehicle_id) or (0, 0)
        version = next_number(version, to_ms(now) // 1000)
        memory(tx).put(COMMAND_NUMBERS, vehicle_id, (counter, version))
        return version

    async def knows_phones(self, tx: Transaction, vehicle_id: VehicleId) -> bool:
        """See ``CommandStore.knows_phones``."""
        offered = any(row.vehicle_id == vehicle_id for row in memory(tx).all(DIGITAL_KEY).values())
        return offered or (memory(tx).get(COMMAND_NUMBERS, vehicle_id) or (0, 0))[1] > 0

    async def lock_phone(self, tx: Transaction, tenure_id: TenureId, key_id: str) -> PhoneRow | None:
        """See ``CommandStore.lock_phone``."""
        row: PhoneRow | None = memory(tx).get(DIGITAL_KEY, (tenure_id, key_id))
        return row

    async def put_phone(self, tx: Transaction, row: PhoneRow) -> None:
        """See ``CommandStore.put_phone``."""
        key = (row.tenure_id, row.key_id)
        old: PhoneRow | None = memory(tx).get(DIGITAL_KEY, key)
        kept = row if old is None else replace(row, counter=max(old.counter, row.counter), public_key=old.public_key)
        memory(tx).put(DIGITAL_KEY, key, kept)

    async def phones(self, tx: Transaction, tenure_id: TenureId) -> list[PhoneRow]:
        """See ``CommandStore.phones``."""
        found = [row for row in memory(tx).all(DIGITAL_KEY).values() if row.tenure_id == tenure_id]
        return sorted(found, key=lambda row: (row.requested_at, row.key_id))

    async def owner_phones(self, tx: Transaction, tenure_id: TenureId) -> list[PhoneRow]:
        """See ``CommandStore.owner_phones``."""
        return await self.phones(tx, tenure_id)

    async def drop_phones(self, tx: Transaction, tenure_id: TenureId, requested_before: datetime) -> None:
        """See ``CommandStore.drop_phones``."""
        for row in await self.phones(tx, tenure_id):
            came_to_nothing = row.counter == 0 and row.state in (KeyState.REQUESTED, KeyState.REFUSED)
            if came_to_nothing and row.requested_at < requested_before:
                memory(tx).delete(DIGITAL_KEY, (row.tenure_id, row.key_id))

    async def lock_code(self, tx: Transaction, account_id: AccountId) -> CodeRow | None:
        """See ``CommandStore.lock_code``."""
        row: CodeRow | None = memory(tx).get(SAFETY_CODE, account_id)
        return row

    async def put_code(self, tx: Transaction, row: CodeRow) -> None:
        """See ``CommandStore.put_code``."""
        memory(tx).put(SAFETY_CODE, row.account_id, row)


def _view(tx: Transaction, row: CommandRow) -> CommandView:
    phone: PhoneRow | None = memory(tx).get(DIGITAL_KEY, (row.tenure_id, row.key_id))
    return CommandView(
        command_id=row.command_id,
        command=row.command,
        arguments=row.arguments,
        state=row.state,
        reason=row.reason,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        phone=None if phone is None else (phone.key_id, phone.label),
        steps=memory(tx).get(COMMAND_STEP, row.command_id) or (),
        cause=row.cause,
    )
