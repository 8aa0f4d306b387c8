"""A remote command says why a service of the platform gave it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every command so far was an owner's."""
    comment = "why a service of the platform gave it; empty where its owner did"
    op.add_column("vehicle_command", sa.Column("cause", sa.Text(), nullable=False, server_default="", comment=comment))
    op.alter_column("vehicle_command", "cause", server_default=None)
