"""Writes mails: in the transaction of what they tell, sealed, to be sent by the scheduler (``delivery``). Never commits. REQ NOT-1."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from openmarque.domains.notifications.errors import TemplateMismatch
from openmarque.domains.notifications.rules import one_line
from openmarque.domains.notifications.templates import NOTICE, template_of
from openmarque.kit.ids import AccountId, new_uuid
from openmarque.kit.texts import texts
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

GIVEN_UP_AFTER: Final = timedelta(days=3)
"""What could not be sent by then is no news any more. RFC 5321 §4.5.4.1 has servers try for four to five days."""

_RECIPIENT: Final = """
SELECT c.email, a.language, a.time_zone FROM account a JOIN account_credential c USING (account_id)
 WHERE a.account_id = %s AND a.closed_at IS NULL AND c.confirmed_at IS NOT NULL"""
_WRITE: Final = """
INSERT INTO mail (mail_id, account_id, template, sealed, key_id, created_at, due_at, until_at, tries)
SELECT %(mail_id)s, a.account_id, %(template)s, %(sealed)s, %(key_id)s, %(now)s, %(now)s, %(until_at)s, 0
  FROM account a WHERE a.account_id = %(account_id)s"""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a mail: an account, its address as mails are sent to it, language (BCP 47) and IANA time zone."""

    account_id: AccountId
    email: str
    language: str
    time_zone: str


class Letter(msgspec.Struct, frozen=True):
    """What is sealed of a mail until it is sent."""

    email: str
    language: str
    fields: dict[str, str]


class Seal:
    """Seals letters: a link in one opens an account, and a copy of the database must not."""

    def __init__(self, keys: KeyRing) -> None:
        """Use the mail keys in `keys`."""
        self._keys = keys

    def close(self, mail_id: UUID, letter: Letter) -> tuple[bytes, str]:
        """The sealed letter and the id of its key; bound to the mail, so that rows can't be swapped."""
        return self._keys.seal(Purpose.MAIL, msgspec.json.encode(letter), mail_id)

    def open(self, mail_id: UUID, sealed: bytes, key_id: str) -> Letter:
        """The letter. Raises ``UnknownKey``, or ``cryptography``'s ``InvalidTag`` for a row that was tampered with."""
        return msgspec.json.decode(self._keys.unseal(Purpose.MAIL, sealed, key_id, mail_id), type=Letter)


class Mailer:
    """Has mails sent to owners."""

    def __init__(self, keys: KeyRing) -> None:
        """Seal with the mail keys in `keys`."""
        self._seal = Seal(keys)

    async def post(
        self, tx: Transaction, account_id: AccountId, template: str, fields: Mapping[str, str], now: datetime
    ) -> bool:
        """Send a mail to the confirmed address of an account; false when it has none. Raises ``TemplateMismatch``.

        The field ``at``, the present moment in the owner's time zone, is added where the template takes it.
        """
        rows = await postgres(tx).rows(PLATFORM, _RECIPIENT, (account_id,))
        for email, language, time_zone in rows:
            await self.send(tx, Recipient(account_id, email, language, time_zone), template, fields, now)
        return bool(rows)

    async def send(
        self,
        tx: Transaction,
        to: Recipient,
        template: str,
        fields: Mapping[str, str],
        now: datetime,
        within: timedelta = GIVEN_UP_AFTER,
        at: datetime | None = None,
    ) -> None:
        """As ``post``, to an address that need not be confirmed; given up `within` that time, when what it links to has run out.

        `at` is the moment that the text speaks of, if it is another one than now.

        An account that does not exist gets nothing, after the same work: who asks can't tell.
        """
        wanted = template_of(template)
        given = {**fields, "at": _moment(at or now, to)}
        takes = wanted.fields() | ({"token"} if wanted.path else set())
        if missing := takes - given.keys() - {"link"}:
            raise TemplateMismatch(f"{template} lacks {', '.join(sorted(missing))}.")
        kept = {name: one_line(value) for name, value in given.items() if name in takes}
        mail_id = new_uuid()
        sealed, key_id = self._seal.close(mail_id, Letter(to.email, to.language, kept))
        row = {"mail_id": mail_id, "account_id": to.account_id, "template": template, "sealed": sealed, "key_id": key_id}
        await postgres(tx).execute(PLATFORM, _WRITE, {**row, "now": now, "until_at": now + min(within, GIVEN_UP_AFTER)})

    async def tell(
        self, tx: Transaction, to: Recipient, notice: str, facts: Mapping[str, object], now: datetime, at: datetime
    ) -> None:
        """Send the mail of a notice; its facts are written as the language of the account writes them."""
        said = texts(to.language)
        fields = {name: said.written(fact) for name, fact in facts.items()}
        await self.send(tx, to, f"{NOTICE}{notice}", fields, now, at=at)


def _moment(at: datetime, to: Recipient) -> str:
    """An instant as its reader writes it, with the zone."""
    return f"{texts(to.language).moment(at.astimezone(ZoneInfo(to.time_zone)))} ({to.time_zone})"
