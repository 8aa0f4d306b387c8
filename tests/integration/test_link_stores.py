"""The stores on PostgreSQL keep the contract that the deterministic world relies on."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from openmarque.brands.pack import BrandPack, load_pack
from openmarque.catalogue.register import Catalogue
from openmarque.domains.accounts.service import Accounts
from openmarque.domains.consent.service import PostgresLevels
from openmarque.domains.contracts.service import Contracts
from openmarque.domains.garage.service import Garage, NewVehicle
from openmarque.domains.garage.vault import VinVault
from openmarque.governance.enforcing import enforce, set_app_password
from openmarque.governance.facts import PostgresFacts, PostgresPolicyStore
from openmarque.governance.platform import installed_catalogue
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.clock import SystemClock
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.link.enrolment import PostgresEnrolment
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.link.postgres import PostgresLinkStore
from openmarque.storage.migrate import migrate
from openmarque.storage.postgres import PostgresDatabase, open_database
from openmarque.storage.transaction import Transaction
from tests.contract.link_contract import NOW, LinkContract
from tests.databases import APP_PASSWORD, as_app
from tests.integration.conftest import Pki, Postgres


class PostgresStores:
    def __init__(
        self,
        database: PostgresDatabase,
        owner_url: str,
        keys: KeyRing,
        pki: Pki,
        pack: BrandPack | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.link = PostgresLinkStore(database)
        self._pack = pack or load_pack()
        self.levels = PostgresLevels()
        self.facts = PostgresFacts(self._pack)
        self.compiler = StoringPolicyCompiler(
            catalogue or installed_catalogue(self._pack), self.facts, PostgresPolicyStore(), keys.signing(Purpose.POLICY)[1]
        )
        self._database = database
        self._owner_url = owner_url
        self.garage = Garage(self._pack, VinVault(keys), pki.ca, self.compiler)
        self._numbers = count(1)

    def tx(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.begin()

    async def car(self) -> tuple[VehicleId, TenureId]:
        async with self.tx() as tx:
            vehicle_id = await self.garage.register(tx, NewVehicle(f"VF1AACVYB{next(self._numbers):08d}", "brise"), NOW)
            account_id = await Accounts(self._pack).create(tx, "en", "Europe/Paris", NOW)
            tenure_id = await self.garage.start_tenure(tx, vehicle_id, account_id, NOW)
            await Contracts(self._pack, self.compiler).activate_trial(tx, tenure_id, vehicle_id, "connect", NOW)
        return vehicle_id, tenure_id

    async def key(self, vehicle_id: VehicleId, key_id: str, *, revoked: bool) -> bytes:
        query = """INSERT INTO certificate (serial, vehicle_id, key_id, public_key, issuer_key_id, not_before, not_after, revoked_at)
                   VALUES (%s, %s, %s, %s, 'i', %s, %s, %s)"""
        await self._by_owner(query, (key_id, vehicle_id, key_id, b"key", NOW, NOW, NOW if revoked else None))
        return b"key"

    async def signals(self, vehicle_id: VehicleId):
        return (await self._by_owner("SELECT signals FROM last_values WHERE vehicle_id = %s", (vehicle_id,)))[0][0]

    async def refusals(self, vehicle_id: VehicleId):
        rows = await self._by_owner("SELECT reason, what, count FROM refusal_count WHERE vehicle_id = %s", (vehicle_id,))
        return {(reason, what): n for reason, what, n in rows}

    async def clear_values(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> None:
        await PostgresEnrolment().clear_values(tx, vehicle_id, None, now)

    async def _by_owner(self, query: LiteralString, parameters: tuple[object, ...]) -> list[Any]:
        async with await psycopg.AsyncConnection.connect(self._owner_url, autocommit=True) as connection:
            cursor = await connection.execute(query, parameters)
            return await cursor.fetchall() if cursor.description else []


def prepare(url: str) -> None:
    def with_password(connection: psycopg.Connection) -> None:
        enforce(connection)
        set_app_password(connection, APP_PASSWORD)

    migrate(url, with_password)


class TestPostgresStores(LinkContract):
    @pytest.fixture
    async def stores(self, postgres: Postgres, pki: Pki, tmp_path: Path) -> AsyncIterator[PostgresStores]:
        postgres.template("link_stores", prepare)

        async def nowhere(_messages: object) -> None:
            """Nobody listens."""

        with postgres.fresh(template="link_stores") as url:
            database, pool = await open_database(as_app(url), nowhere)
            try:
                stores = PostgresStores(database, url, KeyRing(tmp_path / "keys", SystemClock()), pki)
                async with stores.tx() as tx:
                    await stores.garage.store_brand(tx)
                yield stores
            finally:
                await pool.close()
