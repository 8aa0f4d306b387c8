"""Taking orders: decide, check what was signed, keep and sign. What becomes of them is ``progress``. Never commits. REQ RC-4, RC-6, RC-7.

Rules:
    1. A request whose Idempotency-Key came before gets the same order again; with another content it is turned away.
    2. The engine decides first. What it does not permit becomes an order in the state *refused*, with reason and cure: the owner sees it
       in the same list and on the same stream as everything else that became of orders. A request that proves nothing (a
       forged signature, a used counter, a wrong code) is a problem and no order.
    3. Only the account that subscribed orders, and what a phone has to sign is signed by a phone that the car knows (RC-7).
    4. Row, steps, timer and frame are one transaction. The frame leaves afterwards, by whoever committed (``Placed.frame``), and only
       to a car that is connected: ``Progress.turn_down`` says so when it is not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

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
from openmarque.domains.commands.progress import LIVE_PART, CommandKey, Progress, handed_over
from openmarque.domains.commands.requests import Approval, Asked, Placed, Proof, Signed
from openmarque.domains.commands.rules import (
    APPROVAL_LIVES,
    MOST_ORDERS,
    ORDER_LIVES,
    ORDERS_COUNTED,
    Command,
    fits,
    is_fresh,
)
from openmarque.domains.commands.states import Event, KeyState, State, after
from openmarque.domains.commands.store import CommandStore, Footing, Inquiry, OrderRow, OrderView, PhoneRow, Step
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import TenureId, VehicleId, new_uuid, parse_wire, wire
from openmarque.link.judging import JudgeCache
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import LinkStore, PolicyRow
from openmarque.protocol import signing
from openmarque.protocol.orders import (
    OrderPayload,
    read_payload,
    seal_order,
    verify_phone,
)
from openmarque.protocol.phone_keys import load_phone_key
from openmarque.storage.transaction import Transaction


class Orders:
    """Takes orders."""

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
        self.progress = Progress(store, key)
        """What becomes of the orders."""

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
        payload = None if asked.signed is None else read_payload(asked.signed.payload)
        key_id = "" if payload is None else payload.key_id
        inquiry = Inquiry(asked.vehicle_id, asked.tenure_id, asked.account_id, asked.idempotency_key, key_id)
        standing = await self._store.standing(tx, inquiry, now, now - ORDERS_COUNTED)
        if standing.known is not None:
            return self._again(standing.known, asked)
        footing = _firm(standing.footing)
        proof: Proof | None = None
        if asked.signed is not None and payload is not None:
            try:
                proof = _proved(asked, asked.signed, payload, standing.phone, command, footing)
            except CounterUsed:
                # The same request, at the same moment, may have used it while this one waited for the phone's row.
                known = await self._store.order_by_key(tx, asked.account_id, asked.idempotency_key)
                if known is None:
                    raise
                return self._again(known, asked)
        row = self._new(asked, command, proof, standing.policy, now)
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
        accepted = after(row.state, Event.APPROVED)
        assert accepted is not None
        footing = _firm(await self._store.footing(tx, asked.tenure_id, asked.account_id, now, now - ORDERS_COUNTED))
        command, payload = self._commands[row.command], read_payload(signed.payload)
        phone = await self._store.lock_phone(tx, row.tenure_id, payload.key_id)
        proof = _proved(row, signed, payload, phone, command, footing)
        refused, version = await self._refusal(tx, row.tenure_id, row.vehicle_id, command, now)
        row = replace(row, policy_version=version, expires_at=now + ORDER_LIVES)
        if refused:
            return await self.progress.move(tx, row, Event.TURNED_DOWN, refused, now)
        if asked.code_right:
            row = replace(row, code_at=now)
        if command.needs_code and not is_fresh(row.code_at, now, self._fresh_s):
            raise SafetyCodeNeeded
        await self._store.put_phone(tx, replace(proof.phone, counter=proof.payload.counter))
        row = self._sealed(replace(row, state=accepted), proof)
        await self._store.expire_at(tx, order_id, row.expires_at)
        return Placed(order_id, row.frame, view=await self.progress.keep(tx, row, [accepted, row.state], now))

    def _again(self, known: OrderRow, asked: Asked) -> Placed:
        if known.fingerprint != asked.fingerprint():
            raise IdempotencyKeyReused
        return Placed(known.order_id)

    def _new(self, asked: Asked, command: Command, proof: Proof | None, policy: PolicyRow | None, now: datetime) -> OrderRow:
        """The row of a new order as the engine decides."""
        refused, version = self._judged(asked.tenure_id, asked.vehicle_id, policy, command, now)
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
            row = self._sealed(row, proof)
            steps = list(dict.fromkeys([*steps, row.state]))
        look_at = None if row.state is State.REFUSED else row.expires_at
        if not await self._store.add_order(tx, row, steps, now, look_at):
            # Another request took the id, the key or the counter since we looked.
            known = await self._store.order_by_key(tx, asked.account_id, asked.idempotency_key)
            if known is None:
                raise OrderIdTaken
            return self._again(known, asked)
        view = _new_view(row, steps, proof, now)
        LiveUpdates.tell(tx, row.tenure_id, LIVE_PART, order=view, language=footing.language)
        return Placed(row.order_id, row.frame, needs_challenge=row.state is State.ACCEPTED, view=view)

    def _sealed(self, row: OrderRow, proof: Proof) -> OrderRow:
        """The row with what was signed; an accepted one with the frame for the car, which is to be handed over."""
        signed, counter = proof.signed, proof.payload.counter
        row = replace(row, key_id=proof.phone.key_id, counter=counter, payload_hash=signed.digest())
        if row.state is not State.ACCEPTED:
            return row
        frame = seal_order(
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
        judge = self._judges.judge_for(vehicle_id, row)
        answer = judge.rules.judge(Ask(command.declaration, Kind.COMMAND, command.name), judge.moment(to_ms(now)))
        return ("" if isinstance(answer, Permit) else str(answer.reason)), row.version

    async def why_closed(self, tx: Transaction, tenure_id: TenureId, vehicle_id: VehicleId, now: datetime) -> str:
        """Why no command at all is permitted now; empty when some is."""
        reasons = [(await self._refusal(tx, tenure_id, vehicle_id, command, now))[0] for command in self._commands.values()]
        return "" if "" in reasons else next(iter(reasons), str(Reason.UNDECLARED))


def _firm(footing: Footing) -> Footing:
    """The footing, if it is one to order on. Raises ``OrderRefused``, ``TooManyOrders``."""
    if not footing.may_command:
        raise OrderRefused(texts.in_words(texts.NOT_GRANTED))
    if footing.orders >= MOST_ORDERS:
        raise TooManyOrders(limit=MOST_ORDERS)
    return footing


def _proved(
    order: Asked | OrderRow, signed: Signed, payload: OrderPayload, phone: PhoneRow | None, command: Command, footing: Footing
) -> Proof:
    """The proof that an active phone, its row locked, truly signed this order, for this car, with a counter above its last."""
    named = wire(order.order_id) if isinstance(order, OrderRow) else None
    if not fits(payload, vehicle_id=wire(order.vehicle_id), command=command.name, order_id=named):
        raise OrderMismatch
    if phone is None or phone.state is not KeyState.ACTIVE:
        raise PhoneKeyNotActive
    try:
        verify_phone(load_phone_key(phone.public_key), signed.payload, signed.signature)
    except signing.BadSignature:
        raise PhoneSignatureWrong from None
    if payload.counter <= phone.counter:
        raise CounterUsed(counter=phone.counter)
    return Proof(signed, payload, phone, footing.keys_version)


def _new_view(row: OrderRow, steps: Sequence[State], proof: Proof | None, now: datetime) -> OrderView:
    """An order that was just kept with these steps, as its owner sees it."""
    seen = tuple(Step(state, row.reason if state is row.state else "", now) for state in steps)
    phone = None if proof is None else (proof.phone.key_id, proof.phone.label)
    return OrderView(row.order_id, row.command, row.state, row.reason, row.requested_at, row.expires_at, phone, seen)
