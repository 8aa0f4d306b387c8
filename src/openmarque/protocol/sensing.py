"""What passes between the car's core and the in-car part of a service (``protocol.car_part``): samples and commands in, steps out. Pure.

Rules:
    1. A service sees a sample only after every screen has taken out what can't be believed.
    2. What it hands back is captured at the level of the sample, or at a stricter one that it names; the core judges it again
       by the policy, at capture and at sending. A service can't widen anything.
    3. Its state is a value: the core stores it in the same transaction as what the service handed out.
    4. It moves the car only through actions, and those only by names of commands that its own declarations list.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from openmarque.protocol.commands import NoArguments
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import Value
from openmarque.protocol.waking import KEEP, WakeAt

State = TypeVar("State", bound=msgspec.Struct)

ArgumentValue = bool | int | str
"""What an argument of a command can be."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What the services need to know of the car itself: its top speed, and the usable capacity of its traction battery."""

    top_speed_kmh: float = 250.0
    """250 km/h is where most makers limit their cars; a provisioning bundle states the model's own."""
    battery_kwh: float | None = None


@dataclass(slots=True)
class Sample:
    """What the sensors said at one moment.

    `at_ms` is the moment by the car's clock; `level` the privacy level at which it is captured (owner's ∩ ceiling). `sensed` holds the
    values that came with this sample, `latest` the newest of every signal since power-up, this sample included; both by VSS path
    and free of what a screen refused. `reported` tells which values were captured for the status lane last, and when
    (milliseconds); a value that was purged is absent. `may_send` names the service messages that may be captured now. `steady_ms` is
    what the steady clock says now, for wishes to be woken; `is_time_known` tells whether the car's clock was ever set. How long something took
    is told by `sensed_steady_ms` alone, the steady clock at the moment of the sample: the other clock may be set in between. `life` names the
    steady clock's life; in another one (the machine was off) its numbers mean something else.
    """

    at_ms: int
    level: Level
    sensed: dict[str, Value]
    latest: Mapping[str, Value]
    reported: Mapping[str, tuple[Value, int]]
    may_send: frozenset[str]
    equipment: Equipment
    steady_ms: int = 0
    is_time_known: bool = True
    sensed_steady_ms: int | None = None
    life: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for the platform: its type, body, and the strictest level in force while its content was captured."""

    type: str
    body: msgspec.Struct
    captured: Level


@dataclass(frozen=True, slots=True)
class Action:
    """Something for the car itself to do: the name of a command, by which its actuator is registered, and what it is to be done with."""

    name: str
    arguments: Mapping[str, ArgumentValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that passed every check but the service's own rule: its name, and its arguments, in the struct that its declaration names."""

    command_id: str
    name: str
    arguments: msgspec.Struct = field(default_factory=NoArguments)

    @property
    def action(self) -> Action:
        """The car does just what the command says."""
        return Action(self.name, msgspec.to_builtins(self.arguments))


@dataclass(frozen=True, slots=True)
class Step(Generic[State]):
    """How a service goes on: its next state, values for the status lane by VSS path, messages and actions, each in order, and its next wake."""

    state: State
    values: Mapping[str, Value] = field(default_factory=dict)
    messages: tuple[Outgoing, ...] = ()
    actions: tuple[Action, ...] = ()
    wake_at: WakeAt = KEEP


@dataclass(frozen=True, slots=True)
class Refused:
    """A service does not do what it was asked for now; `reason` is a code, and nothing has changed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A command is over: it failed for `failed`, or the sensors show that it is done ("")."""

    failed: str = ""


@dataclass(frozen=True, slots=True)
class Screened(Generic[State]):
    """A screen's word on a sample: its next state, the VSS paths that can't be believed, and the reason to count ("" for none)."""

    state: State
    dropped: frozenset[str] = frozenset()
    counted: str = ""
