"""A car in the world: the real core on a store that survives crashes of the core, with a clock of its own."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openmarque.car.core import CarCore
from openmarque.car.model import Actuation, CarProfile, CertificateMismatch, Now, Output, Validity
from openmarque.car.store import MemoryCarStore
from openmarque.catalogue.register import Catalogue
from openmarque.kit.ids import VehicleId
from openmarque.protocol import signing
from openmarque.protocol.car_part import CarPart
from openmarque.protocol.envelope import Trust
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.network import Network
from openmarque.simulator.world.scheduler import Scheduler

_FOREVER: Final = Validity(0, 2**52)
"""Certificates do not run out in the world: their renewal has its own tests."""
_LEAST_WAIT_MS: Final = 1
_POWER_UP_MS: Final = 3_000
"""From power to the agent's first instruction."""
CRASH_POINTS: Final = ("before_commit", "after_commit")

Input = Callable[[CarCore, Now], Output]


class CarCrash(Exception):
    """The car's process died at this point."""


class WorldKeys:
    """``Keyring`` with one Ed25519 key, whose signatures are the same each time; P-256 draws a random number for each."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Sign with `key`."""
        self._key = key
        self._key_id = signing.key_id(key.public_key())
        self._drawn = 0

    @property
    def key_id(self) -> str:
        """See ``Keyring``."""
        return self._key_id

    @property
    def validity(self) -> Validity:
        """See ``Keyring``."""
        return _FOREVER

    def sign(self, statement: bytes) -> bytes:
        """See ``Keyring``."""
        return signing.sign(self._key, statement)

    def request(self) -> bytes:
        """See ``Keyring``; never called, since the certificate never comes near its end."""
        raise CertificateMismatch("The world renews no certificates.")

    def install(self, chain: bytes) -> None:
        """See ``Keyring``; refuses, since nothing was requested."""
        raise CertificateMismatch(f"Nothing was requested, and {len(chain)} bytes came.")

    def confirm(self) -> None:
        """See ``Keyring``; there is no old certificate to forget."""

    def random_bytes(self, size: int) -> bytes:
        """See ``Keyring``; the same in each run of a seed, and never the same twice in one."""
        self._drawn += 1
        return hashlib.shake_256(f"{self._key_id} {self._drawn}".encode()).digest(size)


class CarWitness(Protocol):
    """Whoever watches what the cars do."""

    def stepped(self, car: "WorldCar", out: Output) -> None:
        """A step of the car ended well with this outcome; nothing was sent yet."""
        ...

    def heard(self, car: "WorldCar", kind: str, payload: bytes) -> None:
        """The car is about to take this frame."""
        ...


@dataclass(frozen=True)
class CarSoftware:
    """What is installed in every car of a world: the catalogue, and the in-car parts of its services."""

    catalogue: Catalogue
    parts: tuple[CarPart[Any], ...]


@dataclass(frozen=True)
class CarParts:
    """What a car is made of; tests put broken parts here, to see the world find them. `services` take the place of installed parts of their names."""

    core: Callable[[CarProfile, MemoryCarStore, WorldKeys, Catalogue, str, tuple[CarPart[Any], ...]], CarCore] = CarCore
    services: Mapping[str, CarPart[Any]] = field(default_factory=dict)


