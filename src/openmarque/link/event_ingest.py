"""The must-arrive lanes: from frames to applied events, each exactly once and in order.

Theory of operation:
    In one transaction the rows of the batch's cars are locked (numbering and policy), ``protocol.lanes.receive`` sorts out
    repeats and gaps, each next message is judged by the locked policy and applied by its handler, and the watermarks move.
    Acknowledgements leave after the commit. A refusal is committed and moves the watermark like a stored message.

    A message that changes what later ones may do (a level change) ends its car's part of the batch; the rest waits for the
    next round and is judged by the new policy.

    One car's share is bounded, whatever it sends: no more than the protocol's window, and ``MOST_ROUNDS`` such rounds. The rest
    is not answered, and an honest car, which never sends so much, would send it again.

    A batch that fails is cut in two and tried again, down to a single message: one that can't be processed by itself, on a
    store that works, is refused as ``unprocessable``, so nothing blocks a lane for ever. When the store itself is away
    nothing is answered and the cars send again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
import structlog

from openmarque.catalogue.decide import Permit
from openmarque.kit.clock import Clock, to_ms
from openmarque.kit.ids import VehicleId
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.ports import Accepted, CarRow, Handler, LinkStore, PolicyRow, Refusals
from openmarque.link.status_ingest import UNPROCESSABLE, UNREADABLE
from openmarque.link.subjects import down_subject
from openmarque.protocol.envelope import Answer, Disposition, Envelope, Lane, UnreadableFrame, encode, read_envelope
from openmarque.protocol.lanes import EVENT_WINDOW, LanePosition, Reception, acknowledge, receive, settled_through
from openmarque.protocol.messages import GONE, LEVEL_CHANGED, POLICY_ACCEPTED, UNKNOWN_POLICY, MessageRegister, PolicyAccepted
from openmarque.protocol.times import IMPLAUSIBLE_TIME, plausible
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.transaction import Transaction

UNKNOWN_TYPE: Final = "unknown_type"
BARRIERS: Final = frozenset((LEVEL_CHANGED,))
"""Types after which the rest of a car's batch has to be judged by another policy."""
MOST_ROUNDS: Final = 8
"""Transactions, one behind the other, that one batch may take: each barrier of a car costs all the others one. Nobody in a car
chooses a level so often while a batch gathers."""

_log = structlog.get_logger("openmarque.link")

Frame = tuple[VehicleId, Envelope]


@dataclass(slots=True)
class _Turn:
    """What a transaction does for one car: the judged messages, the answers, where the lane stands afterwards."""

    vehicle_id: VehicleId
    after: LanePosition
    answers: list[Answer]
    later: list[Envelope]
    """Left for the next batch: they stand behind a message that changes what they may do."""


