"""The owner's account: address, password, sessions, mails; timers that are tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything; the command follows the foreign keys."""
    op.add_column("timer", sa.Column("tries", sa.Integer(), server_default="0", nullable=False, comment="how often it was taken up since it was set"))  # fmt: skip
    op.create_unique_constraint(op.f("uq_timer_kind_about"), "timer", ["kind", "about"])
    op.add_column("account", sa.Column("country", sa.Text(), nullable=True, comment="of use, ISO 3166-1 alpha-2"))
    op.add_column("account", sa.Column("given_name", sa.Text(), nullable=True))
    op.add_column("account", sa.Column("family_name", sa.Text(), nullable=True))
    op.create_index(
        "ix_car_policy_unproved", "car_policy", ["issued_at"], postgresql_where=sa.text("accepted_version < version")
    )
    _create_credentials()
    _create_sessions()
    _create_mails()


def _create_credentials() -> None:
    """How a person signs in, and the links sent by mail."""
    op.create_table(
        "account_credential",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False, comment="as its owner writes it; mails go there"),
        sa.Column("email_key", sa.Text(), nullable=False, comment="normalised, without case: what is compared"),
        sa.Column("password_hash", sa.Text(), nullable=False, comment="argon2id with its parameters and salt"),
        sa.Column("password_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "confirmed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="since when it is known that the address is the person's",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_account_credential_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["brand_id"], ["brand.brand_id"], name=op.f("fk_account_credential_brand_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_credential")),
        comment="How a person signs in. Several may claim an address; one account has it, the one that followed the link sent there.",
    )
    op.create_index("ix_account_credential_email_key", "account_credential", ["brand_id", "email_key"])
    op.create_index(
        "uq_account_credential_confirmed",
        "account_credential",
        ["brand_id", "email_key"],
        unique=True,
        postgresql_where=sa.text("confirmed_at IS NOT NULL"),
    )
    op.create_table(
        "account_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the token in a mail's link"),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "used_at", sa.DateTime(timezone=True), nullable=True, comment="when it was followed, or made void by a newer event"
        ),
        sa.CheckConstraint("purpose IN ('confirm', 'reset')", name=op.f("ck_account_link_purpose")),
        sa.CheckConstraint(
            "expires_at > created_at AND expires_at <= created_at + interval '24 hours'",
            name=op.f("ck_account_link_short_lived"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_account_link_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_account_link")),
        comment="Links sent by mail. Each works once, for one purpose, for a day at most.",
    )
    op.create_index("ix_account_link_account_id", "account_link", ["account_id"])


def _create_sessions() -> None:
    """Browsers that are signed in, and tries."""
    op.create_table(
        "browser_session",
        sa.Column("session_id", sa.Uuid(), nullable=False, comment="names it for its owner; opens nothing"),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the cookie's value"),
        sa.Column(
            "agent", sa.Text(), nullable=False, comment="family of browser and system, by which its owner knows it again"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False, comment="last use, to the hour"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_browser_session_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_browser_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_browser_session_token_hash")),
        comment="Browsers that are signed in.",
    )
    op.create_index("ix_browser_session_account_id", "browser_session", ["account_id"])
    op.create_table(
        "sign_in_limit",
        sa.Column(
            "key",
            sa.LargeBinary(),
            nullable=False,
            comment="HMAC-SHA-256 of what is counted: an address, a client, both together",
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True, comment="no further try before"),
        sa.Column("good_at", sa.DateTime(timezone=True), nullable=True, comment="when its owner last got in"),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_limit")),
        comment="How often somebody tried; the row's lock makes tries come one after the other.",
    )


def _create_mails() -> None:
    """Mails on their way out."""
    op.create_table(
        "mail",
        sa.Column(
            "mail_id",
            sa.Uuid(),
            nullable=False,
            comment="also the mail's Message-ID, so that one sent twice is known as one",
        ),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="AES-256-GCM: address, language, fields (a link opens an account)",
        ),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, comment="when it is tried next"),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False, comment="given up from then on"),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name=op.f("fk_mail_account_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_mail")),
        comment="Written in the transaction of what it tells; sent at least once, then deleted.",
    )
    op.create_index("ix_mail_due_at", "mail", ["due_at"])
    op.create_index("ix_mail_account_id", "mail", ["account_id"])
    op.create_table(
        "mail_count",
        sa.Column("day", sa.Date(), nullable=False, comment="UTC"),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, comment="sent, refused (by the receiving server) or late (given up)"),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "template", "outcome", name=op.f("pk_mail_count")),
        comment="What became of mails, without saying whose.",
    )
