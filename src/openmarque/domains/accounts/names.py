"""What an account is found by beside its mail address: a user name where the brand has them, a mobile number. Never commits. REQ ACC-2.

Rules:
    1. A user name is one account's in its brand, whatever its case, and signs in as the address does: tries are counted for the address
       behind it, so that two names for one account are not twice as many tries.
    2. A mobile number is not proved and so opens nothing: it finds the account whose address the link to set a password is sent to. Several
       accounts may have it; each address gets its own link.
    3. Whether a name is anybody's is told to nobody: unknown ones are counted and answered as known ones are.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import phonenumbers
import psycopg

from openmarque.brands.pack import BrandPack
from openmarque.domains.accounts.errors import MobileInvalid, UserNameInvalid, UserNamesNotOffered, UserNameTaken
from openmarque.domains.accounts.rules import MailAddress
from openmarque.domains.notifications.service import Recipient
from openmarque.kit.ids import AccountId
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

LONGEST_USER_NAME: Final = 30
LONGEST_NUMBER: Final = 40
"""Characters of a number as people write it: E.164 has at most 15 digits."""
_USER_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{2,29}")
_CAN_BE_MOBILE: Final = frozenset((phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE))
_MOST: Final = 5
"""Accounts with one number that are sent a link: a family's; more would make a number a means to send mails to strangers."""

_FIND: Final = """
SELECT a.account_id, c.email, a.language, a.time_zone, c.email_key
  FROM account_name n JOIN account a USING (account_id) JOIN account_credential c USING (account_id)
 WHERE n.brand_id = %s AND n.kind = %s AND n.key = %s AND a.closed_at IS NULL AND c.confirmed_at IS NOT NULL
 ORDER BY a.created_at LIMIT %s"""
_PUT: Final = """
INSERT INTO account_name (account_id, kind, brand_id, written, key)
SELECT a.account_id, %s, a.brand_id, %s, %s FROM account a WHERE a.account_id = %s AND a.closed_at IS NULL
    ON CONFLICT (account_id, kind) DO UPDATE SET written = excluded.written, key = excluded.key"""
_DROP: Final = "DELETE FROM account_name WHERE account_id = %s AND kind = %s"


class NameKind(StrEnum):
    """What an account can be found by beside its address."""

    USER_NAME = "user_name"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class OtherName:
    """A user name or a mobile number: as people read it, and as two are compared."""

    kind: NameKind
    written: str
    key: str

    def counted_as(self) -> MailAddress:
        """What tries with it are counted under where it is nobody's; no address is written so."""
        return MailAddress("", f"{self.kind}:{self.key}")


def read_user_name(text: str) -> OtherName:
    """The user name that `text` is. Raises ``UserNameInvalid``. No address and no number is one: neither begins so or has such signs."""
    written = unicodedata.normalize("NFC", text.strip())
    if not _USER_NAME.fullmatch(written.lower()) or not written.isascii():
        raise UserNameInvalid
    return OtherName(NameKind.USER_NAME, written, written.lower())


def read_mobile(text: str) -> OtherName:
    """The number that `text` is, with its country's code. Raises ``MobileInvalid`` for none, and for one of a line that is fixed."""
    try:
        number = phonenumbers.parse(text.strip()[:LONGEST_NUMBER], None)
    except phonenumbers.NumberParseException:
        raise MobileInvalid from None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _CAN_BE_MOBILE:
        raise MobileInvalid
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return OtherName(NameKind.MOBILE, written, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


class Names:
    """Use cases on the other names of accounts."""

    def __init__(self, pack: BrandPack) -> None:
        """Keep names of the brand of `pack`."""
        self._brand_id = pack.brand_id
        self.has_user_names = pack.accounts.user_names
        """Whether owners may choose a user name."""

    async def put(self, tx: Transaction, account_id: AccountId, name: OtherName) -> None:
        """Give an account this name instead of the one of its kind. Raises ``UserNameTaken``, ``UserNamesNotOffered``."""
        if name.kind is NameKind.USER_NAME and not self.has_user_names:
            raise UserNamesNotOffered
        try:
            await postgres(tx).execute(PLATFORM, _PUT, (name.kind, name.written, name.key, account_id))
        except psycopg.errors.UniqueViolation:
            raise UserNameTaken from None

    async def drop(self, tx: Transaction, account_id: AccountId, kind: NameKind) -> None:
        """Take an account's name of this kind away; without effect where it has none."""
        await postgres(tx).execute(PLATFORM, _DROP, (account_id, kind))

    async def address_of(self, tx: Transaction, name: OtherName) -> MailAddress:
        """The address of the account with this user name; for nobody's, and where the brand has none, one that no account has."""
        found = await self._found(tx, name)
        return MailAddress(found[0][0].email, found[0][1]) if found and self.has_user_names else name.counted_as()

    async def recipients(self, tx: Transaction, name: OtherName) -> list[Recipient]:
        """The owners who can be told by mail about what this name is asked for."""
        return [recipient for recipient, _ in await self._found(tx, name)]

    async def _found(self, tx: Transaction, name: OtherName) -> list[tuple[Recipient, str]]:
        rows = await postgres(tx).rows(PLATFORM, _FIND, (self._brand_id, name.kind, name.key, _MOST))
        return [(Recipient(AccountId(row[0]), row[1], row[2], row[3]), row[4]) for row in rows]
