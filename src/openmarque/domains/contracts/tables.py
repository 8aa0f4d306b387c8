"""Contracts: which plan a tenure has, in which state, in which window; and the one trial of each plan that a car gets. States and steps are in ``rules``."""

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid, text

from openmarque.storage.base import metadata

contract = Table(
    "contract",
    metadata,
    Column("contract_id", Uuid, primary_key=True),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE"), nullable=False),
    Column("plan", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("starts_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("pack_version", Text, nullable=False, comment="version of the brand pack whose plan this is"),
    Column("revision", Integer, nullable=False, comment="grows with each step; guards against two steps at once"),
    Column("products", ARRAY(Text), comment="of the plan when it was concluded; null for one of before: those of the plan now"),
    Column("is_trial", Boolean, nullable=False, comment="it is the car's free trial of the plan, or what was left of it"),
    CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    Index("ix_contract_tenure_id", "tenure_id"),
    Index("ux_contract_trial", "tenure_id", "plan", unique=True, postgresql_where=text("is_trial")),
)

vehicle_trial = Table(
    "vehicle_trial",
    metadata,
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id", ondelete="CASCADE"), primary_key=True),
    Column("plan", Text, primary_key=True),
    Column(
        "ends_at",
        DateTime(timezone=True),
        nullable=False,
        comment="until when the one trial of this plan lasts, whoever owns the car",
    ),
    comment="A car gets the free trial of each plan once: the row is made with the first one and never again.",
)
