"""The privacy levels that the people in a car choose from: all three so far, two where the brand knows no more."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give each car the levels it was built with."""
    op.add_column(
        "vehicle",
        sa.Column(
            "levels",
            sa.ARRAY(sa.Text()),
            nullable=False,
            server_default=sa.text("ARRAY['PRIVATE', 'DATA', 'POSITION']"),
            comment="privacy levels to choose from in the car, strictest first",
        ),
    )
    op.alter_column("vehicle", "levels", server_default=None)
    op.create_check_constraint(op.f("ck_vehicle_levels"), "vehicle", "ceiling = ANY (levels) AND 'PRIVATE' = ANY (levels)")
