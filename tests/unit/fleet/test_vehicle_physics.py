"""What a simulated car's way costs: energy is conserved but for losses, whatever the car and the road."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.simulator.fleet.demo_fleet import BUILDS
from openmarque.simulator.fleet.vehicle import (
    GRAVITY,
    PETROL_KWH_PER_L,
    ROTATING,
    Build,
    Energy,
    Motion,
    air_density,
    can_drive,
    charge,
    full,
    most_acceleration,
    range_m,
    resistance_n,
    spend,
    wheel_force_n,
    wheel_kw,
)

builds = st.sampled_from([*BUILDS.values()])
electric = st.sampled_from([BUILDS["brise"], BUILDS["puce"]])
speeds = st.floats(0.5, 36)
motions = st.builds(
    Motion, speed=speeds, acceleration=st.floats(-3, 3), gradient=st.floats(-0.15, 0.15), height_m=st.floats(0, 2500)
)
shares = st.floats(0, 1)
HOUR = 3600.0


def carried_kwh(energy: Energy) -> float:
    return energy.battery_kwh + energy.fuel_l * PETROL_KWH_PER_L


@given(builds, motions)
def test_the_wheels_work_is_what_moves_lifts_and_heats(build: Build, motion: Motion) -> None:
    faster = ROTATING * build.mass_kg * motion.acceleration * motion.speed
    higher = build.mass_kg * GRAVITY * motion.speed * math.sin(math.atan(motion.gradient))
    heat = resistance_n(build, motion) * motion.speed
    assert wheel_kw(build, motion) * 1000 == pytest.approx(faster + higher + heat)


@given(builds, motions, shares, st.floats(0.1, 10))
def test_a_car_never_gains_more_than_its_wheels_give_back(build: Build, motion: Motion, share: float, dt: float) -> None:
    before = full(build, share, share)
    gained = carried_kwh(spend(build, before, motion, dt)) - carried_kwh(before)
    assert gained <= max(0.0, -wheel_kw(build, motion)) * dt / HOUR + 1e-9
    assert gained <= build.regeneration_kw * dt / HOUR + 1e-9


@given(electric, motions, st.floats(0.2, 0.9), st.floats(0.1, 10))
def test_driving_takes_more_from_the_battery_than_arrives_at_the_wheels(
    build: Build, motion: Motion, share: float, dt: float
) -> None:
    work = wheel_kw(build, motion) * dt / HOUR
    before = full(build, share)
    if 0 < work < before.battery_kwh:
        assert before.battery_kwh - spend(build, before, motion, dt).battery_kwh >= work


@given(builds, st.lists(st.tuples(motions, st.floats(0.5, 600)), max_size=20), shares, shares)
def test_battery_and_tank_stay_between_empty_and_full(
    build: Build, way: list[tuple[Motion, float]], charged: float, fuelled: float
) -> None:
    energy = full(build, charged, fuelled)
    for motion, dt in way:
        energy = charge(build, spend(build, energy, motion, dt), dt / 2)
        assert 0 <= energy.battery_kwh <= build.battery_kwh
        assert 0 <= energy.fuel_l <= build.tank_l


@given(builds, speeds, st.floats(0, 0.1), st.floats(0.01, 0.05))
def test_up_hill_costs_more_and_the_steeper_the_more(build: Build, speed: float, gradient: float, more: float) -> None:
    before = full(build, 0.6, 0.6)
    flat = spend(build, before, Motion(speed=speed, gradient=gradient), 10)
    steep = spend(build, before, Motion(speed=speed, gradient=gradient + more), 10)
    assert carried_kwh(steep) < carried_kwh(flat)


@given(electric, st.floats(5, 30), st.floats(0.02, 0.12))
def test_a_hill_up_and_down_again_is_never_free(build: Build, speed: float, gradient: float) -> None:
    start = full(build, 0.6)
    top = spend(build, start, Motion(speed=speed, gradient=gradient), 60)
    down = spend(build, top, Motion(speed=speed, gradient=-gradient), 60)
    flat = spend(build, start, Motion(speed=speed), 120)
    used, used_flat = (start.battery_kwh - end.battery_kwh for end in (down, flat))
    assert used >= 0.99 * used_flat, "rolling resistance falls by the cosine of the slope, nothing else does"


def test_an_electric_car_regenerates_down_hill_but_not_into_a_full_battery_nor_at_rest() -> None:
    brise = BUILDS["brise"]
    down = Motion(speed=15, gradient=-0.08)
    half = full(brise, 0.5)
    assert spend(brise, half, down, 10).battery_kwh > half.battery_kwh
    assert spend(brise, full(brise), down, 10).battery_kwh < brise.battery_kwh
    assert spend(brise, half, Motion(), 10).battery_kwh < half.battery_kwh


def test_a_hybrid_drives_by_its_motor_until_the_reserve_and_by_its_engine_below() -> None:
    cime, cruise = BUILDS["cime"], Motion(speed=14)
    charged = spend(cime, full(cime, 0.6, 0.5), cruise, 10)
    low = spend(cime, full(cime, 0.1, 0.5), cruise, 10)
    assert not charged.engine_running
    assert charged.fuel_l == full(cime, 0.6, 0.5).fuel_l
    assert low.engine_running
    assert low.fuel_l < 0.5 * cime.tank_l
    assert low.battery_kwh > 0.1 * cime.battery_kwh


def test_a_petrol_car_burns_at_idle_and_not_on_the_overrun() -> None:
    plaine = BUILDS["plaine"]
    half = full(plaine, fuel=0.5)
    idle = spend(plaine, half, Motion(), HOUR)
    assert 0.6 < half.fuel_l - idle.fuel_l < 1.1  # 0.7 l/h and the electrics
    assert spend(plaine, half, Motion(speed=15, gradient=-0.08), 10).fuel_l == half.fuel_l


@pytest.mark.parametrize(
    ("model", "kmh", "least", "most"),
    [("brise", 50, 6, 12), ("brise", 90, 11, 17), ("plaine", 90, 3.5, 5.5), ("puce", 60, 5, 11)],
)
def test_consumption_on_the_flat_is_that_of_such_cars(model: str, kmh: float, least: float, most: float) -> None:
    """KWh or litres per 100 km, as tests of cars of the class report them."""
    build = BUILDS[model]
    before = full(build, 0.95, 0.95)
    after = spend(build, before, Motion(speed=kmh / 3.6), 60)
    used = before.fuel_l - after.fuel_l if build.tank_l else before.battery_kwh - after.battery_kwh
    assert least <= used / (kmh / 60) * 100 <= most


@given(builds, st.floats(0, 3000))
def test_thinner_air_resists_less(build: Build, height: float) -> None:
    motion = Motion(speed=30, height_m=height)
    assert resistance_n(build, replace(motion, height_m=height + 500)) < resistance_n(build, motion)
    assert 0.5 < air_density(height) <= 1.225


@given(builds, speeds, st.floats(-0.1, 0.1))
def test_full_power_gives_exactly_the_acceleration_that_is_said(build: Build, speed: float, gradient: float) -> None:
    motion = Motion(speed=max(speed, 3.0), gradient=gradient)
    force = wheel_force_n(build, replace(motion, acceleration=most_acceleration(build, motion)))
    assert force * motion.speed / 1000 == pytest.approx(build.power_kw)


def test_an_empty_car_does_not_drive_and_has_no_range() -> None:
    for build in BUILDS.values():
        assert not can_drive(build, Energy())
        assert range_m(build, Energy()) == (0, 0)
        assert can_drive(build, full(build, 0.5, 0.5))
        assert sum(range_m(build, full(build))) > 60_000


def test_charging_slows_down_near_full_and_ends_there() -> None:
    brise = BUILDS["brise"]
    low, high = full(brise, 0.5), full(brise, 0.97)
    assert charge(brise, low, 60).battery_kwh - low.battery_kwh > charge(brise, high, 60).battery_kwh - high.battery_kwh
    assert charge(brise, high, 100 * HOUR).battery_kwh == brise.battery_kwh
    assert charge(BUILDS["plaine"], full(BUILDS["plaine"]), HOUR) == full(BUILDS["plaine"])
