"""Assembly: ``prepare`` makes a home ready to run, ``bootstrap`` wires everything for one process. Nothing else wires anything.

Processes of a platform: the engines (unless given by URL), connection gates, workers, the API. Each calls ``bootstrap`` and uses
the parts it needs; all state is in PostgreSQL, the keys directory and the revocation snapshot.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from psycopg import Connection

from openmarque.brands.pack import BrandPack, load_pack
from openmarque.catalogue.register import Catalogue
from openmarque.domains.accounts.limits import Limits
from openmarque.domains.accounts.registration import Registration
from openmarque.domains.accounts.service import Accounts
from openmarque.domains.accounts.sessions import Sessions
from openmarque.domains.audit.declaration import LOG_KEPT
from openmarque.domains.audit.service import SecurityLog
from openmarque.domains.commands.bundle import Commands
from openmarque.domains.contracts.service import Contracts
from openmarque.domains.documents.bundle import SettingsDocuments
from openmarque.domains.documents.postgres import PostgresDocuments
from openmarque.domains.documents.sending import DocumentKeys
from openmarque.domains.garage.pairing import Pairings
from openmarque.domains.garage.service import Garage
from openmarque.domains.garage.vault import VinVault
from openmarque.domains.notifications.delivery import Delivery
from openmarque.domains.notifications.notices import MailChannel, PostgresNotices
from openmarque.domains.notifications.service import Mailer
from openmarque.domains.notifications.smtp import SmtpCarrier
from openmarque.engines.log_files import LogFiles
from openmarque.engines.nats import NatsEndpoint, NatsServer, read_endpoint
from openmarque.engines.postgres import PostgresEndpoint, PostgresServer
from openmarque.engines.process import kept_secret
from openmarque.engines.stack import EngineStack
from openmarque.governance.discovery import CloudParts, Wiring, installed_parts
from openmarque.governance.enforcing import enforce, set_app_password
from openmarque.governance.facts import PostgresFacts, PostgresPolicyStore
from openmarque.governance.platform import installed_catalogue, table_owners
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.governance.retention import kept_for
from openmarque.governance.rights import APP
from openmarque.http.address import web_address
from openmarque.kit.clock import Clock
from openmarque.kit.ids import VehicleId, new_uuid
from openmarque.kit.settings import Settings
from openmarque.link.bringup import authority, broker_plan
from openmarque.link.broker import Broker, connect
from openmarque.link.challenges import Challenges
from openmarque.link.enrolment import PostgresEnrolment
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.event_ingest import EventIngest
from openmarque.link.handshake import Handshake
from openmarque.link.kick import open_system
from openmarque.link.live import LiveUpdates
from openmarque.link.pairing import PairingRequests
from openmarque.link.pki import CertificateAuthority
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.link.postgres import PostgresLinkStore
from openmarque.link.revocation import present_snapshot, snapshot_file, write_snapshot
from openmarque.link.status_ingest import StatusIngest
from openmarque.link.worker import UseCases, Worker
from openmarque.parts.cloud import Parts
from openmarque.protocol import signing
from openmarque.protocol.envelope import Lane
from openmarque.storage.base import import_tables
from openmarque.storage.events import PostgresEvents
from openmarque.storage.partitions import drop_past_partitions
from openmarque.storage.postgres import PostgresDatabase, open_database
from openmarque.storage.timers import PostgresTimerStore, Timers

if TYPE_CHECKING:
    from openmarque.storage.migrate import Migrated

_SECRET_BYTES: Final = 24


@dataclass(frozen=True)
class Engines:
    """The engines of a home, started or reached; `stack` watches and stops them."""

    stack: EngineStack
    database: PostgresEndpoint
    broker: NatsEndpoint
    migrated: "Migrated"
    """What bringing the database up to date did."""

    @property
    def nats(self) -> NatsServer:
        """The broker's process."""
        return self.stack.nats

    @property
    def postgres(self) -> PostgresServer:
        """The database's process."""
        return self.stack.postgres

    async def stop(self) -> None:
        """Stop what was started here, and let go of the home."""
        await self.stack.stop()


