"""The greeting of a car that speaks another version of the link: refused, told why, counted, and nothing else happens."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import pytest

from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import VehicleId
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.handshake import PROTOCOL_UNSUPPORTED, SUPPORTED, Handshake
from openmarque.protocol.envelope import PROTOCOL_VERSION, encode
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import HELLO, Hello, MessageRegister, Welcome
from openmarque.storage.memory import MemoryDatabase
from openmarque.storage.transaction import Transaction
from tests.contract.link_contract import NOW
from tests.contract.test_link_store import MemoryStores


class Street:
    """A car without a broker, and what the platform said to it."""

    def __init__(self) -> None:
        self.stores = MemoryStores()
        self.said: list[tuple[str, bytes]] = []
        self.stores.database = MemoryDatabase(lambda subject, payload: self.said.append((subject, payload)))
        self.stores.link = type(self.stores.link)(self.stores.database)
        self.greetings: list[VehicleId] = []
        clock, cache = ManualClock(NOW), EvaluatorCache()
        after = (self,)
        self.handshake = Handshake(
            self.stores.link, clock, cache, MessageRegister(()), self.stores.compiler, frozenset(), after
        )

    async def greeted(self, tx: Transaction, vehicle_id: VehicleId, hello: Hello, now: datetime) -> None:
        """Whatever waits for a car that comes back."""
        del tx, hello, now
        self.greetings.append(vehicle_id)

    async def greets(self, vehicle_id: VehicleId, versions: tuple[int, ...], **more: Any) -> Welcome:
        self.said.clear()
        await self.handshake.take(vehicle_id, encode(Hello(versions, 0, {}, **more)))
        welcomes = [payload for subject, payload in self.said if subject.endswith("welcome")]
        return msgspec.msgpack.decode(welcomes[-1], type=Welcome)

    async def stands(self, vehicle_id: VehicleId) -> tuple[object, ...]:
        async with self.stores.tx() as tx:
            return tuple((await self.stores.link.lock_cars(tx, [vehicle_id])).values())


@pytest.fixture
def street() -> Street:
    return Street()


@pytest.mark.parametrize("versions", [(1,), (), (0,), (1, 3), (-2,), (2**63 - 1,)])
async def test_a_car_that_speaks_no_version_of_ours_is_told_which_we_speak_and_counted(
    street: Street, versions: tuple[int, ...]
):
    vehicle_id, _ = await street.stores.car()
    before = await street.stands(vehicle_id)
    welcome = await street.greets(vehicle_id, versions, asked=5, level=Level.DATA, software="tcu 0.9")
    assert (welcome.protocol, welcome.supported, welcome.asked) == (0, SUPPORTED, 5)
    assert (welcome.policy, welcome.watermarks, welcome.level) == (b"", {}, None), "it learns nothing else"
    assert await street.stands(vehicle_id) == before, "neither its numbers nor its policy are touched"
    assert street.greetings == [], "nothing that waits for it is sent"
    assert await street.stores.refusals(vehicle_id) == {(PROTOCOL_UNSUPPORTED, HELLO): 1}


async def test_a_car_whose_software_is_a_newer_one_later_is_let_in(street: Street):
    vehicle_id, _ = await street.stores.car()
    await street.greets(vehicle_id, (1,))
    welcome = await street.greets(vehicle_id, (1, PROTOCOL_VERSION))
    assert (welcome.protocol, welcome.supported) == (PROTOCOL_VERSION, ())
    assert welcome.policy
    assert street.greetings == [vehicle_id]
    counted: Mapping[tuple[str, str], int] = await street.stores.refusals(vehicle_id)
    assert counted == {(PROTOCOL_UNSUPPORTED, HELLO): 1}
