"""What mails leave behind for a year: once a day, older counts are deleted. REQ GDP-2."""

from datetime import datetime
from typing import Final

from openmarque.domains.notifications.declaration import COUNTS_KEPT
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.transaction import Transaction

SWEEP: Final = "mail_sweep"


async def sweep(tx: Transaction, now: datetime) -> None:
    """Delete counts of mails that are older than declared."""
    await postgres(tx).execute(RETENTION, "DELETE FROM mail_count WHERE day < %s", ((now - COUNTS_KEPT.lasts).date(),))
