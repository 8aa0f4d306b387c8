"""Drivers keep to the limit, drive comfortably, stop at red, and do the same again for the same seed."""

import math
from itertools import islice, pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmarque.simulator.fleet.demo_fleet import BUILDS
from openmarque.simulator.fleet.driver import (
    HARD_BRAKING,
    LATERAL,
    RESTING,
    Drive,
    Habit,
    Roll,
    Step,
    ceilings,
    drive_on,
    has_arrived,
    is_red,
    life,
)
from openmarque.simulator.fleet.roads import Route, route

BRISE = BUILDS["brise"]
WAY = route("sant-julia", "encamp")
TRIPS = [("andorra", "soldeu"), ("soldeu", "andorra"), ("encamp", "el-serrat"), ("arinsal", "sant-julia")]


def driven(way: Route, at_s: float = 0.0, dt_s: float = 1.0, model: str = "brise") -> list[Roll]:
    rolls = [Roll()]
    while not has_arrived(way, rolls[-1]):
        rolls.append(drive_on(BUILDS[model], way, 0.97, rolls[-1], at_s + len(rolls) * dt_s, dt_s))
        assert len(rolls) * dt_s < 3600, "stuck on the way"
    return rolls


@pytest.mark.parametrize("model", list(BUILDS))
@pytest.mark.parametrize("trip", TRIPS)
def test_every_car_arrives_and_rests_at_the_end(trip: tuple[str, str], model: str) -> None:
    way = route(*trip)
    rolls = driven(way, model=model)
    assert rolls[-1].metres == pytest.approx(way.length_m)
    assert rolls[-1].speed == 0
    assert 20 < way.length_m / len(rolls) * 3.6 < 70, "the mean speed of valley roads, lights included"


@pytest.mark.parametrize("trip", TRIPS)
def test_nobody_is_faster_than_the_limit_or_thrown_about_in_curves(trip: tuple[str, str]) -> None:
    way = route(*trip)
    for roll in driven(way):
        place = way.at(roll.metres)
        assert roll.speed * 3.6 <= place.limit_kmh + 3
        assert roll.speed**2 / place.radius_m <= LATERAL * 1.3


@given(st.sampled_from(TRIPS), st.integers(0, 500))
@settings(max_examples=20, deadline=None)
def test_acceleration_and_braking_are_bounded_and_way_is_the_sum_of_speeds(trip: tuple[str, str], at_s: int) -> None:
    rolls = driven(route(*trip), at_s)
    for before, after in pairwise(rolls[:-1]):
        assert -HARD_BRAKING - 1e-9 <= after.acceleration <= 1.5
        assert after.metres - before.metres == pytest.approx((before.speed + after.speed) / 2)
        assert after.speed >= 0


@given(st.integers(0, 500))
@settings(max_examples=20, deadline=None)
def test_nobody_passes_a_light_that_was_red_when_he_could_still_stop(at_s: int) -> None:
    rolls = driven(WAY, at_s)
    for second, (before, after) in enumerate(pairwise(rolls), start=1):
        for number, light in enumerate(WAY.lights):
            if before.metres < light - 3 <= after.metres and is_red(WAY, number, at_s + second):
                could_stop = before.speed**2 / (2 * HARD_BRAKING) <= light - 3 - before.metres
                assert not could_stop or before.speed < 1.6


def test_a_light_is_red_for_a_while_and_green_for_longer() -> None:
    reds = [is_red(WAY, 0, second) for second in range(800)]
    assert 300 < sum(reds) < 400
    assert max(len(run) for run in "".join("r" if red else "g" for red in reds).split("g")) == 35


def test_the_speed_line_leads_to_a_stop() -> None:
    line = ceilings(WAY)
    assert line[-1] == 0
    assert all(math.isfinite(speed) and speed >= 0 for speed in line)
    assert max(line) * 3.6 <= 70.1


@given(st.integers(0, 2**32), st.integers(0, 6))
@settings(max_examples=20, deadline=None)
def test_the_same_seed_lives_the_same_day(seed: int, leg: int) -> None:
    habit = Habit(stops=("andorra", "encamp", "soldeu"))

    def day() -> list[tuple[str, float]]:
        acts = islice(life(habit, Random(seed), leg), 60)
        return [(a.name, a.seconds) if isinstance(a, Step) else (a.route.name, a.leg) for a in acts]

    assert day() == day()


def test_a_day_goes_round_its_stops_and_locks_after_each_drive() -> None:
    habit = Habit(stops=("andorra", "encamp", "soldeu"))
    acts = list(islice(life(habit, Random(1)), 100))
    drives = [act for act in acts if isinstance(act, Drive)]
    names = [drive.route.name for drive in drives]
    assert names[:4] == ["andorra–encamp", "encamp–soldeu", "soldeu–andorra", "andorra–encamp"]
    assert [drive.leg for drive in drives] == list(range(len(drives)))
    steps = [act.name for act in acts if isinstance(act, Step)]
    assert steps[: steps.index("starting") + 1][-1] == "starting"
    assert all(steps[i - 1] == "locking" for i, name in enumerate(steps) if name == RESTING and i)


def test_an_interrupted_drive_goes_on_where_it_was() -> None:
    act = next(life(Habit(stops=("andorra", "encamp")), Random(1), leg=3, under_way_m=1234.0))
    assert isinstance(act, Drive)
    assert (act.leg, act.metres, act.route.name) == (3, 1234.0, "encamp–andorra")
