"""Once an hour the rows of services go that were kept for as long as their declarations say. REQ GDP-2."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from psycopg import sql

from openmarque.catalogue.register import Catalogue
from openmarque.governance.platform import table_owners
from openmarque.governance.retention import RECEIVED, kept_for
from openmarque.storage.base import import_tables
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.timers import TimerHandler
from openmarque.storage.transaction import Transaction

SWEEP: Final = "services_sweep"
EVERY: Final[Mapping[str, timedelta]] = {SWEEP: timedelta(hours=1)}


class Parts(Protocol):
    """What the sweep needs of a wired platform."""

    @property
    def catalogue(self) -> Catalogue:
        """Every declaration."""
        ...


async def sweep(tx: Transaction, catalogue: Catalogue, now: datetime) -> None:
    """Delete every row of a service that was received longer ago than it may be kept."""
    for table, kept in sorted(kept_for(catalogue, import_tables(), table_owners()).items()):
        query = sql.SQL("DELETE FROM {} WHERE {} < %s").format(sql.Identifier(table), sql.Identifier(RECEIVED))
        await postgres(tx).execute(RETENTION, query, (now - kept,))


def timer_handlers(parts: Parts) -> Mapping[str, TimerHandler]:
    """The handler of the sweep."""

    async def forget(tx: Transaction, about: UUID, now: datetime, /) -> None:
        del about
        await sweep(tx, parts.catalogue, now)

    return {SWEEP: forget}
