"""What is kept of commands, phones and safety codes. REQ GDP-12: how long the status of a remote command is kept, the brand pack says."""

from typing import Final

from openmarque.catalogue.declarations import (
    LIFE_OF_ACCOUNT,
    LIFE_OF_TENURE,
    MONTHS_12,
    OVERWRITTEN,
    Declaration,
    Item,
    LegalBasis,
    NoticeSpec,
    Scope,
)
from openmarque.protocol import commands as o
from openmarque.protocol.digital_keys import DIGITAL_KEY_REPORT


def _columns(table: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{table}.{name}" for name in names)


def _wire(type_name: str, *fields: str) -> tuple[str, ...]:
    return tuple(f"wire:{type_name}.{field}" for field in fields)


_COMMAND = (
    *(
        "command_id",
        "tenure_id",
        "vehicle_id",
        "account_id",
        "idempotency_key",
        "fingerprint",
        "command",
        "arguments",
        "state",
        "reason",
    ),
    *(
        "key_id",
        "counter",
        "payload_hash",
        "frame",
        "sends",
        "code_at",
        "policy_version",
        "requested_at",
        "expires_at",
        "cause",
    ),
)
_PHONE = (
    *("tenure_id", "key_id", "vehicle_id", "public_key", "label", "state", "reason", "counter", "requested_at", "changed_at"),
)

REMOTE_COMMANDS = Declaration(
    name="remote_commands",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        # The documents state no retention ("display n/s"): the brand pack has to, under [retention].
        Item(
            "command status",
            None,
            fields=(
                *_columns("vehicle_command", *_COMMAND),
                *_columns("command_step", "command_id", "number", "tenure_id", "state", "reason", "at"),
            ),
            carried=_wire(o.COMMAND_REPORT, "command_id", "state", "reason", "at_ms"),
        ),
        Item(
            "numbers of the car",
            OVERWRITTEN,
            fields=_columns("command_numbers", "vehicle_id", "counter", "keys_version"),
        ),
    ),
)

PHONE_ADDED: Final = "phone_added"
"""Tells what a thief of a session would rather hide: another phone opens the car."""

PHONES = Declaration(
    name="phones",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    notices=(NoticeSpec(PHONE_ADDED, security=True, arguments=("phone",), retention=MONTHS_12),),
    items=(
        Item(
            "phones",
            LIFE_OF_TENURE,
            fields=_columns("digital_key", *_PHONE),
            carried=_wire(DIGITAL_KEY_REPORT, "key_id", "result", "label"),
        ),
    ),
)

SAFETY_CODE = Declaration(
    name="safety_code",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "safety code",
            LIFE_OF_ACCOUNT,
            fields=_columns("safety_code", "account_id", "hash", "pepper_id", "set_at", "wrong", "locked_until"),
        ),
    ),
)

DECLARATIONS = (REMOTE_COMMANDS, PHONES, SAFETY_CODE)
