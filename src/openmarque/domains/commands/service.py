"""Use cases of orders: decide, check what was signed, keep, sign, and follow what becomes of them. Never commits. REQ RC-4, RC-6, RC-7.

Rules:
    1. A request whose Idempotency-Key came before gets the same order again; with another content it is turned away.
    2. The engine decides first. What it does not permit becomes an order in the state *refused*, with reason and cure: the owner sees it
       in the same list and on the same stream as everything else that became of orders. A request that proves nothing (a
       forged signature, a used counter, a wrong code) is a problem and no order.
    3. Only the account that subscribed orders, and what a phone has to sign is signed by a phone that the car knows (RC-7).
    4. Row, steps, timer and frame are one transaction. The frame leaves afterwards, by whoever committed (``Placed.frame``), and only
       to a car that is connected: ``turn_down`` says so when it is not.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.catalogue.decide import Ask, Kind, Permit
from openmarque.catalogue.refusals import Reason
from openmarque.domains.commands import texts
from openmarque.domains.commands.errors import (
    CommandUnknown,
    CounterUsed,
    IdempotencyKeyReused,
    OrderIdTaken,
    OrderMismatch,
    OrderRefused,
    OrderStepImpossible,
    OrderUnknown,
    PhoneKeyNotActive,
    PhoneSignatureWrong,
    SafetyCodeNeeded,
    TooManyOrders,
)
from openmarque.domains.commands.requests import Approval, Asked, Placed, Proof, Signed
from openmarque.domains.commands.rules import (
    APPROVAL_LIVES,
    MOST_ORDERS,
    ORDER_LIVES,
    ORDERS_COUNTED,
    Command,
    fits,
    is_code,
    is_fresh,
)
from openmarque.domains.commands.states import Event, KeyState, State, after
from openmarque.domains.commands.store import CommandStore, Footing, OrderRow, OrderView, Step
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import AccountId, TenureId, VehicleId, new_uuid, parse_wire, wire
from openmarque.link.judging import JudgeCache
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import LinkStore
from openmarque.protocol import signing
from openmarque.protocol.orders import (
    ORDER_MARGIN_MS,
    PLATFORM_KEY,
    OrderPayload,
    OrderReport,
    OrderStep,
    b64url,
    read_payload,
    seal_order,
    verify_phone,
    write_payload,
)
from openmarque.protocol.phone_keys import load_phone_key
from openmarque.storage.transaction import Transaction

LIVE_PART: Final = "orders"
"""Name of the part of event streams that tells of orders."""
UNKNOWN_ORDER: Final = "unknown_order"

_EVENTS: Final[Mapping[OrderStep, Event]] = {
    OrderStep.REACHED: Event.CAR_REACHED,
    OrderStep.EXECUTING: Event.CAR_EXECUTING,
    OrderStep.DONE: Event.CAR_DONE,
    OrderStep.REFUSED: Event.CAR_REFUSED,
    OrderStep.FAILED: Event.CAR_FAILED,
}

CommandKey = Callable[[], signing.PrivateKey]
"""Gives the key that signs orders now."""


class Orders:
    """The life of orders, from request to outcome."""

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
        """Take orders for `commands`, signed by `key`.

        `kept` says that the brand has set how long orders are kept (REQ GDP-12), `fresh_s` how long a right safety code counts.
        """
        self._store = store
        self._link = link
        self._commands = commands
        self._key = key
        self._kept = kept
        self._fresh_s = fresh_s
        self._judges = JudgeCache()

    # From the owner

    async def place(self, tx: Transaction, asked: Asked, now: datetime) -> Placed:
        """Take an order.

        Raises ``CommandUnknown``, ``IdempotencyKeyReused``, ``OrderRefused``, ``TooManyOrders``, ``SafetyCodeNeeded``, and whatever a signed
        order may be wrong with (`_proved`).
        """
        command = self._commands.get(asked.command)
        if command is None:
            raise CommandUnknown(commands=", ".join(sorted(self._commands)))
        if asked.signed is not None and not command.by_phone:
            raise OrderMismatch("The platform itself gives this order: no phone signs it.")
        known = await self._store.order_by_key(tx, asked.account_id, asked.idempotency_key)
        if known is not None:
            return self._again(known, asked)
        footing = await self._footing(tx, asked.tenure_id, asked.account_id, now)
        proof: Proof | None = None
        if asked.signed is not None:
            try:
                proof = await self._proved(tx, asked, asked.signed, command, footing)
            except CounterUsed:
                # The same request, at the same moment, may have used it while this one waited for the phone's row.
                known = await self._store.order_by_key(tx, asked.account_id, asked.idempotency_key)
                if known is None:
                    raise
                return self._again(known, asked)
        row = await self._new(tx, asked, command, proof, now)
        if row.state is State.ACCEPTED and command.needs_code and not asked.code_right:
            raise SafetyCodeNeeded
        return await self._keep_new(tx, asked, row, proof, footing, now)

    async def approve(self, tx: Transaction, approval: Approval, now: datetime) -> Placed:
        """A phone signs an order that awaits it. The same approval again gets the same order.

        Errors as ``place``, and ``OrderUnknown``, ``OrderStepImpossible``.
        """
        asked, order_id, signed = approval, approval.order_id, approval.signed
        row = await self._store.lock_order(tx, order_id)
        if row is None or (row.tenure_id, row.account_id) != (asked.tenure_id, asked.account_id):
            raise OrderUnknown
        if row.payload_hash == signed.digest():
            return Placed(order_id)
        if row.state is State.AWAITING_PHONE and row.expires_at <= now:
            raise OrderStepImpossible("Its time is over.")
        after(row.state, Event.APPROVED)
        footing = await self._footing(tx, asked.tenure_id, asked.account_id, now)
        command = self._commands[row.command]
        proof = await self._proved(tx, row, signed, command, footing)
        refused, version = await self._refusal(tx, row.tenure_id, row.vehicle_id, command, now)
        row = replace(row, policy_version=version, expires_at=now + ORDER_LIVES)
        if refused:
            return await self._move(tx, row, Event.TURNED_DOWN, refused, now)
        if asked.code_right:
            row = replace(row, code_at=now)
        if command.needs_code and not is_fresh(row.code_at, now, self._fresh_s):
            raise SafetyCodeNeeded
        row = await self._sealed(tx, row, proof)
        row = replace(row, state=State.SENT)
        await self._store.move_order(tx, row, [State.ACCEPTED, State.SENT], now)
        await self._store.expire_at(tx, order_id, row.expires_at)
        return Placed(order_id, row.frame, view=await self._tell(tx, row))

    async def _footing(self, tx: Transaction, tenure_id: TenureId, account_id: AccountId, now: datetime) -> Footing:
        """On what footing the account orders. Raises ``OrderRefused``, ``TooManyOrders``."""
        footing = await self._store.footing(tx, tenure_id, account_id, now, now - ORDERS_COUNTED)
        if not footing.may_command:
            raise OrderRefused(texts.in_words(texts.NOT_GRANTED))
        if footing.orders >= MOST_ORDERS:
            raise TooManyOrders(limit=MOST_ORDERS)
        return footing

    def _again(self, known: OrderRow, asked: Asked) -> Placed:
        if known.fingerprint != asked.fingerprint():
            raise IdempotencyKeyReused
        return Placed(known.order_id)

    async def _new(self, tx: Transaction, asked: Asked, command: Command, proof: Proof | None, now: datetime) -> OrderRow:
        """The row of a new order as the engine decides."""
        refused, version = await self._refusal(tx, asked.tenure_id, asked.vehicle_id, command, now)
        waits = command.by_phone and proof is None
        begun = State.AWAITING_PHONE if waits else State.ACCEPTED
        order_id = new_uuid() if proof is None else parse_wire(proof.payload.order_id)
        return OrderRow(
            order_id=order_id,
            tenure_id=asked.tenure_id,
            vehicle_id=asked.vehicle_id,
            account_id=asked.account_id,
            idempotency_key=asked.idempotency_key,
            fingerprint=asked.fingerprint(),
            command=command.name,
            state=State.REFUSED if refused else begun,
            reason=refused,
            policy_version=version,
            requested_at=now,
            expires_at=now + (APPROVAL_LIVES if waits else ORDER_LIVES),
            code_at=now if asked.code_right and command.needs_code else None,
        )

    async def _keep_new(
        self, tx: Transaction, asked: Asked, row: OrderRow, proof: Proof | None, footing: Footing, now: datetime
    ) -> Placed:
        steps = [row.state]
        if proof is not None:
            sends = row.state is State.ACCEPTED
            row = await self._sealed(tx, row, proof, to_send=sends)
            if sends:
                steps, row = [State.ACCEPTED, State.SENT], replace(row, state=State.SENT)
        if not await self._store.add_order(tx, row, steps, now):
            # Another request took the id, the key or the counter since we looked.
            known = await self._store.order_by_key(tx, asked.account_id, asked.idempotency_key)
            if known is None:
                raise OrderIdTaken
            return self._again(known, asked)
        if row.state is not State.REFUSED:
            await self._store.expire_at(tx, row.order_id, row.expires_at)
        view = _new_view(row, steps, proof, now)
        LiveUpdates.tell(tx, row.tenure_id, LIVE_PART, order=view, language=footing.language)
        return Placed(row.order_id, row.frame, needs_challenge=row.state is State.ACCEPTED, view=view)

    async def _proved(
        self, tx: Transaction, order: Asked | OrderRow, signed: Signed, command: Command, footing: Footing
    ) -> Proof:
        """The proof that an active phone truly signed this order, for this car, with a counter above its last; its row is locked."""
        payload = read_payload(signed.payload)
        named = wire(order.order_id) if isinstance(order, OrderRow) else None
        if not fits(payload, vehicle_id=wire(order.vehicle_id), command=command.name, order_id=named):
            raise OrderMismatch
        phone = await self._store.lock_phone(tx, order.tenure_id, payload.key_id)
        if phone is None or phone.state is not KeyState.ACTIVE:
            raise PhoneKeyNotActive
        try:
            verify_phone(load_phone_key(phone.public_key), signed.payload, signed.signature)
        except signing.BadSignature:
            raise PhoneSignatureWrong from None
        if payload.counter <= phone.counter:
            raise CounterUsed(counter=phone.counter)
        return Proof(signed, payload, phone, footing.keys_version)

    async def _sealed(self, tx: Transaction, row: OrderRow, proof: Proof, *, to_send: bool = True) -> OrderRow:
        """The row with what was signed, the phone's counter taken, and the frame for the car."""
        signed, counter = proof.signed, proof.payload.counter
        await self._store.put_phone(tx, replace(proof.phone, counter=counter))
        row = replace(row, key_id=proof.phone.key_id, counter=counter, payload_hash=signed.digest())
        if not to_send:
            return row
        frame = seal_order(
            self._key(),
            row.vehicle_id,
            signed.payload,
            signed.signature,
            code_fresh=row.code_at is not None,
            keys_version=proof.keys_version,
        )
        return replace(row, frame=frame, sends=1)

    async def _refusal(
        self, tx: Transaction, tenure_id: TenureId, vehicle_id: VehicleId, command: Command, now: datetime
    ) -> tuple[str, int]:
        """Why the engine does not permit the command ("" when it does), and the version of the policy that says so."""
        row = (await self._link.policies(tx, [vehicle_id])).get(vehicle_id)
        if row is None or row.tenure_id != tenure_id:
            return str(Reason.NO_TENURE), 0
        if not self._kept:
            return str(Reason.NO_RETENTION), row.version
        judge = self._judges.judge_for(vehicle_id, row)
        answer = judge.rules.judge(Ask(command.declaration, Kind.COMMAND, command.name), judge.moment(to_ms(now)))
        return ("" if isinstance(answer, Permit) else str(answer.reason)), row.version

    async def why_closed(self, tx: Transaction, tenure_id: TenureId, vehicle_id: VehicleId, now: datetime) -> str:
        """Why no command at all is permitted now; empty when some is."""
        reasons = [(await self._refusal(tx, tenure_id, vehicle_id, command, now))[0] for command in self._commands.values()]
        return "" if "" in reasons else next(iter(reasons), str(Reason.UNDECLARED))

    # The platform's own orders, and what becomes of any

    async def send_with(self, tx: Transaction, order_id: UUID, challenge: bytes, now: datetime) -> bytes | None:
        """Sign an accepted order of the platform over the car's challenge; gives the frame to hand over. None when its time is over."""
        row = await self._store.lock_order(tx, order_id)
        if row is None or row.state is not State.ACCEPTED or row.frame is not None or row.expires_at <= now:
            return None
        counter = await self._store.next_counter(tx, row.vehicle_id, now)
        payload = write_payload(
            OrderPayload(
                order_id=wire(order_id),
                vehicle_id=wire(row.vehicle_id),
                command=row.command,
                key_id=PLATFORM_KEY,
                counter=counter,
                challenge=b64url(challenge),
                valid_ms=ORDER_MARGIN_MS,
            )
        )
        version = (await self._store.footing(tx, row.tenure_id, row.account_id, now, now)).keys_version
        frame = seal_order(self._key(), row.vehicle_id, payload, b"", code_fresh=False, keys_version=version)
        row = replace(
            row,
            state=State.SENT,
            key_id=PLATFORM_KEY,
            counter=counter,
            payload_hash=hashlib.sha256(payload).digest(),
            frame=frame,
            sends=1,
        )
        await self._store.move_order(tx, row, [State.SENT], now)
        await self._tell(tx, row)
        return frame

    async def turn_down(self, tx: Transaction, order_id: UUID, reason: str, now: datetime) -> None:
        """The order could not be handed over: it is refused, and nothing of it is kept to be sent.

        Without effect when the car has got it meanwhile: one that came back at this moment was given it at its greeting.
        """
        row = await self._store.lock_order(tx, order_id)
        if row is not None and row.state in (State.ACCEPTED, State.SENT) and row.sends <= 1:
            await self._move(tx, row, Event.TURNED_DOWN, reason, now)

    async def time_over(self, tx: Transaction, order_id: UUID, now: datetime) -> None:
        """The order's time is over. Looks at the row: it may have ended, or have been given more time."""
        row = await self._store.lock_order(tx, order_id)
        if row is None:
            return
        if row.expires_at > now:
            await self._store.expire_at(tx, order_id, row.expires_at)
            return
        reasons = {State.AWAITING_PHONE: texts.NOT_APPROVED, State.ACCEPTED: texts.NOT_SENT}
        await self._move(tx, row, Event.TIME_OVER, reasons.get(row.state, texts.NO_OUTCOME), now)

    async def report(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, report: OrderReport, now: datetime
    ) -> str:
        """The car says how an order fares; gives the reason why this can't be taken, empty when it is."""
        return (await self.reports(tx, vehicle_id, tenure_id, [report], now))[0]

    async def reports(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, said: Sequence[OrderReport], now: datetime
    ) -> list[str]:
        """The car says several things of one order, in their order: as one ``report`` after the other, kept and told once."""
        try:
            order_id = parse_wire(said[0].order_id)
        except ValueError:
            return [UNKNOWN_ORDER] * len(said)
        row = await self._store.lock_order(tx, order_id)
        if row is None or row.vehicle_id != vehicle_id:
            return [UNKNOWN_ORDER] * len(said)
        if row.tenure_id != tenure_id:
            return [str(Reason.NO_TENURE)] * len(said)
        refused, taken = [], list[tuple[State, str]]()
        for report in said:
            ended = report.state in (OrderStep.REFUSED, OrderStep.FAILED)
            try:
                state = after(taken[-1][0] if taken else row.state, _EVENTS[report.state])
            except OrderStepImpossible as impossible:
                refused.append(impossible.code.replace("-", "_"))
                continue
            refused.append("")
            if state is not None:
                taken.append((state, (report.reason if is_code(report.reason) else texts.UNSPECIFIED) if ended else ""))
        if taken:
            # A state with a reason is a last one, so none but the last step has one.
            row = replace(row, state=taken[-1][0], reason=taken[-1][1], frame=None)
            await self._store.move_order(tx, row, [state for state, _ in taken], now)
            await self._tell(tx, row)
        return refused

    async def _move(self, tx: Transaction, row: OrderRow, event: Event, reason: str, now: datetime) -> Placed:
        """Let `event` happen to a locked order; a stale one changes nothing. Raises ``OrderStepImpossible``."""
        state = after(row.state, event)
        if state is not None:
            row = replace(row, state=state, reason=reason, frame=None)
            await self._store.move_order(tx, row, [state], now)
            await self._tell(tx, row)
        return Placed(row.order_id)

    async def _tell(self, tx: Transaction, row: OrderRow) -> OrderView:
        """Tell whoever watches how the order stands, in the language of the account that ordered; gives it too."""
        view, language = await self._store.told(tx, row.order_id)
        LiveUpdates.tell(tx, row.tenure_id, LIVE_PART, order=view, language=language)
        return view


def _new_view(row: OrderRow, steps: Sequence[State], proof: Proof | None, now: datetime) -> OrderView:
    """An order that was just kept with these steps, as its owner sees it."""
    seen = tuple(Step(state, row.reason if state is row.state else "", now) for state in steps)
    phone = None if proof is None else (proof.phone.key_id, proof.phone.label)
    return OrderView(row.order_id, row.command, row.state, row.reason, row.requested_at, row.expires_at, phone, seen)
