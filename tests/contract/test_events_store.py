"""The twin in memory keeps the contract of the store on PostgreSQL."""

from contextlib import AbstractAsyncContextManager
from uuid import uuid4

import pytest

from openmarque.kit.ids import TenureId, VehicleId
from openmarque.storage.events import MemoryEvents
from openmarque.storage.memory import MemoryDatabase
from openmarque.storage.transaction import Transaction
from tests.contract.events_contract import EventsContract


class MemoryStores:
    def __init__(self) -> None:
        self.events = MemoryEvents()
        self._database = MemoryDatabase(lambda _subject, _payload: None)

    def tx(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.begin()

    async def tenure(self) -> tuple[TenureId, VehicleId]:
        return TenureId(uuid4()), VehicleId(uuid4())


class TestMemoryEvents(EventsContract):
    @pytest.fixture
    def stores(self) -> MemoryStores:
        return MemoryStores()
