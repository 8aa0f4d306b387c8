"""Remote commands have arguments: those of each stand in its row, and only declared ones can."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Commands that stand had none."""
    op.add_column(
        "vehicle_command",
        sa.Column(
            "arguments",
            postgresql.JSONB(),
            nullable=False,
            server_default=sa.text("'{}'::jsonb"),
            comment="all that the command declares, by name",
        ),
    )
    op.alter_column("vehicle_command", "arguments", server_default=None)