class EventIngest:
    """Applies batches of one must-arrive lane. One instance per worker and lane; batches one after the other."""

    def __init__(
        self,
        lane: Lane,
        store: LinkStore,
        clock: Clock,
        evaluators: EvaluatorCache,
        register: MessageRegister,
        handlers: Iterable[Handler],
    ) -> None:
        """Use `store` for data, `handlers` for what messages mean."""
        self._lane = lane
        self._store = store
        self._clock = clock
        self._evaluators = evaluators
        self._register = register
        self._handlers = {name: handler for handler in handlers for name in handler.types}

    async def take(self, frames: Iterable[tuple[VehicleId, bytes]]) -> int:
        """Apply a batch; gives the number of messages settled. Raises ``StoreUnavailable`` when nothing could be."""
        refusals = Refusals()
        readable = [frame for frame in (self._read(v, f, refusals) for v, f in frames) if frame is not None]
        if refusals.counts:
            async with self._store.database.begin() as tx:
                await self._store.count_refusals(tx, refusals, self._clock.now())
        settled, waiting = 0, _within_window(readable)
        for _ in range(MOST_ROUNDS):
            if not waiting:
                break
            done, waiting = await self._apply_or_split(waiting)
            settled += done
        return settled

    def _read(self, vehicle_id: VehicleId, frame: bytes, refusals: Refusals) -> Frame | None:
        try:
            envelope = read_envelope(frame)
        except UnreadableFrame:
            refusals.add(vehicle_id, UNREADABLE, "?")
            return None
        if envelope.lane is not self._lane:
            refusals.add(vehicle_id, UNREADABLE, "lane")
            return None
        return vehicle_id, envelope

    async def _apply_or_split(self, frames: list[Frame], *, refuse: bool = False) -> tuple[int, list[Frame]]:
        """Apply `frames`, halving them when something in them breaks. Gives messages settled, and those left for the next batch."""
        try:
            return await self._apply(frames, refuse=refuse)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, find the message it is about; its neighbours are applied as ever
            _log.warning("batch_failed", lane=str(self._lane), messages=len(frames), error=type(error).__name__)
        if refuse:
            await self._drop(frames)
            return 0, []
        if len(frames) == 1:
            return await self._apply_or_split(frames, refuse=True)
        middle = len(frames) // 2
        frames.sort(key=lambda frame: (frame[0], frame[1].epoch, frame[1].seq))
        first, later = await self._apply_or_split(frames[:middle])
        second, later_too = await self._apply_or_split([*frames[middle:]])
        return first + second, [*later, *later_too]

    async def _drop(self, frames: list[Frame]) -> None:
        """Count messages that break even when nothing looks inside them. Unanswered: their car sends them again, alone."""
        refusals = Refusals()
        for vehicle_id, _ in frames:
            refusals.add(vehicle_id, UNPROCESSABLE, "?")
        async with self._store.database.begin() as tx:
            await self._store.count_refusals(tx, refusals, self._clock.now())

    async def _apply(self, frames: list[Frame], *, refuse: bool) -> tuple[int, list[Frame]]:
        by_car: defaultdict[VehicleId, list[Envelope]] = defaultdict(list)
        for vehicle_id, envelope in frames:
            by_car[vehicle_id].append(envelope)
        refusals = Refusals()
        turns: list[_Turn] = []
        now = self._clock.now()
        async with self._store.database.begin() as tx:
            cars = await self._store.lock_cars(tx, sorted(by_car))
            accepted: dict[str, list[tuple[_Turn, Accepted]]] = defaultdict(list)
            for vehicle_id, car in cars.items():
                turn, messages = self._sort_out(car, by_car[vehicle_id], refusals, None if refuse else now)
                turns.append(turn)
                for message in messages:
                    accepted[message.envelope.type].append((turn, message))
            moved = {
                t.vehicle_id: t.after.watermark for t in turns if t.after.watermark != cars[t.vehicle_id].watermarks[self._lane]
            }
            await self._store.move_watermarks(tx, self._lane, moved)
            for type_name, entries in accepted.items():
                await self._hand_over(tx, type_name, entries, refusals)
            await self._store.count_refusals(tx, refusals, now)
            for turn in turns:
                if turn.answers:
                    ack = acknowledge(self._lane, turn.after, turn.answers)
                    tx.publish_after_commit(down_subject(turn.vehicle_id, "ack"), encode(ack))
        later = [(turn.vehicle_id, envelope) for turn in turns for envelope in turn.later]
        return sum(len(turn.answers) for turn in turns), later

    def _sort_out(
        self, car: CarRow, envelopes: list[Envelope], refusals: Refusals, now: datetime | None
    ) -> tuple[_Turn, list[Accepted]]:
        """Number, judge and decode one car's messages, received `now`; None settles them as unprocessable without looking inside."""
        reception, later = _until_barrier(receive(LanePosition(car.epoch, car.watermarks[self._lane]), envelopes))
        turn = _Turn(car.vehicle_id, reception.after, list(reception.answered), later)
        messages = []
        now_ms = 0 if now is None else to_ms(now)
        for envelope in reception.apply:
            outcome = UNPROCESSABLE if now is None else self._judge(car, envelope, now, now_ms)
            if isinstance(outcome, Accepted):
                messages.append(outcome)
            else:
                self._refuse(turn, envelope, outcome, refusals)
        return turn, messages

    def _judge(self, car: CarRow, envelope: Envelope, now: datetime, now_ms: int) -> Accepted | str:
        """The message ready to be applied, or the reason why it is refused."""
        known = self._register.types.get(envelope.type)
        if known is None or known.lane is not self._lane:
            return UNKNOWN_TYPE
        permit: Permit | None = None
        if known.declaration is not None:
            # Housekeeping is taken whatever the clock says: a level set in a car with a wrong clock counts all the same.
            if not plausible(envelope.car_time, now_ms, envelope.trust):
                return IMPLAUSIBLE_TIME
            evaluator = self._evaluators.evaluator_for(car.vehicle_id, car.policy)
            answer = evaluator.rules.judge_message(envelope.type, envelope.level, evaluator.moment(now_ms))
            if not isinstance(answer, Permit):
                return answer.reason
            permit = answer
        try:
            body = self._register.read_body(envelope.type, envelope.body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return UNREADABLE
        if isinstance(body, PolicyAccepted) and _is_beyond(body, car.policy):
            return UNKNOWN_POLICY
        return Accepted(car.vehicle_id, car.policy.tenure_id, envelope, body, permit, now)

    async def _hand_over(
        self, tx: Transaction, type_name: str, entries: Sequence[tuple[_Turn, Accepted]], refusals: Refusals
    ) -> None:
        """Let the handler of a type apply its messages, and answer each."""
        messages = [message for _, message in entries]
        refused: Mapping[int, str] = {}
        if type_name == POLICY_ACCEPTED:
            for message in messages:
                if isinstance(message.body, PolicyAccepted):
                    await self._store.accept_policy(tx, message.vehicle_id, message.body.version)
        elif type_name != GONE:
            handler = self._handlers.get(type_name)
            refused = (
                dict.fromkeys(range(len(messages)), UNKNOWN_TYPE) if handler is None else await handler.apply(tx, messages)
            )
        for index, (turn, message) in enumerate(entries):
            if index in refused:
                self._refuse(turn, message.envelope, refused[index], refusals)
            else:
                turn.answers.append(Answer(message.envelope.seq, Disposition.STORED))

    def _refuse(self, turn: _Turn, envelope: Envelope, reason: str, refusals: Refusals) -> None:
        turn.answers.append(Answer(envelope.seq, Disposition.REFUSED, reason))
        refusals.add(turn.vehicle_id, reason, envelope.type if envelope.type in self._register.types else "?")


def _is_beyond(accepted: PolicyAccepted, ours: PolicyRow) -> bool:
    """Whether a car says that it holds a policy that is none of ours: of before a restored backup, and newer than all that we have."""
    return accepted.version > ours.version or (accepted.version == ours.version and accepted.hash != ours.hash)


def _within_window(frames: Iterable[Frame]) -> list[Frame]:
    """As many frames of each car as the protocol lets one have under way, the first to come; more would be at the others' cost."""
    taken: Counter[VehicleId] = Counter()
    kept = []
    for frame in frames:
        taken[frame[0]] += 1
        if taken[frame[0]] <= EVENT_WINDOW:
            kept.append(frame)
    return kept


def _until_barrier(reception: Reception) -> tuple[Reception, list[Envelope]]:
    """Cut a reception behind its first barrier; what stands behind it is given apart, unanswered."""
    for index, envelope in enumerate(reception.apply[:-1]):
        if envelope.type in BARRIERS:
            after = LanePosition(reception.after.epoch, settled_through(envelope))
            return Reception(reception.apply[: index + 1], reception.answered, after), list(reception.apply[index + 1 :])
    return reception, []
