"""Accounts of owners: who they are, how they sign in, what opens the platform for them, and how often somebody tried."""

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Integer, LargeBinary, Table, Text, Uuid, text

from openmarque.storage.base import metadata

account = Table(
    "account",
    metadata,
    Column("account_id", Uuid, primary_key=True),
    Column("brand_id", Text, ForeignKey("brand.brand_id"), nullable=False),
    Column("language", Text, nullable=False),
    Column("time_zone", Text, nullable=False, comment="IANA name; wall-clock times are shown in it"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("country", Text, comment="of use, ISO 3166-1 alpha-2"),
    Column("given_name", Text),
    Column("family_name", Text),
)

account_credential = Table(
    "account_credential",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), primary_key=True),
    Column("brand_id", Text, ForeignKey("brand.brand_id"), nullable=False),
    Column("email", Text, nullable=False, comment="as its owner writes it; mails go there"),
    Column("email_key", Text, nullable=False, comment="normalised, without case: what is compared"),
    Column("password_hash", Text, nullable=False, comment="argon2id with its parameters and salt"),
    Column("password_at", DateTime(timezone=True), nullable=False),
    Column("confirmed_at", DateTime(timezone=True), comment="since when it is known that the address is the person's"),
    Index("ix_account_credential_email_key", "brand_id", "email_key"),
    Index(
        "uq_account_credential_confirmed",
        "brand_id",
        "email_key",
        unique=True,
        postgresql_where=text("confirmed_at IS NOT NULL"),
    ),
    comment="How a person signs in. Several may claim an address; one account has it, the one that followed the link sent there.",
)

account_name = Table(
    "account_name",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("brand_id", Text, ForeignKey("brand.brand_id"), nullable=False),
    Column("written", Text, nullable=False, comment="as its owner sees it"),
    Column("key", Text, nullable=False, comment="what is compared: a user name without case, a number as in E.164"),
    CheckConstraint("kind IN ('user_name', 'mobile')", name="kind"),
    Index("ix_account_name_key", "brand_id", "kind", "key"),
    Index("uq_account_name_user_name", "brand_id", "key", unique=True, postgresql_where=text("kind = 'user_name'")),
    comment="What an account is found by beside its mail address. A user name is one account's; a number proves nothing, and may be in several.",
)

account_link = Table(
    "account_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True, comment="SHA-256 of the token in a mail's link"),
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True), comment="when it was followed, or made void by a newer event"),
    CheckConstraint("purpose IN ('confirm', 'reset')", name="purpose"),
    CheckConstraint(text("expires_at > created_at AND expires_at <= created_at + interval '24 hours'"), name="short_lived"),
    Index("ix_account_link_account_id", "account_id"),
    comment="Links sent by mail. Each works once, for one purpose, for a day at most.",
)

access_token = Table(
    "access_token",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True, comment="SHA-256 of the token; the token itself is nowhere"),
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    CheckConstraint(text("expires_at > created_at AND expires_at <= created_at + interval '24 hours'"), name="short_lived"),
    Index("ix_access_token_account_id", "account_id"),
    comment="What opens the API for one account, for a day at most.",
)

browser_session = Table(
    "browser_session",
    metadata,
    Column("session_id", Uuid, primary_key=True, comment="names it for its owner; opens nothing"),
    Column("account_id", Uuid, ForeignKey("account.account_id", ondelete="CASCADE"), nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True, comment="SHA-256 of the cookie's value"),
    Column("agent", Text, nullable=False, comment="family of browser and system, by which its owner knows it again"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True), nullable=False, comment="last use, to the hour"),
    Column("ended_at", DateTime(timezone=True)),
    Index("ix_browser_session_account_id", "account_id"),
    comment="Browsers that are signed in.",
)

sign_in_limit = Table(
    "sign_in_limit",
    metadata,
    Column(
        "key", LargeBinary, primary_key=True, comment="HMAC-SHA-256 of what is counted: an address, a client, both together"
    ),
    Column("tries", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("until_at", DateTime(timezone=True), comment="no further try before"),
    Column("good_at", DateTime(timezone=True), comment="when its owner last got in"),
    comment="How often somebody tried; the row's lock makes tries come one after the other.",
)
