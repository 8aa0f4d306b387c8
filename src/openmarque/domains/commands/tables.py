"""Remote commands to cars with their steps, the keys of phones, safety codes, and the numbers that the platform gives per car."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from openmarque.storage.base import metadata

digital_key = Table(
    "digital_key",
    metadata,
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE"), primary_key=True),
    Column("key_id", Text, primary_key=True, comment="first 16 bytes of SHA-256 over the key, in hex"),
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), nullable=False),
    Column("public_key", LargeBinary, nullable=False, comment="DER SubjectPublicKeyInfo, P-256"),
    Column("label", Text, nullable=False, comment="the owner's name for the phone"),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, comment="why it was refused; empty otherwise"),
    Column("counter", BigInteger, nullable=False, comment="the highest that a remote command of this phone had"),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, comment="since when it stands as it does"),
    CheckConstraint("state IN ('requested', 'active', 'refused', 'removed', 'revoked')", name="state"),
    CheckConstraint("counter >= 0", name="counter"),
    Index("ix_digital_key_vehicle_id", "vehicle_id"),
    comment="Phones that a car knows, or is asked to know. Only the car makes one active.",
)

vehicle_command = Table(
    "vehicle_command",
    metadata,
    Column("command_id", Uuid, primary_key=True),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE"), nullable=False),
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, comment="SHA-256 of the request without the safety code"),
    Column("command", Text, nullable=False),
    Column("arguments", JSONB, nullable=False, comment="all that the command declares, by name"),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, comment="why it was refused or failed; empty otherwise"),
    Column(
        "key_id", Text, comment="of the phone that signed; empty for the platform's own commands, null before anybody signed"
    ),
    Column("counter", BigInteger),
    Column("payload_hash", LargeBinary, comment="SHA-256 of what was signed, with the signature"),
    Column("frame", LargeBinary, comment="as sent to the car; gone once nothing is to be sent any more"),
    Column("sends", SmallInteger, nullable=False, comment="how often it was given to the broker"),
    Column("code_at", DateTime(timezone=True), comment="when the safety code was right"),
    Column("cause", Text, nullable=False, comment="why a service of the platform gave it; empty where its owner did"),
    Column("policy_version", Integer, nullable=False, comment="version by which it was judged"),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("account_id", "idempotency_key"),
    UniqueConstraint("vehicle_id", "key_id", "counter"),
    CheckConstraint(
        "state IN ('awaiting_phone', 'accepted', 'sent', 'reached', 'executing', 'done', 'refused', 'failed', 'expired')",
        name="state",
    ),
    CheckConstraint("(key_id IS NULL) = (counter IS NULL)", name="signed_whole"),
    Index("ix_vehicle_command_tenure_id_requested_at", "tenure_id", "requested_at"),
    Index("ix_vehicle_command_vehicle_id_expires_at", "vehicle_id", "expires_at"),
    Index("ix_vehicle_command_requested_at", "requested_at"),
    comment="What owners asked of their cars and what became of it. Kept as long as the brand pack says.",
)

command_step = Table(
    "command_step",
    metadata,
    Column("command_id", Uuid, ForeignKey("vehicle_command.command_id", ondelete="CASCADE"), primary_key=True),
    Column("number", SmallInteger, primary_key=True, comment="from 1, in the order in which the platform heard of them"),
    Column("tenure_id", Uuid, ForeignKey("tenure.tenure_id", ondelete="CASCADE"), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
    Index("ix_command_step_tenure_id", "tenure_id"),
)

safety_code = Table(
    "safety_code",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, nullable=False, comment="argon2id over HMAC-SHA-256 with the pepper of the key ring"),
    Column("pepper_id", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    Column("wrong", Integer, nullable=False, comment="wrong tries since the last right one"),
    Column("locked_until", DateTime(timezone=True)),
    CheckConstraint("wrong >= 0", name="wrong"),
    comment="What an owner types before the car opens. The row's lock makes tries come one after the other.",
)

command_numbers = Table(
    "command_numbers",
    metadata,
    Column("vehicle_id", Uuid, ForeignKey("vehicle.vehicle_id"), primary_key=True),
    Column("counter", BigInteger, nullable=False, comment="of the platform's own commands"),
    Column("keys_version", BigInteger, nullable=False, comment="of the newest list of phones sent to the car; 0: none yet"),
    CheckConstraint("counter >= 0 AND keys_version >= 0", name="numbers"),
    comment="Numbers that only grow, per car; never below the clock's milliseconds, so that a restored database uses none again.",
)
