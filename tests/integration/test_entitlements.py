"""What contracts open follows the brand pack in force, and what was sold stays sold: on PostgreSQL, policies and row policies included."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openmarque.brands.pack import BrandPack, BrandPackInvalid, load_pack
from openmarque.domains.accounts.service import Accounts
from openmarque.domains.contracts.rules import Step
from openmarque.domains.contracts.service import Contracts
from openmarque.domains.garage.service import NewVehicle
from openmarque.governance.facts import PostgresFacts, PostgresPolicyStore
from openmarque.governance.platform import installed_catalogue
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.clock import SystemClock
from openmarque.kit.ids import ContractId, TenureId, VehicleId
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.storage.postgres import open_database, postgres
from openmarque.storage.roles import PLATFORM, service_role
from tests.contract.link_contract import NOW
from tests.databases import as_app
from tests.integration.conftest import Pki, Postgres
from tests.integration.test_link_stores import PostgresStores, prepare

PACK = load_pack()
DAY = timedelta(days=1)


def sells(**plan: Any) -> BrandPack:
    """The pack with another plan "connect"."""
    return msgspec.structs.replace(PACK, plans={"connect": msgspec.structs.replace(PACK.plans["connect"], **plan)})


def without(product: str) -> BrandPack:
    pack = sells(products=tuple(p for p in PACK.plans["connect"].products if p != product))
    return msgspec.structs.replace(pack, products={n: p for n, p in PACK.products.items() if n != product})


class Brand(PostgresStores):
    """A platform whose brand changes its pack."""

    def __init__(self, *made_of: Any) -> None:
        super().__init__(*made_of)
        self.keys: KeyRing = made_of[2]

    def under(self, pack: BrandPack) -> StoringPolicyCompiler:
        """The compiler of a platform that runs on this pack."""
        key = self.keys.signing(Purpose.POLICY)[1]
        return StoringPolicyCompiler(installed_catalogue(pack), PostgresFacts(pack), PostgresPolicyStore(), key, pack)

    async def sold_under(self, pack: BrandPack) -> tuple[VehicleId, TenureId]:
        """A car whose owner has the plan "connect" as this pack has it."""
        async with self.tx() as tx:
            vehicle_id = await self.garage.register(tx, NewVehicle(f"VF1AACVYB{next(self._numbers):08d}", "brise"), NOW)
            account_id = await Accounts(pack).create(tx, "en", "Europe/Paris", NOW)
            tenure_id = await self.garage.start_tenure(tx, vehicle_id, account_id, NOW)
            await Contracts(pack, self.under(pack)).activate_trial(tx, tenure_id, vehicle_id, "connect", NOW)
        return vehicle_id, tenure_id

    async def renewed(self, pack: BrandPack) -> int:
        """The platform was started with this pack: its policies are compiled anew."""
        async with self.tx() as tx:
            return await self.under(pack).renew(tx, NOW + DAY)

    async def opened(self, vehicle_id: VehicleId) -> set[str]:
        async with self.tx() as tx:
            query = "SELECT open_declarations FROM car_policy WHERE vehicle_id = %s"
            return set((await postgres(tx).rows(PLATFORM, query, (vehicle_id,)))[0][0])

    async def refused(self, pack: BrandPack, now: Any = NOW) -> str:
        """Why the pack is not taken; empty when it is."""
        async with self.tx() as tx:
            try:
                await Contracts(pack, self.under(pack)).refuse_dropped(tx, now)
            except BrandPackInvalid as error:
                return error.detail
        return ""


@pytest.fixture
async def brand(postgres: Postgres, pki: Pki, tmp_path: Path) -> AsyncIterator[Brand]:
    postgres.template("link_stores", prepare)

    async def nowhere(_messages: object) -> None:
        """Nobody listens."""

    with postgres.fresh(template="link_stores") as url:
        database, pool = await open_database(as_app(url), nowhere)
        try:
            made = Brand(database, url, KeyRing(tmp_path / "keys", SystemClock()), pki)
            async with made.tx() as tx:
                await made.garage.store_brand(tx)
            yield made
        finally:
            await pool.close()


async def writes_a_trip(brand: Brand, tenure_id: TenureId, vehicle_id: VehicleId) -> bool:
    """Whether PostgreSQL itself lets the trips service write a trip of this car."""
    query = "SELECT om_is_open(%s, %s, ARRAY['trips'])"
    async with brand.tx() as tx:
        return bool((await postgres(tx).rows(service_role("trips"), query, (tenure_id, vehicle_id)))[0][0])


async def test_a_contract_keeps_the_products_that_its_plan_had(brand: Brand):
    vehicle_id, tenure_id = await brand.car()
    assert {"trips", "status", "lock"} <= await brand.opened(vehicle_id)
    smaller = sells(products=("car",))
    assert await brand.refused(smaller) == "", "the product is in the pack, only not in the plan"
    assert await brand.renewed(smaller) == 1
    assert {"trips", "status"} <= await brand.opened(vehicle_id)
    assert await writes_a_trip(brand, tenure_id, vehicle_id)
    other, owner = await brand.sold_under(smaller)
    assert "trips" not in await brand.opened(other), "a new contract has what the plan has now"
    assert not await writes_a_trip(brand, owner, other)


async def test_what_is_added_to_a_product_opens_for_everybody_who_has_it(brand: Brand):
    held = without("journeys")
    moved = msgspec.structs.replace(
        held, products={"car": msgspec.structs.replace(PACK.products["car"], declarations=("status", "trips"))}
    )
    vehicle_id, _ = await brand.car()
    assert await brand.renewed(moved) == 1
    assert await brand.opened(vehicle_id) == {"status", "trips"}
    assert await brand.renewed(moved) == 0, "once is enough"
    assert await brand.renewed(PACK) == 1


async def test_a_pack_without_a_product_that_running_contracts_hold_is_refused(brand: Brand):
    vehicle_id, tenure_id = await brand.car()
    assert await brand.refused(PACK) == ""
    assert "products.journeys (1)" in await brand.refused(without("journeys"))
    assert await brand.refused(without("journeys"), NOW + 400 * DAY) == "", "no contract runs any more"
    # What must not happen closes: nobody gets what the pack can't say any more.
    assert await brand.renewed(without("journeys")) == 1
    assert not {"trips", "trip_places"} & await brand.opened(vehicle_id)
    assert not await writes_a_trip(brand, tenure_id, vehicle_id)
    async with brand.tx() as tx:
        ((contract_id,),) = await postgres(tx).rows(PLATFORM, "SELECT contract_id FROM contract")
        await Contracts(PACK, brand.under(PACK)).step(tx, ContractId(contract_id), Step.TERMINATE, NOW)
    assert await brand.refused(without("journeys")) == ""


async def test_a_contract_of_before_goes_by_its_plan_as_it_is_now(brand: Brand):
    vehicle_id, _ = await brand.car()
    await brand._by_owner("UPDATE contract SET products = NULL", ())
    assert await brand.renewed(sells(products=("journeys",))) == 1
    assert await brand.opened(vehicle_id) == {"trips", "trip_places"}
    pairing = msgspec.structs.replace(PACK.pairing, plan="basic")
    renamed = msgspec.structs.replace(PACK, plans={"basic": PACK.plans["connect"]}, pairing=pairing)
    assert "plans.connect (1)" in await brand.refused(renamed)
