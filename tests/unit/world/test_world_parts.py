"""The parts that the deterministic world stands on: time, coroutines, a database that breaks where it is told to."""

import pytest

from openmarque.kit.clock import to_ms
from openmarque.simulator.world.database import WorkerCrash, WorldDatabase
from openmarque.simulator.world.scheduler import Scheduler, WorldClock, run
from openmarque.storage.errors import StoreUnavailable


class Witness:
    def __init__(self) -> None:
        self.commits: list[list[tuple[object, ...]]] = []

    def committed(self, tables, writes) -> None:
        self.commits.append([(w.table, w.key, w.before, w.after) for w in writes])

    def published(self, subject: str, payload: bytes) -> None:
        """Not looked at here."""


def database() -> tuple[WorldDatabase, Witness, list[str]]:
    witness, left = Witness(), []
    return WorldDatabase(lambda subject, _payload: left.append(subject), witness), witness, left


async def three_writes(of: WorldDatabase) -> None:
    async with of.begin() as tx:
        for key in (1, 2, 3):
            tx.put("t", key, key)
        tx.delete("t", 2)
        tx.publish_after_commit("first", b"")
        tx.publish_after_commit("second", b"")


def test_acts_run_in_the_order_of_time_and_then_of_planning():
    scheduler = Scheduler(1_000)
    done: list[str] = []
    for wait, name in ((5, "late"), (1, "a"), (1, "b"), (0, "now")):
        scheduler.after(wait, done.append, name)
    scheduler.run_for(3)
    assert (done, scheduler.now_ms, scheduler.steps) == (["now", "a", "b"], 1_003, 3)
    assert to_ms(WorldClock(scheduler).now()) == 1_003


def test_a_use_case_that_waits_is_refused():
    class Waits:
        def __await__(self):
            yield

    async def waits() -> None:
        await Waits()

    with pytest.raises(RuntimeError, match="waited"):
        run(waits())


def test_the_witness_sees_each_commit_before_anything_leaves():
    of, witness, left = database()
    run(three_writes(of))
    assert witness.commits == [[("t", 1, None, 1), ("t", 2, None, 2), ("t", 3, None, 3), ("t", 2, 2, None)]]
    assert left == ["first", "second"]


@pytest.mark.parametrize("writes", range(6))
def test_a_crash_before_the_commit_leaves_nothing_whatever_was_written(writes: int):
    of, witness, left = database()
    of.fuse.arm_write(writes, WorkerCrash)
    with pytest.raises(WorkerCrash):
        run(three_writes(of))
    assert (of.tables.get("t", {}), witness.commits, left) == ({}, [], [])
    run(three_writes(of))
    assert len(left) == 2, "the fuse breaks one transaction only"


def test_a_crash_after_the_commit_keeps_the_rows_and_loses_what_was_to_leave():
    of, witness, left = database()
    of.fuse.arm_publication(1)
    with pytest.raises(WorkerCrash):
        run(three_writes(of))
    assert (of.tables["t"], len(witness.commits), left) == ({1: 1, 3: 3}, 1, ["first"])


def test_a_backup_put_back_is_the_state_of_its_time_each_time():
    of, _, _ = database()
    run(three_writes(of))
    backup = of.backup()
    for _ in range(2):
        of.tables["t"][9] = 9
        of.restore(backup)
        assert of.tables == {"t": {1: 1, 3: 3}}


def test_a_database_that_is_away_says_so():
    of, _, _ = database()
    of.away = True
    with pytest.raises(StoreUnavailable):
        run(three_writes(of))
