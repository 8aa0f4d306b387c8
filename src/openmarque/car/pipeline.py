"""From raw sensor values to what the services make of them: limits, screens, then each service. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from openmarque.car.records import service_record
from openmarque.car.service import CarService, CommandHandler, Screen
from openmarque.car.store import Changes
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Command, Ended, Equipment, Outgoing, Sample
from openmarque.protocol.signals import SIGNALS, Value


@dataclass(slots=True)
class Sensed:
    """What a sample led to: values for the status lane, messages in order, and the reasons why values were refused."""

    values: dict[str, Value] = field(default_factory=dict)
    messages: list[Outgoing] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Pipeline:
    """The services of one car with their states, and the newest value of each signal."""

    def __init__(self, services: Iterable[CarService], states: Mapping[str, Any], equipment: Equipment) -> None:
        """Go on from `states` by service name; a service without one starts as in a new car."""
        self._services = tuple(services)
        self._handlers = {service.name: service for service in self._services if isinstance(service, CommandHandler)}
        self._screens = tuple((service.name, service) for service in self._services if isinstance(service, Screen))
        self._states = {service.name: states.get(service.name) or service.state() for service in self._services}
        self._equipment = equipment
        self._latest: dict[str, Value] = {}

    @property
    def latest(self) -> Mapping[str, Value]:
        """The newest believed value of each signal since power-up."""
        return self._latest

    def state(self, service: str) -> Any:
        """How a service stands; None for one that is not installed."""
        return self._states.get(service)

    def feed(
        self,
        changes: Changes,
        values: Mapping[str, Value],
        *,
        at_ms: int,
        level: Level,
        reported: Mapping[str, tuple[Value, int]],
        may_send: frozenset[str],
    ) -> Sensed:
        """Run one sample through; states that changed are written to `changes`."""
        result = Sensed()
        good: dict[str, Value] = {}
        for path, value in values.items():
            signal = SIGNALS.get(path)
            if signal is not None and signal.accepts(value):
                good[path] = value
            else:
                result.refused.append("unknown_signal" if signal is None else "out_of_range")
        before = {path: self._latest.get(path) for path in good}
        self._latest.update(good)
        sample = Sample(at_ms, level, good, self._latest, reported, may_send, self._equipment)
        for name, screen in self._screens:
            self._screen(changes, screen, name, sample, before, result)
        for service in self._services:
            taken = service.take(self._states[service.name], sample)
            self._keep(changes, service.name, taken.state)
            result.values.update(taken.values)
            result.messages.extend(taken.messages)
        return result

    def commands(self) -> dict[str, str]:
        """The name of the service that carries out each command."""
        return {command: name for name, handler in self._handlers.items() for command in handler.commands}

    def sample(self, at_ms: int, level: Level, reported: Mapping[str, tuple[Value, int]], may_send: frozenset[str]) -> Sample:
        """A sample in which nothing new was sensed."""
        return Sample(at_ms, level, {}, self._latest, reported, may_send, self._equipment)

    def refuses(self, service: str, command: Command, sample: Sample) -> str:
        """Why a service lets its command not be done now; "" when the car is to act."""
        return self._handlers[service].begin(self._states[service], command, sample).refused

    def begin(self, changes: Changes, service: str, command: Command, sample: Sample) -> None:
        """Have a service begin with a command that it does not refuse."""
        self._keep(changes, service, self._handlers[service].begin(self._states[service], command, sample).state)

    def outcome(self, service: str, command: Command, sample: Sample) -> Ended | None:
        """Whether a command is over, as its service sees it; None while it is not, or the service is not there any more."""
        handler = self._handlers.get(service)
        return None if handler is None else handler.outcome(self._states[service], command, sample)

    def over(self, changes: Changes, service: str, command: Command) -> None:
        """Tell a service that its command has ended."""
        handler = self._handlers.get(service)
        if handler is not None:
            self._keep(changes, service, handler.over(self._states[service], command))

    def forget(self, changes: Changes) -> None:
        """Drop everything of the present owner, the newest values included."""
        self._latest.clear()
        for service in self._services:
            self._keep(changes, service.name, service.forget(self._states[service.name]))

    def _screen(
        self, changes: Changes, screen: Screen, name: str, sample: Sample, before: Mapping[str, Value | None], result: Sensed
    ) -> None:
        screened = screen.screen(self._states[name], sample)
        self._keep(changes, name, screened.state)
        if screened.counted:
            result.refused.append(screened.counted)
        for path in screened.dropped & sample.sensed.keys():
            del sample.sensed[path]
            old = before[path]
            if old is None:
                del self._latest[path]
            else:
                self._latest[path] = old

    def _keep(self, changes: Changes, name: str, state: Any) -> None:
        if state is not self._states[name]:
            self._states[name] = state
            changes.put(service_record(name), state)
