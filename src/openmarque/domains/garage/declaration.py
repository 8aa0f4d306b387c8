"""What the garage keeps: the brand's models, cars, whose car it is when, and who may do what with it."""

from openmarque.catalogue.declarations import (
    LIFE_OF_ACCOUNT,
    LIFE_OF_CAR,
    OVERWRITTEN,
    Declaration,
    Item,
    LegalBasis,
    Retention,
    Scope,
    Until,
)
from openmarque.protocol.pairing import PAIRING_REQUEST


def _columns(table: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{table}.{name}" for name in names)


PAIRING_KEPT = Retention(Until.AGE, 366 + 30)
"""A code lives for a year at most (REQ ENR-2), and its row for 30 days more; one that ends earlier goes 30 days after its end."""

RANGE = Declaration(
    name="brand_range",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item("brands", OVERWRITTEN, fields=_columns("brand", "brand_id", "name", "pack_version")),
        Item("legal entities", OVERWRITTEN, fields=_columns("legal_entity", "legal_entity_id", "brand_id", "name", "country")),
        Item("models", OVERWRITTEN, fields=_columns("model", "model_id", "brand_id", "name", "powertrain", "capabilities")),
    ),
)

GARAGE = Declaration(
    name="garage",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "car",
            LIFE_OF_CAR,
            fields=_columns("vehicle", "vehicle_id", "brand_id", "model_id", "ceiling", "levels", "provisioned_at"),
        ),
        Item("VIN", LIFE_OF_CAR, fields=_columns("vehicle", "vin_sealed", "vin_key_id", "vin_lookup")),
        Item(
            "ownership",
            LIFE_OF_ACCOUNT,
            fields=_columns("tenure", "tenure_id", "vehicle_id", "account_id", "started_at", "ended_at", "name"),
        ),
        Item(
            "grants",
            LIFE_OF_ACCOUNT,
            fields=_columns("capability_grant", "grant_id", "tenure_id", "subject_id", "capabilities", "from_at", "until_at"),
        ),
    ),
)

PAIRING = Declaration(
    name="pairing",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        # VIN and code themselves are deleted when the code is used or void; its outcome is kept until 30 days after its end.
        Item(
            "pairing codes",
            PAIRING_KEPT,
            fields=_columns(
                "pairing",
                *("pairing_id", "account_id", "model_id", "vin_lookup", "code_hash", "sealed", "key_id"),
                *("created_at", "expires_at", "voided_at", "paired_at", "vehicle_id"),
            ),
            carried=(f"wire:{PAIRING_REQUEST}.code", f"wire:{PAIRING_REQUEST}.asked"),
        ),
        Item(
            "tries",
            OVERWRITTEN,
            fields=_columns("pairing_tries", "vehicle_id", "wrong", "locks", "last_at", "locked_until"),
        ),
    ),
)

DECLARATIONS = (RANGE, GARAGE, PAIRING)
