"""Phones in the world: added in the car, they command through the platform's real use cases; former owners' phones go on trying.

A phone behaves as the owner's app does: it asks for a challenge, signs with its own time since it asked, and waits. Now and then somebody
at the platform misuses its key: he sends the car a remote command again, keeps one back until its time is over and has the car's wall clock put
back, or signs for a phone that is not the owner's any more; and somebody at the broker forges greetings.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final, Protocol
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from openmarque.car.digital_keys import Ticket
from openmarque.domains.commands.memory import COMMAND_TIMER
from openmarque.domains.commands.reasons import CAR_OFFLINE
from openmarque.domains.commands.requests import Asked, Signed
from openmarque.domains.commands.service import RemoteCommands
from openmarque.governance.memory import tenure_at
from openmarque.kit.errors import CallerError
from openmarque.kit.ids import AccountId, TenureId
from openmarque.link.subjects import down_subject
from openmarque.protocol import commands as o
from openmarque.protocol import signing
from openmarque.protocol.digital_keys import digital_key_mac
from openmarque.protocol.envelope import PROTOCOL_VERSION, encode
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import Hello, Welcome
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.cloud import Cloud
from openmarque.simulator.world.database import WorkerCrash, WorldDatabase
from openmarque.simulator.world.fault_profile import MINUTE_MS
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.network import Network
from openmarque.simulator.world.scheduler import Scheduler, run
from openmarque.storage.errors import StoreUnavailable

COMMAND_MEAN_MS: Final = 2 * MINUTE_MS
PHONE_MEAN_MS: Final = 10 * MINUTE_MS
LOOK_MS: Final = MINUTE_MS
"""How often the world's scheduler looks for commands whose time is over; the real one looks four times a second."""
_PRIVATE_ON_THE_WAY: Final = 0.15
"""Share of the commands during whose way to the car its level is made private: the moment at which only the car can refuse."""
_COMMAND: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Remote command of the group P-256 (FIPS 186-5): private keys are below it."""


def account_of(tenure_id: TenureId) -> AccountId:
    """The account of a tenure; each tenure of the world has one of its own."""
    return AccountId(UUID(int=tenure_id.int ^ 1))


@dataclass(frozen=True, slots=True)
class Given:
    """A remote command as a person gave it: by which phone of which tenure, for what, answering which challenge for how long."""

    command_id: str
    tenure_id: TenureId
    key_id: str
    command: str
    counter: int
    challenge: bytes
    valid_ms: int


class CommandWitness(Protocol):
    """Whoever watches that cars do what was commanded and nothing else."""

    def commanded(self, car: WorldCar, given: Given) -> None:
        """A phone signed this command."""
        ...


@dataclass
class WorldPhone:
    """A phone of one tenure, with its key and counter."""

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
        return o.der_to_p1363(self.key.sign(o.phone_statement(payload), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))


class PhoneLife:
    """The people of one car and their phones. ``begin`` starts them, ``calm`` ends what they do."""

    def __init__(
        self,
        car: WorldCar,
        cloud: Cloud,
        network: Network,
        surroundings: tuple[Scheduler, Random, Journal, CommandWitness],
        set_back: Callable[[int], None],
    ) -> None:
        """Nobody has a phone yet. `set_back` puts the car's wall clock back by so many milliseconds, for a moment."""
        self._set_back = set_back
        self._car = car
        self._cloud = cloud
        self._network = network
        self._scheduler, self._random, self._journal, self._witness = surroundings
        self._phones: dict[TenureId, WorldPhone] = {}
        self._asked: dict[int, tuple[WorldPhone, int]] = {}
        self._numbers = 0
        self._quiet = False

    def begin(self) -> None:
        """Plan what they will do."""
        self._scheduler.after(self._random.randint(5_000, 40_000), self._add_phone)
        self._scheduler.repeat(PHONE_MEAN_MS, self._random, self._add_phone)
        self._scheduler.repeat(COMMAND_MEAN_MS, self._random, self._want)
        self._scheduler.repeat(6 * PHONE_MEAN_MS, self._random, self._remove)
        self._scheduler.repeat(5 * MINUTE_MS, self._random, self._misuse)
        self._scheduler.repeat(20 * MINUTE_MS, self._random, self._forge_greeting)

    def calm(self) -> None:
        """Nobody commands any more."""
        self._quiet = True

    # In the car

    def _add_phone(self) -> None:
        """Somebody sits in the car with a phone: the screen shows a secret, the phone offers its key."""
        car, tenure_id = self._car, self._tenure()
        if self._quiet or car.core is None or tenure_id is None or not car.core.can_add_phone:
            return
        phone = self._phones.get(tenure_id)
        if phone is None:
            secret = int.from_bytes(self._random.randbytes(32)) % (_COMMAND - 1) + 1
            phone = self._phones[tenure_id] = WorldPhone(tenure_id, ec.derive_private_key(secret, ec.SECP256R1()))
        car.step(lambda core, now: core.show_ticket(now))
        ticket = self._ticket()
        if ticket is None:
            return
        mac = digital_key_mac(ticket.secret, car.vehicle_id, phone.spki)
        self._journal.note(self._scheduler.now_ms, "phone_offered", car.name)
        frame = self._use(lambda: run(self._offer(phone, mac)))
        if frame is not None:
            self._network.down(down_subject(car.vehicle_id, "key"), frame)

    def _ticket(self) -> Ticket | None:
        core = self._car.core
        return None if core is None else core.ticket(self._car.now())

    async def _offer(self, phone: WorldPhone, mac: bytes) -> bytes:
        async with self._cloud.database.begin() as tx:
            who = (self._car.vehicle_id, phone.tenure_id, account_of(phone.tenure_id))
            _, frame = await self._cloud.phones.request(tx, who, phone.spki, "phone", mac, self._cloud.clock.now())
        return frame

    def _remove(self) -> None:
        """Somebody removes a phone on the car's screen."""
        core = self._car.core
        if self._quiet or core is None or not core.phones:
            return
        key_id = self._random.choice(core.phones).key_id
        self._journal.note(self._scheduler.now_ms, "phone_removed", self._car.name)
        self._car.step(lambda c, now: c.remove_phone(now, key_id))

    # Remote commands

    def _want(self) -> None:
        """Somebody opens the app: it asks for a challenge."""
        if self._quiet or not self._phones:
            return
        phone = self._random.choice(tuple(self._phones.values()))
        self._numbers += 1
        self._asked[self._numbers] = phone, self._scheduler.now_ms
        self._network.down(
            down_subject(self._car.vehicle_id, "challenge"), msgspec.msgpack.encode(o.ChallengeRequest(self._numbers))
        )

    def answered(self, payload: bytes) -> None:
        """A challenge of the car came to the phone; its owner presses the button at once, or reads the page first."""
        answer = msgspec.msgpack.decode(payload, type=o.ChallengeAnswer)
        asked = self._asked.pop(answer.asked, None)
        if asked is not None:
            thinks_ms = self._random.choice((300, 2_000, 60_000, 280_000))
            self._scheduler.after(self._random.randint(1, thinks_ms), self._remote_command, *asked, answer.challenge)

    def _remote_command(self, phone: WorldPhone, asked_ms: int, challenge: bytes) -> None:
        valid_ms = self._scheduler.now_ms - asked_ms + o.COMMAND_MARGIN_MS
        if self._quiet or valid_ms > o.CHALLENGE_LIVES_MS:
            return
        phone.counter += 1
        command_id = UUID(int=self._random.getrandbits(128), version=4)
        given = Given(
            command_id.hex,
            phone.tenure_id,
            phone.key_id,
            self._random.choice(("lock", "unlock")),
            phone.counter,
            challenge,
            valid_ms,
        )
        payload = o.write_payload(
            o.CommandPayload(
                command_id=given.command_id,
                vehicle_id=self._car.vehicle_id.hex,
                command=given.command,
                key_id=given.key_id,
                counter=given.counter,
                challenge=o.b64url(challenge),
                valid_ms=valid_ms,
            )
        )
        signed = Signed(payload, phone.sign(payload))
        self._witness.commanded(self._car, given)
        self._journal.note(self._scheduler.now_ms, "command", self._car.name, given.command)
        phone.frames.append(self._bribed(signed))
        misused = self._random.random()
        if phone.tenure_id != self._tenure():
            self._sends(phone.frames[-1], "command_of_former_owner")
        elif misused < 0.2:
            kept_ms = self._random.randint(1, 4) * valid_ms
            self._scheduler.after(kept_ms, self._sends_late, phone.frames[-1], kept_ms)
        else:
            frame = self._use(lambda: run(self._place(phone, given, signed)))
            if frame is not None and misused > 1 - _PRIVATE_ON_THE_WAY:
                self._turn_private()
            if frame is not None:
                self._network.down(down_subject(self._car.vehicle_id, "command"), frame)

    def _turn_private(self) -> None:
        """A remote command is on its way when somebody in the car chooses private; a little later he takes that back."""
        car = self._car
        if car.core is None or car.core.privacy.level is Level.PRIVATE:
            return
        chosen = car.core.privacy.level
        self._choose(Level.PRIVATE)
        self._scheduler.after(self._random.randint(5_000, MINUTE_MS), self._choose, chosen)

    def _choose(self, level: Level) -> None:
        self._journal.note(self._scheduler.now_ms, "level", self._car.name, int(level))
        self._car.step(lambda core, now: core.set_level(now, level, "head unit"))

    async def _place(self, phone: WorldPhone, given: Given, signed: Signed) -> bytes | None:
        cloud, now = self._cloud, self._cloud.clock.now()
        asked = Asked(
            *(self._car.vehicle_id, phone.tenure_id, account_of(phone.tenure_id), given.command_id, given.command),
            signed=signed,
            code_right=True,
        )
        async with cloud.database.begin() as tx:
            receipt = await cloud.remote_commands.place(tx, asked, now)
        if receipt.frame is not None and not self._car.online:
            async with cloud.database.begin() as tx:
                await cloud.remote_commands.progress.turn_down(tx, receipt.command_id, CAR_OFFLINE, now)
            return None
        return receipt.frame

    def _misuse(self) -> None:
        """Whoever has the platform's key sends the car some command of old again."""
        frames = [frame for phone in self._phones.values() for frame in phone.frames[-5:]]
        if frames:
            self._sends(self._random.choice(frames), "command_replayed")

    def _forge_greeting(self) -> None:
        """Whoever holds the broker answers the car's greeting, or greets in its name, with an epoch of his own."""
        car = self._car
        if self._quiet or car.core is None:
            return
        epoch = car.core.epoch + self._random.choice((1, 1_000, 1_000_000, 2**52))
        self._journal.fault(self._scheduler.now_ms, "greeting_forged", car.name, epoch)
        if self._random.random() < 0.5:
            answer = Welcome(PROTOCOL_VERSION, epoch, {}, self._scheduler.now_ms)
            self._network.down(down_subject(car.vehicle_id, "welcome"), encode(answer))
        else:
            self._network.up(car.vehicle_id, car.name, "hello", encode(Hello((PROTOCOL_VERSION,), epoch, {})))

    def _sends(self, frame: bytes, what: str) -> None:
        if not self._quiet:
            self._journal.fault(self._scheduler.now_ms, what, self._car.name)
            self._network.down(down_subject(self._car.vehicle_id, "command"), frame)

    def _sends_late(self, frame: bytes, kept_ms: int) -> None:
        """A remote command that was kept back comes now; and where clocks go wrong, the car's wall clock says that no time has passed."""
        if not self._quiet:
            self._set_back(kept_ms)
            self._sends(frame, "command_kept_back")

    def _bribed(self, signed: Signed) -> bytes:
        return o.sign_command(
            self._cloud.command_key, self._car.vehicle_id, signed.payload, signed.signature, code_fresh=True, keys_version=0
        )

    # Helpers

    def _tenure(self) -> TenureId | None:
        database = self._cloud.database
        return None if database.away else run(_tenure_now(database, self._car, self._cloud.clock.now()))

    def _use(self, call: Callable[[], bytes | None]) -> bytes | None:
        """What a use case gives; nothing where it turns the request away, or the platform breaks at that moment."""
        try:
            return call()
        except (CallerError, StoreUnavailable, WorkerCrash) as error:
            self._journal.note(self._scheduler.now_ms, "request_failed", self._car.name, type(error).__name__)
            return None


async def _tenure_now(database: WorldDatabase, car: WorldCar, now: datetime) -> TenureId | None:
    async with database.begin() as tx:
        tenure = tenure_at(tx, car.vehicle_id, now)
    return None if tenure is None else tenure.tenure_id


class CommandClock:
    """Ends commands whose time is over, as ``openmarque schedule`` does."""

    def __init__(self, cloud: Cloud, scheduler: Scheduler) -> None:
        """Look from now on."""
        self._cloud = cloud
        self._scheduler = scheduler

    def look(self) -> None:
        """Run what is due, and look again later."""
        self._scheduler.after(LOOK_MS, self.look)
        now = self._cloud.clock.now()
        timers = self._cloud.database.tables.get(COMMAND_TIMER, {})
        for command_id in [key for key, due_at in timers.items() if due_at <= now]:
            try:
                assert isinstance(command_id, UUID)
                run(self._over(self._cloud.remote_commands, command_id, now))
            except (StoreUnavailable, WorkerCrash):
                return

    async def _over(self, remote_commands: RemoteCommands, command_id: UUID, now: datetime) -> None:
        async with self._cloud.database.begin() as tx:
            tx.delete(COMMAND_TIMER, command_id)
            await remote_commands.progress.time_over(tx, command_id, now)
