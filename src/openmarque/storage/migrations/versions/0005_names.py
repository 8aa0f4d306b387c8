"""What an account is found by beside its mail address: a user name, a mobile number."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "account_name",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False, comment="as its owner sees it"),
        sa.Column("key", sa.Text(), nullable=False, comment="what is compared: a user name without case, a number as in E.164"),
        sa.CheckConstraint("kind IN ('user_name', 'mobile')", name=op.f("ck_account_name_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_account_name_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.brand_id"], name=op.f("fk_account_name_brand_id")),
        sa.PrimaryKeyConstraint("account_id", "kind", name=op.f("pk_account_name")),
        comment="What an account is found by beside its mail address. A user name is one account's; a number proves nothing, and may be in several.",
    )
    op.create_index("ix_account_name_key", "account_name", ["brand_id", "kind", "key"], unique=False)
    op.create_index(
        "uq_account_name_user_name",
        "account_name",
        ["brand_id", "key"],
        unique=True,
        postgresql_where=sa.text("kind = 'user_name'"),
    )
