"""Contracts: which plan a tenure has, in which state, in which window. States and steps are in ``rules``."""

from sqlalchemy import ARRAY, CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid

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
    CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    Index("ix_contract_tenure_id", "tenure_id"),
)
