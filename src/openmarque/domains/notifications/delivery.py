"""Sends the mails that were written, at least once: what the scheduler does beside its timers. REQ NOT-2.

Theory of operation: a mail that is due is lent as a timer is (``storage.timers``): the try is counted and the row put off, in a transaction of
its own. Then it is handed over, and only then its row is deleted. So a scheduler that is killed in between sends it again, with the same
Message-ID. Pauses between tries grow threefold; what the server refuses for good, and what is too old, is deleted and counted.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from typing import Final
from uuid import UUID

import structlog

from openmarque.domains.notifications.composing import compose
from openmarque.domains.notifications.errors import CarryFailed
from openmarque.domains.notifications.service import Seal
from openmarque.domains.notifications.smtp import Carrier
from openmarque.domains.notifications.templates import template_of
from openmarque.kit.clock import Clock
from openmarque.link.pki_keys import KeyRing
from openmarque.storage.postgres import PostgresDatabase
from openmarque.storage.roles import PLATFORM

_AT_ONCE: Final = 8
_FIRST_PAUSE_S: Final = 30.0
"""Longer than a mail server may take to answer, so that nobody else takes up what is on its way."""
_LONGEST_PAUSE_S: Final = 6 * 3600.0
_TREBLINGS: Final = 6
_log = structlog.get_logger("openmarque.mail")

_LEND: Final = """
UPDATE mail SET tries = tries + 1,
                due_at = %(now)s::timestamptz + least(power(3, least(tries, %(treblings)s)) * %(pause)s, %(longest)s) * interval '1 second'
 WHERE mail_id IN (SELECT d.mail_id FROM mail d WHERE d.due_at <= %(now)s ORDER BY d.due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING mail_id, template, sealed, key_id, created_at, until_at"""
_DONE: Final = "DELETE FROM mail WHERE mail_id = %s"
_COUNT: Final = """
INSERT INTO mail_count AS c (day, template, outcome, count) VALUES (%s, %s, %s, 1)
    ON CONFLICT (day, template, outcome) DO UPDATE SET count = c.count + 1"""


class Delivery:
    """Sends what is due."""

    def __init__(
        self,
        database: PostgresDatabase,
        clock: Clock,
        keys: KeyRing,
        carrier: Carrier,
        *,
        brand: str,
        sender: str,
        app: Callable[[], str],
    ) -> None:
        """Hand mails to `carrier`, from `sender` (``Name <address>``); `app` tells where links lead, asked for each mail."""
        self._database = database
        self._clock = clock
        self._seal = Seal(keys)
        self._carrier = carrier
        self._brand = brand
        self._sender = sender
        self._app = app

    async def run_due(self) -> int:
        """Send what is due now, side by side; gives how many mails were taken up. Raises ``StoreUnavailable``."""
        now = self._clock.now()
        limits = {"now": now, "treblings": _TREBLINGS, "pause": _FIRST_PAUSE_S, "longest": _LONGEST_PAUSE_S, "most": _AT_ONCE}
        async with self._database.begin() as tx:
            rows = await tx.rows(PLATFORM, _LEND, limits)
        await asyncio.gather(*(self._send(*row) for row in rows))
        return len(rows)

    async def _send(
        self, mail_id: UUID, template: str, sealed: bytes, key_id: str, created_at: datetime, until_at: datetime
    ) -> None:
        if self._clock.now() >= until_at:
            await self._finish(mail_id, template, "late")
            return
        try:
            await self._carrier.carry(self._composed(mail_id, template, sealed, key_id, created_at))
        except CarryFailed as error:
            _log.warning("mail_not_taken", name=template, detail=error.detail, cure=error.remedy)
            if error.final:
                await self._finish(mail_id, template, "refused")
        except Exception as error:  # noqa: BLE001 - a mail that can't be made must not stop the others; it stays until it is too old
            _log.error("mail_failed", name=template, error=type(error).__name__, exc_info=True)
        else:
            await self._finish(mail_id, template, "sent")

    def _composed(self, mail_id: UUID, template: str, sealed: bytes, key_id: str, created_at: datetime) -> EmailMessage:
        letter = self._seal.open(mail_id, bytes(sealed), key_id)
        return compose(
            letter,
            template_of(template),
            mail_id=mail_id,
            sender=self._sender,
            brand=self._brand,
            app=self._app(),
            at=created_at,
        )

    async def _finish(self, mail_id: UUID, template: str, outcome: str) -> None:
        async with self._database.begin() as tx:
            await tx.execute(PLATFORM, _DONE, (mail_id,))
            await tx.execute(PLATFORM, _COUNT, (self._clock.now().date(), template, outcome))
