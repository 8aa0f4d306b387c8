"""The commands that a car carries out, wherever they came from: begun, watched, ended, remembered and reported. No I/O.

Rules:
    1. Journal and state are in the store before anything is done: the step in which a command begins ends with its commit, and only then do
       its actions come out.
    2. What ran when the car lost power has failed (``interrupted``) and is never run again: nobody knows how far it came.
    3. ``done`` is what the sensors show. Without that the command has failed when its time is over: `outcome_within_s` of its declaration,
       counted from the owner's request by the steady clock, not from when it came to the car. REQ RC-1.
    4. One command runs per service; a newer one takes its place.
    5. What was done on the car's own screen is not reported: nothing of it leaves the car.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from openmarque.car.gate import Gate
from openmarque.car.link import Link, Turn
from openmarque.car.model import CommandNotOffered, NoticeCode, Now
from openmarque.car.pipeline import Pipeline
from openmarque.car.records import Counts
from openmarque.car.sparing import Answers
from openmarque.car.store import CarStore, Changes
from openmarque.catalogue.command_arguments import ArgumentInvalid, ArgumentUnknown, read_arguments, spelled
from openmarque.catalogue.command_reasons import CommandReason
from openmarque.catalogue.declarations import Authority, CommandSpec
from openmarque.catalogue.register import Catalogue
from openmarque.protocol.commands import COMMAND_REPORT, CommandReport, CommandStep
from openmarque.protocol.envelope import Lane, encode
from openmarque.protocol.sensing import ArgumentValue, Command

JOURNAL: Final = "remote_commands"
"""The record in the car's store."""
JOURNAL_KEPT: Final = 32
"""Commands whose last report can be repeated: more than come in the life of a challenge. An older one is stopped by its counter."""

_RUNNING: Final = frozenset((CommandStep.REACHED, CommandStep.EXECUTING))


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """A command in the journal: what it is, how far it came, when that was said (ms by the car's clock), and whether it was given `here`."""

    command_id: str
    service: str
    command: str
    arguments: dict[str, ArgumentValue]
    state: CommandStep
    reason: str
    at_ms: int
    here: bool = False


class JournalRecord(msgspec.Struct, array_like=True, frozen=True):
    """The newest commands, oldest first."""

    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Runnable:
    """A command that this car can run: the declaration that lists it, and the service that knows how."""

    declaration: str
    spec: CommandSpec
    service: str

    @property
    def is_offered_here(self) -> bool:
        """Whether the car's own screen may give it."""
        return self.spec.in_car or self.spec.authority is Authority.LOCAL

    @property
    def outcome_ms(self) -> int:
        """The time that it has, from the request."""
        return self.spec.outcome_within_s * 1000


@dataclass(frozen=True, slots=True)
class Request:
    """A command that somebody has asked for. `here`: on the car's own screen; else `by` is the name of the phone, "" for the platform."""

    command_id: str
    command: str
    arguments: Mapping[str, ArgumentValue]
    here: bool = False
    by: str = ""


def runnable_commands(catalogue: Catalogue, pipeline: Pipeline) -> dict[str, Runnable]:
    """Every declared command for which a service is installed in the car that carries it out."""
    handled = pipeline.commands()
    return {
        name: Runnable(declaration.name, spec, handled[name])
        for name, (declaration, spec) in sorted(catalogue.commands().items())
        if name in handled
    }


