"""What an account consists of, and what protects it."""

from openmarque.catalogue.declarations import (
    DAYS_30,
    LIFE_OF_ACCOUNT,
    Declaration,
    Item,
    LegalBasis,
    Retention,
    Scope,
    Until,
)

LINKS_KEPT = DAYS_30
SESSIONS_KEPT = Retention(Until.UNUSED, 30)
TRIES_KEPT = Retention(Until.UNUSED, 90)


def _columns(table: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{table}.{name}" for name in names)


ACCOUNT = Declaration(
    name="account",
    version=3,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "identity",
            LIFE_OF_ACCOUNT,
            fields=_columns("account", "account_id", "brand_id", "created_at", "closed_at"),
        ),
        Item("name", LIFE_OF_ACCOUNT, fields=_columns("account", "given_name", "family_name")),
        Item(
            "language, country and time zone", LIFE_OF_ACCOUNT, fields=_columns("account", "language", "country", "time_zone")
        ),
        Item(
            "mail address and password",
            LIFE_OF_ACCOUNT,
            fields=_columns(
                "account_credential",
                *("account_id", "brand_id", "email", "email_key", "password_hash", "password_at", "confirmed_at"),
            ),
        ),
        Item(
            "user name and mobile number, if you give them",
            LIFE_OF_ACCOUNT,
            fields=_columns("account_name", "account_id", "kind", "brand_id", "written", "key"),
        ),
        # Beyond their end, so that the use of a stolen one can be looked into.
        Item(
            "links sent by mail",
            LINKS_KEPT,
            fields=_columns("account_link", "token_hash", "account_id", "purpose", "created_at", "expires_at", "used_at"),
        ),
        Item(
            "access tokens",
            LINKS_KEPT,
            fields=_columns("access_token", "token_hash", "account_id", "created_at", "expires_at", "revoked_at"),
        ),
    ),
)

SIGN_IN = Declaration(
    name="sign_in",
    version=1,
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "sessions",
            SESSIONS_KEPT,
            fields=_columns(
                "browser_session", "session_id", "account_id", "token_hash", "agent", "created_at", "used_at", "ended_at"
            ),
        ),
        # By keyed hash: neither an address nor a client can be read from it.
        Item(
            "tries",
            TRIES_KEPT,
            fields=_columns("sign_in_limit", "key", "tries", "last_at", "until_at", "good_at"),
        ),
    ),
)

DECLARATIONS = (ACCOUNT, SIGN_IN)
