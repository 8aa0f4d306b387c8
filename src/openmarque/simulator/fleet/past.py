"""The last days of a car that joins the demo: drives of its own driver, read every few seconds with the times they would have had.

Nothing is made up beside the simulation: the same physics, the same person, and afterwards the same agent, only that the time between
the readings does not have to pass. The car then stands where its last drive ended, with what it still carries.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace as changed

from openmarque.protocol.signals import Value
from openmarque.simulator.fleet.car import Character, Memory, SimulatedCar
from openmarque.simulator.fleet.driver import RESTING
from openmarque.simulator.fleet.vehicle import Energy, charge

READ_EVERY_S: Final = 8
"""Under the 10 s from which a trip counts a step as a gap."""
_DEPARTURES_H: Final = (2.0, 9.5, 26.0, 33.0, 50.0, 57.5)
"""Hours before now at which the last, the last but one … drive began: twice a day."""
LONGEST: Final = timedelta(hours=_DEPARTURES_H[-1] + 1)
"""How far back a past can reach; whoever has the car has it since then at least."""
_CHARGED_S: Final = 6 * 3600
_CHARGE_STEP_S: Final = 600.0


class Past:
    """Iterate for the readings with their times, oldest first; ``memory`` is then how the car stands."""

    def __init__(self, character: Character, seed: int, drives: int, now: datetime) -> None:
        """The last `drives` (at most six) before `now`."""
        self.memory: Memory | None = None
        habit = replace(character.habit, first_rest_s=0.0)
        self._character = replace(character, habit=habit, sleeps_after_s=math.inf, sets_out_at_once=False)
        self._seed = seed
        self._departures = [now - timedelta(hours=hours) for hours in reversed(_DEPARTURES_H[:drives])]

    def __iter__(self) -> Iterator[tuple[datetime, dict[str, Value]]]:
        """Drive by drive, from the walk to the car until it is locked again."""
        for number, at in enumerate(self._departures):
            car = SimulatedCar(self._character, self._seed + number, self.memory, at.timestamp())
            has_driven, second = False, 0
            while not (has_driven and car.doing == RESTING):
                car.advance(1.0)
                has_driven = has_driven or car.is_driving
                if second % READ_EVERY_S == 0:
                    yield at + timedelta(seconds=second), car.readings()
                second += 1
            yield at + timedelta(seconds=second), car.readings()
            is_last = number == len(self._departures) - 1
            self.memory = car.memory if is_last else self._charged(car.memory)

    def _charged(self, memory: Memory) -> Memory:
        """After some hours on the cable, for a car that has one; after its last drive it takes up its charge before our eyes."""
        energy = Energy(memory.battery_kwh, memory.fuel_l)
        for _ in range(int(_CHARGED_S / _CHARGE_STEP_S)):
            energy = charge(self._character.build, energy, _CHARGE_STEP_S)
        return changed(memory, battery_kwh=energy.battery_kwh)
