"""The history of tyre warnings."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, Table, Text, Uuid

from openmarque.storage.base import metadata

tyre_warning = Table(
    "tyre_warning",
    metadata,
    Column("tenure_id", Uuid, primary_key=True),
    Column("vehicle_id", Uuid, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True, comment="the message's number on the event lane"),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("policy_version", Integer, nullable=False, comment="version by which it was permitted"),
    Column("warned_at", DateTime(timezone=True), nullable=False, comment="by the car's clock"),
    Column("wheel", Text, nullable=False, comment="VSS path"),
    Column("is_low", Boolean, nullable=False),
    Index("ix_tyre_warning_tenure_id_warned_at", "tenure_id", "warned_at"),
)
