"""A service outside the package tells its owner: a message of the car, its handler in the cloud, the centre and the mail. REQ NOT-1, NOT-2."""

from datetime import timedelta

import msgspec
import pytest
import pytest_asyncio

from openmarque.catalogue.decide import Kind, Permit
from openmarque.domains.commands.giving import OwnCommands
from openmarque.domains.commands.postgres import PostgresCommands
from openmarque.domains.commands.service import RemoteCommands
from openmarque.domains.documents.bundle import SettingsDocuments
from openmarque.domains.documents.postgres import PostgresDocuments
from openmarque.domains.documents.sending import DocumentKeys
from openmarque.domains.notifications import reading
from openmarque.domains.notifications.notices import MailChannel, PostgresNotices
from openmarque.domains.notifications.reading import NoticeView, Whose
from openmarque.domains.notifications.rules import MOST
from openmarque.domains.notifications.service import Mailer, Seal
from openmarque.governance.discovery import Wiring, installed_parts
from openmarque.governance.platform import installed_catalogue
from openmarque.kit.clock import SystemClock
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.kit.texts import texts
from openmarque.link.live import LiveUpdates
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.link.ports import Accepted
from openmarque.parts.cloud import Parts
from openmarque.protocol.envelope import Envelope, Lane, Trust
from openmarque.protocol.levels import Level
from openmarque.storage.events import PostgresEvents
from openmarque.storage.postgres import PostgresDatabase, open_database, postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.timers import PostgresTimerStore
from tests.contract.link_contract import NOW
from tests.databases import as_app
from tests.integration.conftest import Pki, Postgres
from tests.integration.test_link_stores import PostgresStores, prepare
from tests.packs import pack_with
from tests.probe_service import PROBE, probe_installed
from tests.probe_service import messages as m

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Road(PostgresStores):
    """Cars with the probe; ``passes`` is a message of one, as the ingest hands it to the handler of the service."""

    def __init__(self, database: PostgresDatabase, owner_url: str, keys: KeyRing, pki: Pki) -> None:
        pack = pack_with(PROBE)
        super().__init__(database, owner_url, keys, pki, pack)
        clock, catalogue = SystemClock(), installed_catalogue(pack)
        notices = PostgresNotices(catalogue, self.link, {"mail": MailChannel(Mailer(keys))})
        document_keys = DocumentKeys(lambda: keys.signing(Purpose.COMMAND)[1], dict)
        documents = SettingsDocuments.wired(
            PostgresDocuments(), self.link, PostgresCommands(), catalogue, document_keys
        ).documents
        ports = (clock, self._database, catalogue, pack, LiveUpdates(clock), notices, PostgresEvents(), documents)
        remote = RemoteCommands(PostgresCommands(), self.link, {}, document_keys.sign, kept=True, fresh_s=60)
        parts = Parts(*ports, OwnCommands(remote, PostgresCommands(), PostgresTimerStore()), PostgresTimerStore())
        handlers = installed_parts(catalogue.services).handlers(Wiring(parts, None))
        self.seal = Seal(keys)
        self._handler = next(handler for handler in handlers if m.PASSED in handler.types)

    async def owned(self, language: str = "de") -> tuple[VehicleId, TenureId, AccountId]:
        vehicle_id, tenure_id = await self.car()
        ((account_id,),) = await self._by_owner("SELECT account_id FROM tenure WHERE tenure_id = %s", (tenure_id,))
        await self._by_owner("UPDATE account SET language = %s WHERE account_id = %s", (language, account_id))
        insert = """
INSERT INTO account_credential (account_id, brand_id, email, email_key, password_hash, password_at, confirmed_at)
VALUES (%s, %s, 'ada@example.com', %s, 'x', %s, %s)"""
        await self._by_owner(insert, (account_id, self._pack.brand_id, account_id.hex, NOW, NOW))
        return vehicle_id, tenure_id, AccountId(account_id)

    async def passes(self, vehicle_id: VehicleId, tenure_id: TenureId, kmh: int, *, after_s: float = 0) -> None:
        envelope = Envelope(1, Lane.EVENT, 1, 0, Trust.SYNCED, Level.DATA, m.PASSED, msgspec.Raw(b""))
        permit = Permit("probe", Kind.MESSAGE, frozenset((m.PASSED,)), vehicle_id, tenure_id, 1, Level.DATA, None)
        message = Accepted(vehicle_id, tenure_id, envelope, m.Passed(kmh), permit, NOW + timedelta(seconds=after_s))
        async with self.tx() as tx:
            assert await self._handler.apply(tx, [message]) == {}

    async def told(self, tenure_id: TenureId, account_id: AccountId) -> list[NoticeView]:
        async with self.tx() as tx:
            before = (NOW + timedelta(days=1), account_id)
            return await reading.page(tx, Whose(account_id, (tenure_id,)), before, 100)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def road(postgres: Postgres, pki: Pki, tmp_path_factory: pytest.TempPathFactory):
    async def nowhere(_messages: object) -> None:
        """Nobody listens."""

    with probe_installed():
        postgres.template("notices_of_services", prepare)
        with postgres.fresh(template="notices_of_services") as url:
            database, pool = await open_database(as_app(url), nowhere)
            keys = KeyRing(tmp_path_factory.mktemp("keys") / "keys", SystemClock())
            made = Road(database, url, keys, pki)
            async with made.tx() as tx:
                await made.garage.store_brand(tx)
            yield made
            await pool.close()


