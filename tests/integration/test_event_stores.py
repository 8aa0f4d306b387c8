"""Events on PostgreSQL: the contract, what the declarations enforce, and tables that follow what is declared."""

import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import timedelta
from uuid import uuid4

import msgspec
import psycopg
import pytest
from sqlalchemy import MetaData, create_engine, inspect
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from openmarque.catalogue.declarations import MONTHS_2, Declaration, LegalBasis, Service
from openmarque.catalogue.events import EventSpec
from openmarque.catalogue.records import RecordWrong, is_storable
from openmarque.catalogue.register import Catalogue
from openmarque.governance.database import compile_enforcement
from openmarque.governance.enforcing import apply, set_app_password
from openmarque.governance.platform import platform_declarations, table_owners
from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.storage.base import import_tables
from openmarque.storage.event_tables import EventTableDiffers, ensure_event_tables
from openmarque.storage.events import PostgresEvents, event_table
from openmarque.storage.migrate import migrate
from openmarque.storage.partitions import ensure_partitions
from openmarque.storage.postgres import PostgresDatabase, open_database
from openmarque.storage.transaction import Transaction
from tests.contract.events_contract import NOW, PROBE, EventsContract, Inner, Probe, event
from tests.databases import APP_PASSWORD, as_app
from tests.integration.conftest import Postgres

BODY = tuple(column.name for column in PROBE.columns if column.path and column.name not in ("number", "maybe"))[4:]
OPEN = Declaration(
    "probe",
    1,
    LegalBasis.LEGAL_DUTY,
    (PROBE.keys_item(MONTHS_2), PROBE.item("figures", MONTHS_2, *BODY, "maybe")),
)
SERVICE = Service("probe", "probe", (OPEN,))
tables = MetaData(naming_convention=None)
probe = event_table(PROBE, tables)


def prepare(url: str) -> None:
    migrate(url, clock=ManualClock(NOW))
    with engine(url) as connection:
        assert ensure_event_tables(connection, tables) == ["probe_event"]
        connection.commit()
    owners = {name: package for name, package in table_owners().items() if ".services." not in package}
    named = {name: table for name, table in import_tables().items() if name in owners}
    catalogue = Catalogue([SERVICE], platform_declarations())
    rules = compile_enforcement(catalogue, {**named, "probe_event": probe}, {**owners, "probe_event": "probe"})
    with psycopg.connect(url) as owner:
        ensure_partitions(owner, NOW)
        apply(owner, rules)
        set_app_password(owner, APP_PASSWORD)


@contextmanager
def engine(url: str) -> Iterator[Connection]:
    """A connection as the owner."""
    with create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool
    ).connect() as connection:
        yield connection


