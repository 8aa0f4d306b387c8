"""A service in the car that asks to be woken: once, at its time, offline, through restarts and whatever the clocks are set to."""

from datetime import datetime, time
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from openmarque.catalogue.declarations import Authority, CommandSpec
from openmarque.kit.clock import from_ms
from openmarque.protocol.car_part import CarPart
from openmarque.protocol.envelope import Trust
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Action, Equipment, Sample, Step
from openmarque.protocol.waking import HORIZON_MS, KEEP, LEAST_APART_MS, Steady, Wall, Woken, next_local
from tests.car_services import declared, installed
from tests.cars import NEXT_OWNER, START_MS, Car, Platform, open_link, policy

local = datetime.fromisoformat
PARIS = "Europe/Paris"
DAY_S = 86_400
SPEED = "Vehicle.Speed"
HALF_PAST_NINE = Wall(local("2026-11-22 09:30"), PARIS, 600)
"""Half an hour after the start, which is 9:00 in Paris."""


class TimerState(msgspec.Struct, frozen=True):
    """What woke the timer: the time by the car's clock, and why it did not act."""

    woken: tuple[tuple[int, str], ...] = ()


class Timer:
    """A service that wishes what a test tells it at the next sample, and again when it is woken. It acts unless it was missed."""

    def __init__(self) -> None:
        self.wish: Any = KEEP
        self.again: Any = lambda _sample: KEEP

    def observe(self, state: TimerState, _sample: Sample) -> Step[TimerState]:
        wish, self.wish = self.wish, KEEP
        return Step(state, wake_at=wish)

    def wake(self, state: TimerState, woken: Woken, sample: Sample) -> Step[TimerState]:
        actions = () if woken.missed else (Action("warm"),)
        state = TimerState((*state.woken, (sample.at_ms, woken.missed)))
        return Step(state, actions=actions, wake_at=self.again(sample))

    @property
    def part(self) -> CarPart[TimerState]:
        return CarPart("timer", TimerState, observe=self.observe, wake=self.wake)


DECLARED = declared("timer", [CommandSpec("warm", Authority.DIGITAL_KEY)])


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def car(timer, monkeypatch) -> Car:
    """A car of an owner with the timer's service open, and no network any more."""
    catalogue = installed(monkeypatch, timer.part, DECLARED)
    car = Car(catalogue=catalogue, steady_ms=1_000_000)
    open_link(car, Platform(policy=policy(catalogue=catalogue)))
    car.disconnect()
    return car


def wishes(car: Car, timer: Timer, wish: Any) -> None:
    timer.wish = wish
    car.senses({SPEED: 0.0})


def told(car: Car) -> list[str]:
    return [missed for _, missed in car.core.service_state("timer").woken]


def warmed(car: Car) -> int:
    return [action.command for action in car.actions].count("warm")


def every_morning(sample: Sample) -> Wall:
    return Wall(next_local(time(9, 30), PARIS, sample.at_ms), PARIS, 600)


def test_a_service_acts_at_the_time_it_asked_for_offline_and_in_private_mode(car, timer):
    assert car.core.level is Level.PRIVATE
    wishes(car, timer, Steady(car.steady_ms + 600_000))
    assert car.core.wake_in_ms(car.now) == 600_000
    car.wait(599.999)
    assert warmed(car) == 0
    car.wait(0.001)
    assert car.actions == [("warm", "", {})]
    assert car.core.service_state("timer").woken == ((car.ms, ""),)
    car.wait(DAY_S)
    assert warmed(car) == 1, "once"


def test_a_wish_by_the_wall_clock_comes_at_its_local_time(car, timer):
    wishes(car, timer, HALF_PAST_NINE)
    assert car.core.wake_in_ms(car.now) == 30 * 60_000
    car.wait(30 * 60)
    assert warmed(car) == 1


