"""What owners ask for, as values: a remote command, an approval, what a phone signed, and what came of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from openmarque.domains.commands.rules import Command, fingerprint
from openmarque.domains.commands.store import CommandView, PhoneRow
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.protocol.commands import CommandPayload


@dataclass(frozen=True, slots=True)
class Signed:
    """What a phone signed: the payload's bytes and the signature (P1363)."""

    payload: bytes
    signature: bytes

    def digest(self) -> bytes:
        """By which the same approval is known again."""
        return hashlib.sha256(self.payload + self.signature).digest()


@dataclass(frozen=True, slots=True)
class Asked:
    """An owner's request for a remote command, with the arguments as they came.

    `signed` None where no phone has signed (yet); `code_right`: the safety code came with it. `requested_at` is when the request came in, from
    which the command's time limits count (REQ RC-1); None: now. `cause`: why a service of the platform gives it; "" where its owner does.
    """

    vehicle_id: VehicleId
    tenure_id: TenureId
    account_id: AccountId
    idempotency_key: str
    command: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    signed: Signed | None = None
    code_right: bool = False
    requested_at: datetime | None = None
    cause: str = ""

    def fingerprint(self) -> bytes:
        """What two requests with the same Idempotency-Key must have in common."""
        signed = self.signed or Signed(b"", b"")
        arguments = msgspec.json.encode(self.arguments, order="sorted")
        return fingerprint(self.vehicle_id.bytes, self.command.encode(), arguments, signed.payload, signed.signature)


@dataclass(frozen=True, slots=True)
class Proof:
    """That a phone truly signed: its row, locked, what it signed, and the version of the list of phones that the car was sent last."""

    signed: Signed
    payload: CommandPayload
    phone: PhoneRow
    keys_version: int


@dataclass(frozen=True, slots=True)
class Approval:
    """What a phone signed for a remote command that awaits it; whose, and for which car."""

    command_id: UUID
    tenure_id: TenureId
    account_id: AccountId
    signed: Signed
    code_right: bool = False
    requested_at: datetime | None = None
    """When the approval came in; None: now."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that an owner may know of, and the reason code why it is not possible now ("" when it is)."""

    command: Command
    refused: str


@dataclass(frozen=True, slots=True)
class CommandReceipt:
    """A remote command that stands. `frame` is to be given to the car's connection after the commit (None: nothing is to be sent now).

    `needs_challenge`: it is the platform's own and goes once the car has given a challenge (``Progress.send_with``). `view` is how the
    command stands now, None when nothing of it changed.
    """

    command_id: UUID
    frame: bytes | None = None
    needs_challenge: bool = False
    view: CommandView | None = None