class WorldCar:
    """One car: its core (None while it is down), its store, its clock and its connection."""

    def __init__(
        self,
        name: str,
        profile: CarProfile,
        keys: WorldKeys,
        software: CarSoftware,
        parts: CarParts,
        surroundings: tuple[Scheduler, Network, Journal, CarWitness],
    ) -> None:
        """A new car, off."""
        self.name = name
        self.profile = profile
        self.vehicle_id = VehicleId(profile.vehicle_id)
        self._keys = keys
        self._software = software
        self._make = parts.core
        self._scheduler, self._network, self._journal, self._witness = surroundings
        self.core: CarCore | None = None
        self.store = MemoryCarStore()
        self.offset_ms = 0
        self.trust = Trust.SYNCED
        self.booted_ms = 0
        """When the car's machine was started: from then its steady clock counts."""
        self.has_coverage = True
        self.actuate: Callable[[Actuation], None] = lambda _action: None
        """Has the car do something; the outcome is sensed later."""
        self._online = False
        self._wake_ms: int | None = None
        self._crash_at = ""

    @property
    def online(self) -> bool:
        """Whether the core runs and the transport stands."""
        return self._online

    def now(self) -> Now:
        """The time by the car's clocks; the steady one is right whatever the other says."""
        return Now(self._scheduler.now_ms + self.offset_ms, self.trust, self._scheduler.now_ms - self.booted_ms)

    def set_clock(self, offset_ms: int, trust: Trust) -> None:
        """The wall clock is set so far from the truth, and believed so far."""
        self.offset_ms, self.trust = offset_ms, trust
        self.step(lambda core, now: core.tick(now))

    def start(self) -> None:
        """Power up: a core on what the store holds; it connects when there is coverage."""
        if self.core is None:
            software = self._software
            boot = str(self.booted_ms)
            self.core = self._make(self.profile, self.store, self._keys, software.catalogue, boot, software.parts)
            self.core_seen()
            if self.has_coverage:
                self.connect()
            self._plan_wake()

    def core_seen(self) -> None:
        """Show the core's present state without a step."""
        self._witness.stepped(self, Output())

    def connect(self) -> None:
        """The transport comes up, if the car runs and has none."""
        if self.core is not None and not self._online:
            self._online = True
            self.step(lambda core, now: core.connected(now))

    def disconnect(self) -> None:
        """The transport goes down."""
        if self.core is not None and self._online:
            self._online = False
            self.step(lambda core, now: core.disconnected(now))

    def hear(self, kind: str, payload: bytes) -> None:
        """See ``network.Receiver``."""
        self._witness.heard(self, kind, payload)
        self.step(lambda core, now: core.received(now, kind, payload))

    def crash_next(self, point: str) -> None:
        """Let the next step die at one of ``CRASH_POINTS``."""
        self._crash_at = point

    def step(self, call: Input) -> bool:
        """Give the core one input and send what comes out of it; whether its changes are in the store. No core, no step."""
        if self.core is None:
            return False
        point, self._crash_at = self._crash_at, ""
        if point:
            return self._crash(call, point)
        out = call(self.core, self.now())
        self._witness.stepped(self, out)
        self._send(out)
        for action in out.actions:
            self.actuate(action)
        self._plan_wake()
        return True

    def _crash(self, call: Input, point: str) -> bool:
        """Run the step into its death at `point`: nothing leaves, and the store holds all of it or nothing."""
        assert self.core is not None

        def die(reached: str) -> None:
            if reached == point:
                raise CarCrash

        self.store.fault = die
        committed = True
        try:
            call(self.core, self.now())
        except CarCrash:
            committed = point == CRASH_POINTS[1]
        self.store.fault = lambda _point: None
        self._journal.fault(self._scheduler.now_ms, f"car_crash_{point}", self.name)
        self.stop()
        return committed

    def stop(self) -> None:
        """The process ends: what was only in memory is gone."""
        self.core = None
        self._online = False

    def start_anew(self) -> None:
        """Power up after the power was off: the machine's steady clock begins anew."""
        if self.core is None:
            self.booted_ms = self._scheduler.now_ms - _POWER_UP_MS
            self.start()

    def reset(self) -> None:
        """The store is lost too (a new telematics unit with the old identity)."""
        self.stop()
        self.store = MemoryCarStore()

    def _send(self, out: Output) -> None:
        if self._online:
            for frame in out.frames:
                self._network.up(self.vehicle_id, self.name, str(frame.channel), frame.payload)

    def _plan_wake(self) -> None:
        """Call ``tick`` when the core asks for it; one call is planned at a time."""
        wait_ms = None if self.core is None else self.core.wake_in_ms(self.now())
        if wait_ms is None:
            return
        at_ms = self._scheduler.now_ms + max(wait_ms, _LEAST_WAIT_MS)
        if self._wake_ms is None or at_ms < self._wake_ms:
            self._wake_ms = at_ms
            self._scheduler.after(at_ms - self._scheduler.now_ms, self._wake, at_ms)

    def _wake(self, at_ms: int) -> None:
        if self._wake_ms != at_ms:
            return
        self._wake_ms = None
        if self.core is not None:
            self.step(lambda core, now: core.tick(now))
            self._plan_wake()