def test_a_wish_survives_a_restart_and_what_was_woken_is_not_woken_again(car, timer):
    wishes(car, timer, HALF_PAST_NINE)
    car.power_up()
    car.wait(30 * 60)
    assert warmed(car) == 1
    car.power_up()
    car.wait(DAY_S)
    assert warmed(car) == 1


@pytest.mark.parametrize(("point", "woken"), [("before_commit", 1), ("after_commit", 0)])
def test_a_crash_while_a_service_is_woken_leaves_all_of_it_or_nothing(car, timer, point, woken):
    class Dead(Exception):
        """The power failed."""

    def die(reached: str) -> None:
        if reached == point:
            raise Dead

    wishes(car, timer, Steady(car.steady_ms + 1_000))
    car.store.fault = die
    with pytest.raises(Dead):
        car.wait(1)
    car.store.fault = lambda _point: None
    car.power_up()
    assert len(told(car)) == 1 - woken
    car.wait(1)
    assert len(told(car)) == 1, "the store knows of one wake"
    assert warmed(car) == woken, "an action that was lost with the power is lost; none is done twice"


@pytest.mark.parametrize("offset_s", [-DAY_S, 3_600, 20 * DAY_S])
def test_the_wall_clock_moves_no_wish_by_the_steady_clock(car, timer, offset_s):
    wishes(car, timer, Steady(car.steady_ms + 600_000))
    car.ms += offset_s * 1000
    car.wait(599)
    assert warmed(car) == 0
    car.wait(1)
    assert warmed(car) == 1


def test_a_clock_that_goes_back_a_day_makes_no_timer_run_twice(car, timer):
    timer.again = every_morning
    wishes(car, timer, HALF_PAST_NINE)
    car.wait(31 * 60)
    assert told(car) == [""]
    car.ms -= DAY_S * 1000
    wishes(car, timer, every_morning(Sample(car.ms, Level.DATA, {}, {}, {}, frozenset(), Equipment())))
    car.wait(DAY_S)
    assert from_ms(car.ms).date() == from_ms(START_MS).date(), "the day of the first time, once more"
    assert told(car) == ["", "already_run"]
    car.wait(DAY_S)
    assert told(car) == ["", "already_run", ""], "the next morning is another one"
    assert warmed(car) == 2


@pytest.mark.parametrize(("ahead_s", "missed"), [(30 * 60, ""), (40 * 60, ""), (41 * 60, "too_late"), (DAY_S, "too_late")])
def test_a_clock_that_is_put_forward_past_a_wish_runs_it_within_its_grace_and_tells_it_beyond(car, timer, ahead_s, missed):
    wishes(car, timer, HALF_PAST_NINE)
    car.ms += ahead_s * 1000
    assert car.core.wake_in_ms(car.now) == 0
    car.wait(0)
    assert told(car) == [missed]
    assert warmed(car) == (not missed)


def test_a_clock_that_was_never_set_runs_no_wall_clock_wish_until_the_time_is_known(car, timer):
    car.trust, car.ms = Trust.UNSET, 0
    wishes(car, timer, HALF_PAST_NINE)
    car.wait(DAY_S)
    assert told(car) == []
    car.trust, car.ms = Trust.SYNCED, START_MS + 35 * 60_000
    car.wait(0)
    assert told(car) == [""]


def test_a_restarted_machine_goes_on_waiting_by_the_wall_clock(car, timer):
    car.boot = "one"
    car.power_up()
    wishes(car, timer, Steady(car.steady_ms + 3_600_000))
    car.boot, car.steady_ms, car.ms = "two", 5_000_000, car.ms + 1_800_000
    car.power_up()
    assert car.core.wake_in_ms(car.now) == 0, "a step finds out"
    car.wait(0)
    assert car.core.wake_in_ms(car.now) == 1_800_000
    car.wait(1_799.999)
    assert warmed(car) == 0
    car.wait(0.001)
    assert warmed(car) == 1


