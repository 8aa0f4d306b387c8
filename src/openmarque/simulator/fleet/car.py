"""One simulated car: physics, body, driver and place under one clock of seconds. Deterministic given its seed; no I/O.

Call ``advance`` with the seconds that passed, ``readings`` for what the sensors say, ``obey`` for an actuation that the car's agent
commanded. ``memory`` is what a later run goes on from (``SimulatedCar(…, memory=…)``).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

import msgspec

from openmarque.protocol import signals as vss
from openmarque.protocol.signals import Value
from openmarque.simulator.fleet import body as bodies
from openmarque.simulator.fleet import vehicle
from openmarque.simulator.fleet.body import NO_EFFECTS, Arguments, Asked, Body, Effects
from openmarque.simulator.fleet.coverage import is_covered
from openmarque.simulator.fleet.driver import RESTING, Act, Drive, Habit, Roll, Step, drive_on, has_arrived, life
from openmarque.simulator.fleet.roads import Place, Route
from openmarque.simulator.fleet.vehicle import Build, Energy, Motion, Powertrain

_REFUEL_BELOW: Final = 0.2
"""Share of the tank below which the car is refuelled where it rests."""
_LEAST_CHARGE: Final = 0.15
"""An electric car waits on the cable rather than set out with less."""
_PARK: Final = 126
_DRIVE: Final = 127
"""Vehicle.Powertrain.Transmission.SelectedGear, VSS 6.0."""
_FIX_ERROR_M: Final = 1.5
"""Scatter of a receiver with a clear view, one standard deviation per axis; 3 m together with the drawing's is what cars show."""
_SEA_LEVEL_C: Final = 13.0
_LAPSE_C_PER_M: Final = 0.0065
"""Standard atmosphere, ISO 2533."""
_M_PER_DEGREE: Final = 111_195.0


class Memory(msgspec.Struct, frozen=True):
    """What outlives a run: the drive that comes next or is under way, how far it is, and what the car carries."""

    leg: int = 0
    under_way_m: float | None = None
    odometer_m: float = 0.0
    battery_kwh: float = 0.0
    fuel_l: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Character:
    """Who this car is: its build, its person's habits, and from how long a rest on it sleeps (seconds).

    With `sets_out_at_once` its person sits in it already when a run begins.
    """

    build: Build
    habit: Habit
    sleeps_after_s: float = math.inf
    sets_out_at_once: bool = False
    charge: float = 0.8
    fuel: float = 0.6
    odometer_m: float = 12_000_000.0
    warnings: tuple[str, ...] = ()
    """VSS paths of warnings that are on."""


