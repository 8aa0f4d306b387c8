"""What the garage keeps: the brand's models, cars, whose car it is when, and who may do what with it."""

from openmarque.catalogue.declarations import (
    LIFE_OF_ACCOUNT,
    OVERWRITTEN,
    Declaration,
    Item,
    LegalBasis,
    Retention,
    Scope,
    Until,
)


def _columns(table: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{table}.{name}" for name in names)


LIFE_OF_CAR = Retention(Until.AGE, 10_957)
"""Thirty years, the most that product liability asks for; only what names the car itself (REQ GDP-2)."""

RANGE = Declaration(
    name="brand_range",
    version=1,
    purpose={
        "en": "Know the brand's models and who answers for your data in your country. Holds nothing about people.",
        "fr": "Connaître les modèles de la marque et qui répond de vos données dans votre pays. Ne contient rien sur les personnes.",
    },
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
    purpose={
        "en": "Know which car is yours since when, and who may use its services.",
        "fr": "Savoir quelle voiture est la vôtre, depuis quand, et qui peut utiliser ses services.",
    },
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "car",
            LIFE_OF_CAR,
            fields=_columns("vehicle", "vehicle_id", "brand_id", "model_id", "ceiling", "provisioned_at"),
        ),
        Item("VIN", LIFE_OF_CAR, fields=_columns("vehicle", "vin_sealed", "vin_key_id", "vin_lookup")),
        Item(
            "ownership",
            LIFE_OF_ACCOUNT,
            fields=_columns("tenure", "tenure_id", "vehicle_id", "account_id", "started_at", "ended_at"),
        ),
        Item(
            "grants",
            LIFE_OF_ACCOUNT,
            fields=_columns("capability_grant", "grant_id", "tenure_id", "subject_id", "capabilities", "from_at", "until_at"),
        ),
    ),
)

DECLARATIONS = (RANGE, GARAGE)
