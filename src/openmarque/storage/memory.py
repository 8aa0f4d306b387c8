"""A database in memory with real transactions: the fake under the deterministic world, held to the same tests as PostgreSQL.

One transaction at a time; a write takes effect at once and is undone when the block ends with an exception, so a crash in the
middle leaves nothing behind. Not for production: it forgets everything with the process.
"""

from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any

from openmarque.storage.transaction import Transaction

Row = Any
"""A row is an immutable value (a frozen dataclass, a tuple): replaced, never changed in place."""


class MemoryTransaction:
    """One unit of work on a ``MemoryDatabase``."""

    def __init__(self, tables: dict[str, dict[Hashable, Row]]) -> None:
        """Work on `tables`."""
        self._tables = tables
        self._undo: list[Callable[[], object]] = []
        self.publications: list[tuple[str, bytes]] = []

    def publish_after_commit(self, subject: str, payload: bytes) -> None:
        """Send `payload` on `subject` once this transaction is committed."""
        self.publications.append((subject, payload))

    def get(self, table: str, key: Hashable) -> Row | None:
        """The row under `key`, or None."""
        return self._tables.setdefault(table, {}).get(key)

    def all(self, table: str) -> dict[Hashable, Row]:
        """Every row of `table` by key; for reading only."""
        return self._tables.setdefault(table, {})

    def put(self, table: str, key: Hashable, row: Row) -> None:
        """Insert or replace the row under `key`."""
        rows = self._tables.setdefault(table, {})
        if key in rows:
            before = rows[key]
            self._undo.append(lambda: rows.__setitem__(key, before))
        else:
            self._undo.append(lambda: rows.pop(key))
        rows[key] = row

    def delete(self, table: str, key: Hashable) -> None:
        """Delete the row under `key`, if there is one."""
        rows = self._tables.setdefault(table, {})
        if key in rows:
            before = rows.pop(key)
            self._undo.append(lambda: rows.__setitem__(key, before))

    def roll_back(self) -> None:
        """Undo everything, newest first."""
        while self._undo:
            self._undo.pop()()


def memory(tx: Transaction) -> MemoryTransaction:
    """The transaction as memory's; ``TypeError`` when a store is handed another database's."""
    if not isinstance(tx, MemoryTransaction):
        raise TypeError(f"a memory store was given a {type(tx).__name__}")
    return tx


class MemoryDatabase:
    """Tables by name, rows by key."""

    def __init__(self, publish: Callable[[str, bytes], object]) -> None:
        """Hand publications to `publish` after each commit, in order."""
        self.tables: dict[str, dict[Hashable, Row]] = {}
        self._publish = publish

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryTransaction]:
        """A transaction that commits when the block ends normally; then its publications leave."""
        tx = MemoryTransaction(self.tables)
        try:
            yield tx
        except BaseException:
            tx.roll_back()
            raise
        for subject, payload in tx.publications:
            self._publish(subject, payload)
