"""What mails leave behind for a year: once a day, older counts are deleted. REQ GDP-2."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from openmarque.domains.notifications.declaration import COUNTS_KEPT
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.timers import TimerHandler
from openmarque.storage.transaction import Transaction

SWEEP: Final = "mail_sweep"
EVERY: Final[Mapping[str, timedelta]] = {SWEEP: timedelta(days=1)}


async def sweep(tx: Transaction, about: UUID, now: datetime) -> None:
    """Delete counts of mails that are older than declared."""
    del about
    await postgres(tx).execute(RETENTION, "DELETE FROM mail_count WHERE day < %s", ((now - COUNTS_KEPT.lasts).date(),))


def timer_handlers(parts: object) -> Mapping[str, TimerHandler]:
    """The handlers of this domain."""
    del parts
    return {SWEEP: sweep}
