"""The car's memory: the store on disk and its twin in memory keep the same promises."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openmarque.car.records import LinkRecord, Mark, PrivacyRecord
from openmarque.car.sqlite_store import SCHEMA_VERSION, SqliteCarStore
from openmarque.car.store import CarStore, MemoryCarStore, StoredMessage, StoreUnusable
from openmarque.protocol.envelope import Lane, Trust
from openmarque.protocol.levels import Level

Reopen = Callable[[], CarStore]


class Torn(Exception):
    """The step was cut off here."""


def message(seq: int, through: int | None = None, body: bytes = b"\xa4body") -> StoredMessage:
    return StoredMessage(seq, through or seq, "trip_completed", Level.DATA, 1_000 + seq, Trust.HELD, body)


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request, tmp_path) -> Iterator[Reopen]:
    """Gives the store as a car finds it after a restart; the one before is closed."""
    if request.param == "memory":
        store = MemoryCarStore()
        yield lambda: store
        return
    opened: list[SqliteCarStore] = []

    def again() -> CarStore:
        if opened:
            opened.pop().close()
        opened.append(SqliteCarStore(tmp_path / "car.sqlite3"))
        return opened[-1]

    yield again
    for last in opened:
        last.close()


def test_a_new_store_is_empty(reopen):
    store = reopen()
    assert store.read("link", LinkRecord) is None
    assert all(store.messages(lane) == [] for lane in Lane)


def test_what_a_step_wrote_is_there_after_a_restart(reopen):
    with reopen().step() as changes:
        changes.put("privacy", PrivacyRecord(Level.DATA, 3, "head unit", 5, ("trips",), False))
        changes.put("mark.x", Mark(7, 8, {"sent/status": 2}))
        changes.save(Lane.EVENT, message(2))
        changes.save(Lane.EVENT, message(1))
        changes.save(Lane.URGENT, message(1, through=4))
    store = reopen()
    assert store.read("privacy", PrivacyRecord) == PrivacyRecord(Level.DATA, 3, "head unit", 5, ("trips",), False)
    assert store.read("mark.x", Mark) == Mark(7, 8, {"sent/status": 2})
    assert store.messages(Lane.EVENT) == [message(1), message(2)]
    assert store.messages(Lane.URGENT) == [message(1, through=4)]


def test_changes_within_a_step_apply_in_order(reopen):
    store = reopen()
    with store.step() as changes:
        for seq in (1, 2, 3):
            changes.save(Lane.EVENT, message(seq))
        changes.delete(Lane.EVENT, 0, 2**53)
        changes.save(Lane.EVENT, message(2, body=b"\xa3new"))
    assert store.messages(Lane.EVENT) == [message(2, body=b"\xa3new")]


def test_deleting_takes_the_range_and_nothing_else(reopen):
    store = reopen()
    with store.step() as changes:
        for seq in range(1, 7):
            changes.save(Lane.EVENT, message(seq))
            changes.save(Lane.URGENT, message(seq))
    with store.step() as changes:
        changes.delete(Lane.EVENT, 2, 4)
    assert [m.seq for m in store.messages(Lane.EVENT)] == [1, 5, 6]
    assert len(store.messages(Lane.URGENT)) == 6


def test_a_step_that_raises_changes_nothing(reopen):
    store = reopen()
    with store.step() as changes:
        changes.save(Lane.EVENT, message(1))

    def torn_step() -> None:
        with store.step() as changes:
            changes.put("counts", {"a": 1})
            changes.delete(Lane.EVENT, 1, 1)
            raise Torn

    with pytest.raises(Torn):
        torn_step()
    assert store.messages(Lane.EVENT) == [message(1)]
    assert reopen().read("counts", dict[str, int]) is None


@pytest.mark.parametrize(("point", "is_written"), [("before_commit", False), ("after_commit", True)])
def test_a_power_failure_at_a_named_point_leaves_all_or_nothing(reopen, point, is_written):
    store = reopen()

    def fault(at: str) -> None:
        if at == point:
            raise Torn

    store.fault = fault

    def step() -> None:
        with store.step() as changes:
            changes.put("counts", {"a": 1})
            changes.save(Lane.EVENT, message(1))

    with pytest.raises(Torn):
        step()
    store.fault = lambda _point: None
    store = reopen()
    assert (store.read("counts", dict[str, int]) is not None) is is_written
    assert (store.messages(Lane.EVENT) != []) is is_written


def test_a_step_without_changes_costs_no_transaction(reopen):
    store = reopen()
    store.fault = pytest.fail
    with store.step():
        pass


def test_a_record_of_another_shape_is_refused(reopen):
    store = reopen()
    with store.step() as changes:
        changes.put("link", "a text")
    with pytest.raises(StoreUnusable):
        store.read("link", LinkRecord)


def test_a_second_process_is_refused_at_once(tmp_path):
    first = SqliteCarStore(tmp_path / "car.sqlite3")
    with pytest.raises(StoreUnusable):
        SqliteCarStore(tmp_path / "car.sqlite3")
    first.close()
    SqliteCarStore(tmp_path / "car.sqlite3").close()


def test_a_file_of_a_newer_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "car.sqlite3"
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match="version"):
        SqliteCarStore(path)
    assert path.read_bytes() == before


def test_only_the_owner_of_the_file_may_read_it(tmp_path):
    SqliteCarStore(tmp_path / "car.sqlite3").close()
    assert (tmp_path / "car.sqlite3").stat().st_mode & 0o777 == 0o600


_WRITER = """
import os, sys
from pathlib import Path
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.car.store import StoredMessage
from openmarque.protocol.envelope import Lane, Trust
from openmarque.protocol.levels import Level
target, step = sys.argv[2], 0
def fault(point):
    if step == 20 and point == target:
        os.kill(os.getpid(), 9)
store = SqliteCarStore(Path(sys.argv[1]), fault)
for step in range(1, 40):
    with store.step() as changes:
        changes.put("counts", {"n": step})
        changes.save(Lane.EVENT, StoredMessage(step, step, "t", Level.DATA, step, Trust.SYNCED, b"\\xc0"))
    print(step, flush=True)
"""


@pytest.mark.parametrize("point", ["before_commit", "mid_write", "after_commit"])
def test_kill_9_in_the_middle_of_a_write_loses_no_step_and_leaves_no_half_of_one(tmp_path: Path, point: str) -> None:
    path = tmp_path / "car.sqlite3"
    done = subprocess.run([sys.executable, "-c", _WRITER, str(path), point], check=False, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    said = int(done.stdout.split()[-1])
    assert said == 19
    store = SqliteCarStore(path)
    kept = store.read("counts", dict[str, int])
    assert kept == {"n": 20 if point == "after_commit" else 19}
    assert [m.seq for m in store.messages(Lane.EVENT)] == list(range(1, kept["n"] + 1))
    store.close()


def test_what_is_stored_while_relaxed_is_there_after_the_process_was_killed(tmp_path: Path) -> None:
    code = """if True:
        import os, sys
        from pathlib import Path
        from openmarque.car.sqlite_store import SqliteCarStore
        store = SqliteCarStore(Path(sys.argv[1]))
        with store.relaxed():
            for number in range(50):
                with store.step() as changes:
                    changes.put("count", number)
            os._exit(0)
    """
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "car.sqlite3")], check=True)
    store = SqliteCarStore(tmp_path / "car.sqlite3")
    assert store.read("count", int) == 49
    with store.relaxed(), store.step() as changes:
        changes.put("count", 50)
    store.close()
    assert SqliteCarStore(tmp_path / "car.sqlite3").read("count", int) == 50
