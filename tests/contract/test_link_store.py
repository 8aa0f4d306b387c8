"""The memory stores under the deterministic world keep the contract of those on PostgreSQL."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmarque.brands.pack import load_pack
from openmarque.domains.consent.memory import MemoryLevels
from openmarque.domains.contracts.rules import State
from openmarque.governance.memory import ContractRow, MemoryFacts, MemoryPolicyStore, TenureRow, VehicleRow
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.ids import ContractId, TenureId, VehicleId
from openmarque.link.memory import CERTIFICATE, LAST_VALUES, REFUSAL_COUNT, CertificateRow, MemoryLinkStore
from openmarque.protocol.levels import Level
from openmarque.simulator.world.installed import package_installed
from openmarque.storage.memory import MemoryDatabase, memory
from openmarque.storage.transaction import Transaction
from tests.contract.link_contract import NOW, LinkContract


class MemoryStores:
    def __init__(self) -> None:
        self.database = MemoryDatabase(lambda _subject, _payload: None)
        self.link = MemoryLinkStore(self.database)
        self.levels = MemoryLevels()
        self.facts = MemoryFacts(load_pack())
        self.compiler = StoringPolicyCompiler(
            package_installed().catalogue, self.facts, MemoryPolicyStore(), Ed25519PrivateKey.generate()
        )

    def tx(self) -> AbstractAsyncContextManager[Transaction]:
        return self.database.begin()

    async def car(self) -> tuple[VehicleId, TenureId]:
        vehicle_id, tenure_id = VehicleId(uuid4()), TenureId(uuid4())
        async with self.tx() as tx:
            self.link.provision(tx, vehicle_id, {})
            self.facts.put_vehicle(tx, vehicle_id, VehicleRow(Level.POSITION, frozenset(("telematics",))))
            self.facts.put_tenure(tx, TenureRow(tenure_id, vehicle_id, NOW))
            contract = ContractRow(ContractId(uuid4()), tenure_id, "connect", State.ACTIVE, NOW, NOW + timedelta(days=1096))
            self.facts.put_contract(tx, contract)
            await self.compiler.recompile(tx, [vehicle_id], NOW)
        return vehicle_id, tenure_id

    async def key(self, vehicle_id: VehicleId, key_id: str, *, revoked: bool) -> bytes:
        async with self.tx() as tx:
            memory(tx).put(CERTIFICATE, (vehicle_id, key_id), CertificateRow(b"key", revoked))
        return b"key"

    async def signals(self, vehicle_id: VehicleId):
        return self.database.tables[LAST_VALUES][vehicle_id].signals

    async def refusals(self, vehicle_id: VehicleId):
        stored = self.database.tables.get(REFUSAL_COUNT, {})
        keys: list[Any] = list(stored)
        return {(reason, what): stored[of, reason, what] for of, reason, what in keys if of == vehicle_id}

    async def clear_values(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> None:
        self.link.clear_values(tx, vehicle_id, now)


class TestMemoryStores(LinkContract):
    @pytest.fixture
    def stores(self) -> MemoryStores:
        return MemoryStores()
