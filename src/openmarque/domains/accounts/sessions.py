"""Browsers that are signed in, and the password that lets them in. Never commits. REQ ACC-2, ACC-3.

A password is proved between two transactions, so that no row and no connection is held while it is hashed: the first counts the try
and reads the hash, the second acts only if the hash is still the same one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.domains.accounts.errors import NotConfirmed, PasswordWrong, SessionNotFound, SignInRefused
from openmarque.domains.accounts.limits import Limits
from openmarque.domains.accounts.rules import SESSION_IDLE, SESSION_LIFE, MailAddress
from openmarque.domains.accounts.service import Accounts, hash_of, new_secret
from openmarque.domains.notifications.service import Mailer
from openmarque.kit.ids import AccountId, new_uuid
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_PREFIX: Final = "oms_"

_BY_ADDRESS: Final = """
SELECT c.account_id, c.password_hash, c.confirmed_at FROM account_credential c JOIN account a USING (account_id)
 WHERE c.brand_id = %s AND c.email_key = %s AND a.closed_at IS NULL
 ORDER BY c.confirmed_at IS NULL, c.password_at DESC LIMIT 1"""
_BY_ACCOUNT: Final = """
SELECT c.account_id, c.password_hash, c.confirmed_at, c.email, c.email_key FROM account_credential c WHERE c.account_id = %s"""
_STILL: Final = "SELECT password_hash = %s FROM account_credential WHERE account_id = %s FOR UPDATE"
_START: Final = """
INSERT INTO browser_session (session_id, account_id, token_hash, agent, created_at, used_at) VALUES (%s, %s, %s, %s, %s, %s)"""
_LIST: Final = """
SELECT session_id, agent, created_at, used_at FROM browser_session
 WHERE account_id = %s AND ended_at IS NULL AND used_at > %s AND created_at > %s ORDER BY used_at DESC, session_id LIMIT 200"""
_END: Final = """
UPDATE browser_session SET ended_at = %s WHERE session_id = %s AND account_id = %s AND ended_at IS NULL RETURNING session_id"""
_END_ALL: Final = """
UPDATE browser_session SET ended_at = %s WHERE account_id = %s AND ended_at IS NULL AND session_id IS DISTINCT FROM %s"""


@dataclass(frozen=True, slots=True)
class Try:
    """A try to prove a password: whose it would be, and what it has to fit; None for nobody's."""

    account_id: AccountId | None
    hashed: str | None
    confirmed: bool
    address: MailAddress


@dataclass(frozen=True, slots=True)
class SessionView:
    """A browser that is signed in."""

    session_id: UUID
    agent: str
    created_at: datetime
    used_at: datetime


