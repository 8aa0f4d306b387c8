"""What the audit is in the cloud: routes, and a daily sweep."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from openmarque.domains.audit.routes import router
from openmarque.domains.audit.timers import SWEEP, sweep
from openmarque.parts.cloud import CloudPart
from openmarque.storage.transaction import Transaction


async def _sweep(platform: object, tx: Transaction, about: UUID, now: datetime) -> None:
    del platform, about
    await sweep(tx, now)


CLOUD: Final[CloudPart[object]] = CloudPart(
    name="audit", routes=router, timers={SWEEP: _sweep}, recurring={SWEEP: timedelta(days=1)}
)
