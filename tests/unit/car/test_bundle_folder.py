"""The folder that a bundle is written to: another car's is left alone, and one that can't be written is named before anything is lost."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from openmarque.car.bundle_files import BROKER_CA, CAR_JSON, CHAIN, KEY, STORE
from openmarque.car.identity import BundleContents, FolderOfAnotherCar, FolderUnwritable, prepare_folder, write_bundle
from openmarque.car.records import VEHICLE
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.car.store import StoreInUse
from openmarque.kit.errors import Blame

MINE, OTHER = UUID(int=1), UUID(int=2)
CONTENTS = BundleContents(
    vehicle_id=MINE,
    host="localhost",
    mqtt_port=8883,
    policy_keys={},
    key_pem=b"the first key",
    chain_pem=b"chain",
    broker_ca_pem=b"root",
)
AGAIN = replace(CONTENTS, key_pem=b"the second key")
OF_ANOTHER = replace(AGAIN, vehicle_id=OTHER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the bundle of a car."""
    write_bundle(tmp_path / "cars" / "mine", CONTENTS)
    return tmp_path / "cars" / "mine"


def remembers(folder: Path, vehicle_id: UUID) -> None:
    """The car has run in this folder."""
    store = SqliteCarStore(folder / STORE)
    with store.step() as changes:
        changes.put(VEHICLE, vehicle_id)
    store.close()


def test_the_same_car_gets_a_new_bundle_and_keeps_its_memory(folder: Path) -> None:
    remembers(folder, MINE)
    before = (folder / STORE).read_bytes()
    write_bundle(folder, AGAIN)
    assert (folder / KEY).read_bytes() == b"the second key"
    assert (folder / STORE).read_bytes() == before


def test_the_private_key_of_another_car_is_not_replaced(folder: Path) -> None:
    with pytest.raises(FolderOfAnotherCar) as caught:
        write_bundle(folder, OF_ANOTHER)
    assert (folder / KEY).read_bytes() == b"the first key"
    assert caught.value.blame is Blame.CALLER
    assert str(folder) in caught.value.remedy


def test_a_folder_with_the_memory_of_another_car_is_refused_also_where_the_bundle_is_gone(folder: Path) -> None:
    remembers(folder, MINE)
    for name in (KEY, CHAIN, BROKER_CA, CAR_JSON):
        (folder / name).unlink()
    with pytest.raises(FolderOfAnotherCar, match="memory of another car"):
        write_bundle(folder, OF_ANOTHER)
    assert sorted(path.name for path in folder.iterdir()) == [STORE]
    write_bundle(folder, AGAIN)


def test_a_bundle_or_a_memory_that_can_not_be_judged_is_left_alone(folder: Path) -> None:
    (folder / STORE).write_bytes(b"no database at all, and long enough to be none")
    with pytest.raises(FolderOfAnotherCar, match="no memory"):
        write_bundle(folder, AGAIN)
    (folder / STORE).unlink()
    (folder / CAR_JSON).write_bytes(b"{")
    with pytest.raises(FolderOfAnotherCar, match="can't be read"):
        write_bundle(folder, AGAIN)
    assert (folder / KEY).read_bytes() == b"the first key"


def test_a_bundle_that_was_never_finished_is_written_over(folder: Path) -> None:
    (folder / CAR_JSON).unlink()
    write_bundle(folder, OF_ANOTHER)
    assert (folder / KEY).read_bytes() == b"the second key"


def test_a_car_that_runs_can_get_a_new_bundle_of_its_own_and_no_other_car_its_folder(folder: Path) -> None:
    store = SqliteCarStore(folder / STORE)
    try:
        write_bundle(folder, AGAIN)
        (folder / CAR_JSON).unlink()
        with pytest.raises(FolderOfAnotherCar, match="Another process"):
            write_bundle(folder, OF_ANOTHER)
    finally:
        store.close()


@pytest.mark.parametrize("where", ["/proc/no-such-car", "{}/a-file", "{}/a-file/car", "{}/nul\0"])
def test_a_folder_that_can_not_be_made_or_written_is_named_with_its_cure(tmp_path: Path, where: str) -> None:
    (tmp_path / "a-file").touch()
    place = Path(where.format(tmp_path))
    with pytest.raises(FolderUnwritable):
        prepare_folder(place, MINE)
    with pytest.raises(FolderUnwritable) as caught:
        write_bundle(place, CONTENTS)
    assert caught.value.blame is Blame.CALLER
    assert repr(str(place)) in caught.value.message
    assert "Give a folder that you may write to" in caught.value.remedy


def test_a_file_of_the_bundle_that_can_not_be_replaced_is_told_as_well(tmp_path: Path) -> None:
    (tmp_path / CHAIN).mkdir()
    with pytest.raises(FolderUnwritable):
        write_bundle(tmp_path, CONTENTS)


def test_who_runs_a_car_that_runs_already_is_told_so(folder: Path) -> None:
    running = SqliteCarStore(folder / STORE)
    try:
        with pytest.raises(StoreInUse) as caught:
            SqliteCarStore(folder / STORE)
    finally:
        running.close()
    assert "Another process runs this car" in caught.value.message
    assert "Stop the other one first" in caught.value.remedy
    assert (caught.value.blame, caught.value.retryable) == (Blame.CALLER, True)
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
