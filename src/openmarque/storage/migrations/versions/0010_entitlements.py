"""A contract keeps the products that it was concluded with; a policy says what it was compiled from."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Contracts of before go by their plan as it is now; policies of before are compiled anew."""
    op.add_column(
        "contract",
        sa.Column(
            "products",
            sa.ARRAY(sa.Text()),
            comment="of the plan when it was concluded; null for one of before: those of the plan now",
        ),
    )
    op.add_column(
        "car_policy",
        sa.Column(
            "terms",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="names the declarations and products that it was compiled from; empty: unknown",
        ),
    )
    op.alter_column("car_policy", "terms", server_default=None)
    op.create_index(op.f("ix_car_policy_terms"), "car_policy", ["terms"])
