"""Remote commands to cars: digital keys, safety code, commands and their steps."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything; the command follows the foreign keys."""
    _create_phones()
    _create_commands()
    _create_codes()


def _create_phones() -> None:
    """Phones, and the numbers that the platform gives per car."""
    op.create_table(
        "digital_key",
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False, comment="first 16 bytes of SHA-256 over the key, in hex"),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="DER SubjectPublicKeyInfo, P-256"),
        sa.Column("label", sa.Text(), nullable=False, comment="the owner's name for the phone"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="why it was refused; empty otherwise"),
        sa.Column("counter", sa.BigInteger(), nullable=False, comment="the highest that a remote command of this phone had"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="since when it stands as it does"),
        sa.CheckConstraint(
            "state IN ('requested', 'active', 'refused', 'removed', 'revoked')", name=op.f("ck_digital_key_state")
        ),
        sa.CheckConstraint("counter >= 0", name=op.f("ck_digital_key_counter")),
        sa.ForeignKeyConstraint(["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_digital_key_tenure_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_digital_key_vehicle_id")),
        sa.PrimaryKeyConstraint("tenure_id", "key_id", name=op.f("pk_digital_key")),
        comment="Phones that a car knows, or is asked to know. Only the car makes one active.",
    )
    op.create_index("ix_digital_key_vehicle_id", "digital_key", ["vehicle_id"], unique=False)
    op.create_table(
        "command_numbers",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False, comment="of the platform's own commands"),
        sa.Column(
            "keys_version",
            sa.BigInteger(),
            nullable=False,
            comment="of the newest list of phones sent to the car; 0: none yet",
        ),
        sa.CheckConstraint("counter >= 0 AND keys_version >= 0", name=op.f("ck_car_command_numbers")),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_car_command_vehicle_id")),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_command_numbers")),
        comment="Numbers that only grow, per car; never below the clock's milliseconds, so that a restored database uses none again.",
    )


def _create_commands() -> None:
    """What owners command, and what becomes of it."""
    op.create_table(
        "vehicle_command",
        sa.Column("command_id", sa.Uuid(), nullable=False),
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
            comment="of the phone that signed; empty for the platform's own commands, null before anybody signed",
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
            name=op.f("ck_vehicle_command_state"),
        ),
        sa.CheckConstraint("(key_id IS NULL) = (counter IS NULL)", name=op.f("ck_vehicle_command_signed_whole")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_vehicle_command_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_vehicle_command_tenure_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_vehicle_command_vehicle_id")),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_vehicle_command")),
        sa.UniqueConstraint("account_id", "idempotency_key", name=op.f("uq_vehicle_command_account_id_idempotency_key")),
        sa.UniqueConstraint("vehicle_id", "key_id", "counter", name=op.f("uq_vehicle_command_vehicle_id_key_id_counter")),
        comment="What owners asked of their cars and what became of it. Kept as long as the brand pack says.",
    )
    op.create_index("ix_vehicle_command_tenure_id_requested_at", "vehicle_command", ["tenure_id", "requested_at"], unique=False)
    op.create_index("ix_vehicle_command_vehicle_id_expires_at", "vehicle_command", ["vehicle_id", "expires_at"], unique=False)
    op.create_index("ix_vehicle_command_requested_at", "vehicle_command", ["requested_at"], unique=False)
    op.create_table(
        "command_step",
        sa.Column("command_id", sa.Uuid(), nullable=False),
        sa.Column(
            "number", sa.SmallInteger(), nullable=False, comment="from 1, in the order in which the platform heard of them"
        ),
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="by the platform's clock"),
        sa.ForeignKeyConstraint(
            ["command_id"], ["vehicle_command.command_id"], name=op.f("fk_command_step_command_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_command_step_tenure_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("command_id", "number", name=op.f("pk_command_step")),
    )
    op.create_index("ix_command_step_tenure_id", "command_step", ["tenure_id"], unique=False)


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
