"""The car's memory on disk: SQLite, one file, safe against power failure in the middle of a write.

Write-ahead log with ``synchronous=FULL``: a step that returned is on the disk (0.2 ms on an SSD). A car has one writer, so
a second process is refused at once instead of waiting.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from openmarque.car.store import Changes, Fault, Record, StoredMessage, StoreInUse, StoreUnusable, decoded, no_fault
from openmarque.protocol.envelope import Lane, Trust
from openmarque.protocol.levels import Level

SCHEMA_VERSION: Final = 1
"""Kept in ``PRAGMA user_version``. A newer file is refused: an older program would lose what it does not know."""

_SCHEMA: Final = """
CREATE TABLE record (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE outbox (
    lane TEXT NOT NULL, seq INTEGER NOT NULL, through INTEGER NOT NULL, type TEXT NOT NULL, level INTEGER NOT NULL,
    car_time INTEGER NOT NULL, trust INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (lane, seq)
) WITHOUT ROWID, STRICT;
"""


class SqliteCarStore:
    """A ``CarStore`` in the file `path` (created with mode 0600); close it when done."""

    def __init__(self, path: Path, fault: Fault = no_fault) -> None:
        """Open or create the file. Raises ``StoreInUse`` while another process has it; ``StoreUnusable`` when it is not ours, or newer."""
        self.fault = fault
        try:
            path.touch(mode=0o600)
            # One connection, used by one event loop; autocommit, so that each transaction below is spelt out.
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnusable(f"({error})") from error
        try:
            self._open()
        except sqlite3.Error as error:
            self._db.close()
            if _is_busy(error):
                raise StoreInUse from error
            raise StoreUnusable(f"({error})") from error
        except StoreUnusable:
            self._db.close()
            raise

    def _open(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreUnusable(f"Its schema is version {version}; this program knows {SCHEMA_VERSION}.")
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA secure_delete=ON")  # what is purged is overwritten, not only unlinked
        if version == 0:
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        self._db.execute("BEGIN IMMEDIATE")  # takes the exclusive lock now, not at the first step
        self._db.execute("COMMIT")

    @contextmanager
    def relaxed(self) -> Iterator[None]:
        """Within, a step that returned may be lost to a power failure, though not to the end of the process; at the end all is safe.

        For what can be made again: the made-up past of a simulated car, fifty times faster.
        """
        self._db.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file; everything is in it already."""
        self._db.close()

    def read(self, name: str, kind: type[Record]) -> Record | None:
        """See ``CarStore``."""
        row = self._db.execute("SELECT value FROM record WHERE name = ?", (name,)).fetchone()
        return decoded(row[0] if row else None, kind)

    def messages(self, lane: Lane) -> list[StoredMessage]:
        """See ``CarStore``."""
        rows = self._db.execute(
            "SELECT seq, through, type, level, car_time, trust, body FROM outbox WHERE lane = ? ORDER BY seq", (lane.value,)
        )
        return [
            StoredMessage(seq, through, kind, Level(level), at, Trust(trust), body)
            for seq, through, kind, level, at, trust, body in rows
        ]

    @contextmanager
    def step(self) -> Iterator[Changes]:
        """See ``CarStore``. Raises ``StoreUnusable`` when the disk refuses; nothing is changed then."""
        changes = Changes()
        yield changes
        if not changes:
            return
        self.fault("before_commit")
        try:
            self._write(changes)
        except sqlite3.Error as error:
            raise StoreUnusable(f"({error})") from error
        self.fault("after_commit")

    def _write(self, changes: Changes) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for lane, change in changes.outbox:
                if isinstance(change, StoredMessage):
                    row = (lane.value, *(getattr(change, name) for name in change.__struct_fields__))
                    self._db.execute("INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
                else:
                    self._db.execute("DELETE FROM outbox WHERE lane = ? AND seq BETWEEN ? AND ?", (lane.value, *change))
            self.fault("mid_write")
            self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?)", changes.records.items())
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def _is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds the file; the low byte of SQLite's extended codes is the primary one."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
