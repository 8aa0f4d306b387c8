"""Taking commands: decide, check what was signed, keep and sign. What becomes of them is ``progress``. Never commits. REQ RC-4, RC-6, RC-7.

Rules:
    1. A request whose Idempotency-Key came before gets the same command again; with another content it is turned away.
    2. The engine decides first. What it does not permit becomes a remote command in the state *refused*, with reason and cure: the owner sees it
       in the same list and on the same stream as everything else that became of commands. A request that proves nothing (a
       forged signature, a used counter, a wrong code) is a problem and no command.
    3. Only the account that subscribed commands, and what a phone has to sign is signed by a phone that the car knows (RC-7).
    4. Row, steps, timer and frame are one transaction. The frame leaves afterwards, by whoever committed (``CommandReceipt.frame``), and only
       to a car that is connected: ``Progress.turn_down`` says so when it is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from openmarque.catalogue.command_arguments import Arguments
from openmarque.catalogue.decide import Ask, Kind, Permit
from openmarque.catalogue.refusals import Reason
from openmarque.domains.commands import reasons
from openmarque.domains.commands.errors import (
    CommandIdTaken,
    CommandMismatch,
    CommandRefused,
    CommandStepImpossible,
    CommandUnknown,
    CounterUsed,
    DigitalKeyNotActive,
    DigitalKeySignatureWrong,
    IdempotencyKeyReused,
    RemoteCommandUnknown,
    SafetyCodeNeeded,
    TooManyCommands,
)
from openmarque.domains.commands.progress import LIVE_PART, CommandKey, Progress, handed_over
from openmarque.domains.commands.requests import Approval, Asked, CommandReceipt, Offer, Proof, Signed
from openmarque.domains.commands.rules import (
    APPROVAL_LIVES,
    COMMANDS_COUNTED,
    MOST_COMMANDS,
    Command,
    fits,
    is_fresh,
)
from openmarque.domains.commands.states import COMMAND_LIFE, Event, KeyState, State
from openmarque.domains.commands.store import CommandEligibility, CommandRow, CommandStore, CommandView, Inquiry, PhoneRow, Step
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import AccountId, TenureId, VehicleId, new_uuid, parse_wire, wire
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import LinkStore, PolicyRow
from openmarque.protocol import signing
from openmarque.protocol.commands import (
    CommandPayload,
    read_payload,
    sign_command,
    verify_phone,
)
from openmarque.protocol.digital_keys import load_digital_key
from openmarque.storage.transaction import Transaction


class RemoteCommands:
    """Takes commands."""

    def __init__(
        self,
        store: CommandStore,
        link: LinkStore,
        commands: Mapping[str, Command],
        key: CommandKey,
        *,
        kept: bool,
        fresh_s: int,
    ) -> None:
        """Take commands for `commands`, signed by `key`.

        `kept` says that the brand has set how long commands are kept (REQ GDP-12), `fresh_s` how long a right safety code counts.
        """
        self._store = store
        self._link = link
        self._commands = commands
        self._key = key
        self._kept = kept
        self._fresh_s = fresh_s
        self._evaluators = EvaluatorCache()
        self.progress = Progress(store, commands, key)
        """What becomes of the commands."""

    def command(self, name: str) -> Command:
        """The command of this name. Raises ``CommandUnknown``, also for one whose service is not installed any more."""
        known = self._commands.get(name)
        if known is None:
            raise CommandUnknown(commands=", ".join(sorted(self._commands)))
        return known

    def listed_by(self, declaration: str) -> list[str]:
        """The names of the commands that a declaration lists."""
        return sorted(name for name, command in self._commands.items() if command.declaration == declaration)

    # From the owner

    async def place(self, tx: Transaction, asked: Asked, now: datetime) -> CommandReceipt:
        """Take a remote command.

        Raises ``CommandUnknown``, ``ArgumentInvalid``, ``ArgumentUnknown``, ``IdempotencyKeyReused``, ``CommandRefused``, ``TooManyCommands``, ``SafetyCodeNeeded``, and whatever a signed
        command may be wrong with (`_proved`).
        """
        command = self.command(asked.command)
        arguments = command.read(asked.arguments)
        asked = replace(asked, arguments=arguments)
        if asked.signed is not None and not command.by_digital_key:
            raise CommandMismatch("The platform itself gives this command: no phone signs it.")
        payload = None if asked.signed is None else read_payload(asked.signed.payload)
        key_id = "" if payload is None else payload.key_id
        inquiry = Inquiry(asked.vehicle_id, asked.tenure_id, asked.account_id, asked.idempotency_key, key_id)
        lookup = await self._store.look_up(tx, inquiry, now, now - COMMANDS_COUNTED)
        if lookup.known is not None:
            return self._again(lookup.known, asked)
        eligibility = _eligible(lookup.eligibility)
        proof: Proof | None = None
        if asked.signed is not None and payload is not None:
            try:
                proof = _proved(
                    (asked.vehicle_id, None), asked.signed, payload, lookup.phone, (command, arguments), eligibility
                )
            except CounterUsed:
                # The same request, at the same moment, may have used it while this one waited for the phone's row.
                known = await self._store.command_by_key(tx, asked.account_id, asked.idempotency_key)
                if known is None:
                    raise
                return self._again(known, asked)
        row = self._new(asked, (command, arguments), proof, lookup.policy, now)
        if row.state is State.ACCEPTED and command.needs_code and not asked.code_right:
            raise SafetyCodeNeeded
        return await self._keep_new(tx, asked, row, proof, eligibility, now)

    async def approve(self, tx: Transaction, approval: Approval, now: datetime) -> CommandReceipt:
        """A phone signs a remote command that awaits it. The same approval again gets the same command.

        Errors as ``place``, and ``RemoteCommandUnknown``, ``CommandStepImpossible``.
        """
        asked, command_id, signed = approval, approval.command_id, approval.signed
        row = await self._store.lock_command(tx, command_id)
        if row is None or (row.tenure_id, row.account_id) != (asked.tenure_id, asked.account_id):
            raise RemoteCommandUnknown
        if row.payload_hash == signed.digest():
            return CommandReceipt(command_id)
        if row.state is State.AWAITING_PHONE and row.expires_at <= now:
            raise CommandStepImpossible("Its time is over.")
        accepted = COMMAND_LIFE.after(row.state, Event.APPROVED)
        eligibility = _eligible(
            await self._store.eligibility(tx, asked.tenure_id, asked.account_id, now, now - COMMANDS_COUNTED)
        )
        command, payload = self.command(row.command), read_payload(signed.payload)
        phone = await self._store.lock_phone(tx, row.tenure_id, payload.key_id)
        proof = _proved((row.vehicle_id, row.command_id), signed, payload, phone, (command, row.arguments), eligibility)
        refused, version = await self._refusal(tx, row.tenure_id, row.vehicle_id, command, now)
        row = replace(row, policy_version=version, expires_at=(asked.requested_at or now) + command.lives)
        if refused:
            return await self.progress.move(tx, row, Event.TURNED_DOWN, refused, now)
        if asked.code_right:
            row = replace(row, code_at=now)
        if command.needs_code and not is_fresh(row.code_at, now, self._fresh_s):
            raise SafetyCodeNeeded
        await self._store.put_phone(tx, replace(proof.phone, counter=proof.payload.counter))
        row = self._sealed(replace(row, state=accepted), proof)
        await self._store.expire_at(tx, command_id, row.expires_at)
        return CommandReceipt(command_id, row.frame, view=await self.progress.keep(tx, row, [accepted, row.state], now))

    def _again(self, known: CommandRow, asked: Asked) -> CommandReceipt:
        if known.fingerprint != asked.fingerprint():
            raise IdempotencyKeyReused
        return CommandReceipt(known.command_id)

    def _new(
        self, asked: Asked, wanted: tuple[Command, Arguments], proof: Proof | None, policy: PolicyRow | None, now: datetime
    ) -> CommandRow:
        """The row of a new command as the engine decides."""
        command, arguments = wanted
        refused, version = self._judged(asked.tenure_id, asked.vehicle_id, policy, command, now)
        waits = command.by_digital_key and proof is None
        begun = State.AWAITING_PHONE if waits else State.ACCEPTED
        command_id = new_uuid() if proof is None else parse_wire(proof.payload.command_id)
        requested_at = asked.requested_at or now
        return CommandRow(
            command_id=command_id,
            tenure_id=asked.tenure_id,
            vehicle_id=asked.vehicle_id,
            account_id=asked.account_id,
            idempotency_key=asked.idempotency_key,
            fingerprint=asked.fingerprint(),
            command=command.name,
            arguments=arguments,
            state=State.REFUSED if refused else begun,
            reason=refused,
            policy_version=version,
            requested_at=requested_at,
            expires_at=requested_at + (APPROVAL_LIVES if waits else command.lives),
            code_at=now if asked.code_right and command.needs_code else None,
            cause=asked.cause,
        )

    async def _keep_new(
        self,
        tx: Transaction,
        asked: Asked,
        row: CommandRow,
        proof: Proof | None,
        eligibility: CommandEligibility,
        now: datetime,
    ) -> CommandReceipt:
        steps = [row.state]
        if proof is not None:
            row = self._sealed(row, proof)
            steps = list(dict.fromkeys([*steps, row.state]))
        look_at = None if row.state is State.REFUSED else row.expires_at
        if not await self._store.add_command(tx, row, steps, now, look_at):
            # Another request took the id, the key or the counter since we looked.
            known = await self._store.command_by_key(tx, asked.account_id, asked.idempotency_key)
            if known is None:
                raise CommandIdTaken
            return self._again(known, asked)
        view = _new_view(row, steps, proof, now)
        LiveUpdates.tell(tx, row.tenure_id, LIVE_PART, remote_command=view, language=eligibility.language)
        return CommandReceipt(row.command_id, row.frame, needs_challenge=row.state is State.ACCEPTED, view=view)

    def _sealed(self, row: CommandRow, proof: Proof) -> CommandRow:
        """The row with what was signed; an accepted one with the frame for the car, which is to be handed over."""
        signed, counter = proof.signed, proof.payload.counter
        row = replace(row, key_id=proof.phone.key_id, counter=counter, payload_hash=signed.digest())
        if row.state is not State.ACCEPTED:
            return row
        frame = sign_command(
            self._key(),
            row.vehicle_id,
            signed.payload,
            signed.signature,
            code_fresh=row.code_at is not None,
            keys_version=proof.keys_version,
        )
        return handed_over(row, frame)

    async def _refusal(
        self, tx: Transaction, tenure_id: TenureId, vehicle_id: VehicleId, command: Command, now: datetime
    ) -> tuple[str, int]:
        """Why the engine does not permit the command ("" when it does), and the version of the policy that says so."""
        policy = (await self._link.policies(tx, [vehicle_id])).get(vehicle_id)
        return self._judged(tenure_id, vehicle_id, policy, command, now)

    def _judged(
        self, tenure_id: TenureId, vehicle_id: VehicleId, row: PolicyRow | None, command: Command, now: datetime
    ) -> tuple[str, int]:
        """`_refusal`, the car's policy being `row`."""
        if row is None or row.tenure_id != tenure_id:
            return str(Reason.NO_TENURE), 0
        if not self._kept:
            return str(Reason.NO_RETENTION), row.version
        evaluator = self._evaluators.evaluator_for(vehicle_id, row)
        answer = evaluator.rules.judge(Ask(command.declaration, Kind.COMMAND, command.name), evaluator.moment(to_ms(now)))
        return ("" if isinstance(answer, Permit) else str(answer.reason)), row.version

    async def why_closed(self, tx: Transaction, tenure_id: TenureId, vehicle_id: VehicleId, now: datetime) -> str:
        """Why no command at all is permitted now; empty when some is."""
        reasons = [offer.refused for offer in await self._offers(tx, tenure_id, vehicle_id, now)]
        return "" if "" in reasons else next(iter(reasons), str(Reason.UNDECLARED))

    async def offers(
        self, tx: Transaction, tenure_id: TenureId, vehicle_id: VehicleId, account_id: AccountId, now: datetime
    ) -> list[Offer]:
        """Every command that this car is equipped for, by name, and whether the account could give it now. Nothing is asked of the car."""
        offers = await self._offers(tx, tenure_id, vehicle_id, now)
        offers = [offer for offer in offers if offer.refused != Reason.NO_CAPABILITY]
        if not (await self._store.eligibility(tx, tenure_id, account_id, now, now)).may_command:
            return [replace(offer, refused=reasons.NOT_GRANTED) for offer in offers]
        return offers

    async def _offers(self, tx: Transaction, tenure_id: TenureId, vehicle_id: VehicleId, now: datetime) -> list[Offer]:
        policy = (await self._link.policies(tx, [vehicle_id])).get(vehicle_id)
        every = [self._commands[name] for name in sorted(self._commands)]
        return [Offer(command, self._judged(tenure_id, vehicle_id, policy, command, now)[0]) for command in every]


