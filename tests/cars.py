"""A car and a platform for tests, without I/O: the real core on a memory store, and a platform made of ``protocol.lanes.receive``."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric import ed25519

from openmarque.brands.pack import load_pack
from openmarque.car.core import CarCore
from openmarque.car.model import Actuation, CarProfile, CertificateMismatch, Channel, Frame, Now, Output, Validity
from openmarque.car.store import CarStore, MemoryCarStore
from openmarque.catalogue.facts import ContractFact, Facts
from openmarque.catalogue.policy import compile_policy, sign_policy
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import to_ms
from openmarque.protocol import signals as vss
from openmarque.protocol import signing
from openmarque.protocol.envelope import (
    PROTOCOL_VERSION,
    Ack,
    Answer,
    Disposition,
    Envelope,
    Lane,
    Trust,
    encode,
    read_envelope,
)
from openmarque.protocol.lanes import LanePosition, acknowledge, receive
from openmarque.protocol.levels import EVERY_LEVEL, Level
from openmarque.protocol.messages import Hello, StatusBody, Welcome
from openmarque.protocol.sensing import Equipment
from openmarque.protocol.signals import Value

START = datetime(2026, 11, 22, 8, tzinfo=UTC)
START_MS = to_ms(START)
VEHICLE = UUID(int=7)
OWNER = UUID(int=70)
NEXT_OWNER = UUID(int=71)
POLICY_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"p" * 32)
POLICY_KEYS = {signing.key_id(POLICY_KEY.public_key()): POLICY_KEY.public_key()}
COMMAND_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"o" * 32)
CAR_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"c" * 32)
CATALOGUE = Catalogue(installed_services(), pack=load_pack())


class TestKeyring:
    """A keyring whose signatures repeat, and whose certificates are words."""

    __test__ = False

    def __init__(self, until_ms: int = START_MS + 90 * 86_400_000) -> None:
        self.validity = Validity(START_MS - 86_400_000, until_ms)
        self.key_id = signing.key_id(CAR_KEY.public_key())
        self.installed: list[bytes] = []
        self.confirmed = 0
        self.drawn = 0

    def sign(self, statement: bytes) -> bytes:
        return signing.sign(CAR_KEY, statement)

    def request(self) -> bytes:
        return b"csr of a fresh key"

    def install(self, chain: bytes) -> None:
        if chain != b"chain for the fresh key":
            raise CertificateMismatch
        self.installed.append(chain)

    def confirm(self) -> None:
        self.confirmed += 1

    def random_bytes(self, size: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_256(f"car {self.drawn}".encode()).digest(size)


def policy(
    version: int = 1,
    *,
    tenure: UUID | None = OWNER,
    issued: datetime = START,
    off: Iterable[str] = (),
    contract_ends: datetime | None = None,
    vehicle: UUID = VEHICLE,
    key: ed25519.Ed25519PrivateKey = POLICY_KEY,
    catalogue: Catalogue = CATALOGUE,
) -> bytes:
    """A signed policy for a car with an activated trial of the plan "connect"."""
    contract = ContractFact(
        frozenset(catalogue.declarations), True, START - timedelta(days=1), contract_ends or START + timedelta(days=365)
    )
    facts = Facts(
        now=issued,
        vehicle_id=vehicle,
        tenure_id=tenure,
        policy_version=version,
        capabilities=frozenset({"telematics"}),
        contracts=(contract,),
        switched_off_in_app=frozenset(off),
    )
    return sign_policy(compile_policy(catalogue.service_declarations(), facts), key)


@dataclass
class Car:
    """A core with its clock. Each act returns what the core published, and adds it to `wire`."""

    store: CarStore = field(default_factory=MemoryCarStore)
    keys: TestKeyring = field(default_factory=TestKeyring)
    ceiling: Level = Level.POSITION
    levels: tuple[Level, ...] = EVERY_LEVEL
    outbox_limit: int = 10_000
    ms: int = START_MS
    trust: Trust = Trust.SYNCED
    wire: list[Frame] = field(default_factory=list)
    steady_ms: int | None = None
    """The steady clock, where a test tells it apart from the other."""
    actions: list[Actuation] = field(default_factory=list)
    trip_starts: list[int] = field(default_factory=list)
    """When each trip of `drives` began."""
    catalogue: Catalogue = CATALOGUE
    boot: str = ""
    """The life of the steady clock."""
    may_fail: bool = False
    """Whether a service may raise."""

    def __post_init__(self) -> None:
        self.power_up()

    def power_up(self) -> None:
        """A fresh core on what the store holds."""
        profile = CarProfile(
            vehicle_id=VEHICLE,
            policy_keys=POLICY_KEYS,
            ceiling=self.ceiling,
            software="test",
            equipment=Equipment(top_speed_kmh=85),
            outbox_limit=self.outbox_limit,
            command_keys={signing.key_id(COMMAND_KEY.public_key()): COMMAND_KEY.public_key()},
            levels=self.levels,
        )
        self.core = CarCore(profile, self.store, self.keys, self.catalogue, self.boot)

    @property
    def now(self) -> Now:
        return Now(self.ms, self.trust, self.steady_ms)

    def wait(self, seconds: float) -> list[Frame]:
        """Let time pass, with a tick at its end."""
        self.ms += round(seconds * 1000)
        if self.steady_ms is not None:
            self.steady_ms += round(seconds * 1000)
        return self.did(self.core.tick(self.now))

    def did(self, output: Output) -> list[Frame]:
        if not self.may_fail:
            for _service, error in output.faults:
                raise error
        self.wire += output.frames
        self.actions += output.actions
        return output.frames

    def connect(self) -> list[Frame]:
        return self.did(self.core.connected(self.now))

    def disconnect(self) -> list[Frame]:
        return self.did(self.core.disconnected(self.now))

    def hears(self, kind: str, payload: bytes) -> list[Frame]:
        return self.did(self.core.received(self.now, kind, payload))

    def senses(self, values: Mapping[str, Value]) -> list[Frame]:
        return self.did(self.core.sensed(self.now, values))

    def set_level(self, level: Level) -> list[Frame]:
        return self.did(self.core.set_level(self.now, level, "head unit"))

    def switch(self, name: str, *, on: bool) -> list[Frame]:
        return self.did(self.core.set_switch(self.now, name, on=on))

    def drives(self, seconds: int = 10, speed_kmh: float = 36.0) -> list[Frame]:
        """A trip at constant speed going north: ignition on, a sample a second, ignition off."""
        frames: list[Frame] = []
        metres = 0
        self.trip_starts.append(self.ms)
        for i in range(seconds + 1):
            place = {vss.LATITUDE: 34.0 + metres / 111_195, vss.LONGITUDE: -6.75}
            sample: dict[str, Value] = {
                vss.SPEED: speed_kmh,
                vss.STATE_OF_CHARGE: 80.0 - i / 100,
                vss.ODOMETER: metres,
                **place,
            }
            if i == 0:
                sample[vss.IGNITION] = "ON"
            frames += self.senses(sample)
            if i < seconds:
                self.ms += 1000
                metres += round(speed_kmh / 3.6)
        return frames + self.senses({vss.IGNITION: "OFF"})


def gives_epoch(
    epoch: int,
    asked: int,
    watermarks: dict[str, int],
    now_ms: int,
    more: tuple[bytes, tuple[str, ...]] = (b"", ()),
    protocol: int = PROTOCOL_VERSION,
    vehicle: UUID = VEHICLE,
) -> Welcome:
    """An answer to the greeting that asked so, with the platform's signature; `more` is the policy, and what the platform ignores."""
    signature = signing.sign(POLICY_KEY, signing.epoch_statement(vehicle, epoch, asked))
    key_id = signing.key_id(POLICY_KEY.public_key())
    return Welcome(protocol, epoch, watermarks, now_ms, *more, asked=asked, key_id=key_id, signature=signature)


