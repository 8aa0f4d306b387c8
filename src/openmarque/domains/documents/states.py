"""What is known of the car and its document: one table of states and events; what is not in it can't happen.

1. **waiting**: there is a version of which the car has not said yet that it goes by it. It goes to the car at once, again after each greeting, and
   again after a while, until the car answers.
2. **in_force**: the car goes by the newest version, as the hash of the body proves; since when, the row says.
3. **refused**: the car does not take the newest version, for a reason, and goes on with what it had. A later version, a greeting after an
   update of the car, or a change in the car may mend it.
4. **differs**: the car goes by a change of its own that the platform has not got: made at a level that keeps it in the car, or in a form that
   the platform does not know. The owner is told that it is so, not what it is.

A life has no end: it goes with the row, at the end of the tenure.
"""

from enum import StrEnum
from typing import Final

from openmarque.kit.lifecycle import Actor, Lifecycle, Transition


class State(StrEnum):
    """Where a document stands."""

    WAITING = "waiting"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    DIFFERS = "differs"


class Event(StrEnum):
    """What happens to a document."""

    SET = "set"
    """A new version was made outside the car."""
    CHANGED = "changed"
    """A change made in the car counts: the car goes by it already."""
    APPLIED = "applied"
    """The car says that it goes by the newest version."""
    TURNED_DOWN = "turned_down"
    """The car does not take the newest version, or is known not to be able to."""
    DIVERGED = "diverged"
    """The car says that it goes by something else."""
    TOLD_AGAIN = "told_again"
    """It is sent once more to a car that may have learnt to take it."""


DOCUMENT_LIFE: Final = Lifecycle[State, Event, None](
    "settings-document",
    initial=(State.WAITING, State.IN_FORCE),
    final=frozenset(),
    transitions=(
        Transition(State.WAITING, Event.APPLIED, State.IN_FORCE),
        Transition(State.WAITING, Event.TURNED_DOWN, State.REFUSED),
        Transition(State.WAITING, Event.DIVERGED, State.DIFFERS),
        Transition(State.WAITING, Event.CHANGED, State.IN_FORCE),
        Transition(State.WAITING, Event.SET, State.WAITING),
        Transition(State.IN_FORCE, Event.SET, State.WAITING),
        Transition(State.IN_FORCE, Event.CHANGED, State.IN_FORCE),
        Transition(State.IN_FORCE, Event.TURNED_DOWN, State.REFUSED),
        Transition(State.IN_FORCE, Event.DIVERGED, State.DIFFERS),
        Transition(State.REFUSED, Event.SET, State.WAITING),
        Transition(State.REFUSED, Event.CHANGED, State.IN_FORCE),
        Transition(State.REFUSED, Event.APPLIED, State.IN_FORCE),
        Transition(State.REFUSED, Event.DIVERGED, State.DIFFERS),
        Transition(State.REFUSED, Event.TURNED_DOWN, State.REFUSED),
        Transition(State.REFUSED, Event.TOLD_AGAIN, State.WAITING),
        Transition(State.DIFFERS, Event.SET, State.WAITING),
        Transition(State.DIFFERS, Event.CHANGED, State.IN_FORCE),
        Transition(State.DIFFERS, Event.APPLIED, State.IN_FORCE),
        Transition(State.DIFFERS, Event.TURNED_DOWN, State.REFUSED),
        Transition(State.DIFFERS, Event.DIVERGED, State.DIFFERS),
    ),
    causes={
        Event.SET: frozenset({Actor.OWNER, Actor.PLATFORM}),
        Event.CHANGED: frozenset({Actor.CAR}),
        Event.APPLIED: frozenset({Actor.CAR}),
        Event.TURNED_DOWN: frozenset({Actor.CAR, Actor.PLATFORM}),
        Event.DIVERGED: frozenset({Actor.CAR}),
        Event.TOLD_AGAIN: frozenset({Actor.PLATFORM}),
    },
    stale=frozenset(
        {
            (State.IN_FORCE, Event.APPLIED),
            *((state, Event.TOLD_AGAIN) for state in (State.WAITING, State.IN_FORCE, State.DIFFERS)),
        }
    ),
)
