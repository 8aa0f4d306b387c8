"""Tyres in the deterministic world: they lose pressure and are pumped up, and an owner asks how they are.

Invariants here (names as reported):
    tyre-warning-untrue   a warning that leaves a car says of its wheel what the sensors said at that instant
    tyre-report-untrue    a look at the tyres never finds more low ones than there are, nor more tyres than spoke
"""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Final

from openmarque.protocol.sensing import Sample, Step
from openmarque.protocol.signals import TYRES_LOW, Value
from openmarque.simulator.world.car import CarParts, WorldCar
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.part import Arguments, CarScene, Hardware, Reading, Sensed, Silence, Watch, WorldPart
from openmarque.simulator.world.parts import Parts, PlantedFault
from openmarque.simulator.world.seen import Sent
from openmarque.simulator.world.view import View
from tyre_watch.car import CAR, TyreState
from tyre_watch.declaration import SERVICE
from tyre_watch.messages import CHECK_TYRES, TyreReport, TyreWarning
from tyre_watch.rules import is_of

_SPOKEN: Final = 0.5
_LOSES: Final = 0.02
"""Share of the readings at which a tyre lost pressure, or was pumped up, since the last one."""
_ASKS_MS: Final = 600_000


class Tyres:
    """The tyres of one car, as they really are."""

    def __init__(self, random: Random) -> None:
        """All well."""
        self._random = random
        self._low = dict.fromkeys(TYRES_LOW, False)

    def read(self, reading: Reading) -> dict[str, Value]:
        """What their sensors say."""
        if self._random.random() < _LOSES:
            wheel = self._random.choice(TYRES_LOW)
            self._low[wheel] = not self._low[wheel]
        return dict(self._low) if reading.everything or self._random.random() < _SPOKEN else {}

    def ask(self, scene: CarScene, arguments: Arguments) -> None:
        """The wheels of an axle are asked, and say how they are."""
        scene.sense({path: is_low for path, is_low in self._low.items() if is_of(path, arguments["axle"])})


def hardware(random: Random) -> Hardware:
    """The tyres of one car, and what asks them."""
    tyres = Tyres(random)
    return Hardware(tyres.read, {CHECK_TYRES: tyres.ask})


def act(scene: CarScene) -> None:
    """An owner asks now and then how the tyres are."""

    def ask() -> None:
        scene.ask(CHECK_TYRES, {"axle": scene.random.choice(("both", "front", "rear"))})

    scene.scheduler.repeat(_ASKS_MS, scene.random, ask)


def watch(_view: View) -> Watch:
    """What is looked at in one world."""
    said: set[tuple[str, int, str, bool]] = set()
    told: set[tuple[str, int, str, bool]] = set()

    def sensed(car: WorldCar, sample: Sensed) -> None:
        for wheel in TYRES_LOW:
            if wheel in sample.values:
                said.add((car.name, sample.at_ms, wheel, bool(sample.values[wheel])))

    def left(car: WorldCar, sent: Sent) -> None:
        about = sent.about
        if isinstance(about, TyreWarning):
            told.add((car.name, about.at, about.wheel, about.is_low))
        if isinstance(about, TyreReport) and not 0 <= about.low <= about.looked_at <= len(TYRES_LOW):
            raise InvariantBroken("tyre-report-untrue", f"{car.name} {about}")

    def ask(car: WorldCar, _silence: Silence) -> Mapping[str, int]:
        own = {one for one in told if one[0] == car.name}
        if untrue := own - said:
            raise InvariantBroken("tyre-warning-untrue", f"{min(untrue)}")
        return {"tyre warnings": len(own)}

    return Watch(sensed=sensed, left=left, ask=ask)


# Planted faults


def tells_the_contrary(state: TyreState, sample: Sample) -> Step[TyreState]:
    """A warning that comes is told as one that goes."""
    assert CAR.observe is not None
    step = CAR.observe(state, sample)
    messages = tuple(
        replace(message, body=replace_warning(message.body)) if isinstance(message.body, TyreWarning) else message
        for message in step.messages
    )
    return replace(step, messages=messages)


def replace_warning(warning: TyreWarning) -> TyreWarning:
    """The warning turned round."""
    return TyreWarning(warning.at, warning.wheel, not warning.is_low)


WORLD: Final = WorldPart(
    SERVICE.name,
    hardware=hardware,
    actor=act,
    watch=watch,
    planted=(
        PlantedFault(
            "tells of a tyre the contrary of what its sensor said",
            Parts(car=CarParts(services={SERVICE.name: replace(CAR, observe=tells_the_contrary)})),
            frozenset({"tyre-warning-untrue"}),
            seed=0,
        ),
    ),
)
