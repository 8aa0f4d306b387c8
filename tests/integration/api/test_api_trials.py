"""The free trial belongs to the car, once in its life: whoever tries to get another one gets what is left, or none, and is told. REQ SVC-2."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from openmarque.app import Platform
from openmarque.brands.pack import FILE, BrandPackInvalid
from openmarque.cli import operating
from openmarque.domains.contracts.service import Contracts
from openmarque.protocol.pairing import PairingResult
from openmarque.storage.roles import PLATFORM
from tests.integration.api.conftest import Owner, Street
from tests.integration.api.test_api_pairing import NewCar, add, new_car, rows

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY = timedelta(days=1)


async def has(client: httpx.AsyncClient, owner: Owner, car: NewCar, *, later: timedelta = timedelta(0)) -> None:
    """The car is this owner's by a code typed in it."""
    code = (await add(client, owner, car.vin))["code"]
    assert (await car.types(code, later=later)).result == PairingResult.PAIRED


async def contracts(platform: Platform, car: NewCar) -> list[tuple[str, datetime]]:
    """State and end of each contract that the car ever had, oldest first."""
    query = """SELECT c.state, c.ends_at FROM contract c JOIN tenure t USING (tenure_id)
                WHERE t.vehicle_id = %s ORDER BY c.starts_at"""
    return await rows(platform, query, car.vehicle_id)


async def told(platform: Platform, owner: Owner) -> list[tuple[str, datetime]]:
    """Kind and moment of each notice about a trial that an owner got."""
    query = "SELECT kind, at FROM notice WHERE account_id = %s AND kind LIKE 'trial%%' ORDER BY created_at"
    return await rows(platform, query, owner.account_id)


@pytest.mark.req("SVC-2a")
async def test_the_trial_lasts_twelve_months(client, street: Street, platform: Platform):
    owner, car = await street.owner(), await new_car(platform)
    await has(client, owner, car)
    query = "SELECT starts_at, ends_at FROM contract c JOIN tenure t USING (tenure_id) WHERE t.vehicle_id = %s AND is_trial"
    ((starts_at, ends_at),) = await rows(platform, query, car.vehicle_id)
    assert (ends_at.year - starts_at.year) * 12 + ends_at.month - starts_at.month == 12
    assert ends_at - starts_at >= 365 * DAY


@pytest.mark.req("SVC-2b", "ENR-7a")
async def test_a_buyer_gets_what_is_left_of_the_cars_trial_and_is_told(client, street: Street, platform: Platform):
    seller, buyer, car = await street.owner(), await street.owner(), await new_car(platform)
    await has(client, seller, car)
    ((_, ends_at),) = await contracts(platform, car)
    assert await told(platform, seller) == [], "nothing was taken over"
    await has(client, buyer, car, later=30 * DAY)
    assert await contracts(platform, car) == [("terminated", ends_at), ("active", ends_at)]
    assert await told(platform, buyer) == [("trial_taken_over", ends_at)]


@pytest.mark.req("SVC-2b")
async def test_a_buyer_after_the_trial_gets_none_is_told_and_finds_the_services_closed(
    client, street: Street, platform: Platform
):
    seller, buyer, car = await street.owner(), await street.owner(), await new_car(platform)
    await has(client, seller, car)
    ends_at = platform.clock.now() - DAY
    async with platform.database.begin() as tx:
        await tx.execute(PLATFORM, "UPDATE vehicle_trial SET ends_at = %s WHERE vehicle_id = %s", (ends_at, car.vehicle_id))
    await has(client, buyer, car)
    assert [state for state, _ in await contracts(platform, car)] == ["terminated"]
    assert await told(platform, buyer) == [("trial_over", ends_at)]
    query = "SELECT open_declarations FROM car_policy WHERE vehicle_id = %s"
    ((opened,),) = await rows(platform, query, car.vehicle_id)
    assert opened == []


@pytest.mark.req("SVC-2b")
async def test_selling_the_car_to_and_fro_makes_no_second_trial(client, street: Street, platform: Platform):
    one, other, car = await street.owner(), await street.owner(), await new_car(platform)
    for number, owner in enumerate((one, other, one, other, one)):
        await has(client, owner, car, later=number * 80 * DAY)
    every = await contracts(platform, car)
    assert len({ends_at for _, ends_at in every}) == 1
    assert [state for state, _ in every] == ["terminated"] * 4 + ["active"]


@pytest.mark.req("SVC-2b")
async def test_removing_the_car_and_adding_it_again_makes_no_second_trial(client, street: Street, platform: Platform):
    owner, car = await street.owner(), await new_car(platform)
    await has(client, owner, car)
    before = await contracts(platform, car)
    removed = await client.delete(f"/api/v1/vehicles/{car.name}", headers=owner.headers)
    assert removed.status_code == 204, removed.text
    await has(client, owner, car, later=90 * DAY)
    assert await contracts(platform, car) == before


