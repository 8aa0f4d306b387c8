"""Doors, locks and ignition as a real body behaves: nothing that is open is locked, nothing that is locked opens from outside."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from openmarque.protocol import signals as vss
from openmarque.protocol.signals import SIGNALS
from openmarque.services.lock.body import EFFECTS
from openmarque.simulator.fleet import body as bodies
from openmarque.simulator.fleet.body import DELAY_S, Asked, Body, Effect

PRESSURE = "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.Pressure"
doors = st.integers(0, 3)
moves = st.one_of(
    st.just(bodies.lock),
    st.just(bodies.unlock),
    st.just(bodies.open_boot),
    st.just(bodies.close_boot),
    doors.map(lambda door: lambda body: bodies.open_door(body, door)),
    doors.map(lambda door: lambda body: bodies.open_door(body, door, from_inside=True)),
    doors.map(lambda door: lambda body: bodies.close_door(body, door)),
    st.booleans().map(lambda on: lambda body: bodies.ignition(body, on=on)),
    st.floats(0, 130).map(lambda kmh: lambda body: bodies.rolling(body, kmh)),
)


@given(st.lists(moves, max_size=40))
def test_whatever_is_done_nothing_is_open_and_locked_at_once(done: list) -> None:
    body = Body()
    for move in done:
        body = move(body)
        assert not any(is_open and is_locked for is_open, is_locked in zip(body.doors_open, body.doors_locked, strict=True))
        assert not (body.boot_open and body.boot_locked)
        assert body.is_locked == (all(body.doors_locked) and body.boot_locked)


def test_locking_with_a_door_open_leaves_the_car_unlocked() -> None:
    body = bodies.lock(bodies.open_door(bodies.unlock(Body()), 2))
    assert body.doors_locked == (True, True, False, True)
    assert not body.is_locked
    assert bodies.lock(bodies.close_door(body, 2)).is_locked


def test_a_locked_door_opens_from_inside_only() -> None:
    assert bodies.open_door(Body(), 0) == Body()
    assert bodies.open_door(Body(), 0, from_inside=True).doors_open[0]
    assert bodies.open_boot(Body()) == Body()


@given(st.integers(0, 2**32))
def test_an_actuation_takes_effect_after_a_realistic_moment(seed: int) -> None:
    delay = bodies.delay_s(Random(seed))
    assert DELAY_S[0] <= delay <= DELAY_S[1]
    asked = bodies.ask(Body(), EFFECTS, Asked("unlock", {}, 100 + delay))
    assert bodies.settle(asked, EFFECTS, 100 + delay - 0.001).is_locked
    assert not bodies.settle(asked, EFFECTS, 100 + delay).is_locked
    assert bodies.settle(bodies.settle(asked, EFFECTS, 102), EFFECTS, 103).asked == ()


def test_a_later_actuation_takes_the_place_of_one_that_has_not_begun() -> None:
    asked = bodies.ask(bodies.ask(Body(), EFFECTS, Asked("unlock", {}, 1.0)), EFFECTS, Asked("lock", {}, 1.2))
    assert bodies.settle(asked, EFFECTS, 1.1).is_locked
    assert bodies.settle(asked, EFFECTS, 5.0).is_locked


def test_a_service_brings_an_actuator_of_its_own_and_each_part_obeys_by_itself() -> None:
    def inflate(body: Body, arguments: Mapping[str, bool | int | str]) -> Body:
        return replace(body, says={**body.says, PRESSURE: arguments["kpa"]})

    effects = {**EFFECTS, "inflate": Effect("pump", inflate)}
    asked = bodies.ask(bodies.ask(Body(), effects, Asked("unlock", {}, 1.0)), effects, Asked("inflate", {"kpa": 250}, 1.2))
    settled = bodies.settle(asked, effects, 2.0)
    assert not settled.is_locked, "the pump takes nothing from the locks"
    assert bodies.readings(settled)[PRESSURE] == 250


def test_doors_lock_on_the_way_and_unlock_when_the_ignition_goes_off() -> None:
    moving = bodies.rolling(bodies.ignition(bodies.unlock(Body()), on=True), 30)
    assert moving.is_locked
    assert not bodies.ignition(moving, on=False).is_locked
    assert not bodies.rolling(bodies.open_door(bodies.unlock(Body()), 1), 30).is_locked


def test_everything_the_body_says_is_a_signal_of_the_link() -> None:
    said = bodies.readings(bodies.open_door(bodies.unlock(Body()), 0))
    assert all(SIGNALS[path].accepts(value) for path, value in said.items())
    assert said[vss.DOORS_OPEN[0]] is True
    assert said[vss.DOORS_LOCKED[0]] is False
