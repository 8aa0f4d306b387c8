"""The tables of the lives of commands and phones: what can follow what, and what can't."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from openmarque.domains.commands.errors import CommandStepImpossible
from openmarque.domains.commands.states import COMMAND_LIFE, DIGITAL_KEY_LIFE, OPEN, Event, KeyEvent, KeyState, State
from openmarque.kit.lifecycle import Actor

CAR = (Event.CAR_REACHED, Event.CAR_EXECUTING, Event.CAR_DONE, Event.CAR_REFUSED, Event.CAR_FAILED)


@pytest.mark.req("RC-6a")
def test_a_remote_command_ends_by_time_wherever_its_outcome_is_still_awaited():
    asked = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert {COMMAND_LIFE.after(state, Event.TIME_OVER) for state in OPEN} == {State.EXPIRED}
    assert {COMMAND_LIFE.due_at(state, asked, timedelta(seconds=20)) for state in OPEN} == {asked + timedelta(seconds=20)}
    assert {COMMAND_LIFE.due_at(state, asked) for state in set(State) - set(OPEN)} == {None}
    assert COMMAND_LIFE.causes[Event.TIME_OVER] == {Actor.TIME}


def test_only_the_truth_of_the_car_corrects_what_expired():
    corrected = {way.event: way.to for way in COMMAND_LIFE.transitions if way.state is State.EXPIRED}
    assert corrected == {
        Event.CAR_DONE: State.DONE,
        Event.CAR_FAILED: State.FAILED,
        Event.CAR_REFUSED: State.REFUSED,
    }


def test_a_car_says_nothing_of_a_remote_command_that_it_was_never_given():
    for state, event in product((State.AWAITING_PHONE, State.ACCEPTED), CAR):
        with pytest.raises(CommandStepImpossible):
            COMMAND_LIFE.after(state, event)


def test_a_report_that_comes_twice_changes_nothing():
    for event, state in zip(CAR, (State.REACHED, State.EXECUTING, State.DONE, State.REFUSED, State.FAILED), strict=True):
        assert COMMAND_LIFE.after(state, event) is state


def test_only_the_car_makes_a_phone_active():
    makers = {
        event for state, event in product(KeyState, KeyEvent) if DIGITAL_KEY_LIFE.after(state, event) is KeyState.ACTIVE
    } - {
        event
        for event in KeyEvent
        if event is not KeyEvent.STORED and DIGITAL_KEY_LIFE.after(KeyState.ACTIVE, event) is KeyState.ACTIVE
    }
    assert makers == {KeyEvent.STORED}
    assert DIGITAL_KEY_LIFE.after(KeyState.REVOKED, KeyEvent.STORED) is KeyState.REVOKED, (
        "a late report brings no revoked phone back"
    )
    assert DIGITAL_KEY_LIFE.after(KeyState.ACTIVE, KeyEvent.NOT_STORED) is KeyState.ACTIVE
    assert DIGITAL_KEY_LIFE.after(KeyState.REQUESTED, KeyEvent.GONE) is KeyState.REQUESTED
