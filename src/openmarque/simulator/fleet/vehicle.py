"""Longitudinal physics of a car: what its way costs in electricity or petrol. Pure; SI units but for kWh, litres and kW where named.

Theory of operation. The wheels must overcome inertia, gradient, rolling and air resistance (L. Guzzella, A. Sciarretta, *Vehicle
Propulsion Systems*, 3rd ed. 2013, §2.1):

    F = λ·m·a + m·g·sin(slope) + c_r·m·g·cos(slope) + ½·density·c_d·A·v²

``wheel_force_n`` is that sum, ``spend`` turns its power into what leaves the battery or the tank:

- electric: through a constant efficiency either way; braking gives back at most `regeneration_kw`, less when nearly at rest or full;
- combustion: a Willans line (ibid. §3.1.3): fuel power = idle + brake power / indicated efficiency; none on the overrun;
- plug-in hybrid: electric above a reserve and within the motor's power, else the engine drives and holds the reserve.

What the brakes take is lost as heat. Nothing is ever below zero or above the capacity; an empty car does not drive (``can_drive``).
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

GRAVITY: Final = 9.80665
"""m/s², ISO 80000-3."""
PETROL_KWH_PER_L: Final = 32 / 3.6
"""Lower heating value of petrol: 32 MJ/l, Directive (EU) 2018/2001 Annex III."""
ROTATING: Final = 1.05
"""λ: wheels and drive train turn too; 1.05 for a passenger car in the gears it cruises in (Guzzella & Sciarretta §2.1.1)."""
MOTOR_EFFICIENCY: Final = 0.88
"""Battery to wheels of a present-day electric drive: inverter 0.97, motor 0.93, gear 0.975."""
REGENERATION_EFFICIENCY: Final = 0.80
"""Wheels to battery: the same parts, at the lower loads of braking."""
INDICATED_EFFICIENCY: Final = 0.40
"""Slope of the Willans line of a petrol engine (Guzzella & Sciarretta §3.1.3: about 0.4)."""
GEAR_EFFICIENCY: Final = 0.94
"""A gear box and final drive."""
IDLE_L_PER_H: Final = 0.7
"""Petrol at idle of an engine of 1.2 to 1.6 litres, warm: 0.6 to 0.8 l/h."""
ALTERNATOR_EFFICIENCY: Final = 0.6
CHARGER_EFFICIENCY: Final = 0.90
"""An on-board charger with the losses of the cable and of charging the cells."""
HYBRID_RESERVE: Final = 0.15
"""Share of the battery that a plug-in hybrid keeps for itself; below it the engine runs."""
_HOLD_KW: Final = 4.0
"""What the engine of a hybrid below its reserve gives the battery while it drives."""
_REGENERATION_FADES: Final = (1.0, 4.0)
"""m/s between which recuperation comes in: a motor near standstill has nothing to give."""
_FULL_FROM: Final = 0.97
"""A battery this full takes no more from the brakes."""
_TAPER_FROM: Final = 0.90
"""State of charge from which charging slows down (constant voltage) to `_LEAST_TAPER` at the end."""
_LEAST_TAPER: Final = 0.1


class Powertrain(StrEnum):
    """As in VSS ``Vehicle.Powertrain.Type``."""

    COMBUSTION = "COMBUSTION"
    HYBRID = "HYBRID"
    ELECTRIC = "ELECTRIC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a car is made of. `mass_kg` with driver; `power_kw` at the wheels; `motor_kw` the electric part of a hybrid's."""

    powertrain: Powertrain
    mass_kg: float
    frontal_m2: float
    drag: float
    power_kw: float
    motor_kw: float = 0.0
    battery_kwh: float = 0.0
    """Usable capacity."""
    regeneration_kw: float = 0.0
    charger_kw: float = 0.0
    tank_l: float = 0.0
    auxiliary_kw: float = 0.4
    """Electronics, pumps, lamps and some heating while the ignition is on."""
    rolling: float = 0.0085
    """Rolling resistance coefficient: tyres of fuel class C, 7.8 to 9.0 kg/t (Regulation (EU) 2020/740 Annex I)."""


@dataclass(frozen=True, slots=True)
class Energy:
    """What a car carries, and whether its engine runs."""

    battery_kwh: float = 0.0
    fuel_l: float = 0.0
    engine_running: bool = False


@dataclass(frozen=True, slots=True)
class Motion:
    """How a car moves: m/s, m/s², gradient as rise over run, height above the sea in metres."""

    speed: float = 0.0
    acceleration: float = 0.0
    gradient: float = 0.0
    height_m: float = 0.0


def full(build: Build, charge: float = 1.0, fuel: float = 1.0) -> Energy:
    """The energy of a car at these shares of its battery and its tank."""
    return Energy(build.battery_kwh * charge, build.tank_l * fuel)


def air_density(height_m: float) -> float:
    """kg/m³ of the standard atmosphere up to 11 km (ISO 2533)."""
    return float(1.225 * (1 - 2.25577e-5 * min(max(height_m, -1000.0), 11_000.0)) ** 4.25588)


def resistance_n(build: Build, motion: Motion) -> float:
    """Newtons of rolling and air resistance; always against the motion, none at rest."""
    if motion.speed <= 0:
        return 0.0
    rolling = build.rolling * build.mass_kg * GRAVITY * math.cos(math.atan(motion.gradient))
    return rolling + 0.5 * air_density(motion.height_m) * build.drag * build.frontal_m2 * motion.speed**2


