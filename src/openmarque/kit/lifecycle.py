"""The life of a thing as one table: (state, event) leads to a state, and what is not in the table can't happen. Pure.

Rules:
    1. A life begins in one of its initial states and ends in one of its final ones, which nothing leaves. One without final states goes on.
    2. A transition may have a guard, a question about the facts of the moment. Of several for one pair the first counts whose guard
       holds; one without a guard comes last and always holds.
    3. A pair may be *stale*: what is said is known already, or comes late. It changes nothing and harms nothing. Any other pair that the
       table does not hold is refused by the life's own error, which names what is possible instead.
    4. Each event has those who may cause it. A change says who did.
    5. A state may have a limit: the event that happens when nothing else did in time. How long that is stands in the table or, where an
       owner or the brand sets it, in the row that is kept; the row's timer is due at ``due_at``.
    6. A table that contradicts itself can't be made: two transitions for one pair, a way out of a final state, a state that nothing
       leads to or from which no end is reached, an event that happens nowhere, a limit that can't happen.

Theory of operation:
    A domain or service makes its ``Lifecycle`` once, in its module ``rules`` or ``states``; use cases call ``change`` under the row's lock, keep
    ``Change.state`` and tell what ``Change.tells`` names. ``python -m tools.lifecycles`` draws each into the docs between marks of its
    name, and a test holds the drawings equal, explores every life, and fails on one that is drawn nowhere.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from openmarque.kit.errors import CallerError, OpenMarqueError

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)
F = TypeVar("F")


class Actor(StrEnum):
    """Who may cause an event."""

    OWNER = "owner"
    DRIVER = "driver"
    """Somebody whom the owner gave rights for a time."""
    CAR = "car"
    PLATFORM = "platform"
    TIME = "time"
    STAFF = "staff"
    PARTNER = "partner"
    """A bank, a provider of assistance, an emergency centre: a system outside."""


class StepImpossible(CallerError):
    """This step is not possible from where it stands."""

    code = "step-impossible"
    cure = "Look at its state first; it may have changed meanwhile. Possible now: {possible}."
    http_status = 409


class StepNotYours(CallerError):
    """This step is for somebody else to take."""

    code = "step-not-yours"
    cure = "It can be taken by: {actors}."
    http_status = 403


class LifecycleInvalid(OpenMarqueError):
    """A table of transitions contradicts itself, so nothing may run on it."""

    code = "lifecycle-invalid"
    cure = "Mend the table of {lifecycle} by the rules of docs/reference/lifecycles.md."


@dataclass(frozen=True)
class Guard(Generic[F]):
    """A question about the facts of the moment; `name` says it in the drawing and in refusals, in a few words."""

    name: str
    holds: Callable[[F], bool]


@dataclass(frozen=True)
class Transition(Generic[S, E, F]):
    """In `state`, `event` leads to `to`, if `guard` holds. `tells` names the notices that the change is worth."""

    state: S
    event: E
    to: S
    guard: Guard[F] | None = None
    tells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limit(Generic[E]):
    """`event` happens when the state lasted as long as `lasts`; None: as long as the row says."""

    event: E
    lasts: timedelta | None = None


@dataclass(frozen=True)
class Change(Generic[S, E]):
    """What happened: from where, by which event, to where, caused by whom, and the notices that tell of it."""

    before: S
    event: E
    state: S
    by: Actor
    tells: tuple[str, ...]


@dataclass(frozen=True)
class Lifecycle(Generic[S, E, F]):
    """A table and what belongs to it. Raises ``LifecycleInvalid`` with every contradiction found.

    `causes` names for each event who may cause it. `stale` are the pairs that change nothing; `others_are_stale` makes every pair so that
    the table does not hold, for a life that hears of events late and out of order by its nature. `refusal` is raised for what is impossible.
    """

    name: str
    initial: tuple[S, ...]
    final: frozenset[S]
    transitions: tuple[Transition[S, E, F], ...]
    causes: Mapping[E, frozenset[Actor]]
    stale: frozenset[tuple[S, E]] = frozenset()
    others_are_stale: bool = False
    limits: Mapping[S, Limit[E]] = field(default_factory=dict)
    refusal: type[OpenMarqueError] = StepImpossible
    _ways: dict[tuple[S, E], tuple[Transition[S, E, F], ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the table by pair, and refuse one that contradicts itself."""
        ways: dict[tuple[S, E], tuple[Transition[S, E, F], ...]] = {}
        for way in self.transitions:
            pair = way.state, way.event
            ways[pair] = (*ways.get(pair, ()), way)
        object.__setattr__(self, "_ways", ways)
        problems = [*_contradictions(self, ways), *_dead_parts(self)]
        if problems:
            raise LifecycleInvalid(f"{self.name}: {'; '.join(problems)}.", lifecycle=self.name)

    @property
    def states(self) -> tuple[S, ...]:
        """Every state, in the order in which the enumeration has them."""
        return tuple(type(self.initial[0]))

    def way(self, state: S, event: E, facts: F | None = None) -> Transition[S, E, F] | None:
        """The transition that `event` takes now; None when it takes none. ``ValueError`` when a guard lacks its facts."""
        for way in self._ways.get((state, event), ()):
            if way.guard is None:
                return way
            if facts is None:
                raise ValueError(f"{self.name}: whether {way.guard.name} hangs on facts, and none were given")
            if way.guard.holds(facts):
                return way
        return None

    def possible(self, state: S) -> tuple[E, ...]:
        """The events that lead on from `state`, by the table alone."""
        return tuple(event for (at, event) in self._ways if at is state)

    def after(self, state: S, event: E, facts: F | None = None) -> S:
        """The state that `event` leads to; the same one when it is stale. Raises `refusal` for what can't happen."""
        way = self.way(state, event, facts)
        if way is not None:
            return way.to
        pair = state, event
        if pair in self.stale or (self.others_are_stale and pair not in self._ways):
            return state
        unmet = " or ".join(w.guard.name for w in self._ways.get(pair, ()) if w.guard)
        detail = f"It is {state}; {event} needs: {unmet}." if unmet else f"It is {state}; {event} is not possible from there."
        raise self.refusal(detail, state=state, event=event, possible=", ".join(self.possible(state)) or "nothing")

    def change(self, state: S, event: E, by: Actor, facts: F | None = None) -> Change[S, E] | None:
        """As ``after``, with who caused it and what it tells; None when it is stale. Raises ``StepNotYours`` for somebody who may not, and `refusal`."""
        if by not in self.causes[event]:
            raise StepNotYours(f"It was {by}, for {event}.", actors=", ".join(sorted(self.causes[event])))
        way = self.way(state, event, facts)
        if way is None:
            self.after(state, event, facts)
            return None
        return Change(state, event, way.to, by, way.tells)

    def due_at(self, state: S, since: datetime, lasts: timedelta | None = None) -> datetime | None:
        """When the limit of `state` is reached; None without one. `lasts` is what the row says where the table says nothing.

        ``ValueError`` when neither says it.
        """
        limit = self.limits.get(state)
        if limit is None:
            return None
        length = limit.lasts if limit.lasts is not None else lasts
        if length is None:
            raise ValueError(f"how long {self.name} may be {state} stands neither in the table nor in the row")
        return since + length

    def leads(self, before: S, state: S) -> bool:
        """Whether some events, one or more, lead from one state to the other."""
        return state in self.reached(way.to for way in self.transitions if way.state is before)

    def reached(self, start: Iterable[S]) -> set[S]:
        """The states of `start` and all that events lead to from there, guards left aside."""
        found = set(start)
        new = set(found)
        while new:
            new = {way.to for way in self.transitions if way.state in new} - found
            found |= new
        return found

    def diagram(self) -> str:
        """The life as a Mermaid state diagram; guards stand in brackets, limits with their length."""
        lines = ["stateDiagram-v2", *(f"    [*] --> {state}" for state in self.initial)]
        lines += [f"    {way.state} --> {way.to}: {self._label(way)}" for way in self.transitions]
        return "\n".join([*lines, *(f"    {state} --> [*]" for state in self.states if state in self.final)])

    def _label(self, way: Transition[S, E, F]) -> str:
        limit = self.limits.get(way.state)
        lasts = limit.lasts if limit is not None and limit.event is way.event else None
        return f"{way.event}{f' after {lasts}' if lasts else ''}{f' [{way.guard.name}]' if way.guard else ''}"


