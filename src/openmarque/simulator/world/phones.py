"""Phones in the world: offered and removed in the car. What they command is in ``commanding``; former owners' phones go on trying."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from openmarque.governance.memory import tenure_at
from openmarque.kit.errors import CallerError
from openmarque.kit.ids import AccountId, TenureId
from openmarque.link.subjects import down_subject
from openmarque.protocol import commands as c
from openmarque.protocol import signing
from openmarque.protocol.digital_keys import digital_key_mac
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.cloud import Cloud
from openmarque.simulator.world.database import WorkerCrash, WorldDatabase
from openmarque.simulator.world.fault_profile import MINUTE_MS
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.network import Network
from openmarque.simulator.world.scheduler import Scheduler, run
from openmarque.storage.errors import StoreUnavailable

PHONE_MEAN_MS: Final = 10 * MINUTE_MS
_GROUP_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group P-256 (FIPS 186-5): private keys are below it."""

Result = TypeVar("Result")


def account_of(tenure_id: TenureId) -> AccountId:
    """The account of a tenure; each tenure of the world has one of its own."""
    return AccountId(UUID(int=tenure_id.int ^ 1))


@dataclass(frozen=True)
class Street:
    """Where the people of one car stand: the car, the platform that they call, the network, time and chance."""

    car: WorldCar
    cloud: Cloud
    network: Network
    scheduler: Scheduler
    random: Random
    journal: Journal

    def tenure(self) -> TenureId | None:
        """Whose car it is now; None while nobody can tell."""
        database = self.cloud.database
        return None if database.away else run(_tenure_now(database, self.car, self.cloud.clock.now()))

    def attempt(self, call: Callable[[], Result]) -> Result | None:
        """What a use case gives; None where it turns the request away, or the platform breaks at that moment."""
        try:
            return call()
        except (CallerError, StoreUnavailable, WorkerCrash) as error:
            self.journal.note(self.scheduler.now_ms, "request_failed", self.car.name, type(error).__name__)
            return None

    def down(self, kind: str, frame: bytes) -> None:
        """Hand a frame to the broker for the car."""
        self.network.down(down_subject(self.car.vehicle_id, kind), frame)


async def _tenure_now(database: WorldDatabase, car: WorldCar, now: datetime) -> TenureId | None:
    async with database.begin() as tx:
        tenure = tenure_at(tx, car.vehicle_id, now)
    return None if tenure is None else tenure.tenure_id


@dataclass
class WorldPhone:
    """A phone of one tenure, with its key and counter; `frames` are its commands as the platform's key would sign them."""

    tenure_id: TenureId
    key: ec.EllipticCurvePrivateKey
    counter: int = 0
    frames: list[bytes] = field(default_factory=list)

    @property
    def spki(self) -> bytes:
        """The public key as it is sent."""
        return signing.public_bytes(self.key.public_key())

    @property
    def key_id(self) -> str:
        """The id of the key."""
        return signing.key_id(self.key.public_key())

    def sign(self, payload: bytes) -> bytes:
        """A signature that is the same each time (RFC 6979), so that a world repeats itself."""
        return c.der_to_p1363(self.key.sign(c.phone_statement(payload), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))


class PhoneLife:
    """The phones of one car's people, those of former owners too. ``begin`` starts them, ``calm`` ends what they do."""

    def __init__(self, street: Street) -> None:
        """Nobody has a phone yet."""
        self._street = street
        self._phones: dict[TenureId, WorldPhone] = {}
        self._quiet = False

    @property
    def phones(self) -> Sequence[WorldPhone]:
        """Every phone that was ever offered to the car."""
        return tuple(self._phones.values())

    def begin(self) -> None:
        """Plan what they will do."""
        scheduler, random = self._street.scheduler, self._street.random
        scheduler.after(random.randint(5_000, 40_000), self._add)
        scheduler.repeat(PHONE_MEAN_MS, random, self._add)
        scheduler.repeat(6 * PHONE_MEAN_MS, random, self._remove)

    def calm(self) -> None:
        """Nobody adds or removes a phone any more."""
        self._quiet = True

    def _add(self) -> None:
        """Somebody sits in the car with a phone: the screen shows a secret, the phone offers its key."""
        street, car, tenure_id = self._street, self._street.car, self._street.tenure()
        if self._quiet or car.core is None or tenure_id is None or not car.core.can_add_phone:
            return
        phone = self._phones.get(tenure_id)
        if phone is None:
            secret = int.from_bytes(street.random.randbytes(32)) % (_GROUP_ORDER - 1) + 1
            phone = self._phones[tenure_id] = WorldPhone(tenure_id, ec.derive_private_key(secret, ec.SECP256R1()))
        car.step(lambda core, now: core.show_ticket(now))
        core = self._street.car.core  # the step may have killed it
        ticket = None if core is None else core.ticket(car.now())
        if ticket is None:
            return
        mac = digital_key_mac(ticket.secret, car.vehicle_id, phone.spki)
        street.journal.note(street.scheduler.now_ms, "phone_offered", car.name)
        frame = street.attempt(lambda: run(self._offer(phone, mac)))
        if frame is not None:
            street.down("key", frame)

    async def _offer(self, phone: WorldPhone, mac: bytes) -> bytes:
        cloud = self._street.cloud
        async with cloud.database.begin() as tx:
            who = (self._street.car.vehicle_id, phone.tenure_id, account_of(phone.tenure_id))
            _, frame = await cloud.phones.request(tx, who, phone.spki, "phone", mac, cloud.clock.now())
        return frame

    def _remove(self) -> None:
        """Somebody removes a phone on the car's screen."""
        street, core = self._street, self._street.car.core
        if self._quiet or core is None or not core.phones:
            return
        key_id = street.random.choice(core.phones).key_id
        street.journal.note(street.scheduler.now_ms, "phone_removed", street.car.name)
        street.car.step(lambda held, now: held.remove_phone(now, key_id))
