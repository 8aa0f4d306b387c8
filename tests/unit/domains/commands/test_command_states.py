"""The tables of the lives of commands and phones: what can follow what, and what can't."""

from itertools import product

import pytest

from openmarque.domains.commands.errors import CommandStepImpossible
from openmarque.domains.commands.states import (
    BEGINNINGS,
    FINAL,
    STALE,
    TRANSITIONS,
    Event,
    KeyEvent,
    KeyState,
    State,
    after,
    key_after,
)
from tools.command_states import PAGE, drawn

CAR = (Event.CAR_REACHED, Event.CAR_EXECUTING, Event.CAR_DONE, Event.CAR_REFUSED, Event.CAR_FAILED)


def reachable(start: State) -> set[State]:
    found, new = {start}, {start}
    while new:
        new = {to for (state, _), to in TRANSITIONS.items() if state in new} - found
        found |= new
    return found


@pytest.mark.req("RC-6")
def test_the_page_draws_the_tables_as_they_are():
    page = PAGE.read_text("utf-8")
    assert drawn(page) == page, "run `python -m tools.command_states`"
    assert page.count("```mermaid") == 2


@pytest.mark.req("RC-6")
def test_nothing_leaves_a_final_state_and_everything_else_ends():
    assert not [state for state, _ in TRANSITIONS if state in FINAL]
    assert all(reachable(state) & FINAL for state in set(State) - FINAL)
    assert set().union(*map(reachable, BEGINNINGS)) == set(State)


@pytest.mark.req("RC-6")
def test_only_the_truth_of_the_car_corrects_what_expired():
    corrected = {event: to for (state, event), to in TRANSITIONS.items() if state is State.EXPIRED}
    assert corrected == {
        Event.CAR_DONE: State.DONE,
        Event.CAR_FAILED: State.FAILED,
        Event.CAR_REFUSED: State.REFUSED,
    }


@pytest.mark.req("RC-6")
def test_a_car_says_nothing_of_a_remote_command_that_it_was_never_given():
    for state, event in product((State.AWAITING_PHONE, State.ACCEPTED), CAR):
        with pytest.raises(CommandStepImpossible):
            after(state, event)


@pytest.mark.req("RC-6")
def test_every_pair_is_a_transition_or_stale_or_a_contradiction_and_never_two_of_them():
    assert not STALE & set(TRANSITIONS)
    for state, event in product(State, Event):
        if (state, event) in TRANSITIONS:
            assert after(state, event) is TRANSITIONS[state, event]
        elif (state, event) in STALE:
            assert after(state, event) is None
        else:
            with pytest.raises(CommandStepImpossible):
                after(state, event)


@pytest.mark.req("RC-6")
def test_a_report_that_comes_twice_changes_nothing():
    for event, state in zip(CAR, (State.REACHED, State.EXECUTING, State.DONE, State.REFUSED, State.FAILED), strict=True):
        assert after(state, event) is None


@pytest.mark.req("RC-7")
def test_only_the_car_makes_a_phone_active():
    makers = {event for state, event in product(KeyState, KeyEvent) if key_after(state, event) is KeyState.ACTIVE} - {
        event for event in KeyEvent if event is not KeyEvent.STORED and key_after(KeyState.ACTIVE, event) is KeyState.ACTIVE
    }
    assert makers == {KeyEvent.STORED}
    assert key_after(KeyState.REVOKED, KeyEvent.STORED) is KeyState.REVOKED, "a late report brings no revoked phone back"
    assert key_after(KeyState.ACTIVE, KeyEvent.NOT_STORED) is KeyState.ACTIVE
    assert key_after(KeyState.REQUESTED, KeyEvent.GONE) is KeyState.REQUESTED
