"""What mails leave behind for a year: once a day, older counts are deleted. REQ GDP-2."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.timers import TimerHandler
from openmarque.storage.transaction import Transaction

SWEEP: Final = "mail_sweep"
EVERY: Final[Mapping[str, timedelta]] = {SWEEP: timedelta(days=1)}
_KEPT: Final = timedelta(days=365)


async def sweep(tx: Transaction, about: UUID, now: datetime) -> None:
    """Delete counts of mails older than twelve months."""
    del about
    await postgres(tx).execute(RETENTION, "DELETE FROM mail_count WHERE day < %s", ((now - _KEPT).date(),))


def timer_handlers(parts: object) -> Mapping[str, TimerHandler]:
    """The handlers of this domain."""
    del parts
    return {SWEEP: sweep}
