"""What the vehicle link itself keeps and carries: numbering, policies, keys, newest values, and counts of what was refused."""

from collections.abc import Iterator
from typing import Final

from openmarque.catalogue.declarations import MONTHS_12, OVERWRITTEN, YEARS_10, Declaration, Item, LegalBasis, Scope
from openmarque.protocol import commands as o
from openmarque.protocol import messages as m


def _columns(table: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{table}.{name}" for name in names)


def _wire(type_name: str, *fields: str) -> Iterator[str]:
    return (f"wire:{type_name}.{field}" for field in fields)


_LAST_VALUES_KEYS = ("vehicle_id", "tenure_id", "epoch", "seq", "policy_version", "received_ms", "trust")
_POLICY_FACTS = ("level", "ceiling", "remote_access", "switched_off", "open_declarations", "terms")
_POLICY = ("vehicle_id", "tenure_id", "version", "frame", "hash", "issued_at", "valid_until", "accepted_version")
_CERTIFICATE = (
    "serial",
    "vehicle_id",
    "key_id",
    "public_key",
    "issuer_key_id",
    "not_before",
    "not_after",
    "revoked_at",
    "revoked_for",
)
_HELLO = (
    "protocol",
    "epoch",
    "first",
    "policy_hash",
    "level",
    "ceiling",
    "software",
    "types",
    "signals",
    "commands",
    "policy_version",
    "asked",
    "documents",
)

VEHICLE_LINK = Declaration(
    name="vehicle_link",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "numbering",
            OVERWRITTEN,
            fields=_columns(
                "car_link",
                "vehicle_id",
                "epoch",
                "event_watermark",
                "urgent_watermark",
                "lost",
                "protocol",
                "software",
                "unknown",
                "hello_at",
            ),
            carried=(
                *_wire("envelope", "epoch", "lane", "seq", "car_time", "trust", "level", "type", "body"),
                *_wire(m.HELLO, *_HELLO),
                *_wire(m.GONE, "through", "reason"),
            ),
        ),
        Item(
            "newest values",
            OVERWRITTEN,
            # The keys inside `signals` and `values` are the signals that services declare; here is only their container.
            fields=_columns("last_values", *_LAST_VALUES_KEYS, "signals"),
            carried=(*_wire(m.STATUS, "values"), *_wire(m.STATUS_WITH_PLACE, "values")),
        ),
        Item(
            "policy in force",
            OVERWRITTEN,
            fields=_columns("car_policy", *_POLICY, *_POLICY_FACTS),
            carried=tuple(_wire(m.POLICY_ACCEPTED, "version", "hash")),
        ),
        Item("challenges of the car", OVERWRITTEN, carried=tuple(_wire(o.CHALLENGE_ISSUED, "asked", "challenge"))),
    ),
)

LINK_KEYS = Declaration(
    name="link_keys",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        # A signed privacy level must stay provable after its certificate has run out.
        Item(
            "certificates",
            YEARS_10,
            fields=_columns("certificate", *_CERTIFICATE),
            carried=tuple(_wire(m.CERTIFICATE_REQUEST, "csr", "key_id", "signature")),
        ),
        Item(
            "keys of the platform",
            YEARS_10,
            fields=_columns("signing_key", "key_id", "purpose", "public_key", "from_at", "until_at"),
        ),
        Item("versions of the revocation list", YEARS_10, fields=_columns("revocation_snapshot", "version", "written_at")),
    ),
)

REFUSALS_KEPT: Final = MONTHS_12
"""From the last one of its kind."""
REFUSALS = Declaration(
    name="refusals",
    version=1,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    scope=Scope.PLATFORM,
    items=(
        Item("counts", REFUSALS_KEPT, fields=_columns("refusal_count", "vehicle_id", "reason", "what", "count", "last_at")),
    ),
)

DECLARATIONS = (VEHICLE_LINK, LINK_KEYS, REFUSALS)
