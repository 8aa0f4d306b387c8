"""Brands, models, vehicles, tenures and grants: who may speak about which car, and since when."""

from sqlalchemy import ARRAY, CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, Table, Text, Uuid, func, text
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
)

tenure = Table(
    "tenure",
    metadata,
    Column("tenure_id", Uuid, primary_key=True),
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account.account_id"), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    CheckConstraint("ended_at IS NULL OR ended_at > started_at", name="ends_after_start"),
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
    Index("ix_capability_grant_subject_id", "subject_id"),
    comment="What somebody may see and do with the car of a tenure; today only the subscriber holds one.",
)
