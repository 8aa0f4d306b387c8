"""Notices: what owners are told of their cars."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of notices."""
    op.create_table(
        "notice",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False, comment="who is told"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("arguments", postgresql.JSONB(), nullable=False, comment="keys as declared, written kind.argument"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="the moment that it speaks of"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), comment="when this account read it, on whichever device"),
        sa.Column(
            "further", sa.Integer(), nullable=False, comment="more of this kind that came in the hour and are only counted"
        ),
        sa.CheckConstraint("further >= 0", name=op.f("ck_notice_further")),
        sa.ForeignKeyConstraint(
            ["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_notice_tenure_id_tenure"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_notice_account_id_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notice")),
        comment="What an owner was told of a car, in the transaction of what it tells. Its words are made when it is read.",
    )
    op.create_index("ix_notice_account_id_created_at", "notice", ["account_id", "created_at"])
    op.create_index("ix_notice_tenure_id_kind_created_at", "notice", ["tenure_id", "kind", "created_at"])
