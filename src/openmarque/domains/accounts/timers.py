"""What accounts do at their time: once an hour, forget what has run out. REQ GDP-2; the times are the declaration's."""

from datetime import datetime, timedelta
from typing import Final

from openmarque.domains.accounts.declaration import LINKS_KEPT, SESSIONS_KEPT, TRIES_KEPT
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.transaction import Transaction

SWEEP: Final = "accounts_sweep"
_CLAIM_KEPT: Final = timedelta(days=7)
"""An account that nobody has confirmed by then: its last link ran out long ago, unless it was sent again."""

_STATEMENTS: Final = (
    "DELETE FROM browser_session WHERE used_at < %(sessions)s OR ended_at < %(sessions)s",
    "DELETE FROM account_link WHERE created_at < %(links)s",
    "DELETE FROM access_token WHERE created_at < %(links)s",
    "DELETE FROM sign_in_limit WHERE last_at < %(tries)s",
)
_CLAIMS: Final = """
DELETE FROM account a USING account_credential c
 WHERE c.account_id = a.account_id AND c.confirmed_at IS NULL AND a.created_at < %(claims)s
   AND NOT EXISTS (SELECT FROM account_link l WHERE l.account_id = a.account_id AND l.used_at IS NULL AND l.expires_at > %(now)s)
   AND NOT EXISTS (SELECT FROM tenure t WHERE t.account_id = a.account_id)
   AND NOT EXISTS (SELECT FROM capability_grant g WHERE g.subject_id = a.account_id)"""
"""With it goes what hangs on it: address and password, links, mails."""


async def sweep(tx: Transaction, now: datetime) -> None:
    """Delete what has run out: sessions, links, tokens, tries, and accounts that were never confirmed."""
    moments = {
        "now": now,
        "sessions": now - SESSIONS_KEPT.lasts,
        "links": now - LINKS_KEPT.lasts,
        "tries": now - TRIES_KEPT.lasts,
        "claims": now - _CLAIM_KEPT,
    }
    for statement in (*_STATEMENTS, _CLAIMS):
        await postgres(tx).execute(RETENTION, statement, moments)
