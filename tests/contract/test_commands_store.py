"""Remote commands, phones and safety codes on the memory stores under the deterministic world."""

from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmarque.domains.commands.memory import MemoryCommands
from openmarque.governance.memory import MemoryFacts, MemoryPolicyStore
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from tests.contract.command_arguments_contract import ArgumentsContract
from tests.contract.commands_contract import CommandsContract
from tests.contract.own_commands_contract import OwnCommandsContract
from tests.contract.test_link_store import MemoryStores
from tests.lamps import SERVICE, catalogue_with_lamps
from tests.packs import pack_with


class MemoryCommandStores(MemoryStores):
    def __init__(self) -> None:
        super().__init__()
        self.commands = MemoryCommands()
        self.facts = MemoryFacts(pack_with(SERVICE))
        # With every installed service and the lamp: the world's own catalogue knows fewer commands.
        self.compiler = StoringPolicyCompiler(
            catalogue_with_lamps(), self.facts, MemoryPolicyStore(), Ed25519PrivateKey.generate()
        )

    async def owned_car(self) -> tuple[VehicleId, TenureId, AccountId]:
        vehicle_id, tenure_id = await self.car()
        account_id = AccountId(uuid4())
        async with self.tx() as tx:
            self.commands.let(tx, vehicle_id, tenure_id, account_id)
        return vehicle_id, tenure_id, account_id

    async def left(self, vehicle_id: VehicleId) -> None:
        async with self.tx() as tx:
            self.commands.forbid(tx, vehicle_id)


class TestMemoryCommands(CommandsContract, ArgumentsContract, OwnCommandsContract):
    @pytest.fixture
    def command_stores(self) -> MemoryCommandStores:
        return MemoryCommandStores()
