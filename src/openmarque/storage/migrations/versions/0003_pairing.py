"""The garage: pairing codes and how often one was tried, names of cars, one grant at a time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ENDED = "num_nonnulls(voided_at, paired_at)"


def upgrade() -> None:
    """Make everything; the command follows the foreign keys."""
    op.add_column("tenure", sa.Column("name", sa.Text(), nullable=True, comment="what the owner calls the car"))
    op.create_check_constraint(op.f("ck_tenure_name_length"), "tenure", "char_length(name) BETWEEN 1 AND 40")
    op.execute(
        "ALTER TABLE capability_grant ADD CONSTRAINT one_grant_at_a_time"
        " EXCLUDE USING gist (tenure_id WITH =, subject_id WITH =, tstzrange(from_at, until_at) WITH &&)"
    )
    _create_pairing()
    op.create_table(
        "pairing_tries",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("wrong", sa.SmallInteger(), nullable=False, comment="wrong codes since the last right one or the last lock"),
        sa.Column(
            "locks", sa.SmallInteger(), nullable=False, comment="locks in a row: each lasts twice as long as the one before"
        ),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("wrong BETWEEN 0 AND 4 AND locks BETWEEN 0 AND 99", name=op.f("ck_pairing_tries_limited")),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_pairing_tries_vehicle_id")),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_pairing_tries")),
        comment="Tries of pairing codes in one car; whoever tries holds this row's lock.",
    )


def _create_pairing() -> None:
    """Codes, from being made to being typed in a car."""
    op.create_table(
        "pairing",
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False, comment="what the VIN says by itself"),
        sa.Column(
            "vin_lookup",
            sa.LargeBinary(),
            nullable=True,
            comment="as in vehicle: HMAC-SHA-256 of the VIN; no such car need exist",
        ),
        sa.Column(
            "code_hash",
            sa.LargeBinary(),
            nullable=True,
            comment="HMAC-SHA-256 of VIN and code: what a code typed in a car is compared with",
        ),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="AES-256-GCM: VIN and code, for the owner to see again; only while the code is good",
        ),
        sa.Column("key_id", sa.Text(), nullable=True, comment="of the key that sealed it"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("vehicle_id", sa.Uuid(), nullable=True, comment="the car in which the code was typed"),
        sa.CheckConstraint(
            "expires_at > created_at AND expires_at <= created_at + interval '366 days'", name=op.f("ck_pairing_a_year_at_most")
        ),
        sa.CheckConstraint("voided_at IS NULL OR paired_at IS NULL", name=op.f("ck_pairing_one_end")),
        sa.CheckConstraint("(paired_at IS NULL) = (vehicle_id IS NULL)", name=op.f("ck_pairing_paired_with_a_car")),
        sa.CheckConstraint(
            f"num_nonnulls(sealed, key_id) = CASE WHEN {_ENDED} = 0 THEN 2 ELSE 0 END",
            name=op.f("ck_pairing_sealed_while_good"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(vin_lookup, code_hash) = CASE WHEN voided_at IS NULL THEN 2 ELSE 0 END",
            name=op.f("ck_pairing_void_is_empty"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name=op.f("fk_pairing_account_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["model_id"], ["model.model_id"], name=op.f("fk_pairing_model_id")),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_pairing_vehicle_id")),
        sa.PrimaryKeyConstraint("pairing_id", name=op.f("pk_pairing")),
        sa.UniqueConstraint("vin_lookup", "code_hash", name=op.f("uq_pairing_vin_lookup_code_hash")),
        comment="Codes by which a car comes into a garage: typed in the car, once.",
    )
    op.create_index("ix_pairing_account_id", "pairing", ["account_id"], unique=False)
    op.create_index(
        "uq_pairing_waiting",
        "pairing",
        ["account_id", "vin_lookup"],
        unique=True,
        postgresql_where=sa.text("voided_at IS NULL AND paired_at IS NULL"),
    )
