"""Notices of owners, mails on their way out, and how many of those left or did not."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from openmarque.storage.base import metadata

notice = Table(
    "notice",
    metadata,
    Column("notice_id", Uuid, primary_key=True),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), nullable=False, comment="who is told"),
    Column("kind", Text, nullable=False),
    Column("arguments", JSONB, nullable=False, comment="keys as declared, written kind.argument"),
    Column("at", DateTime(timezone=True), nullable=False, comment="the moment that it speaks of"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("read_at", DateTime(timezone=True), comment="when this account read it, on whichever device"),
    Column("further", Integer, nullable=False, comment="more of this kind that came in the hour and are only counted"),
    CheckConstraint("further >= 0", name="further"),
    Index("ix_notice_account_id_created_at", "account_id", "created_at"),
    Index("ix_notice_tenure_id_kind_created_at", "tenure_id", "kind", "created_at"),
    comment="What an owner was told of a car, in the transaction of what it tells. Its words are made when it is read.",
)

mail = Table(
    "mail",
    metadata,
    Column("mail_id", Uuid, primary_key=True, comment="also the mail's Message-ID, so that one sent twice is known as one"),
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), nullable=False),
    Column("template", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False, comment="AES-256-GCM: address, language, fields (a link opens an account)"),
    Column("key_id", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False, comment="when it is tried next"),
    Column("until_at", DateTime(timezone=True), nullable=False, comment="given up from then on"),
    Column("tries", Integer, nullable=False),
    Index("ix_mail_due_at", "due_at"),
    Index("ix_mail_account_id", "account_id"),
    comment="Written in the transaction of what it tells; sent at least once, then deleted.",
)

mail_count = Table(
    "mail_count",
    metadata,
    Column("day", Date, primary_key=True, comment="UTC"),
    Column("template", Text, primary_key=True),
    Column("outcome", Text, primary_key=True, comment="sent, refused (by the receiving server) or late (given up)"),
    Column("count", BigInteger, nullable=False),
    comment="What became of mails, without saying whose.",
)
