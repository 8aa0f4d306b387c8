"""One world from one seed: one to three cars and their people, a network, a platform, faults; and those who watch.

A world has three parts: days in which anything may go wrong, a calm in which nothing does, and the final questions: is everything
settled, does the platform hold what the cars hold, and what each service asks besides?
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmarque.car.model import CarProfile
from openmarque.domains.commands.memory import DIGITAL_KEY, VEHICLE_COMMAND
from openmarque.domains.commands.states import COMMAND_LIFE, DIGITAL_KEY_LIFE
from openmarque.domains.documents.memory import SETTINGS_DOCUMENT
from openmarque.domains.documents.states import DOCUMENT_LIFE
from openmarque.kit.clock import to_ms
from openmarque.protocol import signing
from openmarque.protocol.levels import EVERY_LEVEL, Level
from openmarque.simulator.world.car import CarSoftware, WorldCar, WorldKeys
from openmarque.simulator.world.car_watch import CarWatch
from openmarque.simulator.world.cloud import Cloud, CloudLife
from openmarque.simulator.world.cloud_watch import CloudWatch
from openmarque.simulator.world.command_watch import CommandWatch
from openmarque.simulator.world.commanding import CommandLife
from openmarque.simulator.world.database import Tables
from openmarque.simulator.world.document_watch import DocumentWatch, watch_documents
from openmarque.simulator.world.driver import TRACKED
from openmarque.simulator.world.fault_profile import CALM, MINUTE_MS, FaultProfile, draw
from openmarque.simulator.world.installed import Installed, package_installed
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.life import CarLife, switches_of
from openmarque.simulator.world.network import Network
from openmarque.simulator.world.outcome import LATELY_MS, ask_settled
from openmarque.simulator.world.owners import Owners
from openmarque.simulator.world.part import LivedTable, Silence
from openmarque.simulator.world.parts import Parts
from openmarque.simulator.world.phones import PhoneLife, Street
from openmarque.simulator.world.scheduler import Scheduler
from openmarque.simulator.world.settings import SettingLife
from openmarque.simulator.world.timers import Timers
from openmarque.simulator.world.view import View
from openmarque.simulator.world.wake_watch import recorded, watch_wakes
from openmarque.simulator.world.watches import Watches

START: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
DEFAULT_STEPS: Final = 2_000
"""Enough for some hours of three cars; more seeds find more than longer worlds."""
_CALM_MS: Final = 10 * MINUTE_MS
"""Longer than any wait between two repeats (a minute), than the delay of any frame (20 minutes at most, of which the half is spent
before) matters to a lane that goes on."""
_TWO_LEVELS: Final = 0.25
"""Share of the cars in which there is nothing to choose between private and the most that they share. REQ PRV-1."""
_SILENT_MS: Final = 15 * MINUTE_MS
_LIVES: Final = (
    LivedTable(VEHICLE_COMMAND, COMMAND_LIFE, attrgetter("state")),
    LivedTable(DIGITAL_KEY, DIGITAL_KEY_LIFE, attrgetter("state")),
    LivedTable(SETTINGS_DOCUMENT, DOCUMENT_LIFE, attrgetter("state")),
)
"""What lives by a life cycle in every world; services add theirs."""


class People(NamedTuple):
    """What the people of one car do: with their phones, by commands, by settings."""

    phones: PhoneLife
    commanding: CommandLife
    settings: SettingLife


class World:
    """One world. ``run`` goes through it once; raises ``InvariantBroken`` where it breaks."""

    def __init__(
        self,
        seed: int,
        steps: int = DEFAULT_STEPS,
        parts: Parts | None = None,
        faults: FaultProfile | None = None,
        installed: Installed | None = None,
        start: datetime = START,
    ) -> None:
        """Everything follows from `seed`; `steps` bounds the rough part; `faults` replaces the profile that is drawn.

        `installed` are the services that it runs, those of the package unless said otherwise. `start` is its first instant.
        """
        parts = parts or Parts()
        self._installed = installed or package_installed()
        self._seed = seed
        self.random = Random(seed)
        self.faults = draw(self.random)
        if faults is not None:
            self.faults = faults
        self.journal = Journal()
        self.scheduler = Scheduler(to_ms(start))
        self._steps = steps
        self._network = Network(self.scheduler, self.random, self.journal)
        catalogue = self._installed.catalogue
        key = self._key()
        people = Random(f"people {seed}")  # of their own, so that what else happens to a seed does not hang on them
        command_key = Ed25519PrivateKey.from_private_bytes(people.randbytes(32))
        world_parts = self._installed.world
        self._view = View(self.scheduler, catalogue, self._installed.pack)
        in_car = [parts.car.services.get(part.name, part) for part in self._installed.car]
        self._software = CarSoftware(self._installed.in_car, tuple(map(recorded, in_car)))
        wakes = watch_wakes(self._view, tuple(part.name for part in in_car if part.wake))
        self._documents = DocumentWatch(self._view)
        self._watches = Watches(
            [wakes, watch_documents(self._documents), *(part.watch(self._view) for part in world_parts if part.watch)]
        )
        tracked = (*TRACKED, *(path for part in world_parts for path in part.tracked))
        self.car_watch = CarWatch(self._view, self.journal, self._watches, tracked)
        lives = (*_LIVES, *(lived for part in world_parts for lived in part.lives))
        self.cloud_watch = CloudWatch(self._view, self._watches, lives)
        database = parts.cloud.database(self._network.down, self.cloud_watch)
        self.cloud = Cloud(parts.cloud, database, (catalogue, self._installed.pack), (key, command_key), self.scheduler)
        self.cloud_life = CloudLife(self.cloud, self.scheduler, self.random, self.journal)
        switches = switches_of(catalogue)
        self.owners = Owners(self.cloud, switches, (self.scheduler, self.random, self.journal, self.cloud_watch))
        self._network.join_platform(self.cloud_life.arrive)
        self.lives = [self._life(f"car{n}", parts, switches, (key, command_key)) for n in range(self.random.choice((1, 2, 3)))]
        self._people = {life.car.vehicle_id: self._people_of(life, people) for life in self.lives}
        self.cloud_life.answered = lambda vehicle_id, payload: self._people[vehicle_id].commanding.answered(payload)
        self._backup: tuple[Tables, Any] | None = None
        self.asked: Counter[str] = Counter()
        """What the final questions were asked of; filled at the end."""

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32))

    def _life(
        self, name: str, parts: Parts, switches: tuple[str, ...], platform_keys: tuple[Ed25519PrivateKey, Ed25519PrivateKey]
    ) -> CarLife:
        random = Random(self.random.getrandbits(64))
        vehicle_id = UUID(int=random.getrandbits(128), version=4)
        own_key = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
        policy_keys, command_keys = ({signing.key_id(k.public_key()): k.public_key()} for k in platform_keys)
        ceiling = random.choice((Level.POSITION, Level.POSITION, Level.POSITION, Level.DATA))
        levels = (Level.PRIVATE, ceiling) if random.random() < _TWO_LEVELS else EVERY_LEVEL
        profile = CarProfile(vehicle_id, policy_keys, ceiling, command_keys=command_keys, levels=levels)
        keys = WorldKeys(own_key)
        surroundings = self.scheduler, self._network, self.journal, self.car_watch
        car = WorldCar(name, profile, keys, self._software, parts.car, surroundings)
        self.car_watch.add(car)
        self._network.join(car)
        self.owners.provision(car.vehicle_id, ceiling, {keys.key_id: signing.public_bytes(own_key.public_key())})
        return CarLife(car, switches, (self.scheduler, random, self.journal, self.car_watch))

    def _people_of(self, life: CarLife, people: Random) -> People:
        own, setting = Random(people.getrandbits(64)), Random(f"settings {self._seed} {life.car.name}")
        street = Street(life.car, self.cloud, self._network, self.scheduler, own, self.journal)
        phones = PhoneLife(street)
        specs = {name: spec for name, (_, spec) in self._installed.catalogue.commands().items()}
        commanding = CommandLife(street, phones, specs, self.car_watch.remote_commands, life.set_back)
        bodies = {kind: draw for part in self._installed.world for kind, draw in part.bodies.items()}
        frames = self._documents.frames[life.car.vehicle_id]
        return People(phones, commanding, SettingLife(replace(street, random=setting), bodies, self._documents, frames))

    def run(self) -> None:
        """Go through the rough part, the calm, and the final questions."""
        self._begin()
        while self.scheduler.steps < self._steps:
            self.scheduler.run_one()
        self._calm()
        self.scheduler.run_for(_CALM_MS)
        for life in self.lives:
            life.fall_silent()
        silent_since_ms = self.scheduler.now_ms
        self.scheduler.run_for(_SILENT_MS)
        silence = Silence(silent_since_ms - LATELY_MS, self.scheduler.now_ms)
        for life in self.lives:
            ask_settled(self._view, life.car)
            self.asked += self._watches.ask(life.car, silence)
        CommandWatch.ask(self.cloud.database.tables)

    def _begin(self) -> None:
        faults = self.faults
        self._network.faults = self.cloud_life.faults = faults
        self.owners.begin(faults)
        for life in self.lives:
            people = self._people[life.car.vehicle_id]
            # Each service's part has chance of its own, so that one more service changes nothing in the lives of the others.
            parts = [(part, Random(f"{part.name} {self._seed} {life.car.name}")) for part in self._installed.world]
            life.furnish(parts, people.commanding.ask)
            life.begin(faults)
            people.phones.begin()
            people.commanding.begin()
            people.settings.begin()
        Timers(self.cloud, self.scheduler).look()
        repeat = self.scheduler.repeat
        repeat(faults.worker_restart_ms, self.random, self.cloud_life.restart_one)
        repeat(faults.database_outage_ms, self.random, self.cloud_life.lose_database)
        repeat(faults.restore_ms // 2, self.random, self._back_up)
        repeat(faults.restore_ms, self.random, self._restore)

    def _back_up(self) -> None:
        self.journal.note(self.scheduler.now_ms, "backup", "database")
        self._backup = self.cloud.database.backup(), self.cloud_watch.mark()

    def _restore(self) -> None:
        """Put the last backup back: what came since is gone, and nothing that is promised may suffer but that."""
        if self._backup is None:
            return
        tables, mark = self._backup
        self.journal.fault(self.scheduler.now_ms, "backup_restored", "database")
        self.cloud.database.restore(tables)
        self.cloud_watch.restored(mark)
        for worker in self.cloud.workers:
            if worker.up:
                self.cloud_life.stop(worker)
        for life in self.lives:  # the broker's connections are cut with everything else
            life.car.disconnect()
            life.car.connect()

    def _calm(self) -> None:
        self.scheduler.end_repeats()
        self.journal.note(self.scheduler.now_ms, "calm", "world")
        self._network.faults = self.cloud_life.faults = CALM
        self.cloud_life.calm()
        for life in self.lives:
            people = self._people[life.car.vehicle_id]
            people.phones.calm()
            people.commanding.calm()
            people.settings.calm()
            life.calm()
