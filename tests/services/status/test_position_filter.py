"""The car believes a position only where its wheels can have brought it; a held fix ages, a jump is refused, a wrong start is mended."""

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.kit.geo import distance_m
from openmarque.services.status.rules import GAP_S, REACQUIRE, STAYS, Fix, PositionFilter, Verdict, accept_fix, margin_m

TOP = 90.0
MARGIN = margin_m(TOP)
HOME = Fix(33.986, -6.725)
FAR = Fix(34.4, -6.725)

Step = tuple[Fix, float, float]
"""A fix, the odometer in metres and the time in seconds."""


def north(metres: float, origin: Fix = HOME) -> Fix:
    return Fix(origin.latitude + metres / 111_195.08, origin.longitude)


def verdicts(steps: list[Step], state: PositionFilter | None = None) -> list[Verdict]:
    state, said = state or PositionFilter(), []
    for fix, odometer, at in steps:
        state, verdict = accept_fix(state, fix, odometer, at, TOP)
        said.append(verdict)
    return said


def test_the_first_fix_is_believed_and_the_same_again_is_held() -> None:
    assert verdicts([(HOME, 0, 0), (HOME, 15, 1), (HOME, 30, 2)]) == [Verdict.NEW, Verdict.HELD, Verdict.HELD]


def test_a_fix_held_for_seconds_and_then_hundreds_of_metres_on_is_no_jump() -> None:
    held = [(HOME, 20.0 * i, float(i)) for i in range(20)]
    assert verdicts([*held, (north(400), 400, 20)])[-1] is Verdict.NEW


def test_just_within_the_margin_is_believed_and_just_beyond_is_not() -> None:
    assert verdicts([(HOME, 0, 0), (north(50 + MARGIN - 1), 50, 5)])[-1] is Verdict.NEW
    assert verdicts([(HOME, 0, 0), (north(50 + MARGIN + 1), 50, 5)])[-1] is Verdict.JUMP


def test_a_jump_is_counted_once_however_long_it_is_held_and_however_far_the_car_goes_meanwhile() -> None:
    jump = north(2000)
    steps = [(HOME, 0.0, 0.0), *((jump, 20.0 * i, float(i)) for i in range(1, 200))]
    assert verdicts(steps)[1:] == [Verdict.JUMP] + [Verdict.JUMP_HELD] * 198


def test_after_a_jump_the_next_true_fix_is_believed() -> None:
    assert verdicts([(HOME, 0, 0), (FAR, 20, 1), (north(40), 40, 2), (FAR, 60, 3)]) == [
        Verdict.NEW,
        Verdict.JUMP,
        Verdict.NEW,
        Verdict.JUMP,
    ]


def test_without_rows_the_wheels_could_have_gone_at_top_speed_but_no_faster() -> None:
    way = 600 * TOP / 3.6
    assert verdicts([(HOME, 0, 0), (north(way), 0, 600)])[-1] is Verdict.NEW
    assert verdicts([(HOME, 0, 0), (north(way + MARGIN + 10), 0, 600)])[-1] is Verdict.JUMP


def test_a_step_just_short_of_a_gap_trusts_the_wheels() -> None:
    beyond = MARGIN + 50
    assert verdicts([(HOME, 0, 0), (north(beyond), 0, GAP_S - 0.1)])[-1] is Verdict.JUMP
    assert verdicts([(HOME, 0, 0), (north(beyond), 0, GAP_S)])[-1] is Verdict.NEW


def test_time_in_a_gap_counts_also_when_the_fix_is_still_held_at_its_end() -> None:
    assert verdicts([(HOME, 0, 0), (HOME, 0, 60), (north(1000), 10, 61)])[-1] is Verdict.NEW


def test_a_wrong_first_fix_is_outvoted_by_fixes_that_agree() -> None:
    steps = [(FAR, 0.0, 0.0), *((north(100.0 * i), 100.0 * i, 5.0 * i) for i in range(1, 6))]
    said = verdicts(steps)
    assert said == [Verdict.NEW, *[Verdict.JUMP] * (REACQUIRE - 1), *[Verdict.NEW] * (6 - REACQUIRE)]


def test_refused_fixes_that_contradict_one_another_never_move_the_anchor() -> None:
    scattered = [(north(20_000.0 * (-1) ** i * (i + 1)), 10.0 * i, float(i)) for i in range(1, 50)]
    said = verdicts([(HOME, 0, 0), *scattered, (north(60), 490, 50)])
    assert set(said[1:-1]) == {Verdict.JUMP}
    assert said[-1] is Verdict.NEW


def test_seeing_the_anchor_again_forgets_the_suspects() -> None:
    steps: list[Step] = [(HOME, 0, 0)]
    for i in range(1, 20):
        steps += [(north(i, FAR), 0, 2.0 * i), (HOME, 0, 2.0 * i + 1)]
    assert set(verdicts(steps)[1:]) == {Verdict.JUMP, Verdict.HELD}


