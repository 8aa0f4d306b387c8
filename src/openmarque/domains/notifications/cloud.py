"""What notifications are in the cloud: routes of notices, their part of event streams, and two sweeps."""

from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from openmarque.catalogue.register import Catalogue
from openmarque.domains.notifications.routes import NOTICES, router
from openmarque.domains.notifications.timers import NOTICE_SWEEP, SWEEP, sweep, sweep_notices
from openmarque.parts.cloud import CloudPart
from openmarque.storage.transaction import Transaction


class Platform(Protocol):
    """What it needs of the wired platform."""

    @property
    def catalogue(self) -> Catalogue:
        """Says which notices there are, and how long each is kept."""
        ...


async def _sweep(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    del platform, about
    await sweep(tx, now)


async def _sweep_notices(platform: Platform, tx: Transaction, about: UUID, now: datetime) -> None:
    del about
    await sweep_notices(tx, platform.catalogue.notices(), now)


CLOUD: Final[CloudPart[Platform]] = CloudPart(
    name="notifications",
    routes=router,
    timers={SWEEP: _sweep, NOTICE_SWEEP: _sweep_notices},
    recurring={SWEEP: timedelta(days=1), NOTICE_SWEEP: timedelta(hours=1)},
    stream_parts=(NOTICES,),
)
