"""Settings documents on PostgreSQL keep the contract that the deterministic world relies on, and the database itself holds what is declared."""

import asyncio
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from openmarque.domains.accounts.service import Accounts
from openmarque.domains.commands.postgres import PostgresCommands
from openmarque.domains.commands.store import CommandStore
from openmarque.domains.contracts.service import Contracts
from openmarque.domains.documents import errors as e
from openmarque.domains.documents.postgres import PostgresDocuments
from openmarque.domains.documents.store import DocumentStore
from openmarque.governance.check.live import findings
from openmarque.governance.enforcing import installed_enforcement
from openmarque.governance.platform import installed_catalogue
from openmarque.kit.clock import SystemClock
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.link.pki_keys import KeyRing
from openmarque.storage.postgres import PostgresDatabase, open_database, postgres
from openmarque.storage.roles import PLATFORM
from tests.contract.documents_contract import SECOND, DocumentsContract, Scene, new_scene
from tests.contract.link_contract import NOW
from tests.databases import as_app
from tests.integration.conftest import Pki, Postgres
from tests.integration.test_link_stores import PostgresStores, prepare
from tests.packs import pack_with
from tests.probe_service import PROBE, probe_installed
from tests.probe_service import messages as m

pytestmark = pytest.mark.asyncio(loop_scope="module")


class PostgresDocumentStores(PostgresStores):
    def __init__(self, database: PostgresDatabase, owner_url: str, keys: KeyRing, pki: Pki) -> None:
        super().__init__(database, owner_url, keys, pki, pack_with(PROBE))
        self.commands: CommandStore = PostgresCommands()
        self.documents: DocumentStore = PostgresDocuments()
        self.catalogue = installed_catalogue(self._pack)

    async def owned_car(self) -> tuple[VehicleId, TenureId, AccountId]:
        vehicle_id, tenure_id = await self.car()
        ((account_id,),) = await self._by_owner("SELECT account_id FROM tenure WHERE tenure_id = %s", (tenure_id,))
        return vehicle_id, tenure_id, AccountId(account_id)

    async def sold(self, scene: Scene) -> tuple[TenureId, AccountId]:
        self.garage.on_tenure(scene.use.documents)
        async with self.tx() as tx:
            await self.garage.end_tenure(tx, scene.tenure_id, NOW + SECOND)
            account_id = await Accounts(self._pack).create(tx, "en", "Europe/Paris", NOW)
            tenure_id = await self.garage.start_tenure(tx, scene.vehicle_id, account_id, NOW + SECOND)
            await Contracts(self._pack, self.compiler).activate_trial(tx, tenure_id, scene.vehicle_id, "connect", NOW + SECOND)
        return tenure_id, account_id

    async def contract_over(self, scene: Scene) -> None:
        await self._by_owner("UPDATE contract SET state = 'expired' WHERE tenure_id = %s", (scene.tenure_id,))
        async with self.tx() as tx:
            await self.compiler.recompile(tx, [scene.vehicle_id], NOW)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_stores(postgres: Postgres, pki: Pki, tmp_path_factory: pytest.TempPathFactory):
    """One database for the module, with the probe installed; each test has a new owner and car."""

    async def nowhere(_messages: object) -> None:
        """Nobody listens."""

    with probe_installed():
        postgres.template("document_stores", prepare)
        with postgres.fresh(template="document_stores") as url:
            database, pool = await open_database(as_app(url), nowhere)
            keys = KeyRing(tmp_path_factory.mktemp("keys") / "keys", SystemClock())
            stores = PostgresDocumentStores(database, url, keys, pki)
            async with stores.tx() as tx:
                await stores.garage.store_brand(tx)
            yield stores
            await pool.close()


class TestPostgresDocuments(DocumentsContract):
    @pytest.fixture
    def document_stores(self, module_stores: PostgresDocumentStores) -> PostgresDocumentStores:
        module_stores.garage._watchers.clear()
        return module_stores

    @pytest_asyncio.fixture(loop_scope="module")
    async def scene(self, document_stores: Any) -> Scene:  # type: ignore[override]
        return await new_scene(document_stores)

    async def test_of_two_first_changes_at_the_same_moment_one_counts(self, scene: Scene):
        outcomes = await asyncio.gather(*(scene.sets(m.Limits(limit)) for limit in (90, 100, 110)), return_exceptions=True)
        assert sum(isinstance(outcome, e.DocumentConflict) for outcome in outcomes) == 2
        row = await scene.row()
        assert [document.version for document in scene.sent] == [row.version]

    @pytest.mark.parametrize(
        "change",
        [
            "body = body || '{\"vin\": 1}'",
            "kind = 'probe_duty'",
            "kind = 'invented'",
            "lost_body = '{\"vin\": 1}', lost_at = made_at",
            "version = -1",
            "made_by = 'thief'",
        ],
    )
    async def test_postgresql_itself_refuses_what_no_declaration_of_the_kind_has(
        self, scene: Scene, document_stores: PostgresDocumentStores, change: str
    ):
        await scene.sets(m.Limits(90))
        with pytest.raises(psycopg.errors.CheckViolation):
            await document_stores._by_owner(f"UPDATE settings_document SET {change}", ())

    async def test_an_owner_reads_the_rows_of_the_own_tenure_only(self, scene: Scene, document_stores: PostgresDocumentStores):
        await scene.sets(m.Limits(90))
        _, other, _ = await document_stores.owned_car()
        async with document_stores.tx() as tx:
            await postgres(tx).restrict_to(str(other))
            seen = await postgres(tx).rows("om_reader", "SELECT document_id FROM settings_document")
            kept = "SELECT document_id FROM settings_document WHERE vehicle_id = %s"
            every = await postgres(tx).rows(PLATFORM, kept, (scene.vehicle_id,))
        assert (seen, len(every)) == ([], 1)

    async def test_the_database_is_as_the_declarations_say_with_the_probe_installed(
        self, document_stores: PostgresDocumentStores
    ):
        found = await asyncio.to_thread(lambda: list(findings(document_stores._owner_url, installed_enforcement())))
        assert found == []