@dataclass
class Platform:
    """What the other side does, as little as is right: settles lanes by ``receive``, and keeps what it applied."""

    policy: bytes = b""
    epoch: int = 1
    watermarks: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    applied: dict[Lane, list[Envelope]] = field(default_factory=lambda: {lane: [] for lane in Lane})
    refuse: dict[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    protocol: int = PROTOCOL_VERSION
    vehicle: UUID = VEHICLE
    hellos: list[Hello] = field(default_factory=list)

    def takes(self, frame: Frame, now_ms: int = START_MS) -> list[tuple[str, bytes]]:
        """The answer to one frame: (kind, payload) to deliver on ``down/{kind}``."""
        return self.takes_batch([frame], now_ms)

    def takes_batch(self, frames: Iterable[Frame], now_ms: int = START_MS) -> list[tuple[str, bytes]]:
        """The answers to frames that are worked on together."""
        answers: list[tuple[str, bytes]] = []
        by_lane: dict[Lane, list[Envelope]] = {}
        for frame in frames:
            if frame.channel is Channel.HELLO:
                answers.append(("welcome", self.welcome(frame, now_ms)))
            elif frame.channel in (Channel.URGENT, Channel.EVENT, Channel.STATUS):
                by_lane.setdefault(Lane(frame.channel.value), []).append(read_envelope(frame.payload))
        answers += [("ack", encode(self.settle(lane, batch))) for lane, batch in by_lane.items()]
        return answers

    def welcome(self, frame: Frame, now_ms: int) -> bytes:
        hello = msgspec.msgpack.decode(frame.payload, type=Hello)
        self.hellos.append(hello)
        if hello.epoch != self.epoch:
            self.epoch = hello.epoch if hello.epoch > self.epoch else self.epoch + 1
            self.watermarks = dict.fromkeys(Lane, 0)
        marks = {lane.value: mark for lane, mark in self.watermarks.items()}
        return encode(
            gives_epoch(self.epoch, hello.asked, marks, now_ms, (self.policy, self.unknown), self.protocol, self.vehicle)
        )

    def settle(self, lane: Lane, batch: list[Envelope]) -> Ack:
        reception = receive(LanePosition(self.epoch, self.watermarks[lane]), batch)
        self.watermarks[lane] = reception.after.watermark
        answers = list(reception.answered)
        for envelope in reception.apply:
            reason = self.refuse.get(envelope.type, "")
            answers.append(Answer(envelope.seq, Disposition.REFUSED if reason else Disposition.STORED, reason))
            if not reason:
                self.applied[lane].append(envelope)
        return acknowledge(lane, reception.after, answers)

    def types(self, lane: Lane = Lane.EVENT) -> list[str]:
        """The types applied on a lane, in order."""
        return [envelope.type for envelope in self.applied[lane]]

    def bodies(self, kind: str) -> list[msgspec.Struct]:
        """The bodies of the applied messages of a type."""
        every = (e for lane in Lane for e in self.applied[lane])
        return [CATALOGUE.messages.read_body(e.type, e.body) for e in every if e.type == kind]

    def shown(self) -> dict[str, Value]:
        """The newest value of each path that the platform knows."""
        values: dict[str, Value] = {}
        for envelope in self.applied[Lane.STATUS]:
            values.update({path: value for path, (value, _) in status_body(envelope).values.items()})
        return values


def status_body(envelope: Envelope) -> StatusBody:
    """The values of a status message."""
    return msgspec.msgpack.decode(envelope.body, type=StatusBody)


def converse(car: Car, platform: Platform, frames: Iterable[Frame], rounds: int = 10_000) -> None:
    """Deliver `frames`, the answers to them, what the car publishes on those, and so on until both are silent."""
    waiting = list(frames)
    while waiting:
        rounds -= 1
        assert rounds, "the two never come to rest"
        frame = waiting.pop(0)
        for kind, payload in platform.takes(frame, car.ms):
            waiting += car.hears(kind, payload)


def open_link(car: Car, platform: Platform) -> None:
    """Connect, greet, install the policy that the platform has."""
    converse(car, platform, car.connect())


def envelopes(frames: Iterable[Frame]) -> list[Envelope]:
    """The envelopes among `frames`."""
    return [read_envelope(f.payload) for f in frames if f.channel in (Channel.EVENT, Channel.URGENT, Channel.STATUS)]
