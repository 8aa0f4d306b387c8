"""The PostgreSQL side of a unit of work: one pooled connection, one transaction, publications after the commit.

The program logs in as a role that may do nothing but take on others; a statement runs in the role compiled from the declarations
that it belongs to (``acting_as``), so that the database itself refuses what no declaration covers.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Final, LiteralString

import psycopg
import structlog
from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from openmarque.storage import arrays
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.transaction import Transaction

Publish = Callable[[Sequence[tuple[str, bytes]]], Awaitable[None]]
"""Sends (subject, payload) pairs in order. When it fails the data are safe all the same: cars ask again, watchers read anew."""

_log = structlog.get_logger("openmarque.storage")

_SET_ROLE: Final = "SET LOCAL ROLE {}"
_BEGIN_AS: Final = "BEGIN; SET LOCAL ROLE {}"

_UNAVAILABLE = (
    psycopg.OperationalError,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.AdminShutdown,
    PoolTimeout,
)
"""What says nothing about the data: the same transaction may succeed in a moment."""


class PostgresTransaction:
    """A transaction on one connection. Made by ``PostgresDatabase.begin``.

    It begins with its first statement, on the same way to the server as the role: for a small batch each way costs as much as ten rows.
    """

    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        """Work on `connection`, which is in autocommit mode: BEGIN is ours to send."""
        self._connection = connection
        self._begun = False
        self.publications: list[tuple[str, bytes]] = []
        self._role = ""

    def publish_after_commit(self, subject: str, payload: bytes) -> None:
        """Send `payload` on `subject` once this transaction is committed."""
        self.publications.append((subject, payload))

    async def execute(
        self, role: str, query: LiteralString | sql.Composed, parameters: Sequence[Any] | dict[str, Any] = ()
    ) -> AsyncCursor[TupleRow]:
        """Run `query` as `role`; the cursor holds its result."""
        await self._act_as(role)
        return await self._connection.execute(query, parameters, prepare=True)

    async def rows(self, role: str, query: LiteralString, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[TupleRow]:
        """All rows of `query`, run as `role`."""
        return await (await self.execute(role, query, parameters)).fetchall()

    async def restrict_to(self, tenures: str) -> None:
        """Let the reader role see only `tenures` (comma-separated ids) until the transaction ends."""
        if not self._begun:
            await self._connection.execute("BEGIN")
            self._begun = True
        await self._connection.execute("SELECT set_config('openmarque.tenures', %s, true)", (tenures,), prepare=True)

    async def _act_as(self, role: str) -> None:
        if role != self._role:
            await self._connection.execute(_for_role(_SET_ROLE if self._begun else _BEGIN_AS, role))
            self._begun = True
            self._role = role


@lru_cache(maxsize=256)
def _for_role(statement: LiteralString, role: str) -> bytes:
    """`statement` with the name of `role`, quoted; kept, for psycopg composes it in Python and every transaction begins with one."""
    return sql.SQL(statement).format(sql.Identifier(role)).as_bytes(None)


def postgres(tx: Transaction) -> PostgresTransaction:
    """The transaction as PostgreSQL's; ``TypeError`` when a store is handed another database's."""
    if not isinstance(tx, PostgresTransaction):
        raise TypeError(f"a PostgreSQL store was given a {type(tx).__name__}")
    return tx


class PostgresDatabase:
    """Transactions on a pool of connections."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]], publish: Publish) -> None:
        """Take connections from `pool`; send publications with `publish`."""
        self._pool = pool
        self._publish = publish

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresTransaction]:
        """A transaction that commits when the block ends normally; then its publications leave.

        Raises ``StoreUnavailable`` when the database is away or gave this transaction up; nothing has happened then.
        """
        try:
            async with self._pool.connection() as connection:
                tx = PostgresTransaction(connection)
                yield tx
                await connection.commit()
        except _UNAVAILABLE as error:
            raise StoreUnavailable(f"({type(error).__name__})") from error
        if tx.publications:
            await self._publish(tx.publications)


async def _configure(connection: AsyncConnection[TupleRow]) -> None:
    arrays.register(connection.adapters)


async def open_database(
    url: str, publish: Publish, size: int = 8
) -> tuple[PostgresDatabase, AsyncConnectionPool[AsyncConnection[TupleRow]]]:
    """A database on `url` with at most `size` connections, and the pool to close at the end."""
    pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        timeout=5,
        configure=_configure,
        kwargs={"application_name": "openmarque", "autocommit": True},
    )
    await pool.open()
    return PostgresDatabase(pool, publish), pool
