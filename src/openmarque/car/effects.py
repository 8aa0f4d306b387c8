"""What services hand out, carried out within a turn: values and messages through the gate, actions to the car's actuators. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from openmarque.car.gate import Gate
from openmarque.car.link import Link, Turn
from openmarque.car.model import Actuation
from openmarque.car.records import Counts
from openmarque.catalogue.register import Catalogue
from openmarque.protocol.envelope import encode
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Action, Outgoing, Sample, Screened, Step
from openmarque.protocol.signals import SIGNALS, Value

UNDECLARED: Final = "undeclared"
"""A service wants an action that none of its declarations lists."""


@dataclass(slots=True)
class Handed:
    """What the services made of one moment, collected: `sample` says when and at which level it was."""

    sample: Sample
    values: dict[str, Value] = field(default_factory=dict)
    messages: list[Outgoing] = field(default_factory=list)
    actions: list[tuple[str, Actuation]] = field(default_factory=list)
    """Each with the service that wants it."""

    def take(self, service: str, step: Step[Any], command_id: str = "") -> None:
        """Add what one service handed out."""
        self.values.update(step.values)
        self.messages.extend(step.messages)
        self.actions.extend((service, Actuation(action.name, command_id, action.arguments)) for action in step.actions)


def is_sound(answer: Any) -> bool:
    """Whether an answer of a service holds what its type says: no type checker has seen every service that is installed."""
    if isinstance(answer, Screened):
        return _holds(answer, "dropped", frozenset)
    if not isinstance(answer, Step):
        return True
    step: Any = answer
    return (
        _holds(step, "values", Mapping)
        and all(isinstance(m, Outgoing) and _holds(m, "captured", Level) for m in step.messages)
        and all(isinstance(a, Action) and _holds(a, "arguments", Mapping) for a in step.actions)
    )


def _holds(answer: object, name: str, kind: type) -> bool:
    return isinstance(getattr(answer, name), kind)


class Effects:
    """The way out of the services of one car."""

    def __init__(self, catalogue: Catalogue, parts: tuple[Gate, Link, Counts]) -> None:
        """`catalogue` says on which lane each message goes, and which commands each service declares."""
        self._types = catalogue.messages.types
        self._declared = {s.name: {c.name: d.name for d in s.declarations for c in d.commands} for s in catalogue.services}
        self._gate, self._link, self._counts = parts

    @property
    def level(self) -> Level:
        """The level at which values are captured now."""
        return self._gate.level

    @property
    def reported(self) -> Mapping[str, tuple[Value, int]]:
        """The values captured for the status lane last, by VSS path, with when."""
        return self._link.status.reported

    def may_send(self) -> frozenset[str]:
        """The service messages that may be captured now."""
        return self._gate.may_send()

    def count(self, name: str) -> None:
        """Count one more of `name`."""
        self._counts.add(name)

    def carry_out(self, turn: Turn, handed: Handed) -> None:
        """Capture values and messages, as far as they may be; hand out the actions."""
        level, at_ms = handed.sample.level, handed.sample.at_ms
        values = {path: value for path, value in handed.values.items() if self._is_value(handed.sample, path, value)}
        if values:
            self._link.status.add(level, values, at_ms, self._gate.signals)
        for message in handed.messages:
            self._capture(turn, message, level, at_ms)
        for service, action in handed.actions:
            refusal = self._refuses(service, action)
            if refusal:
                self._counts.add(f"actions/{refusal}:{action.command}")
            else:
                turn.out.actions.append(action)

    def _refuses(self, service: str, action: Actuation) -> str:
        """Why the car does not do it. What a command does was judged with the command; what a service does by itself is judged now."""
        declaration = self._declared[service].get(action.command)
        if declaration is None:
            return UNDECLARED
        return "" if action.command_id else self._gate.refuses_here(declaration, action.command)

    def _is_value(self, sample: Sample, path: str, value: Value) -> bool:
        """Whether the signal can have this value; what a sensor said was looked at when it came."""
        if sample.latest.get(path) is value:
            return True
        signal = SIGNALS.get(path)
        if signal is not None and signal.accepts(value):
            return True
        self.count("not_captured/status:no_such_value")
        return False

    def _capture(self, turn: Turn, message: Outgoing, level: Level, at_ms: int) -> None:
        captured = min(message.captured, level)
        kind = self._types.get(message.type)
        refusal = self._gate.refuses(message.type, captured)
        if refusal or kind is None or kind.lane is None:
            self._counts.add(f"not_captured/{message.type}:{refusal or 'no_lane'}")
            return
        try:
            body = encode(message.body)
        except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
            self._counts.add(f"not_captured/{message.type}:unfit_body")
            return
        self._link.append(turn, kind.lane, message.type, captured, at_ms, body)
