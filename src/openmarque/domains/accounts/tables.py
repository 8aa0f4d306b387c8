"""Accounts of owners. Sign-up, sign-in and personal details come with the owner's app; the identity is here from the start."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, LargeBinary, Table, Text, Uuid, text

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

access_token = Table(
    "access_token",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True, comment="SHA-256 of the token; the token itself is nowhere"),
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    CheckConstraint(text("expires_at > created_at AND expires_at <= created_at + interval '24 hours'"), name="short_lived"),
    Index("ix_access_token_account_id", "account_id"),
    comment="What opens the API for one account, for a day at most.",
)
