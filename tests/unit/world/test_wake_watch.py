"""How the world knows what services in the cars wished: a record in their own state, and an account of its own of local time."""

from datetime import datetime, timedelta

import msgspec
import pytest

from openmarque.kit.clock import from_ms
from openmarque.protocol import waking
from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Command, Equipment, Refused, Sample, Screened, Step
from openmarque.protocol.waking import Steady, Wall, Woken
from openmarque.simulator.world.wake_watch import Entry, instant_ms, recorded

local = datetime.fromisoformat


class Count(msgspec.Struct, frozen=True):
    """How often something happened."""

    times: int = 0


def sample(steady_ms: int, wall_ms: int = 5) -> Sample:
    return Sample(wall_ms, Level.DATA, {}, {}, {}, frozenset(), Equipment(), steady_ms)


def counted(state: Count, *_: object) -> Step[Count]:
    return Step(Count(state.times + 1), wake_at=Steady(60))


PART = CarPart(
    "counting",
    Count,
    observe=lambda state, sample: counted(state) if sample.steady_ms == 1 else Step(state),
    wake=lambda state, _woken, _sample: Step(state, wake_at=None),
    commands={
        "count": CarCommand(counted, over=lambda state, _command, _failed: counted(state)),
        "no": CarCommand(lambda *_: Refused("no")),
    },
    configure={"kind": lambda state, body, _sample: counted(state)},
    screen=lambda state, _sample: Screened(Count(state.times + 1)),
    forget=lambda state: Count(100),
)


def test_a_wish_and_a_wake_are_written_into_the_state_of_the_step_that_made_them():
    part = recorded(PART)
    assert part.observe is not None
    assert part.wake is not None
    state = part.observe(part.state(), sample(1)).state
    assert (state.inner, state.log) == (Count(1), (Entry(1, "wished", 1, 5, Steady(60)),))
    state = part.wake(state, Woken(Steady(60), 3, "too_late"), sample(63, 66)).state
    assert state.log[1:] == (Entry(2, "woken", 63, 66, Steady(60), "too_late"), Entry(3, "wished", 63, 66, None))
    assert part.forget is not None
    state = part.forget(state)
    assert (state.inner, state.log[-1]) == (Count(100), Entry(4, "forgotten"))


def test_a_step_that_wishes_nothing_leaves_the_record_as_it_is():
    part = recorded(PART)
    assert part.observe is not None
    state = part.state()
    assert part.observe(state, sample(2)).state is state


def test_every_other_function_of_a_part_works_on_its_own_state():
    part, asked = recorded(PART), Command("1", "count", Count())
    state = part.state()
    begun = part.commands["count"].begin(state, asked, sample(9))
    assert isinstance(begun, Step)
    assert (begun.state.inner, len(begun.state.log)) == (Count(1), 1)
    assert part.commands["count"].outcome is None
    over = part.commands["count"].over
    assert over is not None
    assert over(begun.state, asked, "").state.log[-1] == Entry(2, "wished", 0, 0, Steady(60))
    assert part.commands["no"].begin(state, asked, sample(9)) == Refused("no")
    set_up = part.configure["kind"](state, {}, sample(9))
    assert isinstance(set_up, Step)
    assert set_up.state.inner == Count(1)
    assert part.screen is not None
    assert part.screen(state, sample(9)).state.inner == Count(1)


def test_a_part_that_can_not_be_woken_is_left_as_it_is():
    part = CarPart("plain", Count)
    assert recorded(part) is part


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        *(("Europe/Paris", day) for day in ("2026-03-29", "2026-10-25")),
        *(("America/New_York", day) for day in ("2027-03-14", "2026-11-01")),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("Europe/Paris", "2026-11-22"),
    ],
)
def test_a_local_time_is_the_same_instant_by_the_world_and_by_the_car(zone, day):
    for minutes in range(0, 5 * 60, 7):
        shown = local(day) + timedelta(minutes=minutes)
        here, there = instant_ms(shown, zone), waking.instant_ms(Wall(shown, zone, 60))
        assert here == there, f"{shown}: {from_ms(here)} and {from_ms(there)}"