class PostgresStores:
    def __init__(self, database: PostgresDatabase, owner_url: str) -> None:
        self.events = PostgresEvents()
        self._database = database
        self._owner_url = owner_url

    def tx(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.begin()

    async def tenure(self, *open_for: str) -> tuple[TenureId, VehicleId]:
        tenure_id, vehicle_id = TenureId(uuid4()), VehicleId(uuid4())
        async with await psycopg.AsyncConnection.connect(self._owner_url, autocommit=True) as owner:
            await owner.execute("INSERT INTO brand VALUES ('b', 'B', '1') ON CONFLICT DO NOTHING")
            await owner.execute("INSERT INTO model VALUES ('m', 'b', 'M', 'electric', '{}') ON CONFLICT DO NOTHING")
            await owner.execute(
                "INSERT INTO account (account_id, brand_id, language, time_zone, created_at) VALUES (%s, 'b', 'en', 'UTC', %s)",
                (tenure_id, NOW),
            )
            await owner.execute(
                "INSERT INTO vehicle VALUES (%s, 'b', 'm', '', 'k', %s, 'POSITION', %s, '{PRIVATE,POSITION}')",
                (vehicle_id, vehicle_id.bytes, NOW),
            )
            await owner.execute("INSERT INTO tenure VALUES (%s, %s, %s, %s)", (tenure_id, vehicle_id, tenure_id, NOW))
            await owner.execute(
                "INSERT INTO car_policy (vehicle_id, tenure_id, version, frame, hash, open_declarations, level, ceiling,"
                " remote_access, switched_off, issued_at, valid_until, accepted_version, terms)"
                " VALUES (%s, %s, 1, '', '', %s, 3, 3, true, '{}', %s, %s, 0, '')",
                (vehicle_id, tenure_id, list(open_for or ("probe",)), NOW, NOW),
            )
        return tenure_id, vehicle_id


@pytest.fixture
async def stores(postgres: Postgres) -> AsyncIterator[PostgresStores]:
    postgres.template("event_stores", prepare)

    async def nowhere(_messages: object) -> None:
        """Nobody listens."""

    with postgres.fresh(template="event_stores") as url:
        database, pool = await open_database(as_app(url), nowhere)
        try:
            yield PostgresStores(database, url)
        finally:
            await pool.close()


class TestPostgresEvents(EventsContract):
    async def test_an_event_of_a_car_whose_policy_is_closed_is_refused_by_the_database(self, stores: PostgresStores) -> None:
        closed = await stores.tenure("something_else")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with stores.tx() as tx:
                await stores.events.append(tx, PROBE, [event(closed, 1)])

    async def test_an_event_with_the_car_of_another_tenure_is_refused_by_the_database(self, stores: PostgresStores) -> None:
        (tenure_id, _), (_, vehicle_id) = await stores.tenure(), await stores.tenure()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with stores.tx() as tx:
                await stores.events.append(tx, PROBE, [event((tenure_id, vehicle_id), 1)])

    async def test_what_no_column_holds_is_known_beforehand_and_disturbs_nothing(self, stores: PostgresStores) -> None:
        whose = await stores.tenure()
        assert is_storable(Probe)(event(whose, 1).body)
        for wrong in ({"count": 2**63}, {"at": -(2**63) - 1}, {"told": "with a \0 inside"}, {"inner": Inner(1, "\0")}):
            assert not is_storable(Probe)(event(whose, 1, **wrong).body)
            with pytest.raises((struct.error, OverflowError, psycopg.DataError)):
                async with stores.tx() as tx:
                    await stores.events.append(tx, PROBE, [event(whose, 1, **wrong)])
        async with stores.tx() as tx:
            await stores.events.append(tx, PROBE, [event(whose, 1)])
            assert len(await stores.events.page(tx, PROBE, whose[0], limit=9)) == 1

    async def test_events_lie_in_the_month_in_which_they_were_received(self, stores: PostgresStores) -> None:
        whose = await stores.tenure()
        late = NOW + timedelta(days=400)
        async with stores.tx() as tx:
            await stores.events.append(tx, PROBE, [event(whose, 1), event(whose, 2, received_at=late)])
        with psycopg.connect(stores._owner_url) as owner:
            rows = owner.execute("SELECT number, tableoid::regclass::text FROM probe_event ORDER BY 1").fetchall()
        assert rows == [(1, "om_partition.probe_event_202611"), (2, "om_partition.probe_event_default")]


# Tables that follow what is declared


class Older(msgspec.Struct, frozen=True):
    number: int
    at: int


class Grown(msgspec.Struct, frozen=True):
    number: int
    at: int
    told: str = "it was not told"
    maybe: float | None = None


class Shrunk(msgspec.Struct, frozen=True):
    number: int


class Retyped(msgspec.Struct, frozen=True):
    number: int
    at: str


class Demanding(msgspec.Struct, frozen=True):
    number: int
    at: int
    told: str


def declared(body: type[msgspec.Struct], *once_by: str) -> MetaData:
    made = MetaData()
    event_table(EventSpec("heat", "heat", body, once_by=once_by or ("number",), at="at" if body is not Shrunk else ""), made)
    return made


@pytest.fixture
def older(postgres: Postgres) -> Iterator[Connection]:
    """A database with the table of `Older` and one event in it."""
    with postgres.fresh() as url:
        migrate(url)
        with engine(url) as connection:
            assert ensure_event_tables(connection, declared(Older)) == ["heat"]
            connection.exec_driver_sql("INSERT INTO heat VALUES (gen_random_uuid(), 1, now(), gen_random_uuid(), 1, 5)")
            yield connection


def test_a_field_that_was_added_gets_its_column_and_old_events_its_default(older: Connection) -> None:
    assert ensure_event_tables(older, declared(Grown)) == ["heat.told", "heat.maybe"]
    assert older.exec_driver_sql("SELECT told, maybe FROM heat").fetchall() == [("it was not told", None)]
    assert ensure_event_tables(older, declared(Grown)) == []
    older.exec_driver_sql("ALTER TABLE heat ADD COLUMN spy text")
    assert ensure_event_tables(older, declared(Grown)) == [], "what somebody added by hand is check's to tell"
    assert {column["name"]: column["default"] for column in inspect(older).get_columns("heat")}["told"] is None


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (declared(Shrunk), "heat: heat needs the column 'at', which Shrunk has not"),
        (declared(Retyped), "heat: heat.at holds BIGINT, and is declared as TEXT"),
        (declared(Demanding), "heat: heat.told was added without a default"),
        (declared(Older, "at"), "heat: heat is known by"),
    ],
)
def test_what_would_change_stored_events_is_refused_with_place_and_cure(older: Connection, wanted: MetaData, told: str) -> None:
    with pytest.raises(EventTableDiffers) as refused:
        ensure_event_tables(older, wanted)
    assert refused.value.detail.startswith(told)
    assert "migration" in refused.value.remedy
    assert older.exec_driver_sql("SELECT count(*) FROM heat").scalar() == 1


def test_two_services_with_a_table_of_one_name_are_both_named() -> None:
    made = declared(Older)
    with pytest.raises(RecordWrong, match="cold: a table is called 'heat' already, by heat"):
        event_table(EventSpec("cold", "heat", Probe, once_by=("number",)), made)
