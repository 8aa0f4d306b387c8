"""The platform in the world: the real use cases on the memory fakes, in workers that crash, restart, fall behind and share the load."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmarque.brands.pack import BrandPack
from openmarque.catalogue.register import Catalogue
from openmarque.domains.commands.giving import OwnCommands
from openmarque.domains.commands.memory import MemoryCommands
from openmarque.domains.commands.phones import Phones
from openmarque.domains.commands.reports import ReportHandler, Resend
from openmarque.domains.commands.rules import commands_of
from openmarque.domains.commands.service import RemoteCommands
from openmarque.domains.consent.memory import MemoryLevels
from openmarque.domains.consent.service import LevelHandler
from openmarque.domains.documents.bundle import SettingsDocuments
from openmarque.domains.documents.memory import MemoryDocuments
from openmarque.domains.documents.sending import DocumentKeys
from openmarque.domains.notifications.memory import MemoryNotices
from openmarque.governance.discovery import installed_parts
from openmarque.governance.memory import MemoryFacts, MemoryPolicyStore
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.ids import VehicleId
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.event_ingest import EventIngest
from openmarque.link.handshake import Handshake
from openmarque.link.live import LiveUpdates
from openmarque.link.memory import MemoryLinkStore
from openmarque.link.ports import Handler
from openmarque.link.status_ingest import StatusIngest
from openmarque.parts.cloud import Parts
from openmarque.protocol.envelope import Lane
from openmarque.protocol.signing import key_id
from openmarque.simulator.world.database import WorkerCrash, WorldDatabase
from openmarque.simulator.world.fault_profile import CALM, FaultProfile
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.scheduler import Scheduler, WorldClock, run
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.events import MemoryEvents
from openmarque.storage.timers import MemoryTimerStore

HELLO: Final = "hello"
CHALLENGE: Final = "challenge"
_CODE_FRESH_S: Final = 120
_WORKERS: Final = 2
_MAX_BATCH: Final = 200
_MOST_WRITES: Final = 8
"""Crash points by the number of writes before them: a transaction of a small batch has about as many."""

Frame = tuple[VehicleId, bytes]


def no_restart(_database: WorldDatabase) -> None:
    """A worker that restarts changes nothing in the database."""


@dataclass(frozen=True)
class CloudParts:
    """What the platform is made of; tests put broken parts here, to see the world find them."""

    database: type[WorldDatabase] = WorldDatabase
    link: Callable[[WorldDatabase], MemoryLinkStore] = MemoryLinkStore
    evaluators: Callable[[], EvaluatorCache] = EvaluatorCache
    commands: Callable[[], MemoryCommands] = MemoryCommands
    documents: Callable[[], MemoryDocuments] = MemoryDocuments
    restarted: Callable[[WorldDatabase], None] = no_restart


@dataclass
class Worker:
    """One process: its use cases with their caches, and what waits for them."""

    name: str
    status: StatusIngest
    lanes: dict[str, EventIngest]
    handshake: Handshake
    up: bool = True
    inboxes: dict[str, list[Frame]] = field(default_factory=dict)


class Cloud:
    """The platform: database, policy compiler and workers."""

    def __init__(
        self,
        parts: CloudParts,
        database: WorldDatabase,
        brand: tuple[Catalogue, BrandPack],
        keys: tuple[Ed25519PrivateKey, Ed25519PrivateKey],
        scheduler: Scheduler,
    ) -> None:
        """Wire the use cases as ``openmarque.app`` does, on memory, for a brand; `keys` sign policies and commands."""
        catalogue, self._pack = brand
        key, self.command_key = keys
        self.database = database
        self.clock = WorldClock(scheduler)
        self.link = parts.link(database)
        self.facts = MemoryFacts(self._pack)
        self.compiler = StoringPolicyCompiler(catalogue, self.facts, MemoryPolicyStore(), key)
        self._parts = parts
        self._catalogue = catalogue
        self._notices = MemoryNotices(catalogue.notices())
        self._services = installed_parts(catalogue.services)
        self.commands = parts.commands()
        known = commands_of(catalogue.commands())
        self.remote_commands = RemoteCommands(
            self.commands, self.link, known, self._command_key, kept=True, fresh_s=_CODE_FRESH_S
        )
        signing_keys = {key_id(self.command_key.public_key()): self.command_key.public_key()}
        document_keys = DocumentKeys(self._command_key, lambda: signing_keys)
        self.documents = SettingsDocuments.wired(parts.documents(), self.link, self.commands, catalogue, document_keys)
        self.phones = Phones(self.commands, self.link, self._command_key, self._notices)
        self.workers = [self._worker(f"worker{number}") for number in range(_WORKERS)]

    def _worker(self, name: str) -> Worker:
        """A worker that has just started: it remembers nothing."""
        evaluators, live, register = self._parts.evaluators(), LiveUpdates(self.clock), self._catalogue.messages
        handlers: list[Handler] = [
            LevelHandler(MemoryLevels(), self.link, self.compiler, live),
            ReportHandler(self.remote_commands.progress, self.phones),
            self.documents.reports,
        ]
        parts = Parts(
            *(self.clock, self.database, self._catalogue, self._pack, live, self._notices),
            events=MemoryEvents(),
            documents=self.documents.documents,
            commands=OwnCommands(self.remote_commands, self.commands, MemoryTimerStore()),
            timers=MemoryTimerStore(),
        )
        handlers += self._services.service_handlers(parts)
        after = (Resend(self.commands, self.phones), self.documents.sending)
        known = frozenset(self._catalogue.commands())
        return Worker(
            name,
            StatusIngest(self.link, self.clock, evaluators, live),
            {
                lane: EventIngest(lane, self.link, self.clock, evaluators, register, handlers)
                for lane in (Lane.URGENT, Lane.EVENT)
            },
            Handshake(self.link, self.clock, evaluators, register, self.compiler, known, after),
        )

    def _command_key(self) -> Ed25519PrivateKey:
        return self.command_key

    def restart(self, worker: Worker) -> Worker:
        """The same place with a new process; what waited in the old one is gone."""
        fresh = self._worker(worker.name)
        self.workers[self.workers.index(worker)] = fresh
        self._parts.restarted(self.database)
        return fresh

    async def serve(self, worker: Worker, channel: str, batch: Sequence[Frame]) -> None:
        """Let a worker take a batch, as ``openmarque.link.worker`` does."""
        if channel == HELLO:
            for vehicle_id, payload in batch:
                await worker.handshake.take(vehicle_id, payload)
        elif channel == Lane.STATUS:
            await worker.status.take(batch)
        else:
            await worker.lanes[channel].take(batch)


class CloudLife:
    """What happens to the platform: frames come in, workers and the database fail, backups are put back."""

    def __init__(self, cloud: Cloud, scheduler: Scheduler, random: Random, journal: Journal) -> None:
        """Nothing has happened; ``live`` starts it."""
        self._cloud = cloud
        self._scheduler = scheduler
        self._random = random
        self._journal = journal
        self.faults: FaultProfile = CALM
        self.answered: Callable[[VehicleId, bytes], None] = lambda _vehicle_id, _payload: None

    def arrive(self, vehicle_id: VehicleId, channel: str, payload: bytes) -> None:
        """The broker hands a frame to one of the workers that are up; with none it is lost. Challenges go to who asked for them."""
        if channel == CHALLENGE:
            self.answered(vehicle_id, payload)
            return
        up = [worker for worker in self._cloud.workers if worker.up]
        if not up:
            self._journal.note(self._scheduler.now_ms, "no_worker", channel)
            return
        worker = up[0] if len(up) == 1 else self._random.choice(up)
        inbox = worker.inboxes.setdefault(channel, [])
        inbox.append((vehicle_id, payload))
        if len(inbox) == 1:
            slow = self.faults.slow_batch and self._random.random() < self.faults.slow_batch
            if slow:
                self._journal.fault(self._scheduler.now_ms, "batch_delayed", worker.name)
            self._scheduler.after(self._random.randint(1_000, 90_000) if slow else 2, self._serve, worker, channel)

    def _serve(self, worker: Worker, channel: str) -> None:
        if not worker.up or worker not in self._cloud.workers:
            return
        inbox = worker.inboxes[channel]
        batch = inbox[:_MAX_BATCH]
        del inbox[:_MAX_BATCH]
        if inbox:
            self._scheduler.after(1, self._serve, worker, channel)
        self._arm(worker)
        self._journal.note(self._scheduler.now_ms, f"{worker.name} {channel}", "batch", len(batch))
        try:
            run(self._cloud.serve(worker, channel, batch))
        except WorkerCrash:
            self._journal.fault(self._scheduler.now_ms, "worker_crash", worker.name)
            self.stop(worker)
        except StoreUnavailable:
            self._journal.note(self._scheduler.now_ms, "store_unavailable", worker.name)
        self._cloud.database.fuse.disarm()

    def _arm(self, worker: Worker) -> None:
        """Let the next transaction break, now and then."""
        faults, random, fuse = self.faults, self._random, self._cloud.database.fuse
        if faults.worker_crash and random.random() < faults.worker_crash:
            if random.random() < 0.5:  # as often before the commit as after it
                fuse.arm_write(random.randint(0, _MOST_WRITES), WorkerCrash)
            else:
                fuse.arm_publication(random.randint(0, 2))
        elif faults.database_away and random.random() < faults.database_away:
            self._journal.fault(self._scheduler.now_ms, "transaction_given_up", worker.name)
            fuse.arm_write(random.randint(0, _MOST_WRITES), StoreUnavailable)

    def stop(self, worker: Worker) -> None:
        """The process is gone; another takes its place in some seconds."""
        worker.up = False
        self._scheduler.after(self._random.randint(100, 20_000), self._start, worker)

    def _start(self, worker: Worker) -> None:
        if worker in self._cloud.workers:
            self._cloud.restart(worker)

    def restart_one(self) -> None:
        """Somebody restarts a worker."""
        worker = self._random.choice(self._cloud.workers)
        if worker.up:
            self._journal.fault(self._scheduler.now_ms, "worker_restart", worker.name)
            self.stop(worker)

    def lose_database(self) -> None:
        """The database is away for up to two minutes."""
        self._cloud.database.away = True
        self._journal.fault(self._scheduler.now_ms, "database_outage", "database")
        self._scheduler.after(self._random.randint(1_000, 120_000), self.find_database)

    def find_database(self) -> None:
        """The database is there again."""
        self._cloud.database.away = False

    def calm(self) -> None:
        """Everything is up, and stays up."""
        self.find_database()
        for worker in [w for w in self._cloud.workers if not w.up]:
            self._cloud.restart(worker)
