"""The life of a remote command and of a phone's digital key: one table of states and events each; what is not in them can't happen. REQ RC-4, RC-6.

A remote command, from the owner's request to its outcome:

    1. It begins **accepted** when it can be sent as it is, or **awaiting_phone** when a browser without a key asked for what a
       phone has to sign; a phone of the car approves it within two minutes. What the engine does not permit is **refused** from the start.
    2. **sent**: signed and kept, and given to the broker for the car's connection right behind the commit. Where the car has none the command
       is **refused** at once (``car_offline``), and nothing of it is kept for later. A car that comes back within the command's time gets it again; it runs a remote command once at most.
    3. **reached**, **executing**, then **done** or **failed** are what the car says, from what it senses. **refused** says that nothing was done:
       by the platform before it was sent, or by the car.
    4. **expired** means that no outcome was heard in time. The car begins nothing of it any more, since it counts the time by itself; but
       a car that lost coverage may have done it before. So a true report that comes late corrects **expired**, and nothing else does.
    5. **done**, **failed** and **refused** are final.

Theory of operation:
    ``COMMAND_LIFE.after`` gives the state that an event leads to. Reports may come twice (a car repeats its last one for a remote command that comes again)
    or late and out of use (``reached`` after ``expired``): they are *stale*, change nothing and harm nothing. Whatever else the table
    does not hold is a contradiction (``failed`` after ``done``, a report on a remote command that was never sent) and is refused.

``docs/reference/remote-commands.md`` draws both tables.
"""

from enum import StrEnum
from typing import Final

from openmarque.domains.commands.errors import CommandStepImpossible
from openmarque.kit.lifecycle import Actor, Lifecycle, Limit, Transition


class State(StrEnum):
    """Where a remote command stands."""

    AWAITING_PHONE = "awaiting_phone"
    ACCEPTED = "accepted"
    SENT = "sent"
    REACHED = "reached"
    EXECUTING = "executing"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"


class Event(StrEnum):
    """What moves a remote command on: a phone, the platform, the car, or time."""

    APPROVED = "approved"
    """A phone of the car signed it."""
    HANDED_OVER = "handed_over"
    """The platform signed it; the broker gets it right behind the commit, and ``TURNED_DOWN`` follows where the car has no connection."""
    TURNED_DOWN = "turned_down"
    """The platform will not send it, or could not."""
    CAR_REACHED = "car_reached"
    CAR_EXECUTING = "car_executing"
    CAR_DONE = "car_done"
    CAR_REFUSED = "car_refused"
    CAR_FAILED = "car_failed"
    TIME_OVER = "time_over"


OPEN: Final = (State.AWAITING_PHONE, State.ACCEPTED, State.SENT, State.REACHED, State.EXECUTING)
"""Whose outcome is still awaited."""

