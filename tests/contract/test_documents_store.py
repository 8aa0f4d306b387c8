"""Settings documents on the memory stores under the deterministic world."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmarque.brands.pack import load_pack
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.domains.commands.memory import MemoryCommands
from openmarque.domains.contracts.rules import State
from openmarque.domains.documents.memory import MemoryDocuments
from openmarque.governance.memory import CONTRACT, ContractRow, MemoryFacts, MemoryPolicyStore, TenureRow
from openmarque.governance.platform import platform_declarations
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.ids import AccountId, ContractId, TenureId, VehicleId
from openmarque.storage.memory import memory
from tests.contract.documents_contract import SECOND, DocumentsContract, Scene
from tests.contract.link_contract import NOW
from tests.contract.test_link_store import MemoryStores
from tests.packs import pack_with
from tests.probe_service import PROBE


class MemoryDocumentStores(MemoryStores):
    def __init__(self) -> None:
        super().__init__()
        self.commands = MemoryCommands()
        self.facts = MemoryFacts(pack_with(PROBE))
        self.documents = MemoryDocuments()
        services = (*(s for s in installed_services() if s.name != PROBE.name), PROBE)
        self.catalogue = Catalogue(services, platform_declarations(), load_pack())
        self.compiler = StoringPolicyCompiler(self.catalogue, self.facts, MemoryPolicyStore(), Ed25519PrivateKey.generate())

    async def owned_car(self) -> tuple[VehicleId, TenureId, AccountId]:
        vehicle_id, tenure_id = await self.car()
        account_id = AccountId(uuid4())
        async with self.tx() as tx:
            self.commands.let(tx, vehicle_id, tenure_id, account_id)
        return vehicle_id, tenure_id, account_id

    async def sold(self, scene: Scene) -> tuple[TenureId, AccountId]:
        tenure_id, account_id, at = TenureId(uuid4()), AccountId(uuid4()), NOW + SECOND
        async with self.tx() as tx:
            self.facts.put_tenure(tx, TenureRow(scene.tenure_id, scene.vehicle_id, NOW, at))
            await scene.use.documents.tenure_ended(tx, scene.vehicle_id, scene.tenure_id, at)
            self.facts.put_tenure(tx, TenureRow(tenure_id, scene.vehicle_id, at))
            contract = ContractRow(ContractId(uuid4()), tenure_id, "connect", State.ACTIVE, at, at + timedelta(days=9))
            self.facts.put_contract(tx, contract)
            self.commands.let(tx, scene.vehicle_id, tenure_id, account_id)
            await scene.use.documents.tenure_started(tx, scene.vehicle_id, tenure_id, at)
            await self.compiler.recompile(tx, [scene.vehicle_id], at)
        return tenure_id, account_id

    async def contract_over(self, scene: Scene) -> None:
        async with self.tx() as tx:
            for contract in list(memory(tx).all(CONTRACT).values()):
                if contract.tenure_id == scene.tenure_id:
                    self.facts.put_contract(tx, replace(contract, state=State.EXPIRED))
            await self.compiler.recompile(tx, [scene.vehicle_id], NOW)


class TestMemoryDocuments(DocumentsContract):
    @pytest.fixture
    def document_stores(self) -> MemoryDocumentStores:
        return MemoryDocumentStores()
