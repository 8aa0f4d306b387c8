"""The ingest worker, with points at which it kills itself: ``python -m faults.worker FUSE_FILE``.

The production code is untouched: the database that ``bootstrap`` opens is replaced by one that counts the transactions which are
going to acknowledge something, and at the given one sends this process SIGKILL,

``before_commit``  when everything is written and nothing is committed;
``after_commit``   when it is committed and no acknowledgement has left;
``lie``            when it acknowledges events before the commit: the fault that the evidence has to find.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from unittest.mock import patch

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from faults.fuse import Fuse, FuseInFile
from openmarque.app import bootstrap
from openmarque.kit.clock import SystemClock
from openmarque.kit.log import configure_log
from openmarque.kit.settings import load_settings
from openmarque.protocol.envelope import Disposition, Lane, read_ack
from openmarque.storage.postgres import PostgresDatabase, PostgresTransaction, Publish, open_database

LIE: Final = "lie"


class FusedDatabase(PostgresDatabase):
    """The real database with a fuse around its commit."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]], publish: Publish, fuse: Fuse) -> None:
        """Blow `fuse` before the commit and before the publications."""

        async def fused(messages: Sequence[tuple[str, bytes]]) -> None:
            fuse("after_commit")
            await publish(messages)

        super().__init__(pool, fused)
        self._fuse = fuse
        self._publish_now = publish

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresTransaction]:
        """See ``PostgresDatabase.begin``."""
        async with super().begin() as tx:
            yield tx
            if self._fuse.is_for(LIE) and any(map(_acknowledges_events, tx.publications)):
                await self._publish_now(tx.publications)
                await asyncio.sleep(0.1)  # let it leave
                self._fuse(LIE)
            if tx.publications:
                self._fuse("before_commit")


def _acknowledges_events(publication: tuple[str, bytes]) -> bool:
    """Whether it says of an event that it is stored: not only, to one that comes again, that it was."""
    subject, payload = publication
    if not subject.endswith(".ack"):
        return False
    ack = read_ack(payload)
    return ack.lane is Lane.EVENT and any(answer.disposition is Disposition.STORED for answer in ack.answers)


async def work(fuse: Fuse) -> None:
    """A worker process until it is killed, or its fuse blows."""

    async def open_fused(
        url: str, publish: Publish, size: int = 8
    ) -> tuple[PostgresDatabase, AsyncConnectionPool[AsyncConnection[TupleRow]]]:
        _, pool = await open_database(url, publish, size)
        return FusedDatabase(pool, publish, fuse), pool

    with patch("openmarque.app.open_database", open_fused):
        async with bootstrap(load_settings(), SystemClock()) as platform:
            worker = platform.worker()
            await worker.start()
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await asyncio.Event().wait()  # it ends by a signal, as a killed worker does


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fuse", type=Path, help="file that may hold point:count")
    configure_log()
    asyncio.run(work(FuseInFile(parser.parse_args().fuse)))
