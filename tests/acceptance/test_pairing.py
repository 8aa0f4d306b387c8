"""Pairing the whole way: a code typed on the head-unit page of the real agent, over mutual TLS, to a worker process and back."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import httpx
import msgspec
import pytest

from faults.cars import Car
from faults.ground import Ground, until
from faults.speaker import TalkingCar
from openmarque.brands.eligibility import sample_vin
from openmarque.car.agent import CarAgent
from openmarque.car.headunit import HeadUnit
from openmarque.car.model import LinkState
from openmarque.car.pairing import Outcome
from openmarque.car.store import MemoryCarStore
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.domains.garage.pairing import Pairing
from openmarque.domains.garage.reading import GarageReading
from openmarque.kit.clock import SystemClock
from openmarque.kit.ids import AccountId
from openmarque.link.subjects import down_subject, topic
from openmarque.protocol.levels import Level
from openmarque.protocol.pairing import PairingAnswer, PairingRequest
from tests.acceptance.conftest import Rows

pytestmark = pytest.mark.asyncio(loop_scope="session")

BASE = "http://127.0.0.1:8123"
MODEL = "brise"
_serials = count(500_001)


@dataclass
class Seat:
    """Somebody in the car, before its screen."""

    ground: Ground
    car: Car
    vin: str
    agent: CarAgent
    browser: httpx.AsyncClient
    running: asyncio.Task[None] | None = None

    async def goes_online(self) -> None:
        self.running = asyncio.create_task(self.agent.run())
        await asyncio.wait_for(self.agent.until(lambda core: core.link_state is LinkState.OPEN), 20)

    async def goes_offline(self) -> None:
        if self.running is not None:
            self.running.cancel()
            with suppress(asyncio.CancelledError):
                await self.running

    async def types(self, code: str) -> str:
        """What the screen says at the end."""
        token = re.search(r'name="token" value="([^"]+)"', (await self.browser.get("/")).text)
        assert token
        form = {"token": token[1], "lang": "fr", "code": code}
        await self.browser.post("/pairing", data=form, follow_redirects=True)
        await asyncio.wait_for(self.agent.until(lambda core: core.pairing.outcome is not Outcome.WAITING), 15)
        shown: str = (await self.browser.get("/state?lang=fr")).json()["pairing"]
        return shown

    async def rests(self) -> None:
        """Return when nothing waits for an acknowledgement."""
        await asyncio.wait_for(self.agent.until(lambda core: core.is_settled), 20)


@asynccontextmanager
async def seat(ground: Ground) -> AsyncIterator[Seat]:
    """A car from the factory, online, nobody's."""
    vin = sample_vin(ground.platform.pack, MODEL, next(_serials))
    car = await ground.new_car(vin, owned=False)
    agent = CarAgent(car.bundle, MemoryCarStore(), Catalogue(installed_services()), SystemClock(), spread=lambda: 0.0)
    transport = httpx.ASGITransport(HeadUnit(agent, agent.catalogue, vin).app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE}) as browser:
        one = Seat(ground, car, vin, agent, browser)
        await one.goes_online()
        try:
            yield one
        finally:
            await one.goes_offline()


async def owner(ground: Ground) -> AccountId:
    async with ground.platform.database.begin() as tx:
        return await ground.platform.accounts.create(tx, "fr", "Europe/Paris", ground.platform.clock.now())


async def code_for(ground: Ground, account_id: AccountId, vin: str, ago: timedelta = timedelta(0)) -> str:
    async with ground.platform.database.begin() as tx:
        made = await ground.platform.pairings.add(tx, account_id, vin, ground.platform.clock.now() - ago)
    assert isinstance(made, Pairing)
    assert made.open is not None
    return made.open.code


async def sees(ground: Ground, account_id: AccountId, car: Car) -> bool:
    async with ground.platform.database.begin() as tx:
        return car.vehicle_id in await GarageReading().visible(tx, account_id, ground.platform.clock.now())


