"""A unit of work: what happens to data happens whole or not at all, and what is to be told leaves after the commit.

Use cases take a ``Transaction`` and never commit; the edge does (``async with store.begin() as tx``). Leaving the block
normally commits, then the publications leave; an exception rolls back and nothing leaves.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Transaction(Protocol):
    """One unit of work on the platform's data."""

    def publish_after_commit(self, subject: str, payload: bytes) -> None:
        """Send `payload` on `subject` once this transaction is committed; at most once, lost with the process."""
        ...


class Database(Protocol):
    """Gives transactions; ``PostgresDatabase`` in production, ``MemoryDatabase`` in the deterministic world."""

    def begin(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits when its block ends normally."""
        ...
