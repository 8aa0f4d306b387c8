"""What the garage is in the cloud: routes, and the end of pairings."""

from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.domains.garage.pairing import TIMER
from openmarque.domains.garage.routes import router
from openmarque.domains.garage.timers import delete_pairing
from openmarque.parts.cloud import CloudPart
from openmarque.storage.transaction import Transaction


async def _delete(platform: object, tx: Transaction, about: UUID, now: datetime) -> None:
    del platform
    await delete_pairing(tx, about, now)


CLOUD: Final[CloudPart[object]] = CloudPart(name="garage", routes=router, timers={TIMER: _delete})