class CommandRuns:
    """The commands of one car once they were judged. The core calls it within its steps."""

    def __init__(self, store: CarStore, runnable: Mapping[str, Runnable], parts: tuple[Gate, Link, Pipeline, Counts]) -> None:
        """Go on from what `store` holds."""
        self.runnable = runnable
        self._gate, self._link, self._pipeline, self._counts = parts
        self._journal = (store.read(JOURNAL, JournalRecord) or JournalRecord()).entries
        self._deadlines: dict[str, int] = {}
        """By the steady clock; in memory alone, for what ran before a restart is over."""
        self._repeats = Answers()

    @property
    def journal(self) -> tuple[Entry, ...]:
        """The newest commands, oldest first."""
        return self._journal

    def due_in_ms(self, now: Now) -> int | None:
        """In how many milliseconds a command has failed unless the sensors say more; None while none runs."""
        return min((max(0, at - now.steady) for at in self._deadlines.values()), default=None)

    def settle_interrupted(self, turn: Turn) -> None:
        """End what ran before a restart. Call it early in each step."""
        for entry in self._journal:
            if entry.state in _RUNNING and entry.command_id not in self._deadlines:
                self._settle(turn, entry, CommandStep.FAILED, CommandReason.INTERRUPTED)

    def clock_went_back(self, now: Now) -> None:
        """The steady clock is in doubt: what runs has its whole time again."""
        for entry in self._journal:
            if entry.command_id in self._deadlines:
                self._deadlines[entry.command_id] = now.steady + self.runnable[entry.command].outcome_ms

    def repeat(self, turn: Turn, command_id: str) -> bool:
        """Say again the outcome of a command that the car knows, unless that was said too often; False for one that it does not know."""
        known = next((entry for entry in self._journal if entry.command_id == command_id), None)
        if known is not None and self._repeats.spend(turn.now.steady):
            self._report(turn, known)
        elif known is not None:
            self._counts.add("commands/unanswered")
        return known is not None

    def run(self, turn: Turn, request: Request, requested_ms: int) -> None:
        """Begin with a command that was asked for at `requested_ms` by the steady clock, unless its arguments or its service refuse."""
        known = self.runnable[request.command]
        command = self._command(request.command_id, request.command, request.arguments)
        if command is None:
            self.refuse(turn, request, CommandReason.BAD_ARGUMENTS)
            return
        refused = self._pipeline.refuses(turn, known.service, command)
        if not refused:
            self._supersede(turn, known.service)
            refused = self._pipeline.begin(turn, known.service, command)
        if refused:
            self.refuse(turn, request, refused)
            return
        entry = self._entry(turn, request, CommandStep.REACHED, "")
        self._note(turn, entry)
        self._note(turn, msgspec.structs.replace(entry, state=CommandStep.EXECUTING))
        # A time that lies ahead is no request's: a phone can't win time by naming a later one.
        self._deadlines[entry.command_id] = min(requested_ms, turn.now.steady) + known.outcome_ms
        if not request.here:
            turn.tell(NoticeCode.COMMAND_TAKEN, command=request.command, phone=request.by)

    def request_here(self, command_id: str, name: str, arguments: Mapping[str, object]) -> Request:
        """What somebody gives on the car's own screen. Raises ``CommandNotOffered``, ``ArgumentUnknown`` or ``ArgumentInvalid``."""
        known = self.runnable.get(name)
        if known is None or not known.is_offered_here:
            offered = [other for other, runnable in self.runnable.items() if runnable.is_offered_here]
            raise CommandNotOffered(known=", ".join(offered) or "–")
        return Request(command_id, name, spelled(read_arguments(known.spec.arguments, arguments)), here=True)

    def run_here(self, turn: Turn, request: Request) -> None:
        """Begin with a command that was given in the car just now, where the service is open to the owner and switched on."""
        refusal = self._gate.refuses_here(self.runnable[request.command].declaration, request.command)
        if refusal:
            self.refuse(turn, request, refusal)
        else:
            self.run(turn, request, turn.now.steady)

    def refuse(self, turn: Turn, request: Request, reason: str) -> None:
        """Keep and tell that the car does nothing."""
        self._note(turn, self._entry(turn, request, CommandStep.REFUSED, reason))
        self._counts.add(f"commands/refused:{reason}")
        turn.tell(NoticeCode.COMMAND_REFUSED, command=request.command, reason=reason)

    def advance(self, turn: Turn) -> None:
        """End what the sensors show as done, and what took too long. Call it late in each step."""
        for entry in self._journal:
            if entry.state is not CommandStep.EXECUTING:
                continue
            command = self._command(entry.command_id, entry.command, entry.arguments)
            ended = None if command is None else self._pipeline.outcome(turn, entry.service, command)
            if ended is not None:
                state = CommandStep.FAILED if ended.failed else CommandStep.DONE
                self._settle(turn, entry, state, ended.failed)
            elif turn.now.steady >= self._deadlines[entry.command_id]:
                self._settle(turn, entry, CommandStep.FAILED, CommandReason.NO_EFFECT)

    def forget(self, changes: Changes) -> None:
        """Another owner: nothing of the commands of the one before stays."""
        self._journal = ()
        self._deadlines.clear()
        changes.put(JOURNAL, JournalRecord())

    def _command(self, command_id: str, name: str, arguments: Mapping[str, ArgumentValue]) -> Command | None:
        """The command with its arguments as its service takes them; None where they are not what its declaration says."""
        known = self.runnable.get(name)
        if known is None:
            return None
        try:
            return Command(command_id, name, read_arguments(known.spec.arguments, arguments))
        except (ArgumentInvalid, ArgumentUnknown):
            return None

    def _supersede(self, turn: Turn, service: str) -> None:
        for running in self._journal:
            if running.service == service and running.state in _RUNNING:
                self._settle(turn, running, CommandStep.FAILED, CommandReason.SUPERSEDED)

    def _settle(self, turn: Turn, entry: Entry, state: CommandStep, reason: str) -> None:
        """The end of a command that ran."""
        self._deadlines.pop(entry.command_id, None)
        command = self._command(entry.command_id, entry.command, entry.arguments)
        if command is not None:
            self._pipeline.over(turn, entry.service, command, str(reason))
        self._note(turn, msgspec.structs.replace(entry, state=state, reason=str(reason), at_ms=turn.now.ms))
        self._counts.add(f"commands/{state.value}:{reason}" if reason else f"commands/{state.value}")
        if state is CommandStep.DONE:
            turn.tell(NoticeCode.COMMAND_DONE, command=entry.command)
        else:
            turn.tell(NoticeCode.COMMAND_FAILED, command=entry.command, reason=str(reason))

    def _entry(self, turn: Turn, request: Request, state: CommandStep, reason: str) -> Entry:
        known = self.runnable.get(request.command)
        about = (request.command_id, known.service if known else "", request.command, dict(request.arguments))
        return Entry(*about, state, str(reason), turn.now.ms, request.here)

    def _note(self, turn: Turn, entry: Entry) -> None:
        """Write the entry into the journal, in place or at its end, and report it."""
        others = [e for e in self._journal if e.command_id != entry.command_id]
        place = next((i for i, e in enumerate(self._journal) if e.command_id == entry.command_id), len(others))
        journal = [*others[:place], entry, *others[place:]]
        # Those that run stay, however many services run one at once.
        ended = [e.command_id for e in journal if e.state not in _RUNNING][: max(0, len(journal) - JOURNAL_KEPT)]
        self._journal = tuple(e for e in journal if e.command_id not in ended)
        turn.changes.put(JOURNAL, JournalRecord(self._journal))
        self._report(turn, entry)

    def _report(self, turn: Turn, entry: Entry) -> None:
        """Tell the platform, if the privacy level lets a report leave."""
        if entry.here:
            return
        level = self._gate.level
        refusal = self._gate.refuses(COMMAND_REPORT, level)
        if refusal:
            self._counts.add(f"not_captured/{COMMAND_REPORT}:{refusal}")
            return
        report = CommandReport(entry.command_id, entry.state, entry.reason, entry.at_ms)
        self._link.append(turn, Lane.EVENT, COMMAND_REPORT, level, turn.now.ms, encode(report))