COMMAND_LIFE: Final = Lifecycle[State, Event, None](
    "command",
    initial=(State.AWAITING_PHONE, State.ACCEPTED, State.REFUSED),
    final=frozenset({State.DONE, State.REFUSED, State.FAILED}),
    transitions=(
        Transition(State.AWAITING_PHONE, Event.APPROVED, State.ACCEPTED),
        Transition(State.AWAITING_PHONE, Event.TURNED_DOWN, State.REFUSED),
        Transition(State.AWAITING_PHONE, Event.TIME_OVER, State.EXPIRED),
        Transition(State.ACCEPTED, Event.HANDED_OVER, State.SENT),
        Transition(State.ACCEPTED, Event.TURNED_DOWN, State.REFUSED),
        Transition(State.ACCEPTED, Event.TIME_OVER, State.EXPIRED),
        Transition(State.SENT, Event.TURNED_DOWN, State.REFUSED),
        Transition(State.SENT, Event.CAR_REACHED, State.REACHED),
        Transition(State.SENT, Event.CAR_EXECUTING, State.EXECUTING),
        Transition(State.SENT, Event.CAR_DONE, State.DONE),
        Transition(State.SENT, Event.CAR_REFUSED, State.REFUSED),
        Transition(State.SENT, Event.CAR_FAILED, State.FAILED),
        Transition(State.SENT, Event.TIME_OVER, State.EXPIRED),
        Transition(State.REACHED, Event.CAR_EXECUTING, State.EXECUTING),
        Transition(State.REACHED, Event.CAR_DONE, State.DONE),
        Transition(State.REACHED, Event.CAR_REFUSED, State.REFUSED),
        Transition(State.REACHED, Event.CAR_FAILED, State.FAILED),
        Transition(State.REACHED, Event.TIME_OVER, State.EXPIRED),
        Transition(State.EXECUTING, Event.CAR_DONE, State.DONE),
        Transition(State.EXECUTING, Event.CAR_REFUSED, State.REFUSED),
        Transition(State.EXECUTING, Event.CAR_FAILED, State.FAILED),
        Transition(State.EXECUTING, Event.TIME_OVER, State.EXPIRED),
        Transition(State.EXPIRED, Event.CAR_DONE, State.DONE),
        Transition(State.EXPIRED, Event.CAR_REFUSED, State.REFUSED),
        Transition(State.EXPIRED, Event.CAR_FAILED, State.FAILED),
    ),
    causes={
        Event.APPROVED: frozenset({Actor.OWNER}),
        Event.HANDED_OVER: frozenset({Actor.PLATFORM}),
        Event.TURNED_DOWN: frozenset({Actor.PLATFORM}),
        **dict.fromkeys(
            (Event.CAR_REACHED, Event.CAR_EXECUTING, Event.CAR_DONE, Event.CAR_REFUSED, Event.CAR_FAILED),
            frozenset({Actor.CAR}),
        ),
        Event.TIME_OVER: frozenset({Actor.TIME}),
    },
    stale=frozenset(
        {
            *((State.REACHED, event) for event in (Event.CAR_REACHED,)),
            *((State.EXECUTING, event) for event in (Event.CAR_REACHED, Event.CAR_EXECUTING)),
            *((State.EXPIRED, event) for event in (Event.CAR_REACHED, Event.CAR_EXECUTING, Event.TIME_OVER)),
            *((State.DONE, event) for event in (Event.CAR_REACHED, Event.CAR_EXECUTING, Event.CAR_DONE, Event.TIME_OVER)),
            *((State.FAILED, event) for event in (Event.CAR_REACHED, Event.CAR_EXECUTING, Event.CAR_FAILED, Event.TIME_OVER)),
            *((State.REFUSED, event) for event in (Event.CAR_REACHED, Event.CAR_REFUSED, Event.TIME_OVER)),
        }
    ),
    limits=dict.fromkeys(OPEN, Limit(Event.TIME_OVER)),
    refusal=CommandStepImpossible,
)
"""Stale is what says less than is known, or the same again. The time limits stand in the command's row: it has its own."""


class KeyState(StrEnum):
    """Where the key of a phone stands."""

    REQUESTED = "requested"
    ACTIVE = "active"
    REFUSED = "refused"
    REMOVED = "removed"
    """By the people in the car, or the car does not hold it any more."""
    REVOKED = "revoked"
    """By its owner, from the app."""


class KeyEvent(StrEnum):
    """What moves a phone's digital key on."""

    ASKED = "asked"
    """The phone offers it, with a proof that only the car can check."""
    STORED = "stored"
    NOT_STORED = "not_stored"
    GONE = "gone"
    REVOKED = "revoked"


DIGITAL_KEY_LIFE: Final = Lifecycle[KeyState, KeyEvent, None](
    "digital-key",
    initial=(KeyState.REQUESTED,),
    final=frozenset({KeyState.REVOKED}),
    transitions=(
        Transition(KeyState.REQUESTED, KeyEvent.STORED, KeyState.ACTIVE),
        Transition(KeyState.REQUESTED, KeyEvent.NOT_STORED, KeyState.REFUSED),
        Transition(KeyState.REQUESTED, KeyEvent.REVOKED, KeyState.REVOKED),
        Transition(KeyState.ACTIVE, KeyEvent.GONE, KeyState.REMOVED),
        Transition(KeyState.ACTIVE, KeyEvent.REVOKED, KeyState.REVOKED),
        Transition(KeyState.REFUSED, KeyEvent.ASKED, KeyState.REQUESTED),
        Transition(KeyState.REMOVED, KeyEvent.ASKED, KeyState.REQUESTED),
    ),
    causes={
        KeyEvent.ASKED: frozenset({Actor.OWNER}),
        KeyEvent.STORED: frozenset({Actor.CAR}),
        KeyEvent.NOT_STORED: frozenset({Actor.CAR, Actor.PLATFORM}),
        KeyEvent.GONE: frozenset({Actor.CAR}),
        KeyEvent.REVOKED: frozenset({Actor.OWNER}),
    },
    others_are_stale=True,
)
"""The car's word may come late. An active key that is offered again stays active whatever comes of the offer. A requested one is not gone
because the car does not hold it yet. A revoked one stays so whatever comes, a late report as well as a new offer: a car that was away
when it was revoked holds it still, and would say so."""

KNOWN_TO_CAR: Final = (KeyState.REQUESTED, KeyState.ACTIVE)
"""Keys that the car may hold: those of the list sent to it."""
