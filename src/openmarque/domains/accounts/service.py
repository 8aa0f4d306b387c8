"""Accounts, and the tokens that open the API for one. For now both are made by the operator; sign-up comes with the owner's app."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from openmarque.brands.pack import BrandPack
from openmarque.kit.ids import AccountId, new_uuid
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

LONGEST_LIFE: Final = timedelta(hours=24)
"""No key outlives a day (DESIGN, lesson 4); the table holds it too."""
_TOKEN_BYTES: Final = 32
"""256 bits: nobody guesses one, so a plain hash of it is as good as a slow one."""
_PREFIX: Final = "omt_"
"""Lets programs that look for secrets in code and logs find ours."""

_HOLDER: Final = """
SELECT t.account_id FROM access_token t JOIN account a USING (account_id)
 WHERE t.token_hash = %s AND t.revoked_at IS NULL AND t.expires_at > %s AND a.closed_at IS NULL"""


class Accounts:
    """Use cases on accounts."""

    def __init__(self, pack: BrandPack) -> None:
        """Keep accounts of the brand of `pack`."""
        self._pack = pack

    async def create(self, tx: Transaction, language: str, time_zone: str, now: datetime) -> AccountId:
        """A new account; `language` as BCP 47, `time_zone` an IANA name."""
        account_id = AccountId(new_uuid())
        await postgres(tx).execute(
            PLATFORM,
            "INSERT INTO account (account_id, brand_id, language, time_zone, created_at) VALUES (%s, %s, %s, %s, %s)",
            (account_id, self._pack.brand_id, language, time_zone, now),
        )
        return account_id

    async def issue_token(self, tx: Transaction, account_id: AccountId, now: datetime, life: timedelta = LONGEST_LIFE) -> str:
        """A token that opens the API for this account for `life`; shown once, kept as a hash. ``ValueError`` beyond 24 hours."""
        if not timedelta(0) < life <= LONGEST_LIFE:
            raise ValueError("an access token lives for at most 24 hours")
        token = _PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
        await postgres(tx).execute(
            PLATFORM,
            "INSERT INTO access_token (token_hash, account_id, created_at, expires_at) VALUES (%s, %s, %s, %s)",
            (_hash(token), account_id, now, now + life),
        )
        return token

    async def revoke_token(self, tx: Transaction, token: str, now: datetime) -> None:
        """End a token at once; without effect when it is none."""
        await postgres(tx).execute(
            PLATFORM,
            "UPDATE access_token SET revoked_at = %s WHERE token_hash = %s AND revoked_at IS NULL",
            (now, _hash(token)),
        )

    async def holder(self, tx: Transaction, token: str, now: datetime) -> AccountId | None:
        """The account that a token opens; None when it is unknown, run out or revoked, or the account is closed.

        One statement, whatever the token is. It is looked up by its hash, so how long the search takes tells nothing about the
        token: whoever wants to come closer byte by byte would have to choose hashes.
        """
        rows = await postgres(tx).rows(PLATFORM, _HOLDER, (_hash(token), now))
        return AccountId(rows[0][0]) if rows else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
