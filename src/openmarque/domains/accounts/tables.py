"""Accounts of owners. Sign-up, sign-in and personal details come with the owner's app; the identity is here from the start."""

from sqlalchemy import Column, DateTime, ForeignKey, Table, Text, Uuid

from openmarque.storage.base import metadata

account = Table(
    "account",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("brand_id", Text, ForeignKey("brand.brand_id"), nullable=False),
    Column("language", Text, nullable=False),
    Column("time_zone", Text, nullable=False, comment="IANA name; wall-clock times are shown in it"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
)