def test_a_steady_clock_that_went_back_is_seen_where_the_machine_has_no_name_for_its_life(car, timer):
    wishes(car, timer, Steady(car.steady_ms + 3_600_000))
    car.steady_ms, car.ms = 3, car.ms + 1_800_000
    car.power_up()
    car.wait(0)
    assert car.core.wake_in_ms(car.now) == 1_800_000


def test_a_wake_in_the_past_comes_once_at_the_next_step_and_not_again_unless_asked_for(car, timer):
    wishes(car, timer, Steady(-5))
    assert told(car) == [], "not within the step that asked"
    assert car.core.wake_in_ms(car.now) == 0
    car.senses({SPEED: 1.0})
    assert told(car) == [""]
    car.senses({SPEED: 0.0})
    car.wait(60)
    assert told(car) == [""]


def test_a_service_that_asks_a_thousand_times_a_second_is_woken_once_a_second_and_counted(car, timer):
    timer.again = lambda sample: Steady(sample.steady_ms + 1)
    wishes(car, timer, Steady(0))
    for _ in range(5_000):
        car.wait(0.001)
    assert len(told(car)) == 5
    at = [at for at, _ in car.core.service_state("timer").woken]
    assert [b - a for a, b in pairwise(at)] == [LEAST_APART_MS] * 4
    assert car.core.counts("wakes") == {"run:timer": 5, "slowed:timer": 5}
    car.power_up()
    car.senses({SPEED: 0.0})
    assert len(told(car)) == 5, "nor is it sooner after a restart"


def test_a_thousand_wishes_a_second_leave_the_last(car, timer):
    for ahead in range(1_000):
        wishes(car, timer, Steady(car.steady_ms + 60_000 + ahead))
    assert car.core.wake_in_ms(car.now) == 60_999
    wishes(car, timer, None)
    car.wait(60.999)
    assert told(car) == []


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (Steady(1_000_000 + HORIZON_MS + 1), "too_far_ahead"),
        (Wall(local("2027-11-22 09:30"), PARIS, 600), "too_far_ahead"),
        (Wall(local("2026-11-22 09:30"), "Europe/Lutetia", 600), "unknown_zone"),
        (Wall(local("2026-11-22 09:30"), PARIS, 0), "bad_grace"),
        ("at dawn", "not_a_wish"),
    ],
)
def test_a_wish_that_can_not_be_is_refused_and_counted_and_the_one_before_stays(car, timer, wish, reason):
    wishes(car, timer, HALF_PAST_NINE)
    wishes(car, timer, wish)
    assert car.core.counts("wakes") == {f"{reason}:timer": 1}
    car.wait(30 * 60)
    assert told(car) == [""]


def test_a_service_without_a_function_for_it_is_not_woken_but_counted(monkeypatch):
    part = CarPart("timer", TimerState, observe=lambda state, _sample: Step(state, wake_at=Steady(0)))
    car = Car(catalogue=installed(monkeypatch, part, DECLARED))
    car.senses({SPEED: 0.0})
    car.wait(60)
    assert car.core.counts("wakes") == {"no_function:timer": 1}


def test_the_next_owner_is_woken_by_nothing_that_the_one_before_wished(car, timer):
    wishes(car, timer, HALF_PAST_NINE)
    platform = Platform(policy=policy(2, tenure=NEXT_OWNER, catalogue=car.catalogue))
    open_link(car, platform)
    car.disconnect()
    car.wait(DAY_S)
    assert told(car) == []
    assert warmed(car) == 0


def test_a_timer_of_a_service_that_was_switched_off_moves_nothing(car, timer):
    timer.again = lambda sample: Steady(sample.steady_ms + 60_000)
    wishes(car, timer, Steady(car.steady_ms + 60_000))
    car.switch("timer", on=False)
    car.wait(60)
    assert warmed(car) == 0
    assert car.core.counts("actions") == {"switched_off_in_car:warm": 1}
    car.switch("timer", on=True)
    car.wait(60)
    assert warmed(car) == 1
