"""A brand with two privacy levels, on the whole platform: provisioned, chosen in the car, told to the owner. REQ PRV-1."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from openmarque.app import Platform
from openmarque.car.identity import read_bundle
from openmarque.cli.operating import provision, provision_again
from openmarque.domains.garage.service import Garage, NewVehicle
from openmarque.domains.garage.vault import VinVault
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from tests.integration.api.conftest import Street
from tests.integration.api.living import LivingCar

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("gate")]
VIN = "UU1TWLV0000000001"


def two_levels(platform: Platform) -> Platform:
    """This platform with a pack whose brand knows private and position."""
    pack = msgspec.structs.replace(platform.pack, levels=("private", "position"))
    return replace(platform, pack=pack, garage=Garage(pack, VinVault(platform.keys), platform.authority, platform.compiler))


def needs(body: dict[str, Any]) -> dict[str, tuple[str, bool, str | None]]:
    return {s["declaration"]: (s["needs_level"], s["open"], s["reason"]) for s in body["services"]}


@pytest.mark.req("PRV-1e", "PRV-3a", "PRV-3e")
async def test_a_brand_of_two_levels_has_cars_with_two_levels_and_owners_who_are_told_of_two(
    client: httpx.AsyncClient, street: Street, platform: Platform, tmp_path: Path
) -> None:
    brand, owner = two_levels(platform), await street.owner()
    vehicle_id = await provision(brand, NewVehicle(VIN, "brise"), tmp_path / "car")
    now = platform.clock.now()
    async with platform.database.begin() as tx:
        tenure_id = await platform.garage.start_tenure(tx, vehicle_id, owner.account_id, now)
        await platform.contracts.activate_trial(tx, tenure_id, vehicle_id, "connect", now)
    car = LivingCar(platform, tmp_path / "car", vehicle_id, tenure_id)

    async def told() -> dict[str, Any]:
        response = await client.get(car.address, headers=owner.headers)
        assert response.status_code == 200
        return dict(response.json())

    async with car.running(Level.PRIVATE):
        private = await told()
        assert private["privacy"] | {"remote_access": True} == {
            "level": "private", "levels": ["private", "position"], "ceiling": "position", "set": None, "remote_access": True,
        }  # fmt: skip
        for service in ("status", "trips", "car_finder"):
            assert needs(private)[service] == ("position", False, "level_too_low"), "the lowest that can be chosen for it"
    async with platform.database.begin() as tx:
        await postgres(tx).execute(
            PLATFORM,
            "UPDATE vehicle SET levels = '{PRIVATE,DATA}', ceiling = 'DATA' WHERE vehicle_id = %s",
            (vehicle_id,),
        )
        await platform.compiler.recompile(tx, [vehicle_id], now)
    capped = await told()
    assert capped["privacy"]["levels"] == ["private", "data"]
    assert needs(capped)["trips"] == ("data", False, "level_too_low")
    assert needs(capped)["car_finder"] == ("position", False, "ceiling"), "no level of this car suffices"
    async with platform.database.begin() as tx:
        await postgres(tx).execute(
            PLATFORM,
            "UPDATE vehicle SET levels = '{PRIVATE,POSITION}', ceiling = 'POSITION' WHERE vehicle_id = %s",
            (vehicle_id,),
        )
        await platform.compiler.recompile(tx, [vehicle_id], now)
    async with car.running(Level.POSITION):
        assert car.agent is not None
        car.agent.act(lambda core, now: core.sensed(now, {vss.SPEED: 12.0}))
        await car.until(lambda: car.agent is not None and car.agent.core.is_settled)
        shared = await told()
        assert (shared["privacy"]["level"], needs(shared)["status"]) == ("position", ("position", True, None))
        status = (await client.get(f"{car.address}/status", headers=owner.headers)).json()
        assert status["signals"][vss.SPEED]["value"] == 12.0
    await provision_again(platform, VIN, tmp_path / "again")
    assert read_bundle(tmp_path / "again").profile().levels == (Level.PRIVATE, Level.POSITION), "it stays the car that it was"
