"""Where commands, phones and safety codes are kept: the interface. ``postgres`` and ``memory`` hold it, by the same tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from openmarque.catalogue.command_arguments import Arguments
from openmarque.domains.commands.states import KeyState, State
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.link.ports import PolicyRow
from openmarque.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A remote command as kept. `key_id` is that of the phone that signed, "" for the platform's own commands, None before anybody signed.

    `frame` is what is sent to the car, None when nothing is to be sent (any more); `sends` counts how often the broker got it.
    """

    command_id: UUID
    tenure_id: TenureId
    vehicle_id: VehicleId
    account_id: AccountId
    idempotency_key: str
    fingerprint: bytes
    command: str
    arguments: Arguments
    state: State
    reason: str
    policy_version: int
    requested_at: datetime
    expires_at: datetime
    key_id: str | None = None
    counter: int | None = None
    payload_hash: bytes | None = None
    frame: bytes | None = None
    sends: int = 0
    code_at: datetime | None = None
    cause: str = ""
    """Why a service of the platform gave it; "" where its owner did."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a remote command's life, by the platform's clock."""

    state: State
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CommandView:
    """A remote command as its owner sees it. `phone` is (key_id, label) of the phone that signed; None for the platform's own commands."""

    command_id: UUID
    command: str
    arguments: Arguments
    state: State
    reason: str
    requested_at: datetime
    expires_at: datetime
    phone: tuple[str, str] | None
    steps: tuple[Step, ...]
    cause: str = ""
    """As in ``CommandRow``."""


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """The key of a phone as kept."""

    tenure_id: TenureId
    key_id: str
    vehicle_id: VehicleId
    public_key: bytes
    label: str
    state: KeyState
    reason: str
    counter: int
    requested_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class CodeRow:
    """An account's safety code as kept, and the tries at it."""

    account_id: AccountId
    hash: str
    pepper_id: str
    set_at: datetime
    wrong: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class CommandEligibility:
    """Whether an account may give a car commands, and what else is looked up of it before anything else is."""

    may_command: bool
    """The tenure is running and the account's, and a running grant lets the account command. REQ RC-7."""
    remote_commands: int
    """Remote commands of the tenure since the instant asked about."""
    keys_version: int
    """Of the newest list of phones sent to the car; 0 when there was none."""
    language: str
    """The account's."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What an account asks for, as far as something has to be looked up for it. `key_id` is that of the phone that signed, "" for none."""

    vehicle_id: VehicleId
    tenure_id: TenureId
    account_id: AccountId
    idempotency_key: str
    key_id: str


@dataclass(frozen=True, slots=True)
class CommandLookup:
    """All that is looked up for a new command."""

    eligibility: CommandEligibility
    known: CommandRow | None
    """The command that came with this key."""
    phone: PhoneRow | None
    """The phone of the tenure that signed, locked until the transaction ends."""
    policy: PolicyRow | None
    """The car's."""


class CommandStore(Protocol):
    """Keeps commands, phones and safety codes. Every method runs inside the transaction it is given."""

    async def eligibility(
        self, tx: Transaction, tenure_id: TenureId, account_id: AccountId, now: datetime, since: datetime
    ) -> CommandEligibility:
        """Whether the account may command at `now`; its commands are counted from `since` on."""
        ...

    async def look_up(self, tx: Transaction, inquiry: Inquiry, now: datetime, since: datetime) -> CommandLookup:
        """All that a new command needs, in one look: `eligibility`, `command_by_key`, `lock_phone` and the car's policy.

        Where it waits for the phone, what it says of a remote command with this key is from before it waited.
        """
        ...

    async def commander(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> tuple[TenureId, AccountId] | None:
        """The running tenure of a car whose owner may command it, and their account; None when there is none (the car left the garage)."""
        ...

    async def language(self, tx: Transaction, account_id: AccountId) -> str:
        """The account's language."""
        ...

    async def add_command(
        self, tx: Transaction, row: CommandRow, steps: Sequence[State], now: datetime, look_at: datetime | None = None
    ) -> bool:
        """Keep a new command with its first steps, take its counter from the phone that signed, and have it looked at (`expire_at`).

        False, and nothing kept, when its id, its idempotency key or its counter was used. Waits for another transaction that
        uses one of them at this moment.
        """
        ...

    async def command_by_key(self, tx: Transaction, account_id: AccountId, idempotency_key: str) -> CommandRow | None:
        """The command that came with this key."""
        ...

    async def lock_command(self, tx: Transaction, command_id: UUID) -> CommandRow | None:
        """The command, locked until the transaction ends."""
        ...

    async def move_command(
        self, tx: Transaction, row: CommandRow, steps: Sequence[State], now: datetime
    ) -> tuple[CommandView, str]:
        """Keep what changed of a locked command, and its next steps; the last of `steps` is the row's state, with its reason.

        Gives the command as its owner is told of it, and the language of the account that asked.
        """
        ...

    async def to_send_again(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, now: datetime
    ) -> list[CommandRow]:
        """The tenure's commands that were sent, unheard of since, and not over at `now`; oldest first, locked."""
        ...

    async def count_send(self, tx: Transaction, command_id: UUID) -> None:
        """Count one more hand-over to the broker; the row is locked."""
        ...

    async def command_view(self, tx: Transaction, tenure_id: TenureId, command_id: UUID) -> CommandView | None:
        """One command of a tenure as its owner sees it."""
        ...

    async def command_views(
        self, tx: Transaction, tenure_id: TenureId, before: tuple[datetime, UUID] | None, limit: int
    ) -> list[CommandView]:
        """The newest commands of a tenure, newest first, those before (requested_at, command_id) only."""
        ...

    async def expire_at(self, tx: Transaction, command_id: UUID, due_at: datetime) -> None:
        """Have a remote command looked at when its time is over; moves an earlier appointment."""
        ...

    async def next_counter(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> int:
        """The next counter of the platform's own commands to a car; never the same twice, also from a restored database."""
        ...

    async def next_keys_version(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> int:
        """The version for the next list of phones; never the same twice, also from a restored database."""
        ...

    async def knows_phones(self, tx: Transaction, vehicle_id: VehicleId) -> bool:
        """Whether the car was ever offered a phone, or told which remain: only then is there something to tell it."""
        ...

    async def lock_phone(self, tx: Transaction, tenure_id: TenureId, key_id: str) -> PhoneRow | None:
        """A phone of a tenure, locked until the transaction ends."""
        ...

    async def put_phone(self, tx: Transaction, row: PhoneRow) -> None:
        """Keep a phone, or what changed of it; its counter never goes back."""
        ...

    async def phones(self, tx: Transaction, tenure_id: TenureId) -> list[PhoneRow]:
        """Every phone of a tenure, oldest request first, whatever its state."""
        ...

    async def owner_phones(self, tx: Transaction, tenure_id: TenureId) -> list[PhoneRow]:
        """As `phones`, read as the tenure's owner."""
        ...

    async def drop_phones(self, tx: Transaction, tenure_id: TenureId, requested_before: datetime) -> None:
        """Forget requests of a tenure that came to nothing, made before that instant: phones refused or still waiting that never gave a command."""
        ...

    async def lock_code(self, tx: Transaction, account_id: AccountId) -> CodeRow | None:
        """The safety code of an account, locked until the transaction ends."""
        ...

    async def put_code(self, tx: Transaction, row: CodeRow) -> None:
        """Keep a safety code, or what changed of it."""
        ...
