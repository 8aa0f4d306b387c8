"""Orders to cars: phone keys, safety code, orders and their steps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything; the order follows the foreign keys."""
    _create_phones()
    _create_orders()
    _create_codes()


def _create_phones() -> None:
    """Phones, and the numbers that the platform gives per car."""
    op.create_table(
        "phone_key",
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False, comment="first 16 bytes of SHA-256 over the key, in hex"),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="DER SubjectPublicKeyInfo, P-256"),
        sa.Column("label", sa.Text(), nullable=False, comment="the owner's name for the phone"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it was refused; empty otherwise"),
        sa.Column("counter", sa.BigInteger(), nullable=False, comment="the highest that an order of this phone had"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="since when it stands as it does"),
        sa.CheckConstraint(
            "state IN ('requested', 'active', 'refused', 'removed', 'revoked')", name=op.f("ck_phone_key_state")
        ),
        sa.CheckConstraint("counter >= 0", name=op.f("ck_phone_key_counter")),
        sa.ForeignKeyConstraint(["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_phone_key_tenure_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_phone_key_vehicle_id")),
        sa.PrimaryKeyConstraint("tenure_id", "key_id", name=op.f("pk_phone_key")),
        comment="Phones that a car knows, or is asked to know. Only the car makes one active.",
    )
    op.create_index("ix_phone_key_vehicle_id", "phone_key", ["vehicle_id"], unique=False)
    op.create_table(
        "car_command",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False, comment="of the platform's own orders"),
        sa.Column(
            "keys_version",
            sa.BigInteger(),
            nullable=False,
            comment="of the newest list of phones sent to the car; 0: none yet",
        ),
        sa.CheckConstraint("counter >= 0 AND keys_version >= 0", name=op.f("ck_car_command_numbers")),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_car_command_vehicle_id")),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_car_command")),
        comment="Numbers that only grow, per car; never below the clock's milliseconds, so that a restored database uses none again.",
    )


def _create_orders() -> None:
    """What owners order, and what becomes of it."""
    op.create_table(
        "vehicle_order",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False, comment="SHA-256 of the request without the safety code"),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it was refused or failed; empty otherwise"),
        sa.Column(
            "key_id",
            sa.Text(),
            nullable=True,
            comment="of the phone that signed; empty for the platform's own orders, null before anybody signed",
        ),
        sa.Column("counter", sa.BigInteger(), nullable=True),
        sa.Column("payload_hash", sa.LargeBinary(), nullable=True, comment="SHA-256 of what was signed, with the signature"),
        sa.Column(
            "frame", sa.LargeBinary(), nullable=True, comment="as sent to the car; gone once nothing is to be sent any more"
        ),
        sa.Column("sends", sa.SmallInteger(), nullable=False, comment="how often it was given to the broker"),
        sa.Column("code_at", sa.DateTime(timezone=True), nullable=True, comment="when the safety code was right"),
        sa.Column("policy_version", sa.Integer(), nullable=False, comment="version by which it was judged"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('awaiting_phone', 'accepted', 'sent', 'reached', 'executing', 'done', 'refused', 'failed', 'expired')",
            name=op.f("ck_vehicle_order_state"),
        ),
        sa.CheckConstraint("(key_id IS NULL) = (counter IS NULL)", name=op.f("ck_vehicle_order_signed_whole")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_vehicle_order_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_vehicle_order_tenure_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_vehicle_order_vehicle_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_vehicle_order")),
        sa.UniqueConstraint("account_id", "idempotency_key", name=op.f("uq_vehicle_order_account_id_idempotency_key")),
        sa.UniqueConstraint("vehicle_id", "key_id", "counter", name=op.f("uq_vehicle_order_vehicle_id_key_id_counter")),
        comment="What owners ordered and what became of it. Kept as long as the brand pack says.",
    )
    op.create_index("ix_vehicle_order_tenure_id_requested_at", "vehicle_order", ["tenure_id", "requested_at"], unique=False)
    op.create_index("ix_vehicle_order_vehicle_id_expires_at", "vehicle_order", ["vehicle_id", "expires_at"], unique=False)
    op.create_index("ix_vehicle_order_requested_at", "vehicle_order", ["requested_at"], unique=False)
    op.create_table(
        "order_step",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column(
            "number", sa.SmallInteger(), nullable=False, comment="from 1, in the order in which the platform heard of them"
        ),
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["vehicle_order.order_id"], name=op.f("fk_order_step_order_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_order_step_tenure_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("order_id", "number", name=op.f("pk_order_step")),
    )
    op.create_index("ix_order_step_tenure_id", "order_step", ["tenure_id"], unique=False)


def _create_codes() -> None:
    """Safety codes of owners."""
    op.create_table(
        "safety_code",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False, comment="argon2id over HMAC-SHA-256 with the pepper of the key ring"),
        sa.Column("pepper_id", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False, comment="wrong tries since the last right one"),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("wrong >= 0", name=op.f("ck_safety_code_wrong")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_safety_code_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_safety_code")),
        comment="What an owner types before the car opens. The row's lock makes tries come one after the other.",
    )