def wheel_force_n(build: Build, motion: Motion) -> float:
    """Newtons that the wheels must give (below zero: take away) for this motion."""
    slope = build.mass_kg * GRAVITY * math.sin(math.atan(motion.gradient))
    return ROTATING * build.mass_kg * motion.acceleration + slope + resistance_n(build, motion)


def wheel_kw(build: Build, motion: Motion) -> float:
    """The power of ``wheel_force_n``."""
    return wheel_force_n(build, motion) * motion.speed / 1000


def most_acceleration(build: Build, motion: Motion) -> float:
    """m/s² that full power gives at this speed and gradient (below zero where the slope is too steep for it)."""
    force = build.power_kw * 1000 / max(motion.speed, 3.0)  # below 3 m/s the tyres' grip bounds it, not the power
    coasting = wheel_force_n(build, replace(motion, acceleration=0.0))
    return (force - coasting) / (ROTATING * build.mass_kg)


def can_drive(build: Build, energy: Energy) -> bool:
    """Whether anything is left to drive with."""
    return (build.tank_l > 0 and energy.fuel_l > 0) or (build.battery_kwh > 0 and energy.battery_kwh > 0)


def spend(build: Build, energy: Energy, motion: Motion, dt_s: float) -> Energy:
    """The energy after `dt_s` seconds of `motion` with the ignition on."""
    power = wheel_kw(build, motion)
    hours = dt_s / 3600
    if build.powertrain is Powertrain.COMBUSTION:
        return _burn(build, energy, power, motion, hours, auxiliary_kw=build.auxiliary_kw)
    if build.powertrain is Powertrain.ELECTRIC:
        return _draw(build, energy, power, motion, hours)
    reserve = HYBRID_RESERVE * build.battery_kwh
    needs_engine = power > build.motor_kw or (energy.battery_kwh < reserve and power > 0)
    if needs_engine and energy.fuel_l > 0:
        hold = _HOLD_KW if energy.battery_kwh < reserve else 0.0
        driven = _burn(build, energy, power + hold, motion, hours, auxiliary_kw=build.auxiliary_kw)
        gained = hold * REGENERATION_EFFICIENCY * hours if driven.engine_running else 0.0
        return replace(driven, battery_kwh=_within(driven.battery_kwh + gained, build.battery_kwh))
    return _draw(build, energy, power, motion, hours)


def charge(build: Build, energy: Energy, dt_s: float) -> Energy:
    """The energy after `dt_s` seconds on the cable: full power, then tapering."""
    if build.charger_kw <= 0 or build.battery_kwh <= 0:
        return energy
    soc = energy.battery_kwh / build.battery_kwh
    share = 1.0 if soc < _TAPER_FROM else max(_LEAST_TAPER, (1 - soc) / (1 - _TAPER_FROM))
    gained = build.charger_kw * CHARGER_EFFICIENCY * share * dt_s / 3600
    return replace(energy, battery_kwh=_within(energy.battery_kwh + gained, build.battery_kwh))


def range_m(build: Build, energy: Energy) -> tuple[float, float]:
    """Metres that battery and tank still carry the car: at 80 km/h on the flat, with a fifth more for hills and stops."""
    cruise = Motion(speed=80 / 3.6, height_m=1000.0)
    hours_per_m = 1 / 80_000
    electric_kwh = (wheel_kw(build, cruise) / MOTOR_EFFICIENCY + build.auxiliary_kw) * hours_per_m * 1.2
    litres = _fuel_kw(build, wheel_kw(build, cruise), build.auxiliary_kw) / PETROL_KWH_PER_L * hours_per_m * 1.2
    kept = HYBRID_RESERVE * build.battery_kwh if build.powertrain is Powertrain.HYBRID else 0.0
    return max(0.0, energy.battery_kwh - kept) / electric_kwh, energy.fuel_l / litres


def _draw(build: Build, energy: Energy, power: float, motion: Motion, hours: float) -> Energy:
    """Drive or brake by the motor."""
    if power >= 0:
        flow = -power / MOTOR_EFFICIENCY
    else:
        flow = min(-power, build.regeneration_kw * _regenerates(motion.speed)) * REGENERATION_EFFICIENCY
        if energy.battery_kwh >= _FULL_FROM * build.battery_kwh:
            flow = 0.0
    battery = energy.battery_kwh + (flow - build.auxiliary_kw) * hours
    return replace(energy, battery_kwh=_within(battery, build.battery_kwh), engine_running=False)


def _regenerates(speed: float) -> float:
    low, high = _REGENERATION_FADES
    return min(1.0, max(0.0, (speed - low) / (high - low)))


def _burn(build: Build, energy: Energy, power: float, motion: Motion, hours: float, *, auxiliary_kw: float) -> Energy:
    """Drive or brake by the engine; on the overrun the injection is cut off."""
    is_overrun = power < 0 and motion.speed > 5.0
    litres = 0.0 if is_overrun else _fuel_kw(build, max(0.0, power), auxiliary_kw) / PETROL_KWH_PER_L * hours
    return replace(energy, fuel_l=max(0.0, energy.fuel_l - litres), engine_running=energy.fuel_l > litres)


def _fuel_kw(build: Build, power: float, auxiliary_kw: float) -> float:
    """The Willans line: petrol's power for this power at the wheels."""
    if not build.tank_l:
        return PETROL_KWH_PER_L
    brake = power / GEAR_EFFICIENCY + auxiliary_kw / ALTERNATOR_EFFICIENCY
    return IDLE_L_PER_H * PETROL_KWH_PER_L + brake / INDICATED_EFFICIENCY


def _within(kwh: float, capacity: float) -> float:
    return min(max(kwh, 0.0), capacity)
