"""Accounts, who they belong to, and the tokens that open the API for programs. Never commits. REQ ACC-1, ACC-3.

How people get one is in ``registration``, how browsers are let in, in ``sessions``.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg

from openmarque.brands.pack import BrandPack
from openmarque.domains.accounts.errors import AccountUnknown, AddressTaken
from openmarque.domains.accounts.names import Names
from openmarque.domains.accounts.passwords import Passwords
from openmarque.domains.accounts.rules import (
    SESSION_IDLE,
    SESSION_LIFE,
    USE_NOTED_EVERY,
    read_address,
    read_password,
    require_fit,
)
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
_SESSION_HOLDER: Final = """
SELECT s.account_id, s.session_id, s.used_at FROM browser_session s JOIN account a USING (account_id)
 WHERE s.token_hash = %s AND s.ended_at IS NULL AND s.used_at > %s AND s.created_at > %s AND a.closed_at IS NULL"""
_CREATE: Final = """
INSERT INTO account (account_id, brand_id, language, time_zone, country, given_name, family_name, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"""
_PROFILE: Final = """
SELECT a.account_id, c.email, a.given_name, a.family_name, a.language, a.country, a.time_zone, a.created_at,
       EXISTS (SELECT FROM safety_code s WHERE s.account_id = a.account_id),
       (SELECT n.written FROM account_name n WHERE n.account_id = a.account_id AND n.kind = 'user_name'),
       (SELECT n.written FROM account_name n WHERE n.account_id = a.account_id AND n.kind = 'mobile')
  FROM account a LEFT JOIN account_credential c USING (account_id) WHERE a.account_id = %s AND a.closed_at IS NULL"""
_CHANGE: Final = """
UPDATE account SET language = coalesce(%s, language), country = coalesce(%s, country), time_zone = coalesce(%s, time_zone)
 WHERE account_id = %s AND closed_at IS NULL"""
_CREDENTIAL: Final = """
INSERT INTO account_credential (account_id, brand_id, email, email_key, password_hash, password_at, confirmed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)"""


@dataclass(frozen=True, slots=True)
class Profile:
    """What an account says of its owner. Made by the operator, it may lack address, name and country."""

    account_id: AccountId
    email: str | None
    given_name: str | None
    family_name: str | None
    language: str
    country: str | None
    time_zone: str
    created_at: datetime
    safety_code_set: bool
    user_name: str | None
    mobile: str | None


class Accounts:
    """Use cases on accounts."""

    def __init__(self, pack: BrandPack) -> None:
        """Keep accounts of the brand of `pack`."""
        self._pack = pack
        self.passwords = Passwords()
        self.names = Names(pack)

    @property
    def brand_name(self) -> str:
        """What people call the brand."""
        return self._pack.name

    @property
    def brand_id(self) -> str:
        """The brand whose accounts these are; an address is one account's in each brand."""
        return self._pack.brand_id

    async def create(
        self,
        tx: Transaction,
        language: str,
        time_zone: str,
        now: datetime,
        country: str | None = None,
        name: tuple[str, str] | None = None,
    ) -> AccountId:
        """A new account; `language` as BCP 47, `time_zone` an IANA name, `country` ISO 3166-1 (none: of the brand's first entity)."""
        account_id = AccountId(new_uuid())
        country = country or next((entity.country for entity in self._pack.legal_entities.values()), None)
        given, family = name or (None, None)
        row = (account_id, self._pack.brand_id, language, time_zone, country, given, family, now)
        await postgres(tx).execute(PLATFORM, _CREATE, row)
        return account_id

    async def create_with_password(
        self, tx: Transaction, account_id: AccountId, email: str, password: str, now: datetime
    ) -> None:
        """Let an account that `create` made sign in; its address counts as confirmed. For operators, the demo and tests.

        Raises ``AddressInvalid``, ``PasswordUnfit``, ``AddressTaken``.
        """
        address, secret = read_address(email), read_password(password)
        require_fit(secret, address)
        hashed = await self.passwords.hash(secret)
        row = (account_id, self._pack.brand_id, address.text, address.key, hashed, now, now)
        try:
            await postgres(tx).execute(PLATFORM, _CREDENTIAL, row)
        except psycopg.errors.UniqueViolation:
            raise AddressTaken from None

    async def profile(self, tx: Transaction, account_id: AccountId) -> Profile:
        """What the account says of its owner. Raises ``AccountUnknown``."""
        rows = await postgres(tx).rows(PLATFORM, _PROFILE, (account_id,))
        if not rows:
            raise AccountUnknown
        return Profile(AccountId(rows[0][0]), *rows[0][1:])

    async def change_profile(
        self, tx: Transaction, account_id: AccountId, language: str | None, country: str | None, time_zone: str | None
    ) -> None:
        """Change what is not None. REQ ACC-3."""
        await postgres(tx).execute(PLATFORM, _CHANGE, (language, country, time_zone, account_id))

    async def issue_token(self, tx: Transaction, account_id: AccountId, now: datetime, life: timedelta = LONGEST_LIFE) -> str:
        """A token that opens the API for this account for `life`; shown once, kept as a hash. ``ValueError`` beyond 24 hours."""
        if not timedelta(0) < life <= LONGEST_LIFE:
            raise ValueError("an access token lives for at most 24 hours")
        token = new_secret(_PREFIX)
        await postgres(tx).execute(
            PLATFORM,
            "INSERT INTO access_token (token_hash, account_id, created_at, expires_at) VALUES (%s, %s, %s, %s)",
            (hash_of(token), account_id, now, now + life),
        )
        return token

    async def revoke_token(self, tx: Transaction, token: str, now: datetime) -> None:
        """End a token at once; without effect when it is none."""
        await postgres(tx).execute(
            PLATFORM,
            "UPDATE access_token SET revoked_at = %s WHERE token_hash = %s AND revoked_at IS NULL",
            (now, hash_of(token)),
        )

    async def holder(self, tx: Transaction, token: str, now: datetime) -> AccountId | None:
        """The account that a token opens; None when it is unknown, run out or revoked, or the account is closed.

        One statement, whatever the token is. It is looked up by its hash, so how long the search takes tells nothing about the
        token: whoever wants to come closer byte by byte would have to choose hashes.
        """
        rows = await postgres(tx).rows(PLATFORM, _HOLDER, (hash_of(token), now))
        return AccountId(rows[0][0]) if rows else None

    async def session_holder(self, tx: Transaction, value: str, now: datetime) -> tuple[AccountId, UUID] | None:
        """The account and the session that a cookie's value opens; None as for ``holder``. A use is noted once an hour."""
        moments = (hash_of(value), now - SESSION_IDLE, now - SESSION_LIFE)
        rows = await postgres(tx).rows(PLATFORM, _SESSION_HOLDER, moments)
        if not rows:
            return None
        account_id, session_id, used_at = rows[0]
        if now - used_at >= USE_NOTED_EVERY:
            query = "UPDATE browser_session SET used_at = greatest(used_at, %s) WHERE session_id = %s"
            await postgres(tx).execute(PLATFORM, query, (now, session_id))
        return AccountId(account_id), session_id


def new_secret(prefix: str) -> str:
    """A random text of 256 bits behind `prefix`, which tells programs that look for secrets what it is."""
    return prefix + secrets.token_urlsafe(_TOKEN_BYTES)


def hash_of(secret: str) -> bytes:
    """What a random secret is kept as and found by."""
    return hashlib.sha256(secret.encode()).digest()
