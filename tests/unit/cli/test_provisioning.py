"""``car provision``: what is wrong with a request is named, and nothing is done of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer

from openmarque.app import Platform
from openmarque.brands.eligibility import sample_vin
from openmarque.brands.pack import load_pack
from openmarque.car.identity import FolderOfAnotherCar, FolderUnwritable
from openmarque.cli import operating
from openmarque.cli import platform as commands
from openmarque.cli.platform import ModelNotTold
from openmarque.domains.garage.errors import ModelUnknown
from openmarque.domains.garage.service import Garage, NewVehicle
from openmarque.domains.garage.vault import VinVault
from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import VehicleId, new_uuid
from openmarque.kit.vin import InvalidVin
from openmarque.link.pki_keys import KeyRing

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PACK = load_pack()
BAD_VIN = "VF1AACVYI00000001"


class Counter:
    """A running platform whose database was never asked; it notes what it is told to revoke and to provision."""

    def __init__(self, folder: Path) -> None:
        self.pack = PACK
        self.clock = ManualClock(NOW)
        self.database = self
        self.known = VehicleId(new_uuid())
        self.revoked: list[VehicleId] = []
        self.registered: list[NewVehicle] = []
        vault = VinVault(KeyRing(folder / "keys", self.clock))
        self._garage = Garage(PACK, vault, cast("Any", None), cast("Any", None))
        self.garage = SimpleNamespace(find=self.find)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[None]:
        yield

    async def find(self, _tx: None, _vin: str) -> VehicleId:
        return self.known

    async def revoke(self, vehicle_id: VehicleId, _reason: str) -> int:
        self.revoked.append(vehicle_id)
        return 0

    async def register(self, new: NewVehicle) -> None:
        """With the real garage; fails at the database, which is not there."""
        await self._garage.register(cast("Any", None), new, NOW)


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter(tmp_path)

    async def provision(_platform: Platform, new: NewVehicle, _folder: Path) -> VehicleId:
        counter.registered.append(new)
        return counter.known

    def answer(call: operating.PlatformCall, *, as_json: bool) -> None:
        del as_json
        asyncio.run(call(cast("Platform", counter)))

    monkeypatch.setattr(operating, "answer", answer)
    monkeypatch.setattr(operating, "provision", provision)
    return counter


async def test_a_mistyped_vin_is_named_whatever_the_model(counter: Counter) -> None:
    for model in ("", "nope", "brise"):
        with pytest.raises(InvalidVin, match="I, which no VIN has"):
            await counter.register(NewVehicle(BAD_VIN, model))
    with pytest.raises(ModelUnknown, match="nope"):
        await counter.register(NewVehicle(sample_vin(PACK, "brise", 1), "nope"))


def test_a_mistyped_vin_is_named_where_no_model_is_given(counter: Counter, tmp_path: Path) -> None:
    with pytest.raises(InvalidVin, match="I, which no VIN has"):
        commands.provision(BAD_VIN, tmp_path / "car")
    assert not (tmp_path / "car").exists()


@pytest.mark.parametrize("model", [name for name, model in PACK.models.items() if "telematics" in model.capabilities])
def test_a_model_that_is_not_given_is_the_one_that_the_vin_is_of(counter: Counter, tmp_path: Path, model: str) -> None:
    commands.provision(sample_vin(PACK, model, 7), tmp_path / "car")
    assert [new.model_id for new in counter.registered] == [model]


def test_a_vin_of_no_model_asks_for_the_model_and_names_those_there_are(counter: Counter, tmp_path: Path) -> None:
    with pytest.raises(ModelNotTold) as caught:
        commands.provision("VF1ZZZZZZ00000001", tmp_path / "car")
    assert "--model" in caught.value.remedy
    assert all(model in caught.value.remedy for model in PACK.models)
    commands.provision("VF1ZZZZZZ00000001", tmp_path / "car", model="brise")
    assert counter.registered == [NewVehicle("VF1ZZZZZZ00000001", "brise")]


def test_a_car_that_is_provisioned_again_keeps_its_ceiling_and_says_so(counter: Counter, tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="--again keeps the ceiling"):
        commands.provision(sample_vin(PACK, "brise", 1), tmp_path / "car", ceiling="DATA", again=True)
    assert counter.revoked == []


def test_nothing_is_revoked_while_the_new_bundle_can_not_be_written(counter: Counter, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()
    (tmp_path / "car.json").write_text('{"vehicle_id": "00", "host": "x", "mqtt_port": 1, "policy_keys": {}}')
    for folder, error in (
        (tmp_path / "a-file", FolderUnwritable),
        (Path("/proc/x"), FolderUnwritable),
        (tmp_path, FolderOfAnotherCar),
    ):
        with pytest.raises(error):
            commands.provision(sample_vin(PACK, "brise", 1), folder, again=True)
    assert counter.revoked == []
