"""Security events: what was tried against the link, counted by car, kind and hour."""

from sqlalchemy import BigInteger, Column, DateTime, Table, Text, Uuid

from openmarque.storage.base import metadata

security_event = Table(
    "security_event",
    metadata,
    Column("hour", DateTime(timezone=True), primary_key=True, comment="start of the hour in UTC"),
    Column("kind", Text, primary_key=True),
    Column("vehicle_id", Uuid, primary_key=True, comment="the car whose certificate was used; nil when there was none"),
    Column("count", BigInteger, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    comment="Kept 12 months to detect attacks on vehicles (REQ LNK-5).",
)
