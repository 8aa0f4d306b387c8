"""Keeps the tallies of tries, under row locks: tries that come at the same moment are counted one after the other."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Final

from openmarque.domains.accounts import rules
from openmarque.domains.accounts.errors import TooManyTries
from openmarque.domains.accounts.rules import Limit, MailAddress, Tally
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_LOCK: Final = """
INSERT INTO sign_in_limit AS l (key, tries, last_at) SELECT k, 0, %s FROM unnest(%s::bytea[]) AS k ORDER BY k
    ON CONFLICT (key) DO UPDATE SET tries = l.tries
RETURNING key, tries, last_at, until_at, good_at"""
"""Makes the rows that are missing and locks all, in the order of their keys: two requests never wait for each other in a ring."""
_KEEP: Final = """
UPDATE sign_in_limit AS l SET tries = u.tries, last_at = u.last_at, until_at = u.until_at, good_at = u.good_at
  FROM unnest(%s::bytea[], %s::int[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
       AS u (key, tries, last_at, until_at, good_at)
 WHERE l.key = u.key"""


class Limits:
    """Counts tries. Keys are HMACs under a key of this platform: a copy of the table names no address and no client."""

    def __init__(self, keys: KeyRing) -> None:
        """Use the key for tries in `keys`."""
        self._keys = keys

    async def count_sign_in(self, tx: Transaction, address: MailAddress, client: str, now: datetime) -> None:
        """Count a try to sign in, before it is known whether it is a good one. Raises ``TooManyTries``.

        Counted first, so that a thousand tries at the same moment are a thousand counted ones; a good one is taken back.
        """
        both, anywhere, here = self._sign_in_keys(address, client)
        tallies = await self._locked(tx, (both, anywhere, here), now)
        limits = {both: rules.ADDRESS_AND_CLIENT, anywhere: rules.ADDRESS, here: rules.CLIENT}
        if rules.is_good(tallies[both], now):
            del limits[anywhere]
        await self._count(tx, tallies, limits, now)

    async def took_in(self, tx: Transaction, address: MailAddress, client: str, now: datetime) -> None:
        """The owner of `address` got in from `client`: nothing is held against either, and from there nobody else shuts him out.

        Of the client only this one try is taken back: somebody with an account of his own must not wipe out his other tries with it.
        """
        both, anywhere, here = self._sign_in_keys(address, client)
        tallies = await self._locked(tx, (both, anywhere, here), now)
        client_tally = tallies[here]
        tallies[here] = Tally(max(0, client_tally.tries - 1), client_tally.last_at, client_tally.until_at, client_tally.good_at)
        for key in (both, anywhere):
            tallies[key] = rules.after_success(tallies[key], now)
        await self._keep(tx, tallies)

    async def count_mail(self, tx: Transaction, address: MailAddress, client: str, now: datetime) -> None:
        """Count a mail that somebody at `client` has sent to `address`. Raises ``TooManyTries``."""
        to, by = self._key("mail to", address.key), self._key("mail by", client)
        tallies = await self._locked(tx, (to, by), now)
        await self._count(tx, tallies, {to: rules.MAILS_TO_ADDRESS, by: rules.MAILS_BY_CLIENT}, now)

    async def _count(
        self, tx: Transaction, tallies: Mapping[bytes, Tally], limits: Mapping[bytes, Limit], now: datetime
    ) -> None:
        wait = max(rules.wait_for(tallies[key], now) for key in limits)
        if wait:
            raise TooManyTries(wait_s=ceil(wait.total_seconds()))
        await self._keep(tx, {key: rules.after_try(tallies[key], limit, now) for key, limit in limits.items()})

    async def _locked(self, tx: Transaction, keys: tuple[bytes, ...], now: datetime) -> dict[bytes, Tally]:
        rows = await postgres(tx).rows(PLATFORM, _LOCK, (now, list(keys)))
        return {bytes(key): Tally(tries, last_at, until_at, good_at) for key, tries, last_at, until_at, good_at in rows}

    @staticmethod
    async def _keep(tx: Transaction, tallies: Mapping[bytes, Tally]) -> None:
        kept = list(tallies.values())
        columns = (
            list(tallies),
            [t.tries for t in kept],
            [t.last_at for t in kept],
            [t.until_at for t in kept],
            [t.good_at for t in kept],
        )
        await postgres(tx).execute(PLATFORM, _KEEP, columns)

    def _sign_in_keys(self, address: MailAddress, client: str) -> tuple[bytes, bytes, bytes]:
        return (
            self._key("address and client", f"{address.key}\n{client}"),
            self._key("address", address.key),
            self._key("client", client),
        )

    def _key(self, kind: str, what: str) -> bytes:
        _, secret = self._keys.secret(Purpose.TRIES)
        return hmac.digest(secret, f"{kind}\n{what}".encode(), "sha256")
