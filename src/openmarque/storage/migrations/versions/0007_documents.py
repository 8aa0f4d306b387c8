"""Settings documents: what an owner sets and the car keeps, with what the car said of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "settings_document",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("tenure_id", sa.Uuid(), nullable=True, comment="of whoever has the car now"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("schema", sa.Integer(), nullable=False, comment="of the body"),
        sa.Column(
            "body", postgresql.JSONB(none_as_null=True), nullable=False, comment="keys are those of the kind's declared struct"
        ),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 of the body in its one spelling, in hex"),
        sa.Column(
            "version",
            sa.BigInteger(),
            nullable=False,
            comment="grows, never below the milliseconds of the clock; 0: nothing was set",
        ),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, comment="why the car does not go by it; empty otherwise"),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False, comment="since when it stands as it does"),
        sa.Column(
            "reported_version",
            sa.BigInteger(),
            nullable=False,
            comment="that the car said last it goes by; 0: none",
        ),
        sa.Column(
            "change", sa.BigInteger(), nullable=False, comment="number of the newest change in the car that was dealt with"
        ),
        sa.Column(
            "own_since",
            sa.BigInteger(),
            nullable=True,
            comment="version on which the first of the newest versions was made, where all of them are the car's",
        ),
        sa.Column(
            "lost_body",
            postgresql.JSONB(none_as_null=True),
            nullable=True,
            comment="of the newest change in the car that did not count",
        ),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changes", sa.Integer(), nullable=False, comment="since changes_since"),
        sa.Column("changes_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sends", sa.SmallInteger(), nullable=False, comment="of this version"),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "revision",
            sa.BigInteger(),
            nullable=False,
            comment="grows with each write, so that watchers see that there was one",
        ),
        sa.CheckConstraint("made_by IN ('owner', 'car', 'platform')", name=op.f("ck_settings_document_made_by")),
        sa.CheckConstraint("state IN ('waiting', 'in_force', 'refused', 'differs')", name=op.f("ck_settings_document_state")),
        sa.CheckConstraint("version >= 0 AND reported_version >= 0 AND schema >= 1", name=op.f("ck_settings_document_numbers")),
        sa.CheckConstraint("(lost_body IS NULL) = (lost_at IS NULL)", name=op.f("ck_settings_document_lost_whole")),
        sa.ForeignKeyConstraint(
            ["tenure_id"],
            ["tenure.tenure_id"],
            name=op.f("fk_settings_document_tenure_id_tenure"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_settings_document_vehicle_id_vehicle")),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_settings_document")),
        sa.UniqueConstraint(
            "vehicle_id",
            "tenure_id",
            "kind",
            name=op.f("uq_settings_document_vehicle_id_tenure_id_kind"),
        ),
        comment="One for each car, owner and kind; a kind of the car's own stays when the owner changes.",
    )
    op.create_index(op.f("ix_settings_document_tenure_id"), "settings_document", ["tenure_id"])
    op.create_index(
        op.f("ix_settings_document_nobodys"),
        "settings_document",
        ["vehicle_id", "kind"],
        unique=True,
        postgresql_where=sa.text("tenure_id IS NULL"),
    )