class Sessions:
    """Use cases on sessions and passwords."""

    def __init__(self, accounts: Accounts, limits: Limits, mailer: Mailer) -> None:
        """Serve `accounts`; count tries in `limits`; tell owners by `mailer`."""
        self._accounts = accounts
        self._limits = limits
        self._mailer = mailer

    async def begin(self, tx: Transaction, address: MailAddress, client: str, now: datetime) -> Try:
        """Count a try to sign in as `address`, and read what it needs: the same statements for an unknown one. ``TooManyTries``."""
        await self._limits.count_sign_in(tx, address, client, now)
        rows = await postgres(tx).rows(PLATFORM, _BY_ADDRESS, (self._accounts.brand_id, address.key))
        if not rows:
            return Try(None, None, confirmed=False, address=address)
        account_id, hashed, confirmed_at = rows[0]
        return Try(AccountId(account_id), hashed, confirmed_at is not None, address)

    async def begin_again(self, tx: Transaction, account_id: AccountId, client: str, now: datetime) -> Try:
        """Count a try of somebody signed in to prove the password once more. Raises ``PasswordWrong`` without one, ``TooManyTries``."""
        rows = await postgres(tx).rows(PLATFORM, _BY_ACCOUNT, (account_id,))
        if not rows:
            raise PasswordWrong
        _, hashed, confirmed_at, email, email_key = rows[0]
        address = MailAddress(email, email_key)
        await self._limits.count_sign_in(tx, address, client, now)
        return Try(account_id, hashed, confirmed_at is not None, address)

    async def start(
        self, tx: Transaction, proved: Try, client: str, agent: str, former: str, now: datetime
    ) -> tuple[AccountId, UUID, str]:
        """A session for who has proved the password: account, id, and the cookie's value, which is shown this once.

        `former` is the cookie that the browser had; its session ends. Raises ``NotConfirmed``, and ``SignInRefused`` when the password
        was changed meanwhile.
        """
        if proved.account_id is None or not await self._still(tx, proved):
            raise SignInRefused
        if not proved.confirmed:
            raise NotConfirmed
        await self._limits.took_in(tx, proved.address, client, now)
        if former and (had := await self._accounts.session_holder(tx, former, now)):
            await postgres(tx).execute(PLATFORM, _END, (now, had[1], had[0]))
        session_id, value = new_uuid(), new_secret(_PREFIX)
        await postgres(tx).execute(PLATFORM, _START, (session_id, proved.account_id, hash_of(value), agent, now, now))
        return proved.account_id, session_id, value

    async def prove(self, tx: Transaction, proved: Try, client: str, now: datetime) -> None:
        """Take the try back that somebody signed in has passed. Raises ``PasswordWrong`` when it was changed meanwhile."""
        if not await self._still(tx, proved):
            raise PasswordWrong
        await self._limits.took_in(tx, proved.address, client, now)

    async def change_password(
        self, tx: Transaction, proved: Try, hashed: str, session_id: UUID | None, client: str, now: datetime
    ) -> None:
        """Set a new password for who has proved the old one: all other sessions and every token end, and the owner is told."""
        await self.prove(tx, proved, client, now)
        assert proved.account_id is not None
        await self.set_password(tx, proved.account_id, hashed, session_id, now)

    async def set_password(
        self, tx: Transaction, account_id: AccountId, hashed: str, session_id: UUID | None, now: datetime
    ) -> None:
        """Set a password; every session but `session_id` and every token end, every link sent to set one is void."""
        pg = postgres(tx)
        await pg.execute(
            PLATFORM,
            "UPDATE account_credential SET password_hash = %s, password_at = %s WHERE account_id = %s",
            (hashed, now, account_id),
        )
        await pg.execute(PLATFORM, _END_ALL, (now, account_id, session_id))
        await pg.execute(
            PLATFORM,
            "UPDATE access_token SET revoked_at = %s WHERE account_id = %s AND revoked_at IS NULL",
            (now, account_id),
        )
        await pg.execute(
            PLATFORM,
            "UPDATE account_link SET used_at = %s WHERE account_id = %s AND purpose = 'reset' AND used_at IS NULL",
            (now, account_id),
        )
        await self._mailer.post(tx, account_id, "password_changed", {}, now)

    async def renew_hash(self, tx: Transaction, proved: Try, hashed: str) -> None:
        """Keep the same password under today's parameters."""
        await postgres(tx).execute(
            PLATFORM,
            "UPDATE account_credential SET password_hash = %s WHERE account_id = %s AND password_hash = %s",
            (hashed, proved.account_id, proved.hashed),
        )

    async def living(self, tx: Transaction, account_id: AccountId, now: datetime) -> Sequence[SessionView]:
        """The account's sessions, the one used last first."""
        rows = await postgres(tx).rows(PLATFORM, _LIST, (account_id, now - SESSION_IDLE, now - SESSION_LIFE))
        return [SessionView(*row) for row in rows]

    async def end(self, tx: Transaction, account_id: AccountId, session_id: UUID, now: datetime) -> None:
        """End one session of the account. Raises ``SessionNotFound``."""
        if not await postgres(tx).rows(PLATFORM, _END, (now, session_id, account_id)):
            raise SessionNotFound

    @staticmethod
    async def _still(tx: Transaction, proved: Try) -> bool:
        rows = await postgres(tx).rows(PLATFORM, _STILL, (proved.hashed, proved.account_id))
        return bool(rows and rows[0][0])
