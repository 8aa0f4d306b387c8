"""What an account consists of."""

from openmarque.catalogue.declarations import DAYS_30, LIFE_OF_ACCOUNT, Declaration, Item, LegalBasis, Scope

ACCOUNT = Declaration(
    name="account",
    version=1,
    purpose={
        "en": "Know who you are when you sign in, and speak your language.",
        "fr": "Vous reconnaître à la connexion et parler votre langue.",
    },
    basis=LegalBasis.CONTRACT,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "identity",
            LIFE_OF_ACCOUNT,
            fields=("account.account_id", "account.brand_id", "account.created_at", "account.closed_at"),
        ),
        # Beyond its day, so that the use of a stolen token can be looked into.
        Item(
            "access tokens",
            DAYS_30,
            fields=tuple(f"access_token.{c}" for c in ("token_hash", "account_id", "created_at", "expires_at", "revoked_at")),
        ),
        Item("language and time zone", LIFE_OF_ACCOUNT, fields=("account.language", "account.time_zone")),
    ),
)

DECLARATIONS = (ACCOUNT,)