def explore(life: Lifecycle[S, E, F], facts: Iterable[F] = ()) -> set[Transition[S, E, F]]:
    """Go every way from the beginnings, under each of `facts`; gives the transitions that were taken.

    Raises ``LifecycleInvalid`` when one is never taken: its guard holds for none of `facts`, or an earlier one always comes before it, or
    the state is reached by such ways only.
    """
    situations: list[F | None] = [*facts] or [None]
    taken = set[Transition[S, E, F]]()
    reached, new = set(life.initial), set(life.initial)
    while new:
        found = {
            way for state in new for event in life.possible(state) for now in situations if (way := life.way(state, event, now))
        }
        taken |= found
        new = {way.to for way in found} - reached
        reached |= new
    never = [f"{way.event} from {way.state} to {way.to} is never taken" for way in life.transitions if way not in taken]
    if never:
        raise LifecycleInvalid(f"{life.name}: {'; '.join(never)}.", lifecycle=life.name)
    return taken


def _contradictions(life: Lifecycle[S, E, F], ways: Mapping[tuple[S, E], tuple[Transition[S, E, F], ...]]) -> Iterable[str]:
    """What the table says twice or against itself."""
    for (state, event), several in ways.items():
        if any(way.guard is None for way in several[:-1]):
            yield f"{event} from {state} leads to two states: only the last may be without a guard"
        if (state, event) in life.stale:
            yield f"{event} from {state} is stale and leads on"
    yield from (f"{way.state} is final, and {way.event} leaves it" for way in life.transitions if way.state in life.final)
    for state, limit in life.limits.items():
        if (state, limit.event) not in ways:
            yield f"the limit of {state} is {limit.event}, which leads nowhere from there"


def _dead_parts(life: Lifecycle[S, E, F]) -> Iterable[str]:
    """What can't be reached, never ends, or never happens."""
    if not life.initial:
        yield "it begins nowhere"
        return
    lived = life.reached(life.initial)
    yield from (f"nothing leads to {state}" for state in life.states if state not in lived)
    if life.final:
        stuck = [state for state in life.states if life.final.isdisjoint(life.reached((state,)))]
        yield from (f"no end is reached from {state}, which is not final" for state in stuck)
    else:
        yield from (f"nothing leaves {state}, which is not final" for state in life.states if not life.possible(state))
    happening = dict.fromkeys(way.event for way in life.transitions)
    yield from (f"{event} happens nowhere" for event in life.causes if event not in happening)
    yield from (f"nobody causes {event}" for event in happening if not life.causes.get(event))