class SimulatedCar:
    """A car that lives. `now_s` counts seconds on a scale of its own; lights follow it."""

    def __init__(
        self, character: Character, seed: int, memory: Memory | None = None, now_s: float = 0.0, effects: Effects = NO_EFFECTS
    ) -> None:
        """Begin at rest where `memory` left off, or as the character says. `effects` are what it does on commands."""
        self.character = character
        self.now_s = now_s
        build = character.build
        at = memory or Memory(
            0, None, character.odometer_m, build.battery_kwh * character.charge, build.tank_l * character.fuel
        )
        self.energy = Energy(at.battery_kwh, at.fuel_l)
        self.odometer_m = at.odometer_m
        self.leg = at.leg
        self.rested_s = 0.0
        self.effects = effects
        self._rng = Random(seed)
        under_way_m = 0.0 if at.under_way_m is None and character.sets_out_at_once else at.under_way_m
        self._acts = life(character.habit, self._rng, at.leg, under_way_m)
        self._way: Route = character.habit.way(at.leg)
        self.roll = Roll(under_way_m or 0.0)
        # On at once: a car that was stopped in the middle of a drive goes on with the same trip.
        self.body = Body() if under_way_m is None else bodies.ignition(Body(), on=True)
        self._act: Act = Step("settling", 0.0)
        self._left_s = 0.0
        self._fix: dict[str, Value] = {}
        self._fix_at: tuple[str, float] | None = None

    @property
    def memory(self) -> Memory:
        """What a later run goes on from."""
        metres = self.roll.metres if self.is_driving else None
        return Memory(self.leg, metres, self.odometer_m, self.energy.battery_kwh, self.energy.fuel_l)

    @property
    def doing(self) -> str:
        """The present act in words."""
        return "driving" if isinstance(self._act, Drive) else self._act.name

    @property
    def is_driving(self) -> bool:
        """Whether the car is on its way."""
        return isinstance(self._act, Drive)

    @property
    def is_asleep(self) -> bool:
        """Whether the car has rested so long that it went off the network."""
        return self.rested_s >= self.character.sleeps_after_s

    @property
    def is_covered(self) -> bool:
        """Whether the mobile network reaches it."""
        return not self.is_driving or is_covered(self._way, self.roll.metres)

    @property
    def place(self) -> Place:
        """Where it is."""
        return self._way.at(self.roll.metres)

    @property
    def is_charging(self) -> bool:
        """Whether it stands on the cable and takes current."""
        build = self.character.build
        return self.doing == RESTING and build.charger_kw > 0 and self.energy.battery_kwh < build.battery_kwh

    def obey(self, name: str, arguments: Arguments) -> float:
        """The agent actuates something of `effects`; gives the seconds after which it takes effect."""
        delay = bodies.delay_s(self._rng)
        self.body = bodies.ask(self.body, self.effects, Asked(name, arguments, self.now_s + delay))
        return delay

    def take_effect(self) -> None:
        """What the body was asked for is done now, whatever its clock says."""
        self.body = bodies.settle(self.body, self.effects, math.inf)

    def touch(self, move: Callable[[Body], Body]) -> None:
        """Someone at the car does something to its body."""
        self.body = move(self.body)

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass (at most a second or so while driving: physics is reckoned in one step)."""
        self.now_s += dt_s
        self.body = bodies.settle(self.body, self.effects, self.now_s)
        if isinstance(self._act, Drive):
            self._drive(self._act, dt_s)
        else:
            self._stand(dt_s)
        while self._is_over():
            self._begin(next(self._acts))

    def readings(self) -> dict[str, Value]:
        """What the sensors say, by VSS path. In a tunnel there is no fix, and a car at rest holds its last one."""
        build, place, energy = self.character.build, self.place, self.energy
        electric_m, fuel_m = vehicle.range_m(build, energy)
        values: dict[str, Value] = {
            vss.SPEED: round(self.roll.speed * 3.6, 1),
            vss.ODOMETER: int(self.odometer_m),
            vss.GEAR: _DRIVE if self.is_driving else _PARK,
            vss.RANGE: _rounded(electric_m + fuel_m),
            vss.TROUBLE_CODES: 0,
            vss.OUTSIDE_TEMPERATURE: round((_SEA_LEVEL_C - _LAPSE_C_PER_M * place.height_m) * 2) / 2,
            vss.BRAKE_FLUID_LOW: vss.BRAKE_FLUID_LOW in self.character.warnings,
            vss.WASHER_FLUID_LOW: vss.WASHER_FLUID_LOW in self.character.warnings,
            **{path: path in self.character.warnings for path in vss.TYRES_LOW},
        }
        if build.battery_kwh:
            values[vss.STATE_OF_CHARGE] = round(energy.battery_kwh / build.battery_kwh * 100, 1)
            values[vss.ELECTRIC_RANGE] = _rounded(electric_m)
            values[vss.IS_CHARGING] = self.is_charging
        if build.tank_l:
            values[vss.FUEL_LEVEL] = round(energy.fuel_l / build.tank_l * 100)
            values[vss.ENGINE_RUNNING] = self.body.ignition_on and energy.engine_running
        return {**values, **self._place_seen(place), **bodies.readings(self.body)}

    def _place_seen(self, place: Place) -> dict[str, Value]:
        if place.is_tunnel and self.is_driving:
            return {}
        here = (self._way.name, self.roll.metres)
        if here != self._fix_at:
            self._fix_at = here
            north, east = self._rng.gauss(0, _FIX_ERROR_M), self._rng.gauss(0, _FIX_ERROR_M)
            scale = math.cos(math.radians(place.latitude))
            self._fix = {
                vss.LATITUDE: round(place.latitude + north / _M_PER_DEGREE, 6),
                vss.LONGITUDE: round(place.longitude + east / _M_PER_DEGREE / scale, 6),
                vss.ALTITUDE: round(place.height_m, 1),
                vss.HEADING: round(place.heading, 1),
            }
        return dict(self._fix)

    def _drive(self, drive: Drive, dt_s: float) -> None:
        before = self.roll
        build = self.character.build
        self.roll = drive_on(build, drive.route, self.character.habit.pace, before, self.now_s, dt_s)
        place = self.place
        mean = (before.speed + self.roll.speed) / 2
        motion = Motion(mean, self.roll.acceleration, place.gradient, place.height_m)
        self.energy = vehicle.spend(build, self.energy, motion, dt_s)
        self.odometer_m += self.roll.metres - before.metres
        self.body = bodies.rolling(self.body, self.roll.speed * 3.6)

    def _stand(self, dt_s: float) -> None:
        self._left_s -= dt_s
        build = self.character.build
        if self.body.ignition_on:
            self.energy = vehicle.spend(build, self.energy, Motion(height_m=self.place.height_m), dt_s)
            return
        if self.doing == RESTING:
            self.rested_s += dt_s
            self.energy = vehicle.charge(build, self.energy, dt_s)
            if build.tank_l and self.energy.fuel_l < _REFUEL_BELOW * build.tank_l:
                self.energy = Energy(self.energy.battery_kwh, build.tank_l)

    def _is_over(self) -> bool:
        if isinstance(self._act, Drive):
            return has_arrived(self._act.route, self.roll)
        return self._left_s <= 0 and not (self.doing == RESTING and self._is_too_empty())

    def _is_too_empty(self) -> bool:
        build = self.character.build
        return build.powertrain is Powertrain.ELECTRIC and self.energy.battery_kwh < _LEAST_CHARGE * build.battery_kwh

    def _begin(self, act: Act) -> None:
        """Take up the next act. What is left of the last one's time is not carried over: acts are seconds long."""
        if isinstance(self._act, Drive):
            self.leg = self._act.leg + 1
        self._act = act
        if isinstance(act, Drive):
            self._way, self.leg, self.roll = act.route, act.leg, Roll(act.metres)
            self.body = bodies.ignition(self.body, on=True)
        else:
            self._left_s = act.seconds
            self.rested_s = 0.0
            if act.move is not None:
                self.body = act.move(self.body)


def _rounded(metres: float) -> int:
    """To whole kilometres, as dashboards say it."""
    return round(metres / 1000) * 1000
