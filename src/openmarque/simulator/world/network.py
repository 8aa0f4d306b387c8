"""The network between cars and platform: frames get lost, come twice, come late, overtake one another. What is online hears."""

from collections.abc import Callable
from random import Random
from typing import Protocol

from openmarque.kit.ids import VehicleId
from openmarque.link.subjects import vehicle_of
from openmarque.simulator.world.fault_profile import CALM, MINUTE_MS, FaultProfile
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.scheduler import Scheduler

_DELAY_MS = 40
"""One way through a mobile network."""
_LATE_MS = (MINUTE_MS, 20 * MINUTE_MS)
"""Frames as old as this still come now and then: through a queue in a modem, or in a broker that was cut off."""


class Receiver(Protocol):
    """A car as the network sees it."""

    name: str
    vehicle_id: VehicleId

    @property
    def online(self) -> bool:
        """Whether a frame that arrives now is heard."""
        ...

    def hear(self, kind: str, payload: bytes) -> None:
        """A frame arrives."""
        ...


class Network:
    """Both directions. `up` is called for each frame of a car, `down` for each publication of the platform."""

    def __init__(self, scheduler: Scheduler, random: Random, journal: Journal) -> None:
        """Nobody is connected; ``join`` and ``join_platform`` make the ends known."""
        self._scheduler = scheduler
        self._random = random
        self._journal = journal
        self._cars: dict[VehicleId, Receiver] = {}
        self._platform: Callable[[VehicleId, str, bytes], None] | None = None
        self.faults: FaultProfile = CALM

    def join(self, car: Receiver) -> None:
        """Make a car known."""
        self._cars[car.vehicle_id] = car

    def join_platform(self, arrive: Callable[[VehicleId, str, bytes], None]) -> None:
        """Hand what cars send to `arrive`."""
        self._platform = arrive

    def up(self, vehicle_id: VehicleId, name: str, channel: str, payload: bytes) -> None:
        """A car sends."""
        assert self._platform is not None
        self._carry(f"{name} {channel} up", self._platform, vehicle_id, channel, payload)

    def down(self, subject: str, payload: bytes) -> None:
        """The platform publishes; what is not for a car (live updates) ends here."""
        if subject.startswith("v."):
            car = self._cars[vehicle_of(subject)]
            kind = subject.rpartition(".")[2]
            self._carry(f"{car.name} {kind} down", self._hear, car, kind, payload)

    def _hear(self, car: Receiver, kind: str, payload: bytes) -> None:
        if car.online:
            car.hear(kind, payload)

    def _carry(self, what: str, deliver: Callable[..., None], *frame: object) -> None:
        faults, random, at_ms = self.faults, self._random, self._scheduler.now_ms
        if faults.lost and random.random() < faults.lost:
            self._journal.fault(at_ms, "frame_lost", what)
            return
        copies = 1
        if faults.repeated and random.random() < faults.repeated:
            self._journal.fault(at_ms, "frame_repeated", what)
            copies = 2
        for _ in range(copies):
            wait_ms = _DELAY_MS + (random.randrange(faults.jitter_ms) if faults.jitter_ms else 0)
            if faults.late and random.random() < faults.late:
                self._journal.fault(at_ms, "frame_late", what)
                wait_ms += random.randrange(random.choice(_LATE_MS))
            self._scheduler.after(wait_ms, deliver, *frame)