@pytest.mark.parametrize(
    ("fix", "verdict"),
    [
        (Fix(0.0, 0.0), Verdict.ZERO),
        (Fix(33.98, 0.0), Verdict.ZERO),
        (Fix(-0.0, -6.7), Verdict.ZERO),
        (Fix(math.nan, -6.7), Verdict.IMPOSSIBLE),
        (Fix(33.9, math.inf), Verdict.IMPOSSIBLE),
        (Fix(90.1, 1.0), Verdict.IMPOSSIBLE),
    ],
)
def test_no_fix_is_never_believed_and_changes_no_anchor(fix: Fix, verdict: Verdict) -> None:
    assert verdicts([(fix, 0, 0), (HOME, 0, 1), (fix, 0, 2), (HOME, 0, 3)]) == [verdict, Verdict.NEW, verdict, Verdict.HELD]
    assert not verdict.is_believed


def test_the_way_on_through_a_tunnel_of_zero_fixes_is_counted() -> None:
    tunnel = [(Fix(0.0, 0.0), 20.0 * i, float(i)) for i in range(1, 100)]
    assert verdicts([(HOME, 0, 0), *tunnel, (north(2000), 2000, 100)])[-1] is Verdict.NEW


def test_an_odometer_that_starts_afresh_goes_on_counting() -> None:
    assert verdicts([(HOME, 5000, 0), (HOME, 100, 1), (north(MARGIN + 300), 350, 9)])[-1] is Verdict.NEW
    assert verdicts([(HOME, 5000, 0), (HOME, 100, 1), (north(MARGIN + 400), 350, 9)])[-1] is Verdict.JUMP


def test_a_clock_that_goes_back_is_no_gap() -> None:
    assert verdicts([(HOME, 0, 1000), (north(MARGIN + 50), 0, 0)])[-1] is Verdict.JUMP


fixes = st.builds(Fix, st.floats(33.9, 34.1), st.floats(-6.8, -6.6)) | st.sampled_from([HOME, north(30), FAR, Fix(0.0, 0.0)])
walks = st.lists(st.tuples(fixes, st.floats(0, 40), st.floats(0.1, 40)), min_size=1, max_size=40)


def summed(walk: list[Step]) -> list[Step]:
    odometer = at = 0.0
    steps = []
    for fix, rolled, seconds in walk:
        odometer, at = odometer + rolled, at + seconds
        steps.append((fix, odometer, at))
    return steps


@given(walks, st.integers(0, 40))
def test_a_filter_written_down_and_read_again_judges_as_if_nothing_had_happened(walk: list[Step], cut: int) -> None:
    steps = summed(walk)
    state = PositionFilter()
    for fix, odometer, at in steps[:cut]:
        state, _ = accept_fix(state, fix, odometer, at, TOP)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=PositionFilter)
    assert again == state
    assert verdicts(steps[cut:], again) == verdicts(steps)[cut:]


@given(walks)
def test_two_believed_fixes_in_a_row_are_within_reach_unless_agreeing_fixes_outvoted_the_anchor(walk: list[Step]) -> None:
    steps = summed(walk)
    reach, before = 0.0, 0.0
    anchor: tuple[Fix, float] | None = None
    jumps = 0
    for (fix, odometer, at), verdict, (_, _, since) in zip(steps, verdicts(steps), [steps[0], *steps], strict=False):
        rolled = odometer - before if odometer != steps[0][1] else 0.0
        reach += max(rolled, (at - since) * TOP / 3.6) if at - since >= GAP_S else rolled
        before = odometer
        jumps += verdict is Verdict.JUMP
        if verdict is Verdict.NEW:
            if anchor is not None and jumps < REACQUIRE - 1:
                assert distance_m(*anchor[0], *fix) <= reach - anchor[1] + MARGIN + 1e-6
            anchor, jumps = (fix, reach), 0


@pytest.mark.req("STA-1h")
def test_a_wrong_first_fix_does_not_outlive_the_parking() -> None:
    steps = [(FAR, 0.0, 0.0), *((HOME, 0.0, float(i)) for i in range(1, 601))]
    said = verdicts(steps)
    assert said[:2] == [Verdict.NEW, Verdict.JUMP]
    assert said[STAYS] is Verdict.NEW
    assert set(said[STAYS + 1 :]) == {Verdict.HELD}


def test_a_place_that_was_said_long_is_given_up_only_for_one_that_is_said_as_long() -> None:
    parked = [(HOME, 0.0, float(i)) for i in range(60)]
    stray = [(FAR, 0.0, 60.0 + i) for i in range(59)]
    assert Verdict.NEW not in verdicts([*parked, *stray])[1:]
    assert verdicts([*parked, *stray, (HOME, 0.0, 119.0)])[-1] is Verdict.HELD
    assert verdicts([*parked, *stray, (FAR, 0.0, 119.0)])[-1] is Verdict.NEW


def test_a_fix_that_stays_while_the_car_drives_is_a_fault_of_the_receiver() -> None:
    steps = [(HOME, 0.0, 0.0), *((FAR, 15.0 * i, float(i)) for i in range(1, 300))]
    assert Verdict.NEW not in verdicts(steps)[1:]


def test_a_car_on_a_tow_truck_is_found_where_it_goes() -> None:
    steps = [(HOME, 0.0, float(i)) for i in range(600)]
    steps += [(north(5_000 + 20 * i), 0.0, 600.0 + i) for i in range(60)]
    assert verdicts(steps)[-1] is Verdict.NEW
