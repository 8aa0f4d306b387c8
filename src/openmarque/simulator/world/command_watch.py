"""Watches what the cars do on commands. It knows when each challenge was truly given out and which command was truly signed. REQ RC-6.

Invariants here (names as reported):
    command-run-without-authority  a car acts only on a remote command that was signed by who has to sign it: a phone of its present owner
                                   that it knows, or the platform; never on one that only the people in the car may give
    command-run-with-bad-arguments nor with arguments that the command does not take, or other ones than were signed
    command-run-twice              at most once, and none of a key after a later one
    command-run-late               not after the time that the command allows, counted in truth from the challenge
    command-run-in-private-mode    not at a level that lets nothing out, nor with remote access off
    action-of-a-closed-service     what a service does by itself, or on the car's own screen, it does where it is open to an owner, and not switched off in the car
    command-counter-went-back      what a car has taken of a key it remembers, through every crash
    command-without-end            in the end the platform knows the outcome of every command, or that its time is over
"""

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from openmarque.car.model import Actuation, Channel, Output
from openmarque.catalogue.declarations import Authority, CommandSpec, Declaration
from openmarque.domains.commands.memory import VEHICLE_COMMAND
from openmarque.domains.commands.states import OPEN
from openmarque.kit.ids import VehicleId
from openmarque.protocol.commands import ChallengeAnswer
from openmarque.protocol.levels import Level
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.commanding import Given, Pressed
from openmarque.simulator.world.database import Tables
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.scheduler import Scheduler
from openmarque.simulator.world.view import switched_off


class CommandWatch:
    """``CommandWitness``. Raises ``InvariantBroken`` at the step that breaks one."""

    def __init__(self, scheduler: Scheduler, commands: Mapping[str, tuple[Declaration, CommandSpec]]) -> None:
        """Watch nothing yet. `commands` are those that are declared, by name, with the declaration that lists each."""
        self._scheduler = scheduler
        self._commands = commands
        self._issued: dict[bytes, int] = {}
        self._given: dict[str, Given] = {}
        self._pressed: dict[VehicleId, Pressed] = {}
        self._run: dict[tuple[VehicleId, str], int] = defaultdict(int)
        self._counters: dict[VehicleId, tuple[object, dict[str, int]]] = {}
        self._acted: set[tuple[VehicleId, str, str]] = set()
        self.acted = 0

    def commanded(self, car: WorldCar, given: Given) -> None:
        """See ``CommandWitness``."""
        del car
        self._given[given.command_id] = given

    def pressed(self, car: WorldCar, pressed: Pressed | None) -> None:
        """See ``CommandWitness``."""
        if pressed is None:
            self._pressed.pop(car.vehicle_id, None)
        else:
            self._pressed[car.vehicle_id] = pressed

    def forget(self, car: WorldCar) -> None:
        """The car lost its memory: what it had taken of keys, it can't remember. Its phones are gone with it."""
        self._counters.pop(car.vehicle_id, None)

    def stepped(self, car: WorldCar, out: Output) -> None:
        """A step of a car ended well."""
        for frame in out.frames:
            if frame.channel is Channel.CHALLENGE:
                answer = msgspec.msgpack.decode(frame.payload, type=ChallengeAnswer)
                self._issued[answer.challenge] = self._scheduler.now_ms
        for action in out.actions:
            pressed = self._pressed.get(car.vehicle_id)
            if pressed is not None and action.command_id and action.command_id not in self._given:
                self._acts_here(car, action, pressed)
            elif action.command_id:
                self._acts(car, action)
            else:
                self._acts_by_itself(car, action)
        self._remembers(car)

    def _acts(self, car: WorldCar, action: Actuation) -> None:
        core = car.core
        assert core is not None
        self.acted += 1
        given = self._given.get(action.command_id)
        if given is None or not self._is_authorised(car, given):
            raise InvariantBroken("command-run-without-authority", f"{car.name} does {action.command}: {given}")
        if not given.is_sound or (given.command == action.command and given.arguments != action.arguments):
            raise InvariantBroken("command-run-with-bad-arguments", f"{car.name} does {action}: {given}")
        done = (car.vehicle_id, action.command_id)
        if (*done, action.command) in self._acted:
            raise InvariantBroken("command-run-twice", f"{car.name} does {given}")
        if not any(former[:2] == done for former in self._acted):
            self._begins(car, given)
        self._acted.add((*done, action.command))

    def _begins(self, car: WorldCar, given: Given) -> None:
        """A command's first action; its service may end it with others."""
        assert car.core is not None
        if given.counter <= self._run[car.vehicle_id, given.key_id]:
            raise InvariantBroken("command-run-twice", f"{car.name} does {given}")
        self._run[car.vehicle_id, given.key_id] = given.counter
        if self._scheduler.now_ms > self._issued[given.challenge] + given.valid_ms:
            late_ms = self._scheduler.now_ms - self._issued[given.challenge] - given.valid_ms
            raise InvariantBroken("command-run-late", f"{car.name} is {late_ms} ms late: {given}")
        declaration, _ = self._commands[given.command]
        if car.core.level < Level.DATA or (declaration.remote and not car.core.privacy.remote_access):
            raise InvariantBroken("command-run-in-private-mode", f"{car.name} at {car.core.level}: {given}")

    def _acts_here(self, car: WorldCar, action: Actuation, pressed: Pressed) -> None:
        """On what is pressed in the car, which offers it: with its arguments, and else as what a service does by itself."""
        self.acted += 1
        _, spec = self._commands[pressed.command]
        if not (spec.in_car or spec.authority is Authority.LOCAL):
            raise InvariantBroken("command-run-without-authority", f"{car.name} does {action}, and {pressed} was pressed")
        if not pressed.is_sound or (action.command == pressed.command and action.arguments != pressed.arguments):
            raise InvariantBroken("command-run-with-bad-arguments", f"{car.name} does {action}, and {pressed} was pressed")
        self._acts_by_itself(car, action)

    def _acts_by_itself(self, car: WorldCar, action: Actuation) -> None:
        """A service acts by time, or by a setting: only where it is open to an owner and switched on, at every privacy level."""
        assert car.core is not None
        declaration, _ = self._commands[action.command]
        is_off = not switched_off(car.core).isdisjoint((declaration.name, declaration.group))
        if is_off or car.core.policy is None or car.core.policy.tenure_id is None:
            raise InvariantBroken("action-of-a-closed-service", f"{car.name} does {action} of {declaration.name}")

    def _is_authorised(self, car: WorldCar, given: Given) -> bool:
        core = car.core
        assert core is not None
        authority = self._commands[given.command][1].authority
        if given.tenure_id != (core.policy.tenure_id if core.policy else None):
            return False
        if authority is Authority.PLATFORM:
            return not given.key_id
        return authority is not Authority.LOCAL and given.key_id in {phone.key_id for phone in core.phones}

    def _remembers(self, car: WorldCar) -> None:
        core = car.core
        assert core is not None
        held = core.phone_record
        tenure, before = self._counters.get(car.vehicle_id, (held.tenure_id, {}))
        if tenure == held.tenure_id and any(held.counters.get(key, 0) < counter for key, counter in before.items()):
            raise InvariantBroken("command-counter-went-back", f"{car.name} had {before}, has {held.counters}")
        self._counters[car.vehicle_id] = held.tenure_id, dict(held.counters)

    @staticmethod
    def ask(tables: Tables) -> None:
        """The final question about the platform's commands."""
        for row in tables.get(VEHICLE_COMMAND, {}).values():
            if row.state in OPEN:
                raise InvariantBroken("command-without-end", f"{row.command} is {row.state}")
