"""What the audit does at its time: once a day, security events go that are older than declared. REQ GDP-2."""

from datetime import datetime
from typing import Final

from openmarque.domains.audit.declaration import EVENTS_KEPT
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.transaction import Transaction

SWEEP: Final = "security_sweep"


async def sweep(tx: Transaction, now: datetime) -> None:
    """Delete counts of hours that began longer ago than they are kept."""
    await postgres(tx).execute(RETENTION, "DELETE FROM security_event WHERE hour < %s", (now - EVENTS_KEPT.lasts,))
