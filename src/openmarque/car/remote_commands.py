"""Remote commands in the car: verified, run at most once, judged by what the sensors say, reported. REQ RC-1, RC-6, RC-7.

Order of the checks (the first that fails is the reason told):
    1. the platform's signature, 2. this car, 3. the one spelling of a payload: what fails here proves nothing about who asked, so it is
       counted and gets no report;
    4. a remote command that the car knows already: it repeats its last report and does nothing;
    5. the challenge, by the steady clock; 6. the command and who may give it; 7. the key list, the phone, its signature, the fresh code;
    8. the counter; 9. the policy: owner, contract, privacy level, remote access, switches; 10. the service's own rule.

Rules:
    1. Counter and journal are in the store before anything is done: the step that takes a remote command ends with its commit, and only then
       does its ``Actuation`` come out. A counter is taken by every command that its key truly signed, also by a refused one.
    2. What ran when the car lost power is reported failed (``interrupted``) and never run again: nobody knows how far it came.
    3. ``done`` is what the sensors show; without that in 8 s by the steady clock a remote command has failed.
    4. One command runs per service; a newer one takes its place.
    5. Nothing of a former owner's commands or phones outlives the change of tenure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from openmarque.car.challenges import Challenges
from openmarque.car.digital_keys import PHONES, DigitalKeys
from openmarque.car.gate import Gate
from openmarque.car.link import Link, Turn
from openmarque.car.model import CarProfile, Channel, Keyring, NoticeCode, Now
from openmarque.car.pipeline import Pipeline
from openmarque.car.records import Counts
from openmarque.car.store import CarStore, Changes
from openmarque.catalogue.command_reasons import CommandReason
from openmarque.catalogue.declarations import Authority
from openmarque.catalogue.register import Catalogue
from openmarque.protocol import signing
from openmarque.protocol.commands import (
    CHALLENGE_BYTES,
    CHALLENGE_ISSUED,
    COMMAND_REPORT,
    OUTCOME_MS,
    PLATFORM_KEY,
    ChallengeAnswer,
    ChallengeRequest,
    CommandPayload,
    CommandReport,
    CommandStep,
    MalformedCommand,
    NotForThisCar,
    SignedCommand,
    challenge_of,
    verify_command,
    verify_phone,
)
from openmarque.protocol.envelope import Lane, encode
from openmarque.protocol.sensing import Command

JOURNAL: Final = "remote_commands"
"""The record in the car's store."""
JOURNAL_KEPT: Final = 32
"""Remote commands whose last report can be repeated: more than come in the life of a challenge. An older one is stopped by its counter."""

_read_request: Final = msgspec.msgpack.Decoder(ChallengeRequest).decode
_RUNNING: Final = frozenset((CommandStep.REACHED, CommandStep.EXECUTING))


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """A remote command in the journal: what it is, how far it came, and when that was said (ms by the car's clock)."""

    command_id: str
    service: str
    command: str
    arguments: dict[str, bool | int | str]
    state: CommandStep
    reason: str
    at_ms: int


class JournalRecord(msgspec.Struct, array_like=True, frozen=True):
    """The newest commands, oldest first."""

    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Runnable:
    """A command that this car can run: the declaration that lists it, who may give it, and the service that knows how."""

    declaration: str
    authority: Authority
    service: str


def runnable_commands(catalogue: Catalogue, pipeline: Pipeline) -> dict[str, Runnable]:
    """Every declared command for which a service is installed in the car that carries it out."""
    handled = pipeline.commands()
    return {
        name: Runnable(declaration.name, spec.authority, handled[name])
        for name, (declaration, spec) in sorted(catalogue.commands().items())
        if name in handled
    }


