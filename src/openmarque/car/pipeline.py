"""From raw sensor values and commands to what the services make of them: limits, screens, then each service. No I/O."""

from collections.abc import Callable, Iterable, Mapping
from types import NoneType
from typing import Any

import msgspec

from openmarque.car.effects import Effects, Handed, is_sound
from openmarque.car.link import Turn
from openmarque.car.model import Now
from openmarque.car.records import service_record
from openmarque.car.waking import Wakes
from openmarque.catalogue.command_reasons import CommandReason
from openmarque.protocol.car_part import CarPart
from openmarque.protocol.envelope import Trust
from openmarque.protocol.sensing import Command, Ended, Equipment, Refused, Sample, Screened, Step
from openmarque.protocol.signals import SIGNALS, Value


class Pipeline:
    """The services of one car with their states, and the newest value of each signal."""

    def __init__(
        self,
        parts: Iterable[CarPart[Any]],
        states: Mapping[str, Any],
        equipment: Equipment,
        effects: Effects,
        wakes: Wakes,
    ) -> None:
        """Go on from `states` by service name; a service without one starts as in a new car."""
        self._parts = {part.name: part for part in parts}
        self._states = {name: states.get(name) or part.state() for name, part in self._parts.items()}
        self._new = [name for name, part in self._parts.items() if part.configure and states.get(name) is None]
        self._equipment = equipment
        self._effects = effects
        self._wakes = wakes
        self._latest: dict[str, Value] = {}

    @property
    def latest(self) -> Mapping[str, Value]:
        """The newest believed value of each signal since power-up."""
        return self._latest

    def state(self, service: str) -> Any:
        """How a service stands; None for one that is not installed."""
        return self._states.get(service)

    def glances(self) -> dict[str, str]:
        """What each service shows of itself at a glance: the key of a text, by the service's name."""
        shown = ((name, self._glance(name, part)) for name, part in self._parts.items() if part.glance is not None)
        return {name: key for name, key in shown if key}

    def _glance(self, name: str, part: CarPart[Any]) -> str:
        """As ``_ask``, outside of a step: a service that fails is not shown, and counted with the next step."""
        assert part.glance is not None
        try:
            key = part.glance(self._states[name])
        except Exception:  # noqa: BLE001 - as there
            key = None
        if isinstance(key, str):
            return key
        self._effects.count(f"services/failed:{name}")
        return ""

    def commands(self) -> dict[str, str]:
        """The name of the service that carries out each command."""
        return {command: name for name, part in self._parts.items() for command in part.commands}

    # Sensors

    def feed(self, turn: Turn, values: Mapping[str, Value], at_ms: int) -> None:
        """Run one sample through, sensed at `at_ms`. What no such signal can say, and what a screen refuses, is counted (``sensor/…``)."""
        good: dict[str, Value] = {}
        for path, value in values.items():
            signal = SIGNALS.get(path)
            if signal is not None and signal.accepts(value):
                good[path] = value
            else:
                self._effects.count(f"sensor/{'unknown_signal' if signal is None else 'out_of_range'}")
        before = {path: self._latest.get(path) for path in good}
        self._latest.update(good)
        sample = self._sample(turn.now, at_ms, good)
        for part in self._parts.values():
            self._screen(turn, part, sample, before)
        handed = Handed(sample)
        for name, part in self._parts.items():
            if part.observe is not None:
                self._advance(turn, name, self._ask(turn, name, Step, part.observe, sample), handed)
        self._effects.carry_out(turn, handed)

    def _screen(self, turn: Turn, part: CarPart[Any], sample: Sample, before: Mapping[str, Value | None]) -> None:
        screened = None if part.screen is None else self._ask(turn, part.name, Screened, part.screen, sample)
        if screened is None or not self._keeps(turn, part.name, screened.state):
            return
        if screened.counted:
            self._effects.count(f"sensor/{screened.counted}")
        for path in screened.dropped & sample.sensed.keys():
            del sample.sensed[path]
            old = before[path]
            if old is None:
                del self._latest[path]
            else:
                self._latest[path] = old

    # Time

    def wake(self, turn: Turn) -> None:
        """Wake the services whose time has come."""
        for name, why in self._wakes.take_due(turn.now):
            wake = self._parts[name].wake
            assert wake is not None
            handed = Handed(self._present(turn))
            self._advance(turn, name, self._ask(turn, name, Step, wake, why, handed.sample), handed)
            self._effects.carry_out(turn, handed)

    # Commands

    def refuses(self, turn: Turn, service: str, command: Command) -> str:
        """Why a service lets its command not be done now; "" when it may begin."""
        begun = self._begun(turn, service, command, self._present(turn))
        return begun.reason if isinstance(begun, Refused) else ""

    def begin(self, turn: Turn, service: str, command: Command) -> str:
        """Have a service begin with a command; gives why it refuses, "" when it has begun."""
        handed = Handed(self._present(turn))
        begun = self._begun(turn, service, command, handed.sample)
        if isinstance(begun, Refused):
            return begun.reason
        if not self._advance(turn, service, begun, handed, command.command_id):
            return CommandReason.SERVICE_FAILED
        self._effects.carry_out(turn, handed)
        return ""

    def _begun(self, turn: Turn, service: str, command: Command, sample: Sample) -> Step[Any] | Refused:
        begin = self._parts[service].commands[command.name].begin
        return self._ask(turn, service, (Step, Refused), begin, command, sample) or Refused(CommandReason.SERVICE_FAILED)

    def outcome(self, turn: Turn, service: str, command: Command) -> Ended | None:
        """Whether a command is over, as its service sees it; None while it is not, or the service is not there any more."""
        part = self._parts.get(service)
        known = part.commands.get(command.name) if part else None
        if known is None:
            return None
        if known.outcome is None:
            return Ended()
        ended: Ended | None = self._ask(turn, service, (Ended, NoneType), known.outcome, command, self._present(turn))
        return ended

    def over(self, turn: Turn, service: str, command: Command, failed: str) -> None:
        """Tell a service that its command has ended."""
        part = self._parts.get(service)
        known = part.commands.get(command.name) if part else None
        if known is None or known.over is None:
            return
        handed = Handed(self._present(turn))
        step = self._ask(turn, service, Step, known.over, command, failed)
        self._advance(turn, service, step, handed, command.command_id)
        self._effects.carry_out(turn, handed)

    # Settings

    def configure(self, turn: Turn, kind: str, body: msgspec.Struct) -> str:
        """Have the service that goes by this kind of settings document take over a body; gives why it refuses, "" when it goes by it.

        A kind for which no service has a function is one that nobody in the car goes by: it is taken as it is.
        """
        name = next((name for name, part in self._parts.items() if kind in part.configure), None)
        if name is None:
            return ""
        handed = Handed(self._present(turn))
        step = self._ask(turn, name, (Step, Refused), self._parts[name].configure[kind], body, handed.sample)
        if isinstance(step, Refused):
            return step.reason
        if not self._advance(turn, name, step, handed):
            return CommandReason.SERVICE_FAILED
        self._effects.carry_out(turn, handed)
        return ""

    def newly_configured(self, turn: Turn) -> tuple[str, ...]:
        """The kinds of settings documents of services that have begun anew in this car: they don't go by them yet. Told once.

        A service that was installed behind a document, or whose stored state is of another program, has heard nothing of what was set.
        """
        new, self._new = self._new, []
        for name in new:
            turn.changes.put(service_record(name), self._states[name])
        return tuple(kind for name in new for kind in self._parts[name].configure)

    # All of them

    def forget(self, turn: Turn) -> None:
        """Drop everything of the present owner, the newest values included."""
        self._latest.clear()
        self._wakes.forget()
        for name, part in self._parts.items():
            kept = None if part.forget is None else self._ask(turn, name, part.state, part.forget)
            if kept is None or not self._keeps(turn, name, kept):
                self._keeps(turn, name, part.state())

    def _present(self, turn: Turn) -> Sample:
        """A sample of now, in which nothing new was sensed."""
        return self._sample(turn.now, turn.now.ms, {})

    def _sample(self, now: Now, at_ms: int, sensed: dict[str, Value]) -> Sample:
        effects, is_time_known = self._effects, now.trust is not Trust.UNSET
        facts = (self._latest, effects.reported, effects.may_send(), self._equipment)
        # What was sensed a while ago is as old by one clock as by the other.
        sensed_steady_ms = now.steady - (now.ms - at_ms)
        return Sample(at_ms, effects.level, sensed, *facts, now.steady, is_time_known, sensed_steady_ms, self._wakes.life)

    def _ask(self, turn: Turn, name: str, kinds: Any, function: Callable[..., Any], *arguments: object) -> Any:
        """What a function of a service answers: one of `kinds`. None where it raises, or answers with anything else.

        Such a fault is counted and told (``Output.faults``): one service's must not stop the others, least of all a call for help.
        """
        try:
            answer = function(self._states[name], *arguments)
            if not isinstance(answer, kinds) or not is_sound(answer):
                raise TypeError(f"{name} answered {type(answer).__name__}")
            return answer
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the service's and not the car's
            self._failed(turn, name, error)
            return None

    def _failed(self, turn: Turn, name: str, error: Exception) -> None:
        self._effects.count(f"services/failed:{name}")
        turn.out.faults.append((name, error))

    def _advance(self, turn: Turn, name: str, step: Step[Any] | None, handed: Handed, command_id: str = "") -> bool:
        """A service goes on: keep its state and its wish, and collect what it hands out. False, and nothing of it, where it failed."""
        if step is None or not self._keeps(turn, name, step.state):
            return False
        self._wakes.wish(turn, name, step.wake_at)
        handed.take(name, step, command_id)
        return True

    def _keeps(self, turn: Turn, name: str, state: Any) -> bool:
        """Keep a service's state; False where it is none that can be stored, which is the service's fault."""
        if state is self._states[name]:
            return True
        try:
            if not isinstance(state, self._parts[name].state):
                raise TypeError(f"{name} has a state of {type(state).__name__}")
            turn.changes.put(service_record(name), state)
        except Exception as error:  # noqa: BLE001 - as in `_ask`
            self._failed(turn, name, error)
            return False
        self._states[name] = state
        return True
