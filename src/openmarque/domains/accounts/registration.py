"""How people get an account and back into it: sign-up, confirmation, forgotten password. Never commits. REQ ACC-1, ACC-2.

Rules:
    1. Nobody learns here whether an address has an account. Known or unknown, the answer and the statements are the same; the
       difference is in the mail, which only the address's owner reads.
    2. Several may sign up with one address; each gets an account that is not active, and a link of its own. The first link followed makes its
       account the address's; the other claims are closed. So a stranger who signs up with my address before me, or again after me,
       changes nothing about the link that I follow. Who asks for it again gets one for each claim that is open, with the moment
       of that sign-up in it: which of them is mine only I know.
    3. A link works once, for its purpose, for its time. The token behind it is in the mail (sealed until sent) and nowhere else.
    4. A link to set a password proves the address as one to confirm it does.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg

from openmarque.domains.accounts.errors import LinkUnusable
from openmarque.domains.accounts.limits import Limits
from openmarque.domains.accounts.names import OtherName
from openmarque.domains.accounts.rules import CONFIRM_WITHIN, RESET_WITHIN, MailAddress
from openmarque.domains.accounts.service import Accounts, hash_of, new_secret
from openmarque.domains.accounts.sessions import Sessions
from openmarque.domains.notifications.service import Mailer, Recipient
from openmarque.kit.ids import AccountId, new_uuid
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_CONFIRM: Final = "confirm"
_RESET: Final = "reset"
_PREFIX: Final = "oml_"

_OWNER: Final = """
SELECT a.account_id, c.email, a.language, a.time_zone FROM account_credential c JOIN account a USING (account_id)
 WHERE c.brand_id = %s AND c.email_key = %s AND a.closed_at IS NULL
   AND (c.confirmed_at IS NOT NULL OR %s) ORDER BY c.confirmed_at IS NULL, a.created_at DESC LIMIT 1"""
_CLAIM: Final = """
SELECT a.account_id, c.email, a.language, a.time_zone, a.created_at FROM account_credential c JOIN account a USING (account_id)
 WHERE c.brand_id = %(brand)s AND c.email_key = %(key)s AND a.closed_at IS NULL AND c.confirmed_at IS NULL
   AND NOT EXISTS (SELECT FROM account_credential o JOIN account b USING (account_id)
                    WHERE o.brand_id = %(brand)s AND o.email_key = %(key)s AND o.confirmed_at IS NOT NULL AND b.closed_at IS NULL)
 ORDER BY a.created_at"""
_ACCOUNT: Final = """
INSERT INTO account (account_id, brand_id, language, time_zone, country, given_name, family_name, created_at)
SELECT %(account_id)s, %(brand_id)s, %(language)s, %(time_zone)s, %(country)s, %(given_name)s, %(family_name)s, %(now)s
 WHERE %(fresh)s"""
_CREDENTIAL: Final = """
INSERT INTO account_credential (account_id, brand_id, email, email_key, password_hash, password_at)
SELECT a.account_id, a.brand_id, %(email)s, %(email_key)s, %(password_hash)s, %(now)s FROM account a
 WHERE a.account_id = %(account_id)s AND %(fresh)s"""
_LINK: Final = """
INSERT INTO account_link (token_hash, account_id, purpose, created_at, expires_at)
SELECT %s, a.account_id, %s, %s, %s FROM account a WHERE a.account_id = %s AND %s"""
_LIVING_LINK: Final = """
SELECT l.account_id, c.email, c.email_key FROM account_link l JOIN account_credential c USING (account_id) JOIN account a USING (account_id)
 WHERE l.token_hash = %s AND l.purpose = %s AND l.used_at IS NULL AND l.expires_at > %s AND a.closed_at IS NULL"""
_FOLLOW: Final = """
UPDATE account_link AS l SET used_at = %(now)s FROM account a
 WHERE l.token_hash = %(token)s AND l.purpose = %(purpose)s AND l.used_at IS NULL AND l.expires_at > %(now)s
   AND a.account_id = l.account_id AND a.closed_at IS NULL RETURNING l.account_id"""
_PROVE_ADDRESS: Final = """
UPDATE account_credential SET confirmed_at = coalesce(confirmed_at, %s) WHERE account_id = %s RETURNING brand_id, email_key"""
_CLOSE_CLAIMS: Final = """
UPDATE account SET closed_at = %s WHERE closed_at IS NULL AND account_id IN
       (SELECT account_id FROM account_credential WHERE brand_id = %s AND email_key = %s AND confirmed_at IS NULL)"""


@dataclass(frozen=True, slots=True)
class Person:
    """What somebody says of himself when he signs up."""

    given_name: str
    family_name: str
    language: str
    country: str
    time_zone: str


class Registration:
    """Use cases of people who are not signed in."""

    def __init__(self, accounts: Accounts, sessions: Sessions, limits: Limits, mailer: Mailer) -> None:
        """Serve `accounts`; count mails in `limits`; send them by `mailer`."""
        self._accounts = accounts
        self._sessions = sessions
        self._limits = limits
        self._mailer = mailer

    async def admit(self, tx: Transaction, address: MailAddress, client: str, now: datetime) -> None:
        """Count somebody at `client` who signs up, before the password costs its hash. Raises ``TooManyTries``."""
        await self._limits.count_mail(tx, address, client, now)

    async def sign_up(self, tx: Transaction, address: MailAddress, hashed: str, person: Person, now: datetime) -> None:
        """Somebody who was admitted wants an account: the address gets a link, or is told that it has one."""
        owner = await self._owner(tx, address, claims=False)
        claim = Recipient(AccountId(new_uuid()), address.text, person.language, person.time_zone)
        row = {
            "account_id": claim.account_id,
            "brand_id": self._accounts.brand_id,
            "language": person.language,
            "time_zone": person.time_zone,
            "country": person.country,
            "given_name": person.given_name,
            "family_name": person.family_name,
            "email": address.text,
            "email_key": address.key,
            "password_hash": hashed,
            "now": now,
            "fresh": owner is None,
        }
        await postgres(tx).execute(PLATFORM, _ACCOUNT, row)
        await postgres(tx).execute(PLATFORM, _CREDENTIAL, row)
        token = await self._link(tx, claim.account_id, _CONFIRM, now, wanted=owner is None)
        if owner is None:
            await self._mailer.send(tx, claim, "confirm", {"token": token}, now, CONFIRM_WITHIN)
        else:
            await self._mailer.send(tx, owner, "already", {}, now)

    async def resend(self, tx: Transaction, address: MailAddress, client: str, now: datetime) -> None:
        """Send the links of accounts that are not active once more. Raises ``TooManyTries``."""
        await self._limits.count_mail(tx, address, client, now)
        rows = await postgres(tx).rows(PLATFORM, _CLAIM, {"brand": self._accounts.brand_id, "key": address.key})
        # As many as sign-ups, which are counted as mails too; for an address of which nothing is known the same statements as for one claim.
        claims: list[tuple[Recipient | None, datetime]] = [(_recipient(row[:4]), row[4]) for row in rows]
        for to, at in claims or [(None, now)]:
            await self._send_link(tx, to, address, _CONFIRM, now, at)

    async def request_reset(self, tx: Transaction, who: MailAddress | OtherName, client: str, now: datetime) -> None:
        """Send a link to set a new password to the address of whom `who` names. Raises ``TooManyTries``."""
        address = who.counted_as() if isinstance(who, OtherName) else who
        await self._limits.count_mail(tx, address, client, now)
        if isinstance(who, OtherName):
            owners: list[Recipient | None] = [*await self._accounts.names.recipients(tx, who)]
        else:
            owners = [await self._owner(tx, who, claims=True)]
        for owner in owners or [None]:
            await self._send_link(tx, owner, address, _RESET, now)

    async def confirm(self, tx: Transaction, token: str, now: datetime) -> AccountId:
        """Follow a link to confirm an address: the account is active. Raises ``LinkUnusable``."""
        account_id = await self._follow(tx, token, _CONFIRM, now)
        await self._prove_address(tx, account_id, now)
        return account_id

    async def reset_address(self, tx: Transaction, token: str, now: datetime) -> MailAddress:
        """The address that a link to set a password was sent to; the link is not used up by that. Raises ``LinkUnusable``."""
        rows = await postgres(tx).rows(PLATFORM, _LIVING_LINK, (hash_of(token), _RESET, now))
        if not rows:
            raise LinkUnusable
        return MailAddress(rows[0][1], rows[0][2])

    async def reset(
        self, tx: Transaction, token: str, hashed: str, address: MailAddress, client: str, now: datetime
    ) -> AccountId:
        """Follow a link to set a password: every session and token of the account ends, and no lock keeps its owner out.

        Raises ``LinkUnusable``, also when the link was used since ``reset_address`` was asked.
        """
        account_id = await self._follow(tx, token, _RESET, now)
        await self._prove_address(tx, account_id, now)
        await self._sessions.set_password(tx, account_id, hashed, None, now)
        await self._limits.took_in(tx, address, client, now)
        return account_id

    async def _owner(self, tx: Transaction, address: MailAddress, *, claims: bool) -> Recipient | None:
        """Whose the address is; with `claims` also who signed up last and has not confirmed it."""
        rows = await postgres(tx).rows(PLATFORM, _OWNER, (self._accounts.brand_id, address.key, claims))
        return _recipient(rows[0]) if rows else None

    async def _send_link(
        self,
        tx: Transaction,
        to: Recipient | None,
        address: MailAddress,
        purpose: str,
        now: datetime,
        at: datetime | None = None,
    ) -> None:
        """Send a link to `to`, for what was asked `at` that moment (default: now); to nobody with the same statements."""
        reader = to or Recipient(AccountId(new_uuid()), address.text, "en", "UTC")
        token = await self._link(tx, reader.account_id, purpose, now, wanted=to is not None)
        await self._mailer.send(tx, reader, purpose, {"token": token}, now, _WITHIN[purpose], at)

    @staticmethod
    async def _link(tx: Transaction, account_id: UUID, purpose: str, now: datetime, *, wanted: bool) -> str:
        token = new_secret(_PREFIX)
        row = (hash_of(token), purpose, now, now + _WITHIN[purpose], account_id, wanted)
        await postgres(tx).execute(PLATFORM, _LINK, row)
        return token

    @staticmethod
    async def _follow(tx: Transaction, token: str, purpose: str, now: datetime) -> AccountId:
        values = {"now": now, "token": hash_of(token), "purpose": purpose}
        rows = await postgres(tx).rows(PLATFORM, _FOLLOW, values)
        if not rows:
            raise LinkUnusable
        return AccountId(rows[0][0])

    @staticmethod
    async def _prove_address(tx: Transaction, account_id: AccountId, now: datetime) -> None:
        """The address is this account's; whoever else claims it does so no more. Raises ``LinkUnusable`` when another has it."""
        try:
            rows = await postgres(tx).rows(PLATFORM, _PROVE_ADDRESS, (now, account_id))
        except psycopg.errors.UniqueViolation:
            raise LinkUnusable from None
        for brand_id, email_key in rows:
            await postgres(tx).execute(PLATFORM, _CLOSE_CLAIMS, (now, brand_id, email_key))


_WITHIN: Final = {_CONFIRM: CONFIRM_WITHIN, _RESET: RESET_WITHIN}


def _recipient(row: tuple[UUID, str, str, str]) -> Recipient:
    account_id, email, language, time_zone = row
    return Recipient(AccountId(account_id), email, language, time_zone)