class RemoteCommands:
    """The commands of one car. The core calls it within its steps."""

    def __init__(
        self,
        profile: CarProfile,
        store: CarStore,
        commands: Mapping[str, Runnable],
        phones: DigitalKeys,
        keys: Keyring,
        parts: tuple[Gate, Link, Pipeline, Counts],
    ) -> None:
        """Go on from what `store` holds."""
        self._profile = profile
        self._commands = commands
        self._phones = phones
        self._keys = keys
        self._gate, self._link, self._pipeline, self._counts = parts
        self._journal = (store.read(JOURNAL, JournalRecord) or JournalRecord()).entries
        self._deadlines: dict[str, int] = {}
        self._now: Now | None = None
        self._challenges = Challenges()

    @property
    def commands(self) -> tuple[str, ...]:
        """What this car can do, in the order of names."""
        return tuple(self._commands)

    @property
    def journal(self) -> tuple[Entry, ...]:
        """The newest commands, oldest first."""
        return self._journal

    def due_in_ms(self, now: Now) -> int | None:
        """In how many milliseconds a remote command has failed unless the sensors say more; None while none runs."""
        return min((max(0, at - now.steady) for at in self._deadlines.values()), default=None)

    # What happens

    def move_to(self, turn: Turn) -> None:
        """Time went on to the step's. Call it first in each step: a clock that went back, or a restart, ends what it has to."""
        steady = turn.now.steady
        if self._now is not None and steady < self._now.steady:
            self._challenges.doubt()
            self._phones.hide_ticket()
            self._deadlines = dict.fromkeys(self._deadlines, steady + OUTCOME_MS)
        self._now = turn.now
        for entry in self._journal:
            if entry.state in _RUNNING and entry.command_id not in self._deadlines:
                self._settle(turn, entry, CommandStep.FAILED, CommandReason.INTERRUPTED)

    def give_challenge(self, turn: Turn, frame: bytes) -> None:
        """The platform asks for a challenge; in private mode it gets none."""
        request = _read_request(frame)
        refusal = self._gate.refuses(CHALLENGE_ISSUED, self._gate.level)
        if refusal:
            self._counts.add(f"not_captured/{CHALLENGE_ISSUED}:{refusal}")
            return
        challenge = self._keys.random_bytes(CHALLENGE_BYTES)
        self._challenges.issue(turn.now, challenge)
        turn.send(Channel.CHALLENGE, encode(ChallengeAnswer(request.asked, challenge)))

    def take(self, turn: Turn, frame: bytes) -> None:
        """A remote command came."""
        try:
            remote_command, payload = verify_command(frame, self._profile.vehicle_id, self._profile.command_keys)
        except (NotForThisCar, MalformedCommand) as error:
            self._counts.add(f"ignored/command:{error.code}")
            return
        known = next((entry for entry in self._journal if entry.command_id == payload.command_id), None)
        if known is not None:
            self._report(turn, known)
            return
        refusal = self._refuses(turn, remote_command, payload)
        if refusal:
            self._refuse(turn, payload, refusal)
        else:
            self._run(turn, payload)

    def advance(self, turn: Turn) -> None:
        """End what the sensors show as done, and what took too long. Call it late in each step."""
        for entry in self._journal:
            if entry.state is not CommandStep.EXECUTING:
                continue
            ended = self._pipeline.outcome(turn, entry.service, _command(entry))
            if ended is not None:
                state = CommandStep.FAILED if ended.failed else CommandStep.DONE
                self._settle(turn, entry, state, ended.failed)
            elif turn.now.steady >= self._deadlines[entry.command_id]:
                self._settle(turn, entry, CommandStep.FAILED, CommandReason.NO_EFFECT)

    def forget(self, changes: Changes) -> None:
        """Another owner: nothing of the commands of the one before stays."""
        self._journal = ()
        self._deadlines.clear()
        self._challenges.forget()
        changes.put(JOURNAL, JournalRecord())

    # The checks

    def _refuses(self, turn: Turn, remote_command: SignedCommand, payload: CommandPayload) -> str:
        """Checks 5 to 9; "" when all are passed. The counter of a remote command that its key signed is taken on the way."""
        late = self._challenges.refuses(turn.now, challenge_of(payload), payload.valid_ms)
        if late is not None:
            return late
        known = self._commands.get(payload.command)
        if known is None:
            return CommandReason.UNKNOWN_COMMAND
        authority = self._gate.authority(known.declaration, payload.command, known.authority)
        foreign = self._is_not_by(turn, authority, remote_command, payload)
        if foreign is not None:
            return foreign
        is_new = self._phones.is_new(payload.key_id, payload.counter)
        if is_new:
            self._phones.count(payload.key_id, payload.counter)
            turn.changes.put(PHONES, self._phones.record)
        if authority.needs_code and not remote_command.code_fresh:
            return CommandReason.CODE_NOT_FRESH
        if not is_new:
            return CommandReason.OLD_COUNTER
        return self._gate.refuses_command(known.declaration, payload.command)

    def _is_not_by(
        self, turn: Turn, authority: Authority, remote_command: SignedCommand, payload: CommandPayload
    ) -> CommandReason | None:
        """Why the command was not given by who has to give it; None when it was. Says nothing yet of the code.

        The platform's own counter follows the milliseconds of its time: whoever had its key for a day can't use up the numbers.
        """
        match authority:
            case Authority.PLATFORM:
                is_platforms = payload.key_id == PLATFORM_KEY and not remote_command.phone_signature
                is_platforms = is_platforms and payload.counter <= self._link.latest_ms(turn.now)
                return None if is_platforms else CommandReason.NOT_AUTHORISED
            case Authority.DIGITAL_KEY | Authority.DIGITAL_KEY_AND_CODE:
                return self._is_not_by_phone(remote_command, payload)
            case Authority.LOCAL:
                return CommandReason.NOT_AUTHORISED

    def _is_not_by_phone(self, remote_command: SignedCommand, payload: CommandPayload) -> CommandReason | None:
        if payload.key_id == PLATFORM_KEY:
            return CommandReason.NOT_AUTHORISED
        if remote_command.keys_version > self._phones.record.list_version:
            return CommandReason.KEYS_OUTDATED
        key = self._phones.key(payload.key_id)
        if key is None:
            return CommandReason.UNKNOWN_PHONE
        try:
            verify_phone(key, remote_command.payload, remote_command.phone_signature)
        except signing.BadSignature:
            return CommandReason.BAD_SIGNATURE
        return None

    # What becomes of a remote command

    def _run(self, turn: Turn, payload: CommandPayload) -> None:
        """Check 10; then begin."""
        command = Command(payload.command_id, payload.command, payload.arguments)
        service = self._commands[payload.command].service
        refused = self._pipeline.refuses(turn, service, command)
        if not refused:
            self._supersede(turn, service)
            refused = self._pipeline.begin(turn, service, command)
        if refused:
            self._refuse(turn, payload, refused)
            return
        entry = self._entry(turn, payload, CommandStep.REACHED, "")
        self._note(turn, entry)
        self._note(turn, msgspec.structs.replace(entry, state=CommandStep.EXECUTING))
        self._deadlines[entry.command_id] = turn.now.steady + OUTCOME_MS
        turn.tell(NoticeCode.COMMAND_TAKEN, command=payload.command, phone=self._phones.label_of(payload.key_id))

    def _supersede(self, turn: Turn, service: str) -> None:
        for running in self._journal:
            if running.service == service and running.state in _RUNNING:
                self._settle(turn, running, CommandStep.FAILED, CommandReason.SUPERSEDED)

    def _refuse(self, turn: Turn, payload: CommandPayload, reason: str) -> None:
        self._note(turn, self._entry(turn, payload, CommandStep.REFUSED, reason))
        self._counts.add(f"commands/refused:{reason}")
        turn.tell(NoticeCode.COMMAND_REFUSED, command=payload.command, reason=reason)

    def _settle(self, turn: Turn, entry: Entry, state: CommandStep, reason: str) -> None:
        """The end of a remote command that ran."""
        self._deadlines.pop(entry.command_id, None)
        self._pipeline.over(turn, entry.service, _command(entry), str(reason))
        self._note(turn, msgspec.structs.replace(entry, state=state, reason=str(reason), at_ms=turn.now.ms))
        self._counts.add(f"commands/{state.value}:{reason}" if reason else f"commands/{state.value}")
        if state is CommandStep.DONE:
            turn.tell(NoticeCode.COMMAND_DONE, command=entry.command)
        else:
            turn.tell(NoticeCode.COMMAND_FAILED, command=entry.command, reason=str(reason))

    def _entry(self, turn: Turn, payload: CommandPayload, state: CommandStep, reason: str) -> Entry:
        known = self._commands.get(payload.command)
        service = known.service if known else ""
        return Entry(payload.command_id, service, payload.command, payload.arguments, state, str(reason), turn.now.ms)

    def _note(self, turn: Turn, entry: Entry) -> None:
        """Write the entry into the journal, in place or at its end, and report it."""
        others = [e for e in self._journal if e.command_id != entry.command_id]
        place = next((i for i, e in enumerate(self._journal) if e.command_id == entry.command_id), len(others))
        journal = [*others[:place], entry, *others[place:]]
        while len(journal) > JOURNAL_KEPT:
            oldest = next(i for i, e in enumerate(journal) if e.state not in _RUNNING)
            del journal[oldest]
        self._journal = tuple(journal)
        turn.changes.put(JOURNAL, JournalRecord(self._journal))
        self._report(turn, entry)

    def _report(self, turn: Turn, entry: Entry) -> None:
        """Tell the platform, if the privacy level lets a report leave."""
        level = self._gate.level
        refusal = self._gate.refuses(COMMAND_REPORT, level)
        if refusal:
            self._counts.add(f"not_captured/{COMMAND_REPORT}:{refusal}")
            return
        report = CommandReport(entry.command_id, entry.state, entry.reason, entry.at_ms)
        self._link.append(turn, Lane.EVENT, COMMAND_REPORT, level, turn.now.ms, encode(report))


def _command(entry: Entry) -> Command:
    return Command(entry.command_id, entry.command, entry.arguments)
