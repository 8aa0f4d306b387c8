"""Remote commands, phones and safety codes on PostgreSQL keep the contract that the deterministic world relies on."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from openmarque.domains.commands.postgres import PostgresCommands
from openmarque.domains.commands.states import State
from openmarque.domains.commands.timers import REFUSAL_KEPT, sweep
from openmarque.governance.database import compile_enforcement
from openmarque.governance.enforcing import apply, set_app_password
from openmarque.governance.platform import table_owners
from openmarque.kit.clock import SystemClock
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.link.pki_keys import KeyRing
from openmarque.storage.base import import_tables
from openmarque.storage.migrate import migrate
from openmarque.storage.postgres import PostgresDatabase, open_database, postgres
from openmarque.storage.roles import PLATFORM
from tests.contract.command_arguments_contract import ArgumentsContract
from tests.contract.commands_contract import CommandsContract, Scene
from tests.contract.link_contract import NOW
from tests.contract.own_commands_contract import OwnCommandsContract
from tests.databases import APP_PASSWORD, as_app
from tests.integration.conftest import Pki, Postgres
from tests.integration.test_link_stores import PostgresStores
from tests.lamps import SERVICE, catalogue_with_lamps
from tests.packs import pack_with


def prepare(url: str) -> None:
    """A database that lets the arguments of the lamp's commands be kept, too."""

    def with_password(connection: psycopg.Connection) -> None:
        apply(connection, compile_enforcement(catalogue_with_lamps(), import_tables(), table_owners()))
        set_app_password(connection, APP_PASSWORD)

    migrate(url, with_password)


class PostgresCommandStores(PostgresStores):
    commands = PostgresCommands()

    def __init__(self, database: PostgresDatabase, owner_url: str, keys: KeyRing, pki: Pki) -> None:
        super().__init__(database, owner_url, keys, pki, pack_with(SERVICE), catalogue_with_lamps())

    async def owned_car(self) -> tuple[VehicleId, TenureId, AccountId]:
        vehicle_id, tenure_id = await self.car()
        ((account_id,),) = await self._by_owner("SELECT account_id FROM tenure WHERE tenure_id = %s", (tenure_id,))
        return vehicle_id, tenure_id, AccountId(account_id)

    async def left(self, vehicle_id: VehicleId) -> None:
        query = "SELECT tenure_id, account_id FROM tenure WHERE vehicle_id = %s"
        ((tenure_id, account_id),) = await self._by_owner(query, (vehicle_id,))
        async with self.tx() as tx:
            await self.garage.give_up(tx, TenureId(tenure_id), AccountId(account_id), NOW)


class TestPostgresCommands(CommandsContract, ArgumentsContract, OwnCommandsContract):
    @pytest.fixture
    async def command_stores(self, postgres: Postgres, pki: Pki, tmp_path: Path) -> AsyncIterator[PostgresCommandStores]:
        postgres.template("command_stores", prepare)

        async def nowhere(_messages: object) -> None:
            """Nobody listens."""

        with postgres.fresh(template="command_stores") as url:
            database, pool = await open_database(as_app(url), nowhere)
            try:
                stores = PostgresCommandStores(database, url, KeyRing(tmp_path / "keys", SystemClock()), pki)
                async with stores.tx() as tx:
                    await stores.garage.store_brand(tx)
                yield stores
            finally:
                await pool.close()

    async def test_no_argument_that_no_command_declares_is_kept(self, scene: Scene, command_stores: PostgresCommandStores):
        receipt = await scene.place(scene.asked("glow", arguments={"duration_s": 30}))
        async with command_stores.tx() as tx:
            row = await command_stores.commands.lock_command(tx, receipt.command_id)
        assert row is not None
        smuggled = replace(row, command_id=uuid4(), idempotency_key="smuggled", arguments={**row.arguments, "diary": "dear"})
        with pytest.raises(psycopg.errors.CheckViolation, match="ck_vehicle_command_arguments_declared"):
            async with command_stores.tx() as tx:
                await command_stores.commands.add_command(tx, smuggled, [State.AWAITING_PHONE], NOW)

    @pytest.mark.req("GDP-2k")
    async def test_a_remote_command_is_deleted_with_its_steps_after_the_time_that_the_brand_set_and_not_before(
        self, scene: Scene, command_stores: PostgresCommandStores
    ):
        kept = timedelta(days=7)
        await scene.locks()
        later = await scene.locks(timedelta(seconds=30))

        async def swept(after: timedelta, keep: timedelta | None = kept) -> list[int]:
            async with command_stores.tx() as tx:
                await sweep(tx, keep, NOW + after)
            async with command_stores.tx() as tx:
                rows = [
                    await postgres(tx).rows(PLATFORM, f"SELECT count(*) FROM {t}") for t in ("vehicle_command", "command_step")
                ]
            return [counted for ((counted,),) in rows]

        assert await swept(kept) == [2, 4]
        assert await swept(kept + timedelta(seconds=1), None) == [2, 4], "nobody has said how long"
        assert await swept(kept + timedelta(seconds=1)) == [1, 2]
        assert (await scene.remote_command(later)).state == "sent"
        assert await swept(2 * kept) == [0, 0]

    async def test_a_remote_command_refused_since_nobody_said_how_long_it_is_kept_goes_after_a_day_and_takes_no_other_with_it(
        self, scene: Scene, command_stores: PostgresCommandStores
    ):
        refused, other = await scene.locks(), await scene.locks(timedelta(seconds=30))

        async def left(after: timedelta) -> list[UUID]:
            async with command_stores.tx() as tx:
                await sweep(tx, None, NOW + after)
            async with command_stores.tx() as tx:
                return [row[0] for row in await postgres(tx).rows(PLATFORM, "SELECT command_id FROM vehicle_command")]

        async with command_stores.tx() as tx:
            as_refused = "UPDATE vehicle_command SET state = 'refused', reason = 'no_retention' WHERE command_id = %s"
            await postgres(tx).execute(PLATFORM, as_refused, (refused,))
        assert set(await left(REFUSAL_KEPT)) == {refused, other}
        assert await left(REFUSAL_KEPT + timedelta(seconds=1)) == [other]
