"""The platform's database in the world: memory that can be away, break a transaction at any write, and go back to a backup."""

from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.memory import MemoryDatabase, MemoryTransaction, Row

Tables = dict[str, dict[Hashable, Row]]


class WorkerCrash(BaseException):
    """The process died here. Not an ``Exception``: a dead process handles nothing."""


class Write(NamedTuple):
    """A row before and after; None where there is none."""

    table: str
    key: Hashable
    before: Row
    after: Row


class Witness(Protocol):
    """Whoever looks at commits and at what leaves after them."""

    def committed(self, tables: Tables, writes: Sequence[Write]) -> None:
        """A transaction with these writes is committed, so that the tables stand like this; nothing of it was published yet."""
        ...

    def published(self, subject: str, payload: bytes) -> None:
        """This left the platform."""
        ...


class Fuse:
    """Breaks the next transaction after a number of writes, or after its commit once some publications have left."""

    def __init__(self) -> None:
        """Nothing is armed."""
        self._writes: int | None = None
        self._publications: int | None = None
        self._error: type[BaseException] = WorkerCrash

    def arm_write(self, writes: int, error: type[BaseException]) -> None:
        """Raise `error` at the write that follows `writes` good ones, or at the commit if there are fewer."""
        self._writes, self._error = writes, error

    def arm_publication(self, publications: int) -> None:
        """Crash after the commit, once `publications` have left."""
        self._publications = publications

    def disarm(self) -> None:
        """Nothing breaks any more."""
        self._writes = self._publications = None

    def burn_write(self) -> None:
        """A write happens."""
        if self._writes == 0:
            self.burn_commit()
        elif self._writes is not None:
            self._writes -= 1

    def burn_commit(self) -> None:
        """The transaction is about to commit."""
        if self._writes is not None:
            self._writes = None
            raise self._error

    def burn_publication(self) -> None:
        """A publication is about to leave."""
        if self._publications is not None:
            if self._publications == 0:
                self._publications = None
                raise WorkerCrash
            self._publications -= 1


class WorldTransaction(MemoryTransaction):
    """Remembers what it wrote, and may break at any write."""

    def __init__(self, tables: Tables, fuse: Fuse) -> None:
        """Work on `tables`."""
        super().__init__(tables)
        self._fuse = fuse
        self.writes: list[Write] = []

    def put(self, table: str, key: Hashable, row: Row) -> None:
        """See ``MemoryTransaction.put``."""
        self._fuse.burn_write()
        self.writes.append(Write(table, key, self.get(table, key), row))
        super().put(table, key, row)

    def delete(self, table: str, key: Hashable) -> None:
        """See ``MemoryTransaction.delete``."""
        self._fuse.burn_write()
        before = self.get(table, key)
        if before is not None:
            self.writes.append(Write(table, key, before, None))
        super().delete(table, key)


class WorldDatabase(MemoryDatabase):
    """A memory database under the world's faults."""

    def __init__(self, publish: Callable[[str, bytes], object], witness: Witness) -> None:
        """Show every commit and every publication to `witness` before it goes on to `publish`."""
        super().__init__(publish)
        self.away = False
        self.fuse = Fuse()
        self._witness = witness

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[WorldTransaction]:
        """See ``MemoryDatabase.begin``; raises ``StoreUnavailable`` while the database is away."""
        if self.away:
            raise StoreUnavailable
        tx = WorldTransaction(self.tables, self.fuse)
        try:
            yield tx
            self.fuse.burn_commit()
        except BaseException:
            tx.roll_back()
            raise
        self._witness.committed(self.tables, tx.writes)
        for subject, payload in tx.publications:
            self.fuse.burn_publication()
            self.send(subject, payload)

    def send(self, subject: str, payload: bytes) -> None:
        """Let one publication go."""
        self._witness.published(subject, payload)
        self._publish(subject, payload)

    def backup(self) -> Tables:
        """A copy of every table; rows are never changed in place."""
        return {name: dict(rows) for name, rows in self.tables.items()}

    def restore(self, backup: Tables) -> None:
        """Go back to `backup`, which stays good for another time."""
        self.tables.clear()
        self.tables.update({name: dict(rows) for name, rows in backup.items()})
