"""Brands, models, vehicles, tenures and grants: who may speak about which car, and since when."""

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from openmarque.storage.base import metadata

brand = Table(
    "brand",
    metadata,
    Column("brand_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("pack_version", Text, nullable=False),
)

legal_entity = Table(
    "legal_entity",
    metadata,
    Column("legal_entity_id", Uuid, primary_key=True),
    Column("brand_id", Text, ForeignKey("brand.brand_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("country", Text, nullable=False, comment="ISO 3166-1 alpha-2"),
    comment="Who contracts and answers for the data, by country of sale.",
)

model = Table(
    "model",
    metadata,
    Column("model_id", Text, primary_key=True),
    Column("brand_id", Text, ForeignKey("brand.brand_id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("powertrain", Text, nullable=False),
    Column("capabilities", ARRAY(Text), nullable=False),
)

vehicle = Table(
    "vehicle",
    metadata,
    Column("vehicle_id", Uuid, primary_key=True),
    Column("brand_id", Text, ForeignKey("brand.brand_id"), nullable=False),
    Column("model_id", Text, ForeignKey("model.model_id"), nullable=False),
    Column(
        "vin_sealed", LargeBinary, nullable=False, comment="AES-256-GCM, key named by vin_key_id; the only place of the VIN"
    ),
    Column("vin_key_id", Text, nullable=False),
    Column("vin_lookup", LargeBinary, nullable=False, unique=True, comment="HMAC-SHA-256 of the VIN under the lookup key"),
    Column("ceiling", Text, nullable=False, comment="highest privacy level the car is built for"),
    Column("provisioned_at", DateTime(timezone=True), nullable=False),
    Column("levels", ARRAY(Text), nullable=False, comment="privacy levels to choose from in the car, strictest first"),
    CheckConstraint("ceiling = ANY (levels) AND 'PRIVATE' = ANY (levels)", name="levels"),
)

tenure = Table(
    "tenure",
    metadata,
    Column("tenure_id", Uuid, primary_key=True),
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account.account_id"), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Column("name", Text, comment="what the owner calls the car"),
    CheckConstraint("ended_at IS NULL OR ended_at > started_at", name="ends_after_start"),
    CheckConstraint("char_length(name) BETWEEN 1 AND 40", name="name_length"),
    ExcludeConstraint(
        ("vehicle_id", "="),
        (func.tstzrange(text("started_at"), text("ended_at")), "&&"),
        name="one_owner_at_a_time",
        using="gist",
    ),
    Index("ix_tenure_account_id", "account_id"),
    comment="vehicle × owner × period: the key of every personal row.",
)

capability_grant = Table(
    "capability_grant",
    metadata,
    Column("grant_id", Uuid, primary_key=True),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE"), nullable=False),
    Column("subject_id", Uuid, ForeignKey("account.account_id"), nullable=False),
    Column("capabilities", ARRAY(Text), nullable=False),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True)),
    ExcludeConstraint(
        ("tenure_id", "="),
        ("subject_id", "="),
        (func.tstzrange(text("from_at"), text("until_at")), "&&"),
        name="one_grant_at_a_time",
        using="gist",
    ),
    Index("ix_capability_grant_subject_id", "subject_id"),
    comment="What somebody may see and do with the car of a tenure; today only the subscriber holds one.",
)

pairing = Table(
    "pairing",
    metadata,
    Column("pairing_id", Uuid, primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), nullable=False),
    Column("model_id", Text, ForeignKey("model.model_id"), nullable=False, comment="what the VIN says by itself"),
    Column("vin_lookup", LargeBinary, comment="as in vehicle: HMAC-SHA-256 of the VIN; no such car need exist"),
    Column("code_hash", LargeBinary, comment="HMAC-SHA-256 of VIN and code: what a code typed in a car is compared with"),
    Column("sealed", LargeBinary, comment="AES-256-GCM: VIN and code, for the owner to see again; only while the code is good"),
    Column("key_id", Text, comment="of the key that sealed it"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("voided_at", DateTime(timezone=True)),
    Column("paired_at", DateTime(timezone=True)),
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), comment="the car in which the code was typed"),
    CheckConstraint("expires_at > created_at AND expires_at <= created_at + interval '366 days'", name="a_year_at_most"),
    CheckConstraint("voided_at IS NULL OR paired_at IS NULL", name="one_end"),
    CheckConstraint("(paired_at IS NULL) = (vehicle_id IS NULL)", name="paired_with_a_car"),
    CheckConstraint(
        "num_nonnulls(sealed, key_id) = CASE WHEN num_nonnulls(voided_at, paired_at) = 0 THEN 2 ELSE 0 END",
        name="sealed_while_good",
    ),
    CheckConstraint(
        "num_nonnulls(vin_lookup, code_hash) = CASE WHEN voided_at IS NULL THEN 2 ELSE 0 END", name="void_is_empty"
    ),
    UniqueConstraint("vin_lookup", "code_hash"),
    Index("ix_pairing_account_id", "account_id"),
    Index(
        "uq_pairing_waiting",
        "account_id",
        "vin_lookup",
        unique=True,
        postgresql_where=text("voided_at IS NULL AND paired_at IS NULL"),
    ),
    comment="Codes by which a car comes into a garage: typed in the car, once.",
)

pairing_tries = Table(
    "pairing_tries",
    metadata,
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), primary_key=True),
    Column("wrong", SmallInteger, nullable=False, comment="wrong codes since the last right one or the last lock"),
    Column("locks", SmallInteger, nullable=False, comment="locks in a row: each lasts twice as long as the one before"),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("locked_until", DateTime(timezone=True)),
    CheckConstraint("wrong BETWEEN 0 AND 4 AND locks BETWEEN 0 AND 99", name="limited"),
    comment="Tries of pairing codes in one car; whoever tries holds this row's lock.",
)
