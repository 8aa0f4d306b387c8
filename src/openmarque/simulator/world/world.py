"""One world from one seed: two or three cars and their people, a network, a platform, faults; and those who watch.

A world has three parts: days in which anything may go wrong, a calm in which nothing does, and the final questions: is everything
settled, does the platform hold what the cars hold, has each trip arrived that had no reason not to?
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmarque.brands.pack import load_pack
from openmarque.car.model import CarProfile
from openmarque.catalogue.register import Catalogue
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import VehicleId
from openmarque.protocol import signing
from openmarque.protocol.levels import EVERY_LEVEL, Level
from openmarque.services.lock.declaration import SERVICE as LOCK_SERVICE
from openmarque.services.status.declaration import SERVICE as STATUS_SERVICE
from openmarque.services.trips.declaration import SERVICE as TRIPS_SERVICE
from openmarque.simulator.world.car import CarParts, WorldCar, WorldKeys
from openmarque.simulator.world.car_watch import CarWatch
from openmarque.simulator.world.cloud import Cloud, CloudLife, CloudParts
from openmarque.simulator.world.cloud_watch import CloudWatch
from openmarque.simulator.world.command_watch import CommandWatch
from openmarque.simulator.world.database import Tables
from openmarque.simulator.world.fault_profile import CALM, MINUTE_MS, FaultProfile, draw
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.life import CarLife
from openmarque.simulator.world.network import Network
from openmarque.simulator.world.outcome import Ending
from openmarque.simulator.world.owners import Owners
from openmarque.simulator.world.phones import CommandClock, PhoneLife
from openmarque.simulator.world.scheduler import Scheduler
from openmarque.simulator.world.seen import Committed

START: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
DEFAULT_STEPS: Final = 2_000
"""Enough for some hours of three cars; more seeds find more than longer worlds."""
_CALM_MS: Final = 10 * MINUTE_MS
"""Longer than any wait between two repeats (a minute), than the delay of any frame (20 minutes at most, of which the half is spent
before) matters to a lane that goes on."""
_TWO_LEVELS: Final = 0.25
"""Share of the cars in which there is nothing to choose between private and the most that they share. REQ PRV-1."""
_SILENT_MS: Final = 15 * MINUTE_MS


@dataclass(frozen=True)
class Parts:
    """What a world is made of; tests plant faults here."""

    cloud: CloudParts = field(default_factory=CloudParts)
    car: CarParts = field(default_factory=CarParts)


@cache
def world_catalogue() -> Catalogue:
    """The services of this package, as the sample brand keeps data: a world does not depend on what else is installed."""
    return Catalogue((LOCK_SERVICE, STATUS_SERVICE, TRIPS_SERVICE), pack=load_pack())


class World:
    """One world. ``run`` goes through it once; raises ``InvariantBroken`` where it breaks."""

    def __init__(
        self, seed: int, steps: int = DEFAULT_STEPS, parts: Parts | None = None, faults: FaultProfile | None = None
    ) -> None:
        """Everything follows from `seed`; `steps` bounds the rough part; `weather` replaces the one drawn."""
        parts = parts or Parts()
        self.random = Random(seed)
        self.faults = draw(self.random)
        if faults is not None:
            self.faults = faults
        self.journal = Journal()
        self.scheduler = Scheduler(to_ms(START))
        self._steps = steps
        self._network = Network(self.scheduler, self.random, self.journal)
        catalogue = world_catalogue()
        key = self._key()
        people = Random(f"people {seed}")  # of their own, so that what else happens to a seed does not hang on them
        command_key = Ed25519PrivateKey.from_private_bytes(people.randbytes(32))
        self.car_watch = CarWatch(self.scheduler, self.journal, catalogue.messages)
        self.cloud_watch = CloudWatch(self.scheduler, self.car_watch.cars, catalogue.declarations)
        database = parts.cloud.database(self._network.down, self.cloud_watch)
        self.cloud = Cloud(parts.cloud, database, catalogue, (key, command_key), self.scheduler)
        self.cloud_life = CloudLife(self.cloud, self.scheduler, self.random, self.journal)
        self.owners = Owners(self.cloud, self.scheduler, self.random, self.journal, self.cloud_watch)
        self._network.join_platform(self.cloud_life.arrive)
        self.lives = [
            self._life(f"car{n}", catalogue, parts.car, (key, command_key)) for n in range(self.random.choice((1, 2, 3)))
        ]
        self.phones = {life.car.vehicle_id: self._phones(life, people) for life in self.lives}
        self.cloud_life.answered = lambda vehicle_id, payload: self.phones[vehicle_id].answered(payload)
        self._backup: tuple[Tables, Mapping[VehicleId, Committed]] | None = None
        self.asked: Counter[str] = Counter()
        """What the final questions were asked of; filled at the end."""

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.random.randbytes(32))

    def _life(
        self, name: str, catalogue: Catalogue, parts: CarParts, platform_keys: tuple[Ed25519PrivateKey, Ed25519PrivateKey]
    ) -> CarLife:
        random = Random(self.random.getrandbits(64))
        vehicle_id = UUID(int=random.getrandbits(128), version=4)
        own_key = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
        policy_keys, command_keys = ({signing.key_id(k.public_key()): k.public_key()} for k in platform_keys)
        ceiling = random.choice((Level.POSITION, Level.POSITION, Level.POSITION, Level.DATA))
        levels = (Level.PRIVATE, ceiling) if random.random() < _TWO_LEVELS else EVERY_LEVEL
        profile = CarProfile(vehicle_id, policy_keys, ceiling, command_keys=command_keys, levels=levels)
        keys = WorldKeys(own_key)
        car = WorldCar(name, profile, keys, catalogue, parts, (self.scheduler, self._network, self.journal, self.car_watch))
        self.car_watch.add(car)
        self._network.join(car)
        self.owners.provision(car.vehicle_id, ceiling, {keys.key_id: signing.public_bytes(own_key.public_key())})
        return CarLife(car, self.scheduler, random, self.journal, self.car_watch)

    def _phones(self, life: CarLife, people: Random) -> PhoneLife:
        own = Random(people.getrandbits(64))
        surroundings = self.scheduler, own, self.journal, self.car_watch.remote_commands
        return PhoneLife(life.car, self.cloud, self._network, surroundings, life.set_back)

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
        ending = Ending(
            self.cloud.database.tables, self.cloud_watch, self.car_watch.cars, (silent_since_ms, self.scheduler.now_ms)
        )
        for life in self.lives:
            ending.ask(life.car)
        CommandWatch.ask(self.cloud.database.tables)
        self.asked = Counter(trips=ending.trips, places=ending.places)

    def _begin(self) -> None:
        faults = self.faults
        self._network.faults = self.cloud_life.faults = faults
        self.owners.begin(faults)
        for life in self.lives:
            life.begin(faults)
            self.phones[life.car.vehicle_id].begin()
        CommandClock(self.cloud, self.scheduler).look()
        repeat = self.scheduler.repeat
        repeat(faults.worker_restart_ms, self.random, self.cloud_life.restart_one)
        repeat(faults.database_outage_ms, self.random, self.cloud_life.lose_database)
        repeat(faults.restore_ms // 2, self.random, self._back_up)
        repeat(faults.restore_ms, self.random, self._restore)

    def _back_up(self) -> None:
        self.journal.note(self.scheduler.now_ms, "backup", "database")
        self._backup = self.cloud.database.backup(), self.cloud_watch.marks()

    def _restore(self) -> None:
        """Put the last backup back: what came since is gone, and nothing that is promised may suffer but that."""
        if self._backup is None:
            return
        tables, marks = self._backup
        self.journal.fault(self.scheduler.now_ms, "backup_restored", "database")
        self.cloud.database.restore(tables)
        self.cloud_watch.restored(marks)
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
        for people in self.phones.values():
            people.calm()
        for life in self.lives:
            life.calm()
