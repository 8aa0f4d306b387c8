"""The free trial of a plan belongs to the car: once in its life."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TRIALS = """
INSERT INTO vehicle_trial (vehicle_id, plan, ends_at)
SELECT t.vehicle_id, c.plan, max(c.ends_at) FROM contract c JOIN tenure t USING (tenure_id) GROUP BY t.vehicle_id, c.plan"""
_MARKED = """
UPDATE contract SET is_trial = true
 WHERE contract_id IN (SELECT DISTINCT ON (tenure_id, plan) contract_id FROM contract ORDER BY tenure_id, plan, starts_at, contract_id)"""


def upgrade() -> None:
    """Every contract so far is a trial. Owners keep theirs; the car's ends with the latest of them."""
    op.add_column(
        "contract",
        sa.Column(
            "is_trial",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="it is the car's free trial of the plan, or what was left of it",
        ),
    )
    op.alter_column("contract", "is_trial", server_default=None)
    op.create_table(
        "vehicle_trial",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column(
            "ends_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="until when the one trial of this plan lasts, whoever owns the car",
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_vehicle_trial_vehicle_id_vehicle"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("vehicle_id", "plan", name=op.f("pk_vehicle_trial")),
        comment="A car gets the free trial of each plan once: the row is made with the first one and never again.",
    )
    op.execute(_TRIALS)
    op.execute(_MARKED)
    op.create_index("ux_contract_trial", "contract", ["tenure_id", "plan"], unique=True, postgresql_where=sa.text("is_trial"))
