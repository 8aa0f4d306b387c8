"""The history of tyre warnings."""

import sqlalchemy as sa
from alembic import op

revision = "tyre_watch_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; roles, grants and row policies follow from the declaration."""
    op.create_table(
        "tyre_warning",
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="the message's number on the event lane"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False, comment="version by which it was permitted"),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=False, comment="by the car's clock"),
        sa.Column("wheel", sa.Text(), nullable=False, comment="VSS path"),
        sa.Column("is_low", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenure_id", "vehicle_id", "epoch", "seq", name=op.f("pk_tyre_warning")),
    )
    op.create_index("ix_tyre_warning_tenure_id_warned_at", "tyre_warning", ["tenure_id", "warned_at"])
