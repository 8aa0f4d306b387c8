"""The spine: brands, cars, owners, decisions and the link."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything; the command follows the foreign keys."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE SCHEMA om_partition")
    _create_brands()
    _create_owners()
    _create_decisions()
    _create_link()
    _create_counters()
    _create_plumbing()
    _create_policy_trigger()


def _create_brands() -> None:
    """What a brand is and sells."""
    op.create_table(
        "brand",
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("pack_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("brand_id", name=op.f("pk_brand")),
    )
    op.create_table(
        "legal_entity",
        sa.Column("legal_entity_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False, comment="ISO 3166-1 alpha-2"),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.brand_id"], name=op.f("fk_legal_entity_brand_id")),
        sa.PrimaryKeyConstraint("legal_entity_id", name=op.f("pk_legal_entity")),
        comment="Who contracts and answers for the data, by country of sale.",
    )
    op.create_table(
        "model",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("powertrain", sa.Text(), nullable=False),
        sa.Column("capabilities", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.brand_id"], name=op.f("fk_model_brand_id")),
        sa.PrimaryKeyConstraint("model_id", name=op.f("pk_model")),
    )


def _create_owners() -> None:
    """Cars, accounts, and whose car it is when."""
    op.create_table(
        "vehicle",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column(
            "vin_sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="AES-256-GCM, key named by vin_key_id; the only place of the VIN",
        ),
        sa.Column("vin_key_id", sa.Text(), nullable=False),
        sa.Column("vin_lookup", sa.LargeBinary(), nullable=False, comment="HMAC-SHA-256 of the VIN under the lookup key"),
        sa.Column("ceiling", sa.Text(), nullable=False, comment="highest privacy level the car is built for"),
        sa.Column("provisioned_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.brand_id"], name=op.f("fk_vehicle_brand_id")),
        sa.ForeignKeyConstraint(["model_id"], ["model.model_id"], name=op.f("fk_vehicle_model_id")),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_vehicle")),
        sa.UniqueConstraint("vin_lookup", name=op.f("uq_vehicle_vin_lookup")),
    )
    op.create_table(
        "account",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False, comment="IANA name; wall-clock times are shown in it"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.brand_id"], name=op.f("fk_account_brand_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account")),
    )
    op.create_table(
        "access_token",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token; the token itself is nowhere"),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "expires_at > created_at AND expires_at <= created_at + interval '24 hours'",
            name=op.f("ck_access_token_short_lived"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_access_token_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_token")),
        comment="What opens the API for one account, for a day at most.",
    )
    op.create_index("ix_access_token_account_id", "access_token", ["account_id"], unique=False)
    op.create_table(
        "tenure",
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.column("vehicle_id"), "="),
            (sa.text("tstzrange(started_at, ended_at)"), "&&"),
            using="gist",
            name="one_owner_at_a_time",
        ),
        sa.CheckConstraint("ended_at IS NULL OR ended_at > started_at", name=op.f("ck_tenure_ends_after_start")),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name=op.f("fk_tenure_account_id")),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_tenure_vehicle_id")),
        sa.PrimaryKeyConstraint("tenure_id", name=op.f("pk_tenure")),
        comment="vehicle × owner × period: the key of every personal row.",
    )
    op.create_index("ix_tenure_account_id", "tenure", ["account_id"], unique=False)
    op.create_table(
        "capability_grant",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("capabilities", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["subject_id"], ["account.account_id"], name=op.f("fk_capability_grant_subject_id")),
        sa.ForeignKeyConstraint(
            ["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_capability_grant_tenure_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_capability_grant")),
        comment="What somebody may see and do with the car of a tenure; today only the subscriber holds one.",
    )
    op.create_index("ix_capability_grant_subject_id", "capability_grant", ["subject_id"], unique=False)


def _create_decisions() -> None:
    """What owners and the people in the car decided."""
    op.create_table(
        "contract",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pack_version", sa.Text(), nullable=False, comment="version of the brand pack whose plan this is"),
        sa.Column("revision", sa.Integer(), nullable=False, comment="grows with each step; guards against two steps at once"),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_contract_ends_after_start")),
        sa.ForeignKeyConstraint(["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_contract_tenure_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_contract")),
    )
    op.create_index("ix_contract_tenure_id", "contract", ["tenure_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("declaration", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_consent_tenure_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consent")),
    )
    op.create_table(
        "service_switch",
        sa.Column("tenure_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="a declaration or a group of services"),
        sa.Column("switched_off_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_service_switch_tenure_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenure_id", "name", name=op.f("pk_service_switch")),
        comment="Services that the owner switched off in the app; no row means on.",
    )
    op.create_table(
        "privacy_level",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column(
            "counter",
            sa.BigInteger(),
            nullable=False,
            comment="the car's own count of its changes; an old statement can't come again",
        ),
        sa.Column("tenure_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="by the car's clock"),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_privacy_level_tenure_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_privacy_level_vehicle_id")),
        sa.PrimaryKeyConstraint("vehicle_id", "counter", name=op.f("pk_privacy_level")),
        comment="Every level ever set in the car, as the car signed it (REQ PRV-6).",
    )


def _create_link() -> None:
    """The vehicle link: one small row per car for each concern, and keys."""
    op.create_table(
        "car_link",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("event_watermark", sa.BigInteger(), nullable=False),
        sa.Column("urgent_watermark", sa.BigInteger(), nullable=False),
        sa.Column(
            "lost", sa.BigInteger(), nullable=False, comment="numbers that the car no longer held when we asked for them"
        ),
        sa.Column("protocol", sa.SmallInteger(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.Column(
            "unknown", sa.ARRAY(sa.Text()), nullable=False, comment="types, signals and commands of the car that we ignore"
        ),
        sa.Column("hello_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_car_link_vehicle_id")),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_car_link")),
        comment="Where the must-arrive lanes of a car stand. The status lane stands in last_values.",
    )
    op.create_table(
        "last_values",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("tenure_id", sa.Uuid(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="watermark of the status lane"),
        sa.Column(
            "policy_version",
            sa.Integer(),
            nullable=False,
            comment="kept equal to car_policy.version by a trigger; guards every write",
        ),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("trust", sa.SmallInteger(), nullable=False),
        sa.Column(
            "signals",
            postgresql.JSONB(),
            nullable=False,
            comment="VSS path → [value, car ms or null, received ms]; the new overwrites the old",
        ),
        sa.ForeignKeyConstraint(
            ["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_last_values_tenure_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_last_values_vehicle_id")),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_last_values")),
        comment="The newest value of every signal of a car; no history (REQ STA-2).",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "car_policy",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("tenure_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("frame", sa.LargeBinary(), nullable=False, comment="SignedPolicy as sent to the car"),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column(
            "open_declarations",
            sa.ARRAY(sa.Text()),
            nullable=False,
            comment="what row policies let a service write for this tenure",
        ),
        sa.Column("level", sa.SmallInteger(), nullable=False, comment="newest level signed by the car; 1 until it spoke"),
        sa.Column("ceiling", sa.SmallInteger(), nullable=False),
        sa.Column("remote_access", sa.Boolean(), nullable=False),
        sa.Column("switched_off", sa.ARRAY(sa.Text()), nullable=False, comment="names switched off in the car"),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "accepted_version", sa.Integer(), nullable=False, comment="newest version the car proved to have stored; 0: none"
        ),
        sa.ForeignKeyConstraint(["tenure_id"], ["tenure.tenure_id"], name=op.f("fk_car_policy_tenure_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_car_policy_vehicle_id")),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_car_policy")),
    )
    op.create_index("ix_car_policy_tenure_id", "car_policy", ["tenure_id"], unique=False)
    op.create_index("ix_car_policy_valid_until", "car_policy", ["valid_until"], unique=False)
    op.create_table(
        "certificate",
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="DER SubjectPublicKeyInfo"),
        sa.Column("issuer_key_id", sa.Text(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_for", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_certificate_vehicle_id")),
        sa.PrimaryKeyConstraint("serial", name=op.f("pk_certificate")),
        sa.UniqueConstraint("key_id", name=op.f("uq_certificate_key_id")),
    )
    op.create_index("ix_certificate_vehicle_id", "certificate", ["vehicle_id"], unique=False)
    op.create_table(
        "signing_key",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False, comment="root_ca, car_ca, policy, command, snapshot"),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True, comment="no longer accepted from then on"),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_signing_key")),
        comment="Public halves of the platform's keys; several of one purpose overlap while one replaces the other.",
    )


def _create_counters() -> None:
    """What was turned away or tried, counted."""
    op.create_table(
        "revocation_snapshot",
        sa.Column("version", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_revocation_snapshot")),
        comment="One row per snapshot written for the gates; its version only grows, so that an old one can't be put back.",
    )
    op.create_table(
        "refusal_count",
        sa.Column("vehicle_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "what",
            sa.Text(),
            nullable=False,
            comment="a known message type or VSS path, or '?': a car can't make the table grow",
        ),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicle.vehicle_id"], name=op.f("fk_refusal_count_vehicle_id")),
        sa.PrimaryKeyConstraint("vehicle_id", "reason", "what", name=op.f("pk_refusal_count")),
        comment="What arrived and was not stored, counted (REQ PRV-5).",
    )
    op.create_table(
        "security_event",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False, comment="start of the hour in UTC"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "vehicle_id", sa.Uuid(), nullable=False, comment="the car whose certificate was used; nil when there was none"
        ),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hour", "kind", "vehicle_id", name=op.f("pk_security_event")),
        comment="Kept 12 months to detect attacks on vehicles (REQ LNK-5).",
    )


def _create_plumbing() -> None:
    """What leaves after a commit, and timers."""
    op.create_table(
        "outbox",
        sa.Column("outbox_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_outbox")),
        comment="Frames written in the same transaction as what they tell; sent, then deleted. At least once.",
    )
    op.create_table(
        "timer",
        sa.Column("timer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("timer_id", name=op.f("pk_timer")),
        comment="What is to happen at an instant of our own, movable clock.",
    )
    op.create_index("ix_timer_due_at", "timer", ["due_at"], unique=False)


def _create_policy_trigger() -> None:
    """Keep last_values.policy_version equal to car_policy.version, in the transaction that changes the policy.

    A status is written only where last_values.policy_version equals the version it was judged by. Since the trigger updates that
    same row, PostgreSQL's row lock puts every policy change before or after every status write, never beside it. The function
    runs with its owner's rights, so that whoever may change a policy needs no right on last_values.
    """
    op.execute("""
        CREATE FUNCTION om_follow_policy_version() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            UPDATE public.last_values SET policy_version = NEW.version WHERE vehicle_id = NEW.vehicle_id;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER follow_policy_version AFTER INSERT OR UPDATE OF version ON car_policy
        FOR EACH ROW EXECUTE FUNCTION om_follow_policy_version()
    """)
