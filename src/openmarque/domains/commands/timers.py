"""What happens to a remote command when its time is over, and when it has been kept long enough. REQ RC-6, GDP-2, GDP-12."""

from datetime import datetime, timedelta
from typing import Final

from openmarque.catalogue.refusals import Reason
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.transaction import Transaction

SWEEP: Final = "commands_sweep"
REFUSAL_KEPT: Final = timedelta(days=1)
"""A remote command that was refused since no retention is set (REQ GDP-12) is told to its owner for so long."""


async def sweep(tx: Transaction, kept: timedelta | None, now: datetime) -> None:
    """Delete commands, with their steps, that were requested longer than `kept` ago.

    While nobody says how long, new ones are refused for that, are told, and go after `REFUSAL_KEPT`; others wait until somebody does.
    """
    if kept is None:
        query = "DELETE FROM vehicle_command WHERE requested_at < %s AND reason = %s"
        await postgres(tx).execute(RETENTION, query, (now - REFUSAL_KEPT, Reason.NO_RETENTION))
    else:
        await postgres(tx).execute(RETENTION, "DELETE FROM vehicle_command WHERE requested_at < %s", (now - kept,))