@dataclass(frozen=True)
class Platform:
    """Everything one process needs, wired."""

    settings: Settings
    clock: Clock
    catalogue: Catalogue
    pack: BrandPack
    keys: KeyRing
    authority: CertificateAuthority
    endpoint: NatsEndpoint
    broker: Broker
    database: PostgresDatabase
    link: PostgresLinkStore
    compiler: StoringPolicyCompiler
    garage: Garage
    contracts: Contracts
    pairings: Pairings
    commands: Commands
    settings_documents: SettingsDocuments
    accounts: Accounts
    sessions: Sessions
    registration: Registration
    mailer: Mailer
    notices: PostgresNotices
    live: LiveUpdates
    cloud_parts: CloudParts

    def worker(self) -> Worker:
        """A worker on these parts; ``start`` makes it take messages."""
        evaluators, register = EvaluatorCache(), self.catalogue.messages
        handlers = self.cloud_parts.handlers(self._wiring)
        lanes = {
            lane: EventIngest(lane, self.link, self.clock, evaluators, register, handlers) for lane in (Lane.URGENT, Lane.EVENT)
        }
        greeted = self.cloud_parts.greeted(self._wiring)
        commands = frozenset(self.catalogue.commands())
        handshake = Handshake(self.link, self.clock, evaluators, register, self.compiler, commands, greeted)
        status = StatusIngest(self.link, self.clock, EvaluatorCache(), self.live)
        pairing = PairingRequests(self.link, self.pairings, self.clock)
        security = SecurityLog(self.database, self.clock)
        serves = UseCases(status, lanes, handshake, self.garage, pairing, self.live, security, self.database)
        return Worker(self.broker, serves, self.clock)

    def timers(self) -> Timers:
        """What takes up due timers, with the handlers of every domain and service."""
        return Timers(self.database, self.clock, self.cloud_parts.timers(self._wiring), self.cloud_parts.recurring())

    @property
    def parts(self) -> Parts:
        """What services may use."""
        return Parts(
            self.clock,
            self.database,
            self.catalogue,
            self.pack,
            self.live,
            notices=self.notices,
            events=PostgresEvents(),
            documents=self.settings_documents.documents,
            commands=self.commands.own(PostgresTimerStore()),
            timers=PostgresTimerStore(),
        )

    @property
    def _wiring(self) -> Wiring:
        return Wiring(self.parts, self)

    def delivery(self) -> Delivery:
        """What sends mails that were written."""
        return Delivery(
            self.database,
            self.clock,
            self.keys,
            SmtpCarrier(self.settings),
            brand=self.pack.name,
            sender=self.settings.mail_from or f"{self.pack.name} <no-reply@localhost>",
            app=lambda: web_address(self.settings),
        )

    async def revoke(self, vehicle_id: VehicleId, reason: str) -> int:
        """End the trust in a car: in the database, in the signed snapshot that the gates read, and its live connections.

        Gives the number of connections cut. The order matters: a car is cut only when the gate already refuses it.
        """
        async with self.database.begin() as tx:
            await self.garage.revoke(tx, vehicle_id, reason, self.clock.now())
        await self.write_snapshot()
        system = await open_system(self.endpoint.system, self.endpoint.account)
        try:
            return await system.cut(vehicle_id)
        finally:
            await system.close()

    async def record_keys(self) -> None:
        """Register the public halves of the keys in use, so that what they signed can be proved after they were replaced."""
        rings = (Purpose.POLICY, Purpose.COMMAND, Purpose.SNAPSHOT)
        keys = {
            name: (str(purpose), signing.public_bytes(public))
            for purpose in rings
            for name, public in self.keys.verifying(purpose).items()
        }
        async with self.database.begin() as tx:
            await PostgresEnrolment().record_keys(tx, keys, self.clock.now())

    async def write_snapshot(self) -> None:
        """Write the revocation snapshot anew from the database."""
        now, enrolment, path = self.clock.now(), PostgresEnrolment(), snapshot_file(self.settings.home)
        written, named = await asyncio.to_thread(present_snapshot, path, self.keys)
        async with self.database.begin() as tx:
            # What the file names stays named: a database restored from a backup has forgotten the newest revocations.
            kept = named - await enrolment.run_out(tx, named, now)
            serials = kept | await enrolment.revoked_serials(tx, now)
            version = await enrolment.next_snapshot_version(tx, written, now)
        write_snapshot(path, self.keys, self.clock, version=version, serials=serials)


