"""The car's status in the deterministic world: a sensor that never says the same twice, and every sensor asked anew on ``refresh``. REQ STA-2, RC-5.

Invariants here (names as reported):
    value-missing      in the end the platform holds the newest value of each signal that may be told (``outcome.ask_values``)
    refresh-not-whole  a refresh is done only when everything that the car said since power-up was sensed once more, places left aside
"""

from dataclasses import replace
from random import Random
from typing import Final

from openmarque.car.model import NoticeCode, Output
from openmarque.kit.ids import VehicleId
from openmarque.protocol import signals as vss
from openmarque.protocol.car_part import CarCommand
from openmarque.protocol.sensing import Sample, Step
from openmarque.protocol.signals import PLACE_SIGNALS, Value
from openmarque.services.status.car import CAR, StatusState, begin_refresh, refresh_over
from openmarque.services.status.declaration import REFRESH, SERVICE
from openmarque.simulator.world.car import CarParts, WorldCar
from openmarque.simulator.world.driver import UNIQUE
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.outcome import ask_values
from openmarque.simulator.world.part import Arguments, CarScene, Hardware, Reading, Watch, WorldPart
from openmarque.simulator.world.parts import Parts, PlantedFault
from openmarque.simulator.world.view import View

_SPOKEN: Final = 0.7
_PATHS: Final = {path for declaration in SERVICE.declarations for path in declaration.signal_levels()} - PLACE_SIGNALS


class Thermometer:
    """The air outside one car, a little warmer at each reading."""

    def __init__(self, random: Random) -> None:
        """Nothing was read yet."""
        self._random = random
        self._readings = 0

    def read(self, reading: Reading) -> dict[str, Value]:
        """It does not speak each time."""
        self._readings += 1
        spoken = reading.everything or self._random.random() < _SPOKEN
        return {vss.OUTSIDE_TEMPERATURE: 15.0 + self._readings * UNIQUE} if spoken else {}


def _refresh(scene: CarScene, _arguments: Arguments) -> None:
    scene.sense_all()


def hardware(random: Random) -> Hardware:
    """What one car has for it."""
    return Hardware(Thermometer(random).read, {REFRESH: _refresh})


def watch(view: View) -> Watch:
    """What is looked at in one world."""
    began_ms: dict[VehicleId, int] = {}

    def stepped(car: WorldCar, out: Output) -> None:
        if any(action.command == REFRESH for action in out.actions):
            began_ms[car.vehicle_id] = view.scheduler.now_ms
        for notice in out.notices:
            if notice.code is NoticeCode.COMMAND_DONE and notice.facts.get("command") == REFRESH:
                seen = view.cars[car.vehicle_id]
                old = [p for p in _PATHS if seen.said(p) is not None and seen.latest[p][1] < began_ms[car.vehicle_id]]
                if old:
                    raise InvariantBroken("refresh-not-whole", f"{car.name} says nothing new of {sorted(old)}")

    return Watch(stepped=stepped, ask=ask_values(view, SERVICE))


# Planted faults


def tells_no_locks(state: StatusState, sample: Sample) -> Step[StatusState]:
    """The driver's door is left out of what is told."""
    assert CAR.observe is not None
    step = CAR.observe(state, sample)
    return replace(step, values={path: value for path, value in step.values.items() if path != vss.DOORS_LOCKED[0]})


WORLD: Final = WorldPart(
    SERVICE.name,
    hardware=hardware,
    tracked=(vss.OUTSIDE_TEMPERATURE,),
    watch=watch,
    planted=(
        PlantedFault(
            "tells nothing of a door's lock",
            Parts(car=CarParts(services={SERVICE.name: replace(CAR, observe=tells_no_locks)})),
            frozenset({"value-missing"}),
            seed=0,
        ),
        PlantedFault(
            "calls a refresh done that has only begun",
            Parts(
                car=CarParts(
                    services={SERVICE.name: replace(CAR, commands={REFRESH: CarCommand(begin_refresh, over=refresh_over)})}
                )
            ),
            frozenset({"refresh-not-whole"}),
            seed=0,
        ),
    ),
)
