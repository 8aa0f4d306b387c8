"""The watches of all services of one world, asked together. See ``part.Watch``."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from openmarque.car.model import Output
from openmarque.kit.ids import VehicleId
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.database import Write
from openmarque.simulator.world.part import Sensed, Silence, Watch
from openmarque.simulator.world.seen import Sent


class Watches:
    """What the core's observers hand on to the services' own."""

    def __init__(self, watches: Iterable[Watch]) -> None:
        """Every table may be looked at by several; a message type belongs to one service."""
        self._all = tuple(watches)
        self._sensed = [watch.sensed for watch in self._all if watch.sensed]
        self._stepped = [watch.stepped for watch in self._all if watch.stepped]
        self._left = [watch.left for watch in self._all if watch.left]
        self._published = [watch.published for watch in self._all if watch.published]
        self._lost_memory = [watch.lost_memory for watch in self._all if watch.lost_memory]
        self._holds = {name: holds for watch in self._all for name, holds in watch.holds.items()}

    def sensed(self, car: WorldCar, sensed: Sensed) -> None:
        """A sample was given to a car."""
        for look in self._sensed:
            look(car, sensed)

    def stepped(self, car: WorldCar, out: Output) -> None:
        """A step of a car ended well."""
        for look in self._stepped:
            look(car, out)

    def left(self, car: WorldCar, sent: Sent) -> None:
        """A numbered message leaves a car."""
        for look in self._left:
            look(car, sent)

    def published(self, subject: str, payload: bytes) -> None:
        """Something left the platform."""
        for look in self._published:
            look(subject, payload)

    def lost_memory(self, car: WorldCar) -> None:
        """A car lost its memory."""
        for look in self._lost_memory:
            look(car)

    def written(self, write: Write) -> None:
        """A row was written and committed."""
        for watch in self._all:
            look = watch.tables.get(write.table)
            if look is not None:
                look(write)

    def holds(self, vehicle_id: VehicleId, sent: Sent) -> bool:
        """Whether what this message says is stored; true of types that nobody watches."""
        holds = self._holds.get(sent.type)
        return holds is None or holds(vehicle_id, sent)

    def mark(self) -> list[Any]:
        """What was seen of the platform's rows, to go back to."""
        return [watch.mark() if watch.mark else None for watch in self._all]

    def restored(self, marks: list[Any]) -> None:
        """The platform went back to a backup that was made at `marks`."""
        for watch, mark in zip(self._all, marks, strict=True):
            if watch.restored:
                watch.restored(mark)

    def ask(self, car: WorldCar, silence: Silence) -> Counter[str]:
        """Every final question about one car; gives how many were asked about what."""
        asked = Counter[str]()
        for watch in self._all:
            if watch.ask:
                asked.update(watch.ask(car, silence))
        return asked
