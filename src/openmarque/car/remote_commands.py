"""Remote commands in the car: verified, run at most once, judged by what the sensors say, reported. REQ RC-1, RC-6, RC-7.

Order of the checks (the first that fails is the reason told):
    1. the platform's signature, 2. this car, 3. the one spelling of a payload: what fails here proves nothing about who asked, so it is
       counted and gets no report;
    4. a remote command that the car knows already: it repeats its last report and does nothing;
    5. the challenge, by the steady clock; 6. the command and who may give it; 7. the key list, the phone, its signature, the fresh code;
    8. the counter; 9. the policy: owner, contract, privacy level, remote access, switches; 10. the arguments, 11. the service's own rule.

Rules:
    1. A counter is in the store before anything is done. It is taken by every command that its key truly signed, also by a refused one.
    2. The car knows when the owner asked by its own clock alone: a payload is good until `begins_within_s` after the request, so that was
       the challenge's issue + `valid_ms` - `begins_within_s` ago. What came to be later ends no later for that (``car.command_runs``).
    3. Nothing of a former owner's commands or phones outlives the change of tenure.
"""

from typing import Final

import msgspec

from openmarque.car.challenges import Challenges
from openmarque.car.command_runs import CommandRuns, Request, Runnable
from openmarque.car.digital_keys import PHONES, DigitalKeys
from openmarque.car.gate import Gate
from openmarque.car.link import Link, Turn
from openmarque.car.model import CarProfile, Channel, Keyring, Now
from openmarque.car.records import Counts
from openmarque.car.store import Changes
from openmarque.catalogue.command_reasons import CommandReason
from openmarque.catalogue.declarations import Authority
from openmarque.protocol import signing
from openmarque.protocol.commands import (
    CHALLENGE_BYTES,
    CHALLENGE_ISSUED,
    PLATFORM_KEY,
    ChallengeAnswer,
    ChallengeRequest,
    CommandPayload,
    MalformedCommand,
    NotForThisCar,
    SignedCommand,
    challenge_of,
    verify_command,
    verify_phone,
)
from openmarque.protocol.envelope import encode

_read_request: Final = msgspec.msgpack.Decoder(ChallengeRequest).decode


class RemoteCommands:
    """The commands that come over the link. The core calls it within its steps."""

    def __init__(
        self,
        profile: CarProfile,
        runs: CommandRuns,
        phones: DigitalKeys,
        keys: Keyring,
        parts: tuple[Gate, Link, Counts],
    ) -> None:
        """Judge by `phones` and the gate; what passes goes to `runs`."""
        self._profile = profile
        self._runs = runs
        self._phones = phones
        self._keys = keys
        self._gate, self._link, self._counts = parts
        self._now: Now | None = None
        self._challenges = Challenges()

    def move_to(self, turn: Turn) -> None:
        """Time went on to the turn's. Call it first in each step: a clock that went back, or a restart, ends what it has to."""
        if self._now is not None and turn.now.steady < self._now.steady:
            self._challenges.doubt()
            self._phones.hide_ticket()
            self._runs.clock_went_back(turn.now)
        self._now = turn.now
        self._runs.settle_interrupted(turn)

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
        if self._runs.repeat(turn, payload.command_id):
            return
        by = self._phones.label_of(payload.key_id)
        request = Request(payload.command_id, payload.command, payload.arguments, by=by)
        known = self._runs.runnable.get(payload.command)
        refusal = self._refuses(turn, known, remote_command, payload)
        if refusal or known is None:
            self._runs.refuse(turn, request, refusal)
        else:
            self._runs.run(turn, request, self._requested_ms(known, payload))

    def forget(self, changes: Changes) -> None:
        """Another owner: nothing of the commands of the one before stays."""
        self._runs.forget(changes)
        self._challenges.forget()

    def _requested_ms(self, known: Runnable, payload: CommandPayload) -> int:
        """When the owner asked, by the steady clock (rule 2)."""
        return self._challenges.issued_ms(challenge_of(payload)) + payload.valid_ms - known.spec.begins_within_s * 1000

    # The checks

    def _refuses(self, turn: Turn, known: Runnable | None, remote_command: SignedCommand, payload: CommandPayload) -> str:
        """Checks 5 to 9; "" when all are passed. The counter of a remote command that its key signed is taken on the way."""
        late = self._challenges.refuses(turn.now, challenge_of(payload), payload.valid_ms)
        if late is not None:
            return late
        if known is None:
            return CommandReason.UNKNOWN_COMMAND
        authority = self._gate.authority(known.declaration, payload.command, known.spec.authority)
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