@pytest.mark.req("SVC-2b")
async def test_an_owner_who_ended_the_trial_leaves_what_is_left_to_the_buyer_only(client, street: Street, platform: Platform):
    owner, buyer, car = await street.owner(), await street.owner(), await new_car(platform)
    await has(client, owner, car)
    ((_, ends_at),) = await contracts(platform, car)
    ((tenure_id,),) = await rows(platform, "SELECT tenure_id FROM tenure WHERE vehicle_id = %s", car.vehicle_id)
    async with platform.database.begin() as tx:
        await platform.contracts.rescind(tx, tenure_id)
        again = await platform.contracts.activate_trial(tx, tenure_id, car.vehicle_id, "connect", platform.clock.now())
    assert again.ends_at == ends_at
    assert [state for state, _ in await contracts(platform, car)] == ["terminated"], "ended is ended"
    await has(client, buyer, car, later=DAY)
    assert await contracts(platform, car) == [("terminated", ends_at), ("active", ends_at)]


@pytest.mark.req("SVC-2b")
async def test_trials_begun_at_the_same_moment_are_one(client, street: Street, platform: Platform):
    owner, car = await street.owner(), await new_car(platform)
    now = platform.clock.now()
    async with platform.database.begin() as tx:
        tenure_id = await platform.garage.start_tenure(tx, car.vehicle_id, owner.account_id, now)

    async def begun(number: int) -> Any:
        async with platform.database.begin() as tx:
            return await platform.contracts.activate_trial(
                tx, tenure_id, car.vehicle_id, "connect", now + timedelta(seconds=number)
            )

    trials = await asyncio.gather(*map(begun, range(8)))
    assert len({trial.contract_id for trial in trials}) == 1
    assert len({trial.ends_at for trial in trials}) == 1
    assert len(await contracts(platform, car)) == 1


@pytest.mark.req("SVC-2b")
async def test_of_buyers_whose_codes_are_typed_at_once_each_gets_the_same_trial(client, street: Street, platform: Platform):
    owners, car = [await street.owner() for _ in range(4)], await new_car(platform)
    codes = [(await add(client, owner, car.vin))["code"] for owner in owners]
    await asyncio.gather(*(car.types(code) for code in codes))
    every = await contracts(platform, car)
    assert len(every) == 4
    assert len({ends_at for _, ends_at in every}) == 1
    assert sorted(state for state, _ in every) == ["active", "terminated", "terminated", "terminated"]


async def test_a_pack_with_a_longer_trial_gives_a_car_that_had_one_no_second(client, street: Street, platform: Platform):
    owner, car = await street.owner(), await new_car(platform)
    await has(client, owner, car)
    ((_, ends_at),) = await contracts(platform, car)
    longer = msgspec.structs.replace(platform.pack.plans["connect"], trial_months=36)
    generous = Contracts(msgspec.structs.replace(platform.pack, plans={"connect": longer}), platform.compiler)
    ((tenure_id,),) = await rows(platform, "SELECT tenure_id FROM tenure WHERE vehicle_id = %s", car.vehicle_id)
    async with platform.database.begin() as tx:
        trial = await generous.activate_trial(tx, tenure_id, car.vehicle_id, "connect", platform.clock.now())
    assert trial.ends_at == ends_at


async def test_the_pairing_says_until_when_the_trial_of_the_car_lasts(client, street: Street, platform: Platform):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    assert made["trial_ends_at"] is None, "a VIN tells nothing before the code was typed in the car"
    await car.types(made["code"])
    shown = (await client.get(f"/api/v1/pairings/{made['pairing_id']}", headers=owner.headers)).json()
    ((_, ends_at),) = await contracts(platform, car)
    assert datetime.fromisoformat(shown["trial_ends_at"]) == ends_at


async def test_no_process_serves_on_a_pack_that_lacks_what_was_sold(street: Street, platform: Platform, tmp_path: Path):
    await street.car(await street.owner())
    sample = files("openmarque.brands").joinpath("sample", FILE).read_text("utf-8")
    (tmp_path / FILE).write_text(sample.replace("journeys", "outings"), "utf-8")
    with pytest.raises(BrandPackInvalid, match="journeys"):
        async with operating.serving(replace(platform.settings, brand_pack=tmp_path), platform.clock, pool_size=2):
            pytest.fail("it serves")
    async with operating.serving(platform.settings, platform.clock, pool_size=2) as served:
        assert served.pack == platform.pack
