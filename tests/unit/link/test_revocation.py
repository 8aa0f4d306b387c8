"""The revocation snapshot is signed, never goes back, and says how old it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import wire
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.link.revocation import BadSnapshot, SnapshotReader, write_snapshot


class Setup:
    def __init__(self, tmp_path: Path) -> None:
        self.clock = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))
        self.ring = KeyRing(tmp_path / "keys", self.clock)
        self.path = tmp_path / "snapshot.json"
        self.reader = SnapshotReader(self.path, self.ring, self.clock)

    def write(self, version: int, *serials: str, vehicles: frozenset[UUID] = frozenset()) -> None:
        write_snapshot(self.path, self.ring, self.clock, version=version, serials=frozenset(serials), vehicles=vehicles)


@pytest.fixture
def given(tmp_path: Path) -> Setup:
    return Setup(tmp_path)


def test_what_was_written_is_read_and_a_change_is_seen_at_once(given: Setup) -> None:
    car = uuid4()
    given.write(1, "ab")
    assert given.reader.state().revocations.revokes("ab", wire(car))
    assert not given.reader.state().revocations.revokes("cd", wire(car))
    given.write(2, "ab", vehicles=frozenset({car}))
    assert given.reader.state().revocations.revokes("cd", wire(car))


def test_without_a_snapshot_there_is_no_answer(given: Setup) -> None:
    with pytest.raises(BadSnapshot, match="none"):
        given.reader.state()


def test_an_older_copy_put_back_is_refused_even_after_a_restart(given: Setup) -> None:
    given.write(1)
    old = given.path.read_bytes()
    given.write(2, "ab")
    given.reader.state()
    given.path.write_bytes(old)
    state = given.reader.state()
    assert state.revocations.revokes("ab", "")
    assert state.stale
    assert "version 1" in state.fault
    restarted = SnapshotReader(given.path, given.ring, given.clock)
    with pytest.raises(BadSnapshot, match="version 1"):
        restarted.state()


@pytest.mark.parametrize("position", [10, 60, -10])
def test_a_changed_byte_is_noticed_and_the_last_good_content_decides_on(given: Setup, position: int) -> None:
    given.write(1, "ab")
    given.reader.state()
    data = bytearray(given.path.read_bytes())
    data[position] ^= 1
    given.path.write_bytes(data)
    state = given.reader.state()
    assert state.stale
    assert state.fault
    assert state.revocations.revokes("ab", "")
    with pytest.raises(BadSnapshot):
        SnapshotReader(given.path, given.ring, given.clock).state()


def test_a_snapshot_signed_by_a_stranger_is_refused(given: Setup, tmp_path: Path) -> None:
    stranger = KeyRing(tmp_path / "stranger", given.clock)
    write_snapshot(given.path, stranger, given.clock, version=9)
    with pytest.raises(BadSnapshot, match="key that we don't know"):
        given.reader.state()


def test_a_deleted_file_leaves_the_last_content_in_force_and_stale(given: Setup) -> None:
    given.write(3, "ab")
    given.reader.state()
    given.path.unlink()
    assert given.reader.state().stale
    assert given.reader.state().revocations.revokes("ab", "")


def test_a_snapshot_past_its_time_decides_on_but_says_that_it_is_stale(given: Setup) -> None:
    given.write(1, "ab")
    assert not given.reader.state().stale
    given.clock.advance(timedelta(hours=25))
    state = given.reader.state()
    assert state.stale
    assert state.age == timedelta(hours=25)
    assert state.revocations.revokes("ab", "")


def test_a_snapshot_of_the_next_signing_key_is_accepted(given: Setup) -> None:
    given.write(1)
    given.reader.state()
    given.ring.rotate(Purpose.SNAPSHOT)
    given.write(2, "ab")
    assert given.reader.state().revocations.revokes("ab", "")
