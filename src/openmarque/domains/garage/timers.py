"""What the garage does at its time: delete pairings whose end lies back long enough."""

from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.domains.garage.rules import DELETED_AFTER
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_DELETE: Final = "DELETE FROM pairing WHERE pairing_id = %s AND coalesce(voided_at, paired_at, expires_at) <= %s"


async def delete_pairing(tx: Transaction, about: UUID, now: datetime) -> None:
    """Delete the pairing `about` if it ended ``DELETED_AFTER`` ago; a timer that was moved finds nothing to do."""
    await postgres(tx).execute(PLATFORM, _DELETE, (about, now - DELETED_AFTER))