async def allow(road: Road, vehicle_id: VehicleId, level: Level) -> None:
    """The people in the car choose a level."""
    await road._by_owner("UPDATE car_policy SET level = %s WHERE vehicle_id = %s", (int(level), vehicle_id))


@pytest.mark.req("NOT-1c", "NOT-1d", "NOT-1g")
async def test_a_service_of_somebody_else_tells_an_owner_in_the_owners_language(road: Road):
    vehicle_id, tenure_id, account_id = await road.owned("de")
    await allow(road, vehicle_id, Level.DATA)
    await road.passes(vehicle_id, tenure_id, 131)
    [notice] = await road.told(tenure_id, account_id)
    assert (notice.kind, notice.arguments) == ("probe_limit_passed", {"kmh": 131})
    said = texts("de").notice(notice.kind, **{**notice.arguments, "car": notice.car, "at": notice.at})
    assert "131" in said.body
    async with road.tx() as tx:
        query = "SELECT mail_id, sealed, key_id, template FROM mail WHERE account_id = %s"
        [(mail_id, sealed, key_id, template)] = await postgres(tx).rows(PLATFORM, query, (account_id,))
    letter = road.seal.open(mail_id, bytes(sealed), key_id)
    assert (template, letter.email, letter.language) == ("notice.probe_limit_passed", "ada@example.com", "de")
    assert letter.fields == {"kmh": "131"}, "what its words name, and nothing else"


async def test_at_a_level_that_does_not_allow_it_a_service_tells_nothing(road: Road):
    vehicle_id, tenure_id, account_id = await road.owned()
    await allow(road, vehicle_id, Level.PRIVATE)
    await road.passes(vehicle_id, tenure_id, 131)
    assert await road.told(tenure_id, account_id) == []


async def test_a_hacked_car_of_a_service_floods_nobody(road: Road):
    vehicle_id, tenure_id, account_id = await road.owned()
    await allow(road, vehicle_id, Level.DATA)
    for number in range(30):
        await road.passes(vehicle_id, tenure_id, number, after_s=number / 10)
    told = await road.told(tenure_id, account_id)
    assert [notice.arguments["kmh"] for notice in told] == list(reversed(range(MOST)))
    assert told[0].further == 30 - MOST
    async with road.tx() as tx:
        [(mails,)] = await postgres(tx).rows(PLATFORM, "SELECT count(*) FROM mail WHERE account_id = %s", (account_id,))
    assert mails == MOST