def _eligible(eligibility: CommandEligibility) -> CommandEligibility:
    """What was looked up of the account, if it may command now. Raises ``CommandRefused``, ``TooManyCommands``."""
    if not eligibility.may_command:
        raise CommandRefused(reasons.NOT_GRANTED)
    if eligibility.remote_commands >= MOST_COMMANDS:
        raise TooManyCommands(limit=MOST_COMMANDS)
    return eligibility


def _proved(
    about: tuple[VehicleId, UUID | None],
    signed: Signed,
    payload: CommandPayload,
    phone: PhoneRow | None,
    wanted: tuple[Command, Arguments],
    eligibility: CommandEligibility,
) -> Proof:
    """The proof that an active phone, its row locked, truly signed this command, for this car, with a counter above its last.

    `about` names the car, and the command where it has an id already.
    """
    named = None if about[1] is None else wire(about[1])
    if not fits(payload, *wanted, vehicle_id=wire(about[0]), command_id=named):
        raise CommandMismatch
    if phone is None or phone.state is not KeyState.ACTIVE:
        raise DigitalKeyNotActive
    try:
        verify_phone(load_digital_key(phone.public_key), signed.payload, signed.signature)
    except signing.BadSignature:
        raise DigitalKeySignatureWrong from None
    if payload.counter <= phone.counter:
        raise CounterUsed(counter=phone.counter)
    return Proof(signed, payload, phone, eligibility.keys_version)


def _new_view(row: CommandRow, steps: Sequence[State], proof: Proof | None, now: datetime) -> CommandView:
    """A remote command that was just kept with these steps, as its owner sees it."""
    seen = tuple(Step(state, row.reason if state is row.state else "", now) for state in steps)
    phone = None if proof is None else (proof.phone.key_id, proof.phone.label)
    return CommandView(
        *(row.command_id, row.command, row.arguments, row.state, row.reason, row.requested_at, row.expires_at, phone, seen),
        cause=row.cause,
    )
