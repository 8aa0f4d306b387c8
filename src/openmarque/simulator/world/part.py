"""The world half of a connected service: one manifest. What its people and sensors do, what is watched, what is broken on purpose.

``world.py`` of a service's folder gives ``WORLD = WorldPart(...)``, found and checked by ``simulator.world.installed``. The core of the world brings
what every service has: cars that drive, their network, phones, owners and contracts, levels and switches, clocks, crashes, the platform
with its database. It watches what the declarations promise of any message, value and command. A part adds what only the service knows.

Rules:
    1. A part draws from the ``Random`` that it is given and from nothing else, and keeps what it knows in objects that it makes anew for
       each world: the same seed gives the same world in every process.
    2. What it watches it finds from what sensors said, cars sent and transactions wrote. It shares no code with what it watches.
    3. A function that breaks an invariant raises ``InvariantBroken`` with the invariant's name in kebab case.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, NamedTuple

import msgspec

from openmarque.car.model import Output
from openmarque.kit.ids import VehicleId
from openmarque.kit.lifecycle import Lifecycle
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import ArgumentValue
from openmarque.protocol.signals import Value
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.database import Write
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.parts import PlantedFault
from openmarque.simulator.world.scheduler import Scheduler
from openmarque.simulator.world.seen import Sent
from openmarque.simulator.world.view import View


class Reading(NamedTuple):
    """Sensors are asked at this true instant; `everything` asks also those that do not speak each time."""

    true_ms: int
    is_driving: bool
    everything: bool


Arguments = Mapping[str, ArgumentValue]


class Sensed(NamedTuple):
    """A sample that the car was given: `at_ms` by its own clock, `true_ms` in truth, the level in force then (None: it died of it).

    `kept` says whether the step is in the car's store; one that died before its commit was never taken.
    """

    values: Mapping[str, Value]
    at_ms: int
    true_ms: int
    is_driving: bool
    level: Level | None
    kept: bool


class Silence(NamedTuple):
    """The quiet at the end, in true ms: what was sensed since `lately_ms` met no obstacle, and now it is `now_ms`."""

    lately_ms: int
    now_ms: int


@dataclass(frozen=True)
class CarScene:
    """One car as a service's part meets it. `sense` has sensors say something between two samples; `sense_all` has all of them asked anew.

    `ask` has an owner ask for a remote command, as the app would. All three do nothing while the car is off, or the world has come to rest.
    """

    car: WorldCar
    scheduler: Scheduler
    random: Random
    journal: Journal
    sense: Callable[[Mapping[str, Value]], None]
    sense_all: Callable[[], None]
    ask: Callable[[str, Arguments], None]


@dataclass(frozen=True)
class Hardware:
    """The sensors and actuators of one car that a service's part brings.

    `read` gives what they say of a ``Reading``, by VSS path. `actuators` do what a command of this name says, some moments after the car
    was told to; now and then one is stuck, and nothing happens. What it changed the car has to be told: ``CarScene.sense``.
    """

    read: Callable[[Reading], Mapping[str, Value]] | None = None
    actuators: Mapping[str, Callable[[CarScene, Arguments], None]] = field(default_factory=dict)


@dataclass(frozen=True)
class Watch:
    """What a service's part looks at in one world; each is one function, and it has those that it needs.

    `sensed`: a sample was given to a car. `stepped`: a step of a car ended well. `left`: a numbered message of one of the service's types
    leaves a car. `published`: something left the platform, to this subject. `lost_memory`: a car lost its memory. `tables`: a row of this table was written and committed. `holds`: whether what a message of this type says is stored
    (a number may not be settled before). `mark` and `restored`: a copy of what was seen of the platform's rows, to go back to with a backup.
    `ask`: the final questions about one car, once nothing has gone wrong for long enough; gives what was asked about how often.
    """

    sensed: Callable[[WorldCar, Sensed], None] | None = None
    stepped: Callable[[WorldCar, Output], None] | None = None
    left: Callable[[WorldCar, Sent], None] | None = None
    published: Callable[[str, bytes], None] | None = None
    lost_memory: Callable[[WorldCar], None] | None = None
    tables: Mapping[str, Callable[[Write], None]] = field(default_factory=dict)
    holds: Mapping[str, Callable[[VehicleId, Sent], bool]] = field(default_factory=dict)
    mark: Callable[[], Any] | None = None
    restored: Callable[[Any], None] | None = None
    ask: Callable[[WorldCar, Silence], Mapping[str, int]] | None = None


@dataclass(frozen=True)
class LivedTable:
    """A table whose rows live by a life cycle; `state` reads it of a row."""

    table: str
    life: Lifecycle[Any, Any, Any]
    state: Callable[[Any], StrEnum]


@dataclass(frozen=True)
class WorldPart:
    """What a service adds to the world. `name` is the service's.

    `hardware` is made for each car. `tracked` are paths whose sensors never say the same value twice, neither in one car nor after its
    reset, so that a stored value tells when it was sensed. `actor` plans what people do with one car. `watch` looks at one world.
    Its messages are taken by its manifest for the cloud (``parts.cloud``), on the ports' twins in memory.
    `bodies` draw what somebody may set in a settings document, by kind.
    """

    name: str
    hardware: Callable[[Random], Hardware] | None = None
    tracked: tuple[str, ...] = ()
    actor: Callable[[CarScene], None] | None = None
    watch: Callable[[View], Watch] | None = None
    lives: tuple[LivedTable, ...] = ()
    bodies: Mapping[str, Callable[[Random], msgspec.Struct]] = field(default_factory=dict)
    planted: tuple[PlantedFault, ...] = ()
