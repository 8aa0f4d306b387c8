"""The safety code: kept as a hash that needs the platform's pepper too, tries counted under the lock of its row. REQ RC-7.

Theory of operation:
    A code has four digits, so no hash alone keeps it: whoever copies the table tries all 10,000. So what is hashed is an HMAC of the
    code under a key of the ring (the pepper), which is not in the database; argon2id then slows down whoever has both. The hash is
    bound to the account, so that rows can't be swapped.

    A try is counted first, under the row's lock and in a transaction of its own; then it is proved, holding neither row nor
    connection; the right code takes the count back. So fifty tries at the same moment are fifty counted ones, five of which are looked
    at, and one whose request was cut off is counted all the same.
"""

import asyncio
import hmac
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Final, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from openmarque.domains.commands.errors import SafetyCodeLocked, SafetyCodeNotSet, SafetyCodeUnfit, WrongSafetyCode
from openmarque.domains.commands.rules import is_fit_code, lock_after, tries_left
from openmarque.domains.commands.store import CodeRow, CommandStore
from openmarque.kit.ids import AccountId
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.storage.transaction import Transaction

_TIME_COST: Final = 2
_MEMORY_KIB: Final = 19 * 1024
"""argon2id with 19 MiB and two passes (OWASP's least): some 20 ms. More would be paid at every unlocking and bring little, since it
is the pepper that keeps a code of four digits; passwords get RFC 9106's parameters."""


class CodeHasher(Protocol):
    """Hashes and proves safety codes."""

    async def hash(self, account_id: AccountId, code: str) -> tuple[str, str]:
        """The hash of a code, and the id of the pepper in it."""
        ...

    async def prove(self, row: CodeRow, code: str) -> bool:
        """Whether `code` is the one of `row`."""
        ...


class PepperedHasher:
    """``CodeHasher`` with argon2id, in a thread."""

    def __init__(self, keys: KeyRing) -> None:
        """Take peppers from `keys`."""
        self._keys = keys
        self._hasher = PasswordHasher(time_cost=_TIME_COST, memory_cost=_MEMORY_KIB, parallelism=1)

    async def hash(self, account_id: AccountId, code: str) -> tuple[str, str]:
        """See ``CodeHasher.hash``."""
        pepper_id, pepper = self._keys.secret(Purpose.SAFETY_CODE)
        return await asyncio.to_thread(self._hasher.hash, _peppered(pepper, account_id, code)), pepper_id

    async def prove(self, row: CodeRow, code: str) -> bool:
        """See ``CodeHasher.prove``. Raises ``UnknownKey`` when the pepper is gone."""
        _, pepper = self._keys.secret(Purpose.SAFETY_CODE, row.pepper_id)
        return await asyncio.to_thread(self._prove, row.hash, _peppered(pepper, row.account_id, code))

    def _prove(self, hashed: str, peppered: bytes) -> bool:
        try:
            return self._hasher.verify(hashed, peppered)
        except (VerificationError, InvalidHashError):
            return False


def _peppered(pepper: bytes, account_id: AccountId, code: str) -> bytes:
    return hmac.digest(pepper, account_id.bytes + code.encode("ascii"), "sha256")


class SafetyCodes:
    """Use cases on safety codes. Never commits."""

    def __init__(self, store: CommandStore, hasher: CodeHasher, length: int) -> None:
        """Keep codes of `length` digits in `store`."""
        self._store = store
        self._hasher = hasher
        self._length = length

    async def hashed(self, account_id: AccountId, code: str, now: datetime) -> CodeRow:
        """`code` as it is kept. Needs no transaction. Raises ``SafetyCodeUnfit``."""
        if not is_fit_code(code, self._length):
            raise SafetyCodeUnfit(length=self._length)
        hashed, pepper_id = await self._hasher.hash(account_id, code)
        return CodeRow(account_id, hashed, pepper_id, now)

    async def choose(self, tx: Transaction, row: CodeRow) -> None:
        """Make the code of `row` (from ``hashed``) the account's; whoever calls has proved the password. Ends a lock."""
        await self._store.lock_code(tx, row.account_id)
        await self._store.put_code(tx, row)

    async def begin(self, tx: Transaction, account_id: AccountId, now: datetime) -> CodeRow:
        """Count a try at the account's code; to be committed before ``prove``. Raises ``SafetyCodeNotSet``, ``SafetyCodeLocked``.

        While locked no code is looked at, the right one neither.
        """
        row = await self._store.lock_code(tx, account_id)
        if row is None:
            raise SafetyCodeNotSet
        if row.locked_until is not None and now < row.locked_until:
            raise SafetyCodeLocked(wait_s=ceil((row.locked_until - now).total_seconds()), tries_left=0)
        lock = lock_after(row.wrong + 1)
        counted = replace(row, wrong=row.wrong + 1, locked_until=None if lock is None else now + lock)
        await self._store.put_code(tx, counted)
        return counted

    async def prove(self, counted: CodeRow, code: str) -> None:
        """Return when `code` is the one of a counted try; raise ``WrongSafetyCode`` otherwise. Needs no transaction."""
        if not code.isascii() or not await self._hasher.prove(counted, code):
            raise WrongSafetyCode(tries_left=tries_left(counted.wrong))

    async def passed(self, tx: Transaction, counted: CodeRow) -> None:
        """The try was right: nothing is held against the account. Without effect when another code was chosen meanwhile."""
        row = await self._store.lock_code(tx, counted.account_id)
        if row is not None and row.hash == counted.hash:
            await self._store.put_code(tx, replace(row, wrong=0, locked_until=None))
