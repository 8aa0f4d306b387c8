"""What each of the platform's own database roles may do, table by table. Services' roles follow from their declarations alone.

Columns left out mean: every declared column. Nobody may touch a column that no declaration covers, the platform neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from openmarque.storage.roles import LINK, PLATFORM, READER, RETENTION

APP: Final = "om_app"
"""The login role of the program. It may take on the others and do nothing itself."""
GUARD: Final = "om_guard"
"""Owns the functions that look at policies for others; nobody can take it on."""

TENURES_SETTING: Final = "openmarque.tenures"
"""Setting of a transaction: the tenures that the reader may see, ids with commas between."""


@dataclass(frozen=True, slots=True)
class Right:
    """One role may do `verb` (SELECT, INSERT, UPDATE, DELETE) on `table`; `columns` empty: on every declared column."""

    role: str
    table: str
    verb: str
    columns: tuple[str, ...] = ()


def _rights(role: str, verbs: str, *tables: str) -> Iterator[Right]:
    return (Right(role, table, verb) for table in tables for verb in verbs.split())


_GARAGE: Final = ("brand", "legal_entity", "model", "vehicle", "tenure", "capability_grant", "account", "access_token")
_PAIRING: Final = ("pairing", "pairing_tries")
_SIGN_IN: Final = (
    "account_credential",
    "account_name",
    "account_link",
    "browser_session",
    "sign_in_limit",
    "mail",
    "mail_count",
)
_NOTICES: Final = ("notice",)
_COMMANDS: Final = ("digital_key", "vehicle_command", "command_step", "safety_code", "command_numbers")
_DOCUMENTS: Final = ("settings_document",)
_CHOICES: Final = ("contract", "vehicle_trial", "consent", "service_switch", "privacy_level")
_LINK: Final = (
    "car_link",
    "last_values",
    "car_policy",
    "certificate",
    "signing_key",
    "refusal_count",
    "security_event",
    "revocation_snapshot",
)
_EVIDENCE: Final = ("privacy_level", "certificate")
_PLUMBING: Final = ("outbox", "timer")

PLATFORM_RIGHTS: Final = (
    # The link at full rate: numbering, newest values, counts. Policies and certificates are others' to write.
    *_rights(LINK, "SELECT INSERT UPDATE", "car_link", "last_values", "refusal_count", "security_event"),
    *_rights(LINK, "SELECT", "car_policy", "certificate", "signing_key"),
    Right(LINK, "car_policy", "UPDATE", ("accepted_version",)),
    # Domains and governance.
    # What a car signed, and its certificates, are evidence: added, and a certificate revoked, never rewritten.
    *_rights(
        PLATFORM,
        "SELECT INSERT UPDATE",
        *(
            t
            for t in (*_GARAGE, *_PAIRING, *_SIGN_IN, *_COMMANDS, *_DOCUMENTS, *_NOTICES, *_CHOICES, *_LINK, *_PLUMBING)
            if t not in _EVIDENCE
        ),
    ),
    *_rights(PLATFORM, "SELECT INSERT", *_EVIDENCE),
    Right(PLATFORM, "certificate", "UPDATE", ("revoked_at", "revoked_for")),
    *_rights(PLATFORM, "DELETE", "pairing", "digital_key", "service_switch", "mail", "account_name", *_DOCUMENTS, *_PLUMBING),
    # What owners read. Of a car its model and its levels, not its VIN.
    *_rights(
        READER,
        "SELECT",
        *("brand", "legal_entity", "model", "tenure", "capability_grant"),
        *_CHOICES,
        *("last_values", "car_policy", "refusal_count"),
        *_DOCUMENTS,
    ),
    Right(READER, "vehicle", "SELECT", ("vehicle_id", "brand_id", "model_id", "ceiling", "levels")),
    # Of a remote command its outcome, not the frame that a car would obey.
    *_rights(READER, "SELECT", "digital_key", "command_step", *_NOTICES),
    Right(
        READER,
        "vehicle_command",
        "SELECT",
        (
            "command_id",
            "tenure_id",
            "vehicle_id",
            "command",
            "arguments",
            "state",
            "reason",
            "key_id",
            "requested_at",
            "expires_at",
            "cause",
        ),
    ),
    *_rights(
        RETENTION,
        "SELECT DELETE",
        *_GARAGE,
        *_PAIRING,
        *_SIGN_IN,
        *_COMMANDS,
        *_DOCUMENTS,
        *_NOTICES,
        *_CHOICES,
        *_LINK,
        *_PLUMBING,
    ),
    Right(RETENTION, "last_values", "UPDATE", ("signals",)),
    # The functions of ``governance.database``.
    Right(GUARD, "car_policy", "SELECT", ("vehicle_id", "tenure_id", "open_declarations")),
    Right(GUARD, "last_values", "SELECT", ("vehicle_id",)),
    Right(GUARD, "last_values", "UPDATE", ("policy_version",)),
)

SERVICE_PLUMBING: Final = (("outbox", "INSERT"), ("timer", "INSERT"))
"""What every service may do beyond its own tables: have something sent after the commit, or done later."""
