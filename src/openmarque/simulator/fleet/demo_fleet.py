"""Who plays in the demo: five cars of the sample pack's models, their builds, their people's habits. Data; figures of invented cars.

The builds have the size of cars of their class on today's market: a small electric car, a plug-in hybrid, a small petrol car, a light
quadricycle (class L7e: 450 kg without battery, Regulation (EU) 168/2013 Annex I).
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.simulator.fleet.car import Character
from openmarque.simulator.fleet.driver import PARKED_FOR_EVER_S, Habit
from openmarque.simulator.fleet.vehicle import Build, Powertrain

BUILDS: Final[Mapping[str, Build]] = {
    "brise": Build(
        powertrain=Powertrain.ELECTRIC,
        mass_kg=1_580,
        frontal_m2=2.33,
        drag=0.30,
        power_kw=90,
        battery_kwh=52,
        regeneration_kw=40,
        charger_kw=11,
    ),
    "cime": Build(
        powertrain=Powertrain.HYBRID,
        mass_kg=1_640,
        frontal_m2=2.35,
        drag=0.33,
        power_kw=110,
        motor_kw=50,
        battery_kwh=11.6,
        regeneration_kw=30,
        charger_kw=3.7,
        tank_l=39,
    ),
    "plaine": Build(powertrain=Powertrain.COMBUSTION, mass_kg=1_210, frontal_m2=2.17, drag=0.31, power_kw=67, tank_l=42),
    "puce": Build(
        powertrain=Powertrain.ELECTRIC,
        mass_kg=560,
        frontal_m2=1.4,
        drag=0.55,
        power_kw=14,
        battery_kwh=6.1,
        regeneration_kw=4,
        charger_kw=2.3,
        auxiliary_kw=0.1,
    ),
}
"""By model of the sample brand pack."""


@dataclass(frozen=True, kw_only=True)
class CarSpec:
    """A car of the demo.

    The model, what the owner calls the car, who it is, the privacy level that its driver chose (None: nobody has), and the drives of its
    last days.
    """

    model: str
    name: str | None = None
    character: Character
    level: Level | None = Level.POSITION
    past_drives: int = 2
    what: str


_HALF_HOUR: Final = 1800.0

DEMO_FLEET: Final = (
    CarSpec(
        what="parked, awake: unlock this one",
        model="cime",
        character=Character(
            build=BUILDS["cime"],
            habit=Habit(stops=("ordino", "encamp"), first_rest_s=PARKED_FOR_EVER_S),
            charge=0.62,
            fuel=0.71,
            odometer_m=31_418_000,
        ),
    ),
    CarSpec(
        what="between capital and ski slopes",
        model="brise",
        character=Character(
            build=BUILDS["brise"],
            habit=Habit(stops=("andorra", "soldeu")),
            sets_out_at_once=True,
            charge=0.84,
            odometer_m=18_204_500,
        ),
    ),
    CarSpec(
        what="a round through tunnels, valleys",
        model="plaine",
        character=Character(
            build=BUILDS["plaine"],
            habit=Habit(stops=("sant-julia", "massana", "encamp", "el-serrat"), rest_s=(40.0, 120.0), first_rest_s=6.0),
            fuel=0.45,
            odometer_m=74_960_200,
            warnings=(vss.WASHER_FLUID_LOW,),
        ),
    ),
    CarSpec(
        what="in town; shares no position",
        model="puce",
        character=Character(
            build=BUILDS["puce"],
            habit=Habit(stops=("andorra", "encamp", "sant-julia"), rest_s=(90.0, 240.0), first_rest_s=12.0),
            charge=0.93,
            odometer_m=6_530_900,
        ),
        level=Level.DATA,
    ),
    CarSpec(
        what="parked; soon asleep",
        model="plaine",
        name="La grise",
        character=Character(
            build=BUILDS["plaine"],
            habit=Habit(stops=("arinsal", "andorra"), rest_s=(_HALF_HOUR / 2, _HALF_HOUR), first_rest_s=_HALF_HOUR),
            sleeps_after_s=240.0,
            fuel=0.88,
            odometer_m=52_077_300,
            warnings=(vss.TYRES_LOW[2],),
        ),
    ),
)
"""The demo's five. The first stays parked and awake, the second leaves within seconds, the last falls asleep after four minutes."""


def car_spec(number: int) -> CarSpec:
    """The car `number` (from 0): the five of `DEMO_FLEET`, then the three that drive again, each leaving a little later."""
    if number < len(DEMO_FLEET):
        return DEMO_FLEET[number]
    again = DEMO_FLEET[1 + number % 3]
    habit = replace(again.character.habit, first_rest_s=math.fmod(number * 7.0, 60.0))
    return replace(again, character=replace(again.character, habit=habit), past_drives=0)


def new_car_spec(capabilities: Collection[str]) -> CarSpec:
    """A new car with these capabilities, which stands where it was put, awake, and whose level nobody has chosen yet."""
    has_battery, has_fuel = "traction_battery" in capabilities, "fuel" in capabilities
    model = ("cime" if has_fuel else "brise") if has_battery else "plaine"
    character = replace(DEMO_FLEET[0].character, build=BUILDS[model], odometer_m=12_000)
    return CarSpec(model=model, character=character, level=None, past_drives=0, what="new, parked")
