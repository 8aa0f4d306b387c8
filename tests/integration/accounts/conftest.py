"""``house``: accounts, mails and timers on a database of one's own, with a clock that is moved by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from openmarque.brands.pack import load_pack
from openmarque.domains.accounts.limits import Limits
from openmarque.domains.accounts.registration import Registration
from openmarque.domains.accounts.service import Accounts
from openmarque.domains.accounts.sessions import Sessions
from openmarque.domains.notifications.service import Mailer
from openmarque.governance.enforcing import enforce, set_app_password
from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import AccountId
from openmarque.kit.settings import Settings
from openmarque.link.pki_keys import KeyRing
from openmarque.storage.migrate import migrate
from openmarque.storage.postgres import PostgresDatabase, PostgresTransaction, open_database
from tests.databases import APP_PASSWORD, as_app
from tests.integration.conftest import Postgres

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


@dataclass
class House:
    """Everything about accounts, without HTTP."""

    database: PostgresDatabase
    clock: ManualClock
    keys: KeyRing
    settings: Settings
    owner_url: str
    accounts: Accounts = field(init=False)
    mailer: Mailer = field(init=False)
    sessions: Sessions = field(init=False)
    registration: Registration = field(init=False)

    def __post_init__(self) -> None:
        limits = Limits(self.keys)
        self.accounts, self.mailer = Accounts(load_pack()), Mailer(self.keys)
        self.sessions = Sessions(self.accounts, limits, self.mailer)
        self.registration = Registration(self.accounts, self.sessions, limits, self.mailer)

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[PostgresTransaction]:
        async with self.database.begin() as tx:
            yield tx

    async def count(self, table: str) -> int:
        async with self.tx() as tx:
            return int((await tx.rows("om_platform", f"SELECT count(*) FROM {table}"))[0][0])

    async def account(self, email: str | None = "ada@example.com", language: str = "en") -> AccountId:
        async with self.tx() as tx:
            account_id = await self.accounts.create(tx, language, "Europe/Paris", self.clock.now(), name=("Ada", "Lovelace"))
            if email is not None:
                await self.accounts.create_with_password(tx, account_id, email, PASSWORD, self.clock.now())
        return account_id

    async def post(self, account_id: AccountId, template: str = "safety_code_changed", **fields: str) -> bool:
        async with self.tx() as tx:
            return await self.mailer.post(tx, account_id, template, fields, self.clock.now())


def prepare(url: str) -> None:
    def with_password(connection: psycopg.Connection) -> None:
        enforce(connection)
        set_app_password(connection, APP_PASSWORD)

    migrate(url, with_password)


@pytest.fixture
async def house(postgres: Postgres, tmp_path: Path) -> AsyncIterator[House]:
    postgres.template("accounts", prepare)

    async def nowhere(_messages: object) -> None:
        await asyncio.sleep(0)

    with postgres.fresh(template="accounts") as url:
        database, pool = await open_database(as_app(url), nowhere)
        clock = ManualClock(START)
        house = House(database, clock, KeyRing(tmp_path / "keys", clock), Settings(home=tmp_path, port=0), url)
        try:
            async with house.tx() as tx:
                pack = load_pack()
                await tx.execute(
                    "om_platform",
                    "INSERT INTO brand (brand_id, name, pack_version) VALUES (%s, %s, %s)",
                    (pack.brand_id, pack.name, pack.version),
                )
            yield house
        finally:
            await pool.close()
