"""Once an hour the rows of services go that were kept for as long as their declarations say. REQ GDP-2."""

from datetime import datetime
from typing import Final

from psycopg import sql

from openmarque.catalogue.register import Catalogue
from openmarque.governance.platform import table_owners
from openmarque.governance.retention import RECEIVED, kept_for
from openmarque.storage.base import import_tables
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import RETENTION
from openmarque.storage.transaction import Transaction

SWEEP: Final = "services_sweep"


async def sweep(tx: Transaction, catalogue: Catalogue, now: datetime) -> None:
    """Delete every row of a service that was received longer ago than it may be kept."""
    for table, kept in sorted(kept_for(catalogue, import_tables(), table_owners()).items()):
        query = sql.SQL("DELETE FROM {} WHERE {} < %s").format(sql.Identifier(table), sql.Identifier(RECEIVED))
        await postgres(tx).execute(RETENTION, query, (now - kept,))
