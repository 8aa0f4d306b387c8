"""What is allowed and for how long, as pure questions: times of a remote command, the shape of a safety code, what a wrong one costs."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from openmarque.catalogue.command_arguments import Argument, ArgumentInvalid, ArgumentUnknown, read_arguments, spelled
from openmarque.catalogue.declarations import Authority, CommandSpec, Declaration
from openmarque.protocol.commands import CommandPayload

APPROVAL_LIVES: Final = timedelta(minutes=2)
"""How long a remote command waits for a phone to approve it: to find it and unlock it."""
PHONE_REQUEST_LIVES: Final = timedelta(minutes=10)
"""A request to add a phone that is older waits no longer: the car shows its secret for five minutes."""
MAX_PHONE_REQUESTS: Final = 3
"""Phones of one car that may wait for the car's answer at a time."""
MOST_COMMANDS: Final = 600
"""Remote commands to one car within `COMMANDS_COUNTED`: ten a minute for an hour is no person, and bounds what a stolen session can pile up."""
COMMANDS_COUNTED: Final = timedelta(hours=1)
IDEMPOTENCY_KEY: Final = r"^[A-Za-z0-9_-]{8,64}$"
"""A UUID fits, with dashes or without."""

TRIES: Final = 5
"""Wrong safety codes before the first lock."""
FIRST_LOCK: Final = timedelta(minutes=15)
LONGEST_LOCK: Final = timedelta(days=1)
"""At one try a day half of 10,000 codes last 13 years."""

_KEPT: Final = "vehicle_command.command_id"
"""The field by which the item "command status" is found, whose retention only the brand pack states (REQ GDP-12)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of some service: the declaration that has it, and what it is."""

    declaration: str
    spec: CommandSpec

    @property
    def name(self) -> str:
        """What owners ask for."""
        return self.spec.name

    @property
    def by_digital_key(self) -> bool:
        """Whether the digital key of a phone has to sign it."""
        return self.spec.authority.by_digital_key

    @property
    def lives(self) -> timedelta:
        """From the owner's request, or the approval, until the last word. REQ RC-4."""
        return timedelta(seconds=self.spec.lifetime_s)

    @property
    def begins_within(self) -> timedelta:
        """From the owner's request until the car is at it, or never. REQ RC-1, RC-2, RC-3."""
        return timedelta(seconds=self.spec.begins_within_s)

    def read(self, arguments: Mapping[str, object]) -> dict[str, Argument]:
        """Arguments as they are kept and compared: each of them, in one order. Raises ``ArgumentInvalid``, ``ArgumentUnknown``."""
        return spelled(read_arguments(self.spec.arguments, arguments))

    @property
    def needs_code(self) -> bool:
        """Whether the safety code has to be typed for it."""
        return self.spec.authority.needs_code


def commands_of(listed: Mapping[str, tuple[Declaration, CommandSpec]]) -> dict[str, Command]:
    """Every command that can be sent from outside the car, by name; `listed` is ``Catalogue.commands``."""
    return {
        name: Command(declaration.name, spec)
        for name, (declaration, spec) in listed.items()
        if spec.authority is not Authority.LOCAL
    }


def commands_kept(declarations: Mapping[str, Declaration]) -> timedelta | None:
    """How long the status of a remote command is kept, from the request on; None while nobody has said so: then there are no commands. REQ GDP-12."""
    kept = [
        item.retention.days if item.retention else None
        for d in declarations.values()
        for item in d.items
        if _KEPT in item.fields
    ]
    days = [number for number in kept if number is not None]
    return timedelta(days=min(days)) if days and len(days) == len(kept) else None


def fingerprint(*parts: bytes) -> bytes:
    """What two requests must have in common to be the same one.

    The safety code is no part of it: four digits could be found again from the hash.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(4))
        digest.update(part)
    return digest.digest()


def fits(
    payload: CommandPayload, command: Command, arguments: Mapping[str, Argument], *, vehicle_id: str, command_id: str | None
) -> bool:
    """Whether what a phone signed is this command: this car, the command with these arguments, and the id where there is one already."""
    try:
        signed = command.read(payload.arguments)
    except (ArgumentInvalid, ArgumentUnknown):
        return False
    return (
        payload.vehicle_id == vehicle_id
        and payload.command == command.name
        and signed == arguments
        and payload.key_id != ""
        and command_id in (None, payload.command_id)
    )


def next_number(last: int, clock: int) -> int:
    """The number after `last`, and never below what the clock says: a database restored from a backup must not use one again."""
    return max(last + 1, clock)


# The safety code


def is_fit_code(code: str, length: int) -> bool:
    """Whether this can be a safety code: `length` ASCII digits, not all the same, not counting up or down by one."""
    if len(code) != length or not code.isascii() or not code.isdigit():
        return False
    steps = {int(b) - int(a) for a, b in pairwise(code)}
    return steps not in ({0}, {1}, {-1})


def lock_after(wrong: int) -> timedelta | None:
    """How long no code is looked at after the `wrong`-th wrong one in a row; None while tries are left. Doubles with each."""
    if wrong < TRIES:
        return None
    times: int = 1 << min(wrong - TRIES, 16)
    return min(FIRST_LOCK * times, LONGEST_LOCK)


def tries_left(wrong: int) -> int:
    """Tries before the next lock, after `wrong` wrong ones; once locked, each further wrong one locks again."""
    return max(TRIES - wrong, 0)


def is_fresh(code_at: datetime | None, now: datetime, fresh_s: int) -> bool:
    """Whether a code that was right at `code_at` still counts."""
    return code_at is not None and now - code_at <= timedelta(seconds=fresh_s)
