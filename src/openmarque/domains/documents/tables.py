"""Settings documents: what an owner sets and the car keeps, with what the car said of it."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from openmarque.storage.base import metadata

settings_document = Table(
    "settings_document",
    metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), nullable=False),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE"), comment="of whoever has the car now"),
    Column("kind", Text, nullable=False),
    Column("schema", Integer, nullable=False, comment="of the body"),
    Column("body", JSONB(none_as_null=True), nullable=False, comment="keys are those of the kind's declared struct"),
    Column("hash", Text, nullable=False, comment="SHA-256 of the body in its one spelling, in hex"),
    Column(
        "version", BigInteger, nullable=False, comment="grows, never below the milliseconds of the clock; 0: nothing was set"
    ),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, comment="why the car does not go by it; empty otherwise"),
    Column("state_at", DateTime(timezone=True), nullable=False, comment="since when it stands as it does"),
    Column("reported_version", BigInteger, nullable=False, comment="that the car said last it goes by; 0: none"),
    Column("change", BigInteger, nullable=False, comment="number of the newest change in the car that was dealt with"),
    Column(
        "own_since",
        BigInteger,
        comment="version on which the first of the newest versions was made, where all of them are the car's",
    ),
    Column("lost_body", JSONB(none_as_null=True), comment="of the newest change in the car that did not count"),
    Column("lost_at", DateTime(timezone=True)),
    Column("changes", Integer, nullable=False, comment="since changes_since"),
    Column("changes_since", DateTime(timezone=True), nullable=False),
    Column("sends", SmallInteger, nullable=False, comment="of this version"),
    Column("sent_at", DateTime(timezone=True)),
    Column("revision", BigInteger, nullable=False, comment="grows with each write, so that watchers see that there was one"),
    UniqueConstraint("vehicle_id", "tenure_id", "kind"),
    CheckConstraint("made_by IN ('owner', 'car', 'platform')", name="made_by"),
    CheckConstraint("state IN ('waiting', 'in_force', 'refused', 'differs')", name="state"),
    CheckConstraint("version >= 0 AND reported_version >= 0 AND schema >= 1", name="numbers"),
    CheckConstraint("(lost_body IS NULL) = (lost_at IS NULL)", name="lost_whole"),
    Index("ix_settings_document_tenure_id", "tenure_id"),
    Index("ix_settings_document_nobodys", "vehicle_id", "kind", unique=True, postgresql_where=text("tenure_id IS NULL")),
    comment="One for each car, owner and kind; a kind of the car's own stays when the owner changes.",
)
