"""What notices and mails leave behind goes when their declarations say. REQ GDP-2, NOT-2c."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from openmarque.catalogue.declarations import Declaration, NoticeSpec
from openmarque.catalogue.notices import LONGEST_KEPT
from openmarque.domains.notifications.declaration import COUNTS_KEPT
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.transaction import Transaction

SWEEP: Final = "mail_sweep"
NOTICE_SWEEP: Final = "notice_sweep"


async def sweep(tx: Transaction, now: datetime) -> None:
    """Delete counts of mails that are older than declared."""
    await postgres(tx).execute(RETENTION, "DELETE FROM mail_count WHERE day < %s", ((now - COUNTS_KEPT.lasts).date(),))


async def sweep_notices(tx: Transaction, known: Mapping[str, tuple[Declaration, NoticeSpec]], now: datetime) -> None:
    """Delete each notice that is older than its declaration says; one that no declaration knows any more after the longest time."""
    for kind, (_, spec) in sorted(known.items()):
        query = "DELETE FROM notice WHERE kind = %s AND created_at < %s"
        await postgres(tx).execute(RETENTION, query, (kind, now - spec.retention.lasts))
    await postgres(tx).execute(RETENTION, "DELETE FROM notice WHERE created_at < %s", (now - LONGEST_KEPT.lasts,))
