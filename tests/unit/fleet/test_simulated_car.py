"""A whole simulated car: it lives, it can be stopped and go on, it sleeps, and everything it says its link accepts."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from openmarque.brands.pack import load_pack
from openmarque.kit.geo import distance_m
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import SIGNALS
from openmarque.services.lock.body import EFFECTS
from openmarque.simulator.fleet.car import Character, Memory, SimulatedCar
from openmarque.simulator.fleet.coverage import is_covered
from openmarque.simulator.fleet.demo_fleet import BUILDS, DEMO_FLEET, car_spec
from openmarque.simulator.fleet.driver import Habit
from openmarque.simulator.fleet.past import LONGEST, Past
from openmarque.simulator.fleet.roads import route
from openmarque.simulator.fleet.vehicle import Powertrain

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def lived(car: SimulatedCar, seconds: int) -> list[dict[str, object]]:
    said: list[dict[str, object]] = []
    for _ in range(seconds):
        car.advance(1.0)
        said.append(dict(car.readings()))
    return said


@pytest.mark.parametrize("number", range(len(DEMO_FLEET)))
def test_everything_a_car_says_in_half_an_hour_is_within_the_limits_of_its_signal(number: int) -> None:
    car = SimulatedCar(car_spec(number).character, number)
    for values in lived(car, 1800):
        for path, value in values.items():
            assert SIGNALS[path].accepts(value), (path, value)


def test_a_moving_car_moves_as_fast_as_it_says() -> None:
    car = SimulatedCar(DEMO_FLEET[1].character, 1)
    said = lived(car, 600)
    pairs = [(before, after) for before, after in pairwise(said) if vss.LATITUDE in before and vss.LATITUDE in after]
    assert len(pairs) > 300
    for before, after in pairs:
        gone = distance_m(*(float(str(v[p])) for v in (before, after) for p in (vss.LATITUDE, vss.LONGITUDE)))
        assert gone <= float(str(after[vss.SPEED])) / 3.6 + 3.2 + 12  # a step's change of speed, and two scattered fixes


def test_the_odometer_counts_what_the_wheels_roll_and_never_falls() -> None:
    car = SimulatedCar(DEMO_FLEET[2].character, 3)
    said = lived(car, 2400)
    odometer = [int(str(v[vss.ODOMETER])) for v in said]
    assert odometer == sorted(odometer)
    rolled = sum(float(str(v[vss.SPEED])) / 3.6 for v in said)
    assert odometer[-1] - odometer[0] == pytest.approx(rolled, rel=0.02)


def test_the_same_seed_says_the_same() -> None:
    first, second = (SimulatedCar(DEMO_FLEET[3].character, 7) for _ in range(2))
    assert lived(first, 900) == lived(second, 900)
    assert lived(SimulatedCar(DEMO_FLEET[3].character, 8), 900) != lived(SimulatedCar(DEMO_FLEET[3].character, 7), 900)


@pytest.mark.parametrize("after_s", [3, 200, 1500])
def test_a_car_that_was_stopped_goes_on_where_it_was(after_s: int) -> None:
    car = SimulatedCar(DEMO_FLEET[1].character, 1)
    lived(car, after_s)
    kept = msgspec.json.decode(msgspec.json.encode(car.memory), type=Memory)
    again = SimulatedCar(DEMO_FLEET[1].character, 2, kept, car.now_s)
    assert distance_m(again.place.latitude, again.place.longitude, car.place.latitude, car.place.longitude) < 30
    assert again.odometer_m == car.odometer_m
    assert again.body.ignition_on == car.is_driving, "the same trip goes on"
    lived(again, 1800)
    assert again.odometer_m > car.odometer_m + 5000


def test_a_parked_car_obeys_lock_and_unlock_within_a_second() -> None:
    car = SimulatedCar(DEMO_FLEET[0].character, 1, effects=EFFECTS)
    lived(car, 5)
    assert car.body.is_locked
    for move, locked in (("unlock", False), ("lock", True)):
        assert 0 < car.obey(move, {}) <= 1
        assert car.body.is_locked is not locked
        said = lived(car, 2)[-1]
        assert {said[path] for path in (*vss.DOORS_LOCKED, vss.TRUNK_LOCKED)} == {locked}


def test_a_car_that_rests_long_sleeps_and_its_next_drive_wakes_it() -> None:
    character = replace(
        DEMO_FLEET[4].character, habit=replace(DEMO_FLEET[4].character.habit, first_rest_s=400.0), sleeps_after_s=100.0
    )
    car = SimulatedCar(character, 1)
    asleep = []
    for seconds in (90, 20, 320):
        lived(car, seconds)
        asleep.append(car.is_asleep)
    assert asleep == [False, True, False]
    assert not SimulatedCar(DEMO_FLEET[0].character, 1).is_asleep
    assert math.isinf(DEMO_FLEET[0].character.sleeps_after_s), "the demo keeps one car awake"


def test_the_demos_first_car_stays_parked_and_the_second_moves_within_a_minute() -> None:
    parked, mover = (SimulatedCar(car_spec(number).character, number) for number in (0, 1))
    assert {v[vss.SPEED] for v in lived(parked, 3600)} == {0.0}
    assert max(float(str(v[vss.SPEED])) for v in lived(mover, 60)) > 20


def test_long_tunnels_and_some_valleys_have_no_coverage_and_towns_have() -> None:
    way = route("massana", "encamp")
    dark = [metres for metres in range(0, int(way.length_m), 10) if not is_covered(way, metres)]
    assert 2500 < len(dark) * 10 < 4500, "the tunnel between two valleys"
    assert is_covered(way, 0)
    assert is_covered(way, way.length_m)
    long_way = route("andorra", "soldeu")
    share = sum(is_covered(long_way, metres) for metres in range(0, int(long_way.length_m), 10)) / (long_way.length_m / 10)
    assert 0.8 < share < 1


def test_no_fix_in_a_tunnel() -> None:
    car = SimulatedCar(Character(build=BUILDS["brise"], habit=Habit(stops=("massana", "encamp"), first_rest_s=0.0)), 1)
    said = lived(car, 900)
    without = [v for v in said if vss.LATITUDE not in v]
    assert len(without) > 100
    assert all(v[vss.SPEED] for v in without[5:-5])


@pytest.mark.parametrize("number", range(len(DEMO_FLEET)))
def test_no_car_of_the_cast_runs_dry_in_a_day(number: int) -> None:
    character = car_spec(number).character
    busy = replace(character, habit=replace(character.habit, first_rest_s=1.0, rest_s=(30.0, 60.0)), charge=0.3, fuel=0.3)
    car = SimulatedCar(busy, number)
    for _ in range(5 * 3600):
        car.advance(1.0)
        if character.build.powertrain is not Powertrain.HYBRID:
            assert car.energy.battery_kwh + car.energy.fuel_l > 0
    assert car.leg > 5


@pytest.mark.parametrize("number", range(len(DEMO_FLEET)))
def test_a_past_is_drives_in_order_that_end_where_the_present_begins(number: int) -> None:
    part_played = car_spec(number)
    past = Past(part_played.character, number, 3, NOW)
    readings = list(past)
    times = [at for at, _ in readings]
    assert times == sorted(times)
    assert times[0] > NOW - LONGEST
    assert times[-1] < NOW - timedelta(minutes=30)
    drives = sum(1 for (_, a), (_, b) in pairwise(readings) if a[vss.IGNITION] == "OFF" and b[vss.IGNITION] == "ON")
    assert drives == 3
    assert past.memory is not None
    assert past.memory.leg == 3
    steps = [(b - a).total_seconds() for (a, va), (b, vb) in pairwise(readings) if va[vss.IGNITION] == vb[vss.IGNITION] == "ON"]
    assert max(steps) < 10, "or the trip would count a gap"
    now = SimulatedCar(part_played.character, number, past.memory)
    last = next(v for _, v in reversed(readings) if vss.LATITUDE in v)
    assert distance_m(now.place.latitude, now.place.longitude, float(last[vss.LATITUDE]), float(last[vss.LONGITUDE])) < 30


def test_the_cast_plays_models_of_the_sample_pack_with_their_batteries() -> None:
    pack = load_pack()
    assert {one.character.build.powertrain for one in DEMO_FLEET} == set(Powertrain)
    assert [one.level for one in DEMO_FLEET].count(Level.DATA) == 1
    for one in DEMO_FLEET:
        model = pack.models[one.model]
        assert model.powertrain == one.character.build.powertrain
        assert (model.battery_kwh or 0) == one.character.build.battery_kwh
        assert "telematics" in model.capabilities
    assert car_spec(5).model in pack.models
    assert car_spec(23).past_drives == 0
