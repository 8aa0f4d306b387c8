"""What accounts are in the cloud: routes, and an hourly sweep."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from openmarque.domains.accounts.routes import router
from openmarque.domains.accounts.timers import SWEEP, sweep
from openmarque.parts.cloud import CloudPart
from openmarque.storage.transaction import Transaction


async def _sweep(platform: object, tx: Transaction, about: UUID, now: datetime) -> None:
    del platform, about
    await sweep(tx, now)


CLOUD: Final[CloudPart[object]] = CloudPart(
    name="accounts", routes=router, timers={SWEEP: _sweep}, recurring={SWEEP: timedelta(hours=1)}
)
