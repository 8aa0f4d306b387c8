"""The manifest of a service's in-car half: what it can do, one function for each. Pure.

A service folder that has something to do in the car has a module ``car`` with ``CAR = CarPart(...)``. A part has the capabilities that it
gives; there are no functions that do nothing.

Rules for every function:
    1. Pure: the same arguments give the same result, and none of them changes. No clock, no randomness, no I/O.
    2. It never raises for anything that a sensor can say within its signal's limits, or that its own types let through.
    3. A value that is not there proves nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic

import msgspec

from openmarque.protocol.sensing import Command, Ended, Refused, Sample, Screened, State, Step
from openmarque.protocol.waking import Woken


class Stateless(msgspec.Struct, frozen=True):
    """The state of a service that remembers nothing."""


@dataclass(frozen=True, slots=True)
class CarCommand(Generic[State]):
    """How a service carries out one command.

    `begin(state, command, sample)`: may the car do it now, by what its sensors last said (`sample.latest`), and how does it begin? It is asked
    only after every other check (``car.remote_commands``), and may be asked twice in one step.
    `outcome(state, command, sample)`: whether the sensors show that it is done, or that it won't be; None: not yet. The core ends it when its
    time is over. Without this function a command is done when it has begun.
    `over(state, command, failed)`: it has ended, whichever way; `failed` is the reason, "" where it is done.
    """

    begin: Callable[[State, Command, Sample], Step[State] | Refused]
    outcome: Callable[[State, Command, Sample], Ended | None] | None = None
    over: Callable[[State, Command, str], Step[State]] | None = None


@dataclass(frozen=True, slots=True)
class CarPart(Generic[State]):
    """What a service does in the car.

    `name` is the service's; its state is stored under it. `state` is a frozen struct that can be made without arguments: how the service
    stands in a new car, or after a change of owner.

    `observe(state, sample)`: what to make of what the sensors said.
    `wake(state, woken, sample)`: the time that it wished for with ``Step.wake_at`` has come, or was missed (`woken.missed`): then it does not
    act, but may wish anew (``protocol.waking``).
    `commands`: how it carries out each command that it begins. Its declarations list them.
    `configure`: for each kind of settings document that it goes by, `(state, body, sample)`: take over a body that the platform or the car's
    own screen has set, or refuse it. It is called again with the same body after a change of owner where the document stays in the car.
    `screen(state, sample)`: which values can't be believed; asked before any service sees them.
    `glance(state)`: how it stands, for a line on the car's screen: a key of its own texts below ``glance.`` and its name, where ``name`` says what
    the line is about. Its result is annotated with those keys, as a ``Literal`` or a ``StrEnum``: ``openmarque check`` looks for them.
    `forget(state)`: the state without anything of the present owner, where counters must never repeat; without it the service starts anew.
    """

    name: str
    state: type[State]
    observe: Callable[[State, Sample], Step[State]] | None = None
    wake: Callable[[State, Woken, Sample], Step[State]] | None = None
    commands: Mapping[str, CarCommand[State]] = field(default_factory=dict)
    configure: Mapping[str, Callable[[State, Any, Sample], Step[State] | Refused]] = field(default_factory=dict)
    screen: Callable[[State, Sample], Screened[State]] | None = None
    glance: Callable[[State], str] | None = None
    forget: Callable[[State], State] | None = None