@pytest.mark.req("ENR-2c")
async def test_the_code_typed_on_the_screen_pairs_the_car_within_seconds_at_every_privacy_level(ground):
    async with seat(ground) as inside:
        assert inside.agent.core.level is Level.PRIVATE
        buyer = await owner(ground)
        code = await code_for(ground, buyer, inside.vin)
        wrong = f"{(int(code) + 1) % 10**8:08d}"
        assert "Essais restants\u00a0: 4." in await inside.types(wrong)
        assert not await sees(ground, buyer, inside.car)
        assert await inside.types(code) == "La voiture est jumelée. Elle paraît maintenant dans l'application."
        assert await sees(ground, buyer, inside.car)
        await inside.rests()
        policy = inside.agent.core.policy
        assert policy is not None
        assert policy.tenure_id is not None


@pytest.mark.req("ENR-2b")
async def test_a_code_that_ran_out_and_a_locked_car_say_so_on_the_screen(ground):
    async with seat(ground) as inside:
        code = await code_for(ground, await owner(ground), inside.vin, ago=timedelta(days=366))
        assert "Ce code a expiré" in await inside.types(code)
        for _ in range(3):
            await inside.types("00000000" if code != "00000000" else "00000001")
        assert "Réessayez dans 15 minutes" in await inside.types("11111111" if code != "11111111" else "11111112")
        assert "Réessayez dans 15 minutes" in await inside.types(code)


async def test_a_code_typed_out_of_coverage_is_told_at_once_and_does_nothing_when_the_car_is_back(ground):
    async with seat(ground) as inside:
        buyer = await owner(ground)
        code = await code_for(ground, buyer, inside.vin)
        await inside.goes_offline()
        assert "n'est pas connectée" in await inside.types(code)
        await inside.goes_online()
        await inside.rests()
        await asyncio.sleep(0.5)
        assert not await sees(ground, buyer, inside.car)
        assert "jumelée" in await inside.types(code)


async def test_a_buyers_code_takes_the_car_over_and_wipes_what_it_holds_of_the_seller(ground, database):
    async with seat(ground) as inside:
        seller, buyer = await owner(ground), await owner(ground)
        await inside.types(await code_for(ground, seller, inside.vin))
        await inside.rests()
        before = inside.agent.core.policy
        await inside.types(await code_for(ground, buyer, inside.vin))
        await inside.rests()
        assert not await sees(ground, seller, inside.car)
        assert await sees(ground, buyer, inside.car)
        after = inside.agent.core.policy
        assert before is not None
        assert after is not None
        assert before.tenure_id != after.tenure_id
        assert "owner_changed" in {notice.code.value for notice in inside.agent.core.notices}
        assert accepted(database, inside.car) == after.version


def accepted(database: Rows, car: Car) -> int:
    rows = database.rows("SELECT accepted_version FROM car_policy WHERE vehicle_id = %s", (car.vehicle_id,))
    return int(rows[0][0])


@pytest.mark.req("LNK-1d")
async def test_a_hacked_car_can_not_try_codes_for_another_nor_faster_than_its_own_lock(ground, hostile: TalkingCar, database):
    async with seat(ground) as victim:
        code = await code_for(ground, await owner(ground), victim.vin)
        frame = msgspec.msgpack.encode(PairingRequest(code, 1))
        await hostile.say("pair", frame)
        tries = "SELECT wrong + 5 * locks FROM pairing_tries WHERE vehicle_id = %s"
        await until(lambda: database.rows(tries, (hostile.car.vehicle_id,)) == [(1,)], "its own try was not counted", 5)
        answers = topic(down_subject(hostile.car.vehicle_id, "pair"))
        await until(lambda: hostile.speaker.heard(answers), "its own try was not answered", 5)
        for number in range(2, 40):
            before = len(hostile.speaker.heard(answers))
            await hostile.say("pair", msgspec.msgpack.encode(PairingRequest(f"{number:08d}", number)))
            await until(lambda seen=before: len(hostile.speaker.heard(answers)) > seen, "it was not answered", 5)  # type: ignore[misc]
        told = [msgspec.msgpack.decode(p.payload, type=PairingAnswer).result for p in hostile.speaker.heard(answers)]
        assert told == ["wrong_code"] * 4 + ["locked"] * 35
        assert database.rows(tries, (hostile.car.vehicle_id,)) == [(5,)]
        assert database.rows(tries, (victim.car.vehicle_id,)) == []
        assert "jumelée" in await victim.types(code)
