"""The link's own rows: one small row per car for each of numbering, newest values and policy; certificates; refusals."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from openmarque.storage.base import metadata

car_link = Table(
    "car_link",
    metadata,
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("event_watermark", BigInteger, nullable=False),
    Column("urgent_watermark", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False, comment="numbers that the car no longer held when we asked for them"),
    Column("protocol", SmallInteger, nullable=False),
    Column("software", Text, nullable=False),
    Column("unknown", ARRAY(Text), nullable=False, comment="types, signals and commands of the car that we ignore"),
    Column("hello_at", DateTime(timezone=True)),
    comment="Where the must-arrive lanes of a car stand. The status lane stands in last_values.",
)

last_values = Table(
    "last_values",
    metadata,
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), primary_key=True),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="SET NULL")),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False, comment="watermark of the status lane"),
    Column(
        "policy_version", Integer, nullable=False, comment="kept equal to car_policy.version by a trigger; guards every write"
    ),
    Column("received_ms", BigInteger, nullable=False),
    Column("trust", SmallInteger, nullable=False),
    Column(
        "signals", JSONB, nullable=False, comment="VSS path → [value, car ms or null, received ms]; the new overwrites the old"
    ),
    comment="The newest value of every signal of a car; no history (REQ STA-2).",
    postgresql_with={"fillfactor": "50"},
)

car_policy = Table(
    "car_policy",
    metadata,
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), primary_key=True),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="SET NULL")),
    Column("version", Integer, nullable=False),
    Column("frame", LargeBinary, nullable=False, comment="SignedPolicy as sent to the car"),
    Column("hash", Text, nullable=False),
    Column("open_declarations", ARRAY(Text), nullable=False, comment="what row policies let a service write for this tenure"),
    Column("level", SmallInteger, nullable=False, comment="newest level signed by the car; 1 until it spoke"),
    Column("ceiling", SmallInteger, nullable=False),
    Column("remote_access", Boolean, nullable=False),
    Column("switched_off", ARRAY(Text), nullable=False, comment="names switched off in the car"),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    Column("valid_until", DateTime(timezone=True), nullable=False),
    Column("accepted_version", Integer, nullable=False, comment="newest version the car proved to have stored; 0: none"),
    Column(
        "terms", Text, nullable=False, comment="names the declarations and products that it was compiled from; empty: unknown"
    ),
    Index("ix_car_policy_tenure_id", "tenure_id"),
    Index("ix_car_policy_terms", "terms"),
    Index("ix_car_policy_valid_until", "valid_until"),
    Index("ix_car_policy_unproved", "issued_at", postgresql_where=text("accepted_version < version")),
)

certificate = Table(
    "certificate",
    metadata,
    Column("serial", Text, primary_key=True),
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), nullable=False),
    Column("key_id", Text, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False, comment="DER SubjectPublicKeyInfo"),
    Column("issuer_key_id", Text, nullable=False),
    Column("not_before", DateTime(timezone=True), nullable=False),
    Column("not_after", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    Column("revoked_for", Text),
    Index("ix_certificate_vehicle_id", "vehicle_id"),
)

signing_key = Table(
    "signing_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("purpose", Text, nullable=False, comment="root_ca, car_ca, policy, command, snapshot"),
    Column("public_key", LargeBinary, nullable=False),
    Column("from_at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True), comment="no longer accepted from then on"),
    comment="Public halves of the platform's keys; several of one purpose overlap while one replaces the other.",
)

revocation_snapshot = Table(
    "revocation_snapshot",
    metadata,
    Column("version", BigInteger, Identity(), primary_key=True),
    Column("written_at", DateTime(timezone=True), nullable=False),
    comment="One row per snapshot written for the gates; its version only grows, so that an old one can't be put back.",
)

refusal_count = Table(
    "refusal_count",
    metadata,
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("what", Text, primary_key=True, comment="a known message type or VSS path, or '?': a car can't make the table grow"),
    Column("count", BigInteger, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    comment="What arrived and was not stored, counted (REQ PRV-5).",
)
