"""Locks in the deterministic world: people lock, unlock and open doors by hand, and the car does so on commands. REQ RC-1, RC-5.

Invariants here (names as reported):
    unlocked-while-moving  the car does not unlock unless its sensors say that it stands
    locked-with-open-door  nor lock while they say that a door or the boot is open
    done-without-locks     it says that a command is done only when every lock of which it knows shows it
"""

from dataclasses import replace
from random import Random
from typing import Final

from openmarque.car.model import NoticeCode, Output
from openmarque.protocol import signals as vss
from openmarque.protocol.car_part import CarCommand, Stateless
from openmarque.protocol.sensing import Command, Sample, Step
from openmarque.protocol.signals import Value
from openmarque.services.lock.car import CAR, begin, outcome
from openmarque.services.lock.declaration import SERVICE
from openmarque.services.lock.rules import LOCK, UNLOCK
from openmarque.simulator.world.car import CarParts, WorldCar
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.part import Arguments, CarScene, Hardware, Reading, Watch, WorldPart
from openmarque.simulator.world.parts import Parts, PlantedFault
from openmarque.simulator.world.view import View

_BY_HAND: Final = 0.1
"""Share of the readings while parked at which somebody was at a door meanwhile."""
_SPOKEN: Final = 0.3
_LOCKS: Final = (*vss.DOORS_LOCKED, vss.TRUNK_LOCKED)
_OPENINGS: Final = (*vss.DOORS_OPEN, vss.TRUNK_OPEN)
_STILL_KMH: Final = 1.0


class Doors:
    """The driver's door and the locks of one car, as they really are."""

    def __init__(self, random: Random) -> None:
        """Closed and locked."""
        self._random = random
        self._locked = True
        self._open = False

    def read(self, reading: Reading) -> dict[str, Value]:
        """What the doors say; somebody may have been at them."""
        if reading.is_driving:
            self._open = False
        elif self._random.random() < _BY_HAND:
            self._open = self._random.random() < 0.3
            self._locked = not self._open and self._random.random() < 0.8
        return self._say() if reading.everything or self._random.random() < _SPOKEN else {}

    def lock(self, scene: CarScene, _arguments: Arguments) -> None:
        """Everything that is closed locks."""
        self._locked = not self._open
        scene.sense(self._say())

    def unlock(self, scene: CarScene, _arguments: Arguments) -> None:
        """Everything unlocks."""
        self._locked = False
        scene.sense(self._say())

    def _say(self) -> dict[str, Value]:
        values: dict[str, Value] = dict.fromkeys(_LOCKS, self._locked)
        return values | {vss.DOORS_OPEN[0]: self._open}


def hardware(random: Random) -> Hardware:
    """The doors of one car, with the motors of their locks."""
    doors = Doors(random)
    return Hardware(doors.read, {LOCK: doors.lock, UNLOCK: doors.unlock})


def watch(view: View) -> Watch:
    """What is looked at in one world."""

    def stepped(car: WorldCar, out: Output) -> None:
        said = view.cars[car.vehicle_id].said
        for action in out.actions:
            speed = said(vss.SPEED)
            if action.command == UNLOCK and isinstance(speed, (int, float)) and abs(speed) >= _STILL_KMH:
                raise InvariantBroken("unlocked-while-moving", f"{car.name} at {speed} km/h")
            if action.command == LOCK and any(said(path) is True for path in _OPENINGS):
                raise InvariantBroken("locked-with-open-door", car.name)
        for notice in out.notices:
            command = notice.facts.get("command")
            if notice.code is NoticeCode.COMMAND_DONE and command in (LOCK, UNLOCK):
                paths = _LOCKS if command == LOCK else vss.DOORS_LOCKED
                known = [value for path in paths if (value := said(path)) is not None]
                if not known or any(value is not (command == LOCK) for value in known):
                    raise InvariantBroken("done-without-locks", f"{car.name} {command}: {known}")

    return Watch(stepped=stepped)


# Planted faults


def begins_anyway(state: Stateless, command: Command, _sample: Sample) -> Step[Stateless]:
    """Whatever the doors and the wheels say."""
    return Step(state, actions=(command.action,))


def _in_car(command: CarCommand[Stateless]) -> Parts:
    return Parts(car=CarParts(services={SERVICE.name: replace(CAR, commands=dict.fromkeys(CAR.commands, command))}))


WORLD: Final = WorldPart(
    SERVICE.name,
    hardware=hardware,
    watch=watch,
    planted=(
        PlantedFault(
            "locks and unlocks whatever the sensors say",
            _in_car(CarCommand(begins_anyway, outcome)),
            frozenset({"unlocked-while-moving", "locked-with-open-door"}),
            seed=0,
        ),
        PlantedFault(
            "calls a lock done that has only begun", _in_car(CarCommand(begin)), frozenset({"done-without-locks"}), seed=0
        ),
    ),
)
