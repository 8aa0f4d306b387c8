"""A service that OpenMarque does not know of works end to end, and under the same rules as its own.

Run by a command of ``docs/howto/write-a-service.md``, and so by ``tests/acceptance/test_howto.py``.
"""

from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest
from tyre_watch.declaration import SERVICE, WARNINGS
from tyre_watch.rules import Change, after, changes
from tyre_watch.world import WORLD

from openmarque.domains.commands.giving import OwnCommands
from openmarque.domains.commands.postgres import PostgresCommands
from openmarque.domains.commands.service import RemoteCommands
from openmarque.domains.documents.bundle import SettingsDocuments
from openmarque.domains.documents.postgres import PostgresDocuments
from openmarque.domains.documents.sending import DocumentKeys
from openmarque.domains.notifications.memory import MemoryNotices
from openmarque.governance.check.run import check_installation
from openmarque.governance.discovery import Wiring, installed_parts
from openmarque.governance.enforcing import enforce, set_app_password
from openmarque.governance.facts import PostgresFacts, PostgresPolicyStore
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.link.enrolment import PostgresEnrolment
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.event_ingest import EventIngest
from openmarque.link.handshake import Handshake
from openmarque.link.live import LiveUpdates
from openmarque.link.postgres import PostgresLinkStore
from openmarque.parts.cloud import Parts
from openmarque.protocol import signing
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import TYRES_LOW
from openmarque.simulator.world.exploration import explore
from openmarque.simulator.world.installed import with_services
from openmarque.storage.events import PostgresEvents
from openmarque.storage.migrate import migrate
from openmarque.storage.postgres import open_database
from openmarque.storage.timers import PostgresTimerStore
from tests.cars import CAR_KEY, CATALOGUE, COMMAND_KEY, OWNER, POLICY_KEY, START, VEHICLE, Car
from tests.databases import as_user, empty_database, throwaway_server
from tests.packs import pack_with

PACK = pack_with(SERVICE)
PASSWORD = "only-in-this-test"
FRONT_LEFT = TYRES_LOW[0]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    def prepare(connection):
        enforce(connection)
        set_app_password(connection, PASSWORD)

    with throwaway_server(tmp_path_factory.mktemp("tyres")) as server, empty_database(server) as address:
        assert "tyre_warning" in migrate(address, prepare).made
        with psycopg.connect(address) as connection:
            _own_a_car(connection)
        yield address


def _own_a_car(connection):
    year = START + timedelta(days=365)
    car_key = signing.public_bytes(CAR_KEY.public_key())
    connection.execute("INSERT INTO brand VALUES ('b', 'B', '1')")
    connection.execute("INSERT INTO model VALUES ('m', 'b', 'M', 'electric', '{telematics}')")
    connection.execute(
        "INSERT INTO vehicle VALUES (%s, 'b', 'm', '', 'k', '', 'POSITION', %s, '{PRIVATE,DATA,POSITION}')", [VEHICLE, START]
    )
    connection.execute("INSERT INTO account VALUES (%s, 'b', 'en', 'Europe/Paris', %s)", [OWNER, START])
    connection.execute("INSERT INTO tenure VALUES (%s, %s, %s, %s)", [OWNER, VEHICLE, OWNER, START])
    connection.execute(
        "INSERT INTO contract (contract_id, tenure_id, plan, state, starts_at, ends_at, pack_version, revision, is_trial)"
        " VALUES (%s, %s, 'connect', 'active', %s, %s, '1', 1, true)",
        [OWNER, OWNER, START, year],
    )
    connection.execute(
        "INSERT INTO certificate VALUES ('01', %s, %s, %s, 'ca', %s, %s)",
        [VEHICLE, signing.key_id(CAR_KEY.public_key()), car_key, START, year],
    )


@dataclass(frozen=True)
class Wired:
    """What the platform's own handlers need here."""

    link: PostgresLinkStore
    compiler: StoringPolicyCompiler
    live: LiveUpdates


