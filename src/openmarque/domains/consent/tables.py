"""What the people in the car and the owner decided: privacy level as signed by the car, switches, consents."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, LargeBinary, SmallInteger, Table, Text, Uuid

from openmarque.storage.base import metadata

privacy_level = Table(
    "privacy_level",
    metadata,
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), primary_key=True),
    Column(
        "counter", BigInteger, primary_key=True, comment="the car's own count of its changes; an old statement can't come again"
    ),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE")),
    Column("level", SmallInteger, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, comment="by the car's clock"),
    Column("changed_by", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    comment="Every level ever set in the car, as the car signed it (REQ PRV-6).",
)

service_switch = Table(
    "service_switch",
    metadata,
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True, comment="a declaration or a group of services"),
    Column("switched_off_at", DateTime(timezone=True), nullable=False),
    comment="Services that the owner switched off in the app; no row means on.",
)

consent = Table(
    "consent",
    metadata,
    Column("consent_id", Uuid, primary_key=True),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE"), nullable=False),
    Column("declaration", Text, nullable=False),
    Column("text_version", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("given_at", DateTime(timezone=True), nullable=False),
    Column("withdrawn_at", DateTime(timezone=True)),
)
