"""What the platform keeps for itself: messages that must leave after a commit, and timers."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, Uuid

from openmarque.storage.base import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("outbox_id", BigInteger, Identity(), primary_key=True),
    Column("subject", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    comment="Frames written in the same transaction as what they tell; sent, then deleted. At least once.",
)

timer = Table(
    "timer",
    metadata,
    Column("timer_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("about", Uuid, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False, server_default="0", comment="how often it was taken up since it was set"),
    UniqueConstraint("kind", "about"),
    Index("ix_timer_due_at", "due_at"),
    comment="What is to happen at an instant of our own, movable clock.",
)