class Cloud:
    """The platform's worker on PostgreSQL, with a wire to one car in place of a broker."""

    def __init__(self, database):
        self.database, self.sent = database, []
        clock = ManualClock(START)
        link, live, evaluators = PostgresLinkStore(database), LiveUpdates(clock), EvaluatorCache()
        self.compiler = StoringPolicyCompiler(CATALOGUE, PostgresFacts(PACK), PostgresPolicyStore(), POLICY_KEY)
        keys = DocumentKeys(lambda: COMMAND_KEY, dict)
        documents = SettingsDocuments.wired(PostgresDocuments(), link, PostgresCommands(), CATALOGUE, keys).documents
        ports = (clock, database, CATALOGUE, PACK, live, MemoryNotices(CATALOGUE.notices()))
        remote = RemoteCommands(PostgresCommands(), link, {}, lambda: COMMAND_KEY, kept=True, fresh_s=60)
        own = OwnCommands(remote, PostgresCommands(), PostgresTimerStore())
        parts = Parts(*ports, events=PostgresEvents(), documents=documents, commands=own, timers=PostgresTimerStore())
        handlers = installed_parts(CATALOGUE.services).handlers(Wiring(parts, Wired(link, self.compiler, live)))
        self.events = EventIngest(Lane.EVENT, link, clock, evaluators, CATALOGUE.messages, handlers)
        self.handshake = Handshake(link, clock, evaluators, CATALOGUE.messages, self.compiler, frozenset())

    async def exchange(self, car, frames):
        """Carry frames to and fro until both are silent."""
        while frames:
            for frame in frames:
                if frame.channel == "hello":
                    await self.handshake.take(VehicleId(VEHICLE), frame.payload)
                elif frame.channel == "event":
                    await self.events.take([(VehicleId(VEHICLE), frame.payload)])
            down, self.sent[:] = list(self.sent), []
            frames = [up for subject, payload in down for up in car.hears(subject.rpartition(".")[2], payload)]

    async def history(self):
        async with self.database.begin() as tx:
            return [event.body for event in await PostgresEvents().page(tx, WARNINGS, TenureId(OWNER), limit=10)]


@pytest.fixture
async def cloud(url):
    sent = []

    async def publish(messages):
        sent.extend(messages)

    database, pool = await open_database(as_user(url, "om_app", PASSWORD), publish, 2)
    try:
        made = Cloud(database)
        made.sent = sent
        yield made
    finally:
        await pool.close()


def test_a_warning_is_told_when_it_comes_and_when_it_goes():
    assert changes(frozenset(), {FRONT_LEFT: False}) == []
    came = changes(frozenset(), {FRONT_LEFT: True})
    assert came == [Change(FRONT_LEFT, True)]
    assert changes(after(frozenset(), came), {FRONT_LEFT: True}) == []
    assert after(frozenset({FRONT_LEFT}), [Change(FRONT_LEFT, False)]) == frozenset()


def test_its_promises_hold_in_the_deterministic_world_and_a_fault_planted_in_it_is_found():
    installed = with_services(("tyre_watch",))
    assert explore(2, installed=installed).failures == []
    (fault,) = WORLD.planted
    (found,) = explore(1, fault.seed, fault.steps, fault.parts, installed=installed).failures
    assert found.invariant in fault.reported_as


def test_check_finds_nothing_with_the_service_installed(url):
    assert "tyre_watch" in CATALOGUE.declarations
    assert check_installation(url) == []


async def test_a_tyre_warning_goes_from_the_car_to_the_owners_history(cloud):
    async with cloud.database.begin() as tx:
        await PostgresEnrolment().enrol(tx, VehicleId(VEHICLE))
        await cloud.compiler.recompile(tx, [VehicleId(VEHICLE)], START)
    car = Car()
    await cloud.exchange(car, car.connect())
    await cloud.exchange(car, car.senses({FRONT_LEFT: True}))
    assert await cloud.history() == [], "in private mode nothing leaves, and nothing is kept back for later"

    await cloud.exchange(car, car.set_level(Level.DATA))
    await cloud.exchange(car, car.senses({FRONT_LEFT: True}))
    car.wait(5)
    await cloud.exchange(car, car.senses({FRONT_LEFT: False}))
    assert [(w.wheel, w.is_low) for w in await cloud.history()] == [(FRONT_LEFT, False), (FRONT_LEFT, True)]

    await cloud.exchange(car, car.switch("tyre_watch", on=False))
    await cloud.exchange(car, car.senses({FRONT_LEFT: True}))
    assert len(await cloud.history()) == 2, "switched off in the car"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO trip_place SELECT gen_random_uuid(), 1, '2026-11-22', gen_random_uuid(), 1, 1, 1, 1, 1, 1",
        "SELECT * FROM trip",
        "UPDATE car_policy SET open_declarations = '{tyre_watch}'",
        "INSERT INTO tyre_warning SELECT gen_random_uuid(), 1, 'x', '2026-11-22', gen_random_uuid(), 1, true",
    ],
)
def test_its_role_can_do_no_more_than_it_declares(url, statement):
    with psycopg.connect(as_user(url, "om_app", PASSWORD)) as connection:
        connection.execute("SET ROLE om_svc_tyre_watch")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