def app_url(settings: Settings) -> str:
    """The database's address for the running program: the login role that may only take on the compiled roles."""
    password = _app_password(settings)
    parts = urlsplit(PostgresServer(settings).address())
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{APP}:{quote(password)}@{host}"))


def _app_password(settings: Settings) -> str:
    return kept_secret(settings.keys_dir / "database-login", lambda: new_uuid().hex + new_uuid().hex[:_SECRET_BYTES])


async def start_engines(settings: Settings, clock: Clock) -> Engines:
    """Make keys and certificates where there are none, start both engines at once, bring the database up to date."""
    pack = load_pack(settings.brand_pack)
    plan = broker_plan(settings, clock, authority(settings, clock, name=pack.name))
    stack = EngineStack(settings, plan, LogFiles(settings.log_dir, LOG_KEPT.lasts, clock))
    database, broker = await stack.start()
    try:
        migrated = await asyncio.to_thread(_migrate, settings, database.url, clock)
    except BaseException:
        await stack.stop()
        raise
    return Engines(stack, database, broker, migrated)


def _migrate(settings: Settings, url: str, clock: Clock) -> "Migrated":
    from openmarque.storage.migrate import migrate  # Alembic takes 0.2 s to load, and only who starts the engines needs it

    def with_password(connection: Connection[Any]) -> None:
        enforce(connection)
        set_app_password(connection, _app_password(settings))
        drop_past_partitions(connection, kept, clock.now())

    kept = kept_for(installed_catalogue(load_pack(settings.brand_pack)), import_tables(), table_owners())
    return migrate(url, with_password, clock)


@asynccontextmanager
async def bootstrap(settings: Settings, clock: Clock, pool_size: int = 8) -> AsyncIterator[Platform]:
    """A wired platform for this process, its connections closed at the end. The engines run already (``start_engines``)."""
    pack = load_pack(settings.brand_pack)
    catalogue = installed_catalogue(pack)
    keys = KeyRing(settings.keys_dir, clock)
    issuing = CertificateAuthority(settings.home / "pki", clock)
    endpoint = read_endpoint(settings)
    broker = await connect(endpoint.worker, name="platform")

    async def publish(messages: Sequence[tuple[str, bytes]]) -> None:
        await broker.publish_many(messages)

    database, pool = await open_database(app_url(settings), publish, pool_size)
    try:
        accounts, limits, mailer = Accounts(pack), Limits(keys), Mailer(keys)
        sessions = Sessions(accounts, limits, mailer)
        compiler = StoringPolicyCompiler(
            catalogue, PostgresFacts(pack), PostgresPolicyStore(), keys.signing(Purpose.POLICY)[1], pack
        )
        garage, contracts = Garage(pack, VinVault(keys), issuing, compiler), Contracts(pack, compiler)
        link = PostgresLinkStore(database)
        notices = PostgresNotices(catalogue, link, {"mail": MailChannel(mailer)})
        commands = Commands.wired(pack, catalogue, link, keys, mailer, notices, Challenges(broker, clock))
        garage.on_leaving(commands.phones)
        signing_keys = DocumentKeys(lambda: keys.signing(Purpose.COMMAND)[1], lambda: keys.verifying(Purpose.COMMAND))
        settings_documents = SettingsDocuments.wired(PostgresDocuments(), link, commands.store, catalogue, signing_keys)
        garage.on_tenure(settings_documents.documents)
        yield Platform(
            settings=settings,
            clock=clock,
            catalogue=catalogue,
            pack=pack,
            keys=keys,
            authority=issuing,
            endpoint=endpoint,
            broker=broker,
            database=database,
            link=link,
            compiler=compiler,
            garage=garage,
            contracts=contracts,
            pairings=Pairings(pack, keys, garage, contracts, mailer, notices),
            commands=commands,
            settings_documents=settings_documents,
            accounts=accounts,
            sessions=sessions,
            registration=Registration(accounts, sessions, limits, mailer),
            mailer=mailer,
            notices=notices,
            live=LiveUpdates(clock),
            cloud_parts=installed_parts(catalogue.services),
        )
    finally:
        await broker.close()
        await pool.close()
