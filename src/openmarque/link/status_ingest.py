"""The status lane at full rate: from frames to committed newest values, with the engine in the path.

Theory of operation:
    A batch is judged by cached policies, merged to one write per car and stored by one statement whose guards are the car's
    epoch, its number and the version of the policy that permitted it. A policy change updates that version in the same row,
    so PostgreSQL's row lock puts the two in order: no stale permit ever stores a value. What the guards turned away is looked
    at again: a repeat is answered as duplicate, a newer policy is read and the message judged anew.

    A refused status settles its number too. Acknowledgements leave after the commit and only then.
"""

from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from typing import Final

import msgspec
import structlog

from openmarque.kit.clock import Clock, to_ms
from openmarque.kit.ids import VehicleId, wire
from openmarque.link.evaluating import EvaluatorCache, OpenPaths, PolicyEvaluator
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import LinkStore, Refusals, StatusWrite
from openmarque.link.subjects import down_subject
from openmarque.protocol.envelope import Ack, Answer, Disposition, Envelope, Lane, Trust, UnreadableFrame, encode, read_envelope
from openmarque.protocol.lanes import STALE_EPOCH, UNKNOWN_EPOCH
from openmarque.protocol.messages import STATUS, STATUS_WITH_PLACE, StatusBody
from openmarque.protocol.signals import SIGNALS
from openmarque.protocol.times import IMPLAUSIBLE_TIME, MAX_BEHIND_MS, plausible
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.transaction import Transaction

UNREADABLE: Final = "unreadable"
BAD_VALUE: Final = "bad_value"
UNDECLARED: Final = "undeclared"
UNPROCESSABLE: Final = "unprocessable"

_ROUNDS: Final = 3
"""Times a message is judged anew when its policy changes under it; then it is left unanswered and the car sends it again."""

_log = structlog.get_logger("openmarque.link")
_read_body = msgspec.msgpack.Decoder(StatusBody).decode
_TYPES: Final = frozenset((STATUS, STATUS_WITH_PLACE))


_LANE: Final = Lane.STATUS
_STORED: Final = Disposition.STORED
_REFUSED: Final = Disposition.REFUSED
_in_order_of_rows = attrgetter("vehicle_id.int")
"""Sorts cars as PostgreSQL does their ids, without the comparison in Python that UUID has."""


class _CarBatch(msgspec.Struct, gc=False):
    """The messages of one car in a batch, newest last, and what judging made of them. A struct, since making one is cheap."""

    vehicle_id: VehicleId
    envelopes: list[Envelope]
    evaluator: PolicyEvaluator | None = None
    answers: list[Answer] = []
    refused: list[tuple[str, str]] = []
    signals: dict[str, tuple[object, int | None, int]] = {}


class StatusIngest:
    """Stores batches of status frames. One instance per worker; it may take several batches at once."""

    def __init__(self, store: LinkStore, clock: Clock, evaluators: EvaluatorCache, live: LiveUpdates) -> None:
        """Use `store` for data, `judges` for policies already read; tell `live` what watchers are to see."""
        self._store = store
        self._clock = clock
        self._evaluators = evaluators
        self._live = live

    async def take(self, frames: Iterable[tuple[VehicleId, bytes]]) -> int:
        """Store a batch; gives the number of messages settled. Raises when the store is away: nothing is acknowledged then.

        A batch that breaks for another reason is taken car by car, so that what one car sends never holds up the others.
        """
        refusals = Refusals()
        cars = _read(frames, refusals)
        unreadable = dict(refusals.counts)
        try:
            return await self._take(dict(cars), refusals)
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever broke, find the car it is about; the others' messages are stored as ever
            _log.exception("batch_failed", lane=str(Lane.STATUS), messages=len(cars))
        settled = await self._take({}, Refusals(unreadable))
        for vehicle_id, car in cars.items():
            if car.envelopes:  # a round before the break may have answered them all
                settled += await self._take_alone(vehicle_id, car.envelopes)
        return settled

    async def _take(self, cars: dict[VehicleId, _CarBatch], refusals: Refusals) -> int:
        async with self._store.database.begin() as tx:
            settled = await self._store_cars(tx, cars, refusals)
            await self._store.count_refusals(tx, refusals, self._clock.now())
        return settled

    async def _take_alone(self, vehicle_id: VehicleId, envelopes: list[Envelope]) -> int:
        """Store one car's messages, or refuse them all as unprocessable: on a store that works, they are what breaks."""
        try:
            return await self._take({vehicle_id: _CarBatch(vehicle_id, list(envelopes))}, Refusals())
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - the same again: this is the car, and what it sent is refused
            _log.exception("car_failed", lane=str(Lane.STATUS), vehicle_id=wire(vehicle_id))
        # A type that no car has, so that nothing inside is looked at.
        hollow = [msgspec.structs.replace(envelope, type=UNPROCESSABLE) for envelope in envelopes]
        return await self._take({vehicle_id: _CarBatch(vehicle_id, hollow)}, Refusals())

    async def _store_cars(self, tx: Transaction, cars: dict[VehicleId, _CarBatch], refusals: Refusals) -> int:
        # Looking up a UUID calls its hash and comparison, in Python, so a car is found once and then handed on.
        settled = 0
        if unknown := self._hand_out(cars.values()):
            await self._learn(tx, unknown)
        for _ in range(_ROUNDS):
            judged = self._judge_all(cars)
            stored = await self._store.write_status(tx, [write for write, _ in judged])
            if len(stored) == len(cars):
                cars.clear()
            else:
                judged = [(write, car) for write, car in judged if write.vehicle_id in stored]
                for vehicle_id in stored:
                    del cars[vehicle_id]
            settled += self._settle(tx, judged, refusals)
            if not cars:
                break
            settled += await self._look_again(tx, cars)
        return settled

    def _judge_all(self, cars: dict[VehicleId, _CarBatch]) -> list[tuple[StatusWrite, _CarBatch]]:
        """One write per car, by vehicle id (so that two workers lock rows in the same order). Unknown cars are left out."""
        now_ms = to_ms(self._clock.now())
        known = [car for car in cars.values() if car.evaluator is not None]
        known.sort(key=_in_order_of_rows)
        return [(_judge_car(car, now_ms), car) for car in known]

    def _hand_out(self, cars: Collection[_CarBatch]) -> list[_CarBatch]:
        """Give each car the evaluator last learnt for it; tells which have none."""
        known = self._evaluators.known
        for car in cars:
            car.evaluator = known(car.vehicle_id)
        return [car for car in cars if car.evaluator is None]

    def _settle(self, tx: Transaction, judged: Iterable[tuple[StatusWrite, _CarBatch]], refusals: Refusals) -> int:
        """Answer stored cars after the commit, and count what of their messages was refused."""
        settled, anybody_watches = 0, self._live.anybody_watches
        for write, car in judged:
            evaluator = car.evaluator
            assert evaluator is not None
            for reason, what in car.refused:
                refusals.add(write.vehicle_id, reason, what)
            tx.publish_after_commit(evaluator.ack_subject, encode(Ack(write.epoch, _LANE, write.seq, tuple(car.answers))))
            if anybody_watches and evaluator.row.tenure_id is not None:
                self._live.status_changed(tx, evaluator.row.tenure_id, write.signals)
            settled += len(car.envelopes)
        return settled

    async def _look_again(self, tx: Transaction, cars: dict[VehicleId, _CarBatch]) -> int:
        """Answer what can't be stored whatever the policy; learn the policies of the rest, for another round."""
        settled = 0
        positions = await self._store.status_positions(tx, sorted(cars))
        for vehicle_id in list(cars):
            if vehicle_id not in positions:
                del cars[vehicle_id]  # no such car: nobody to answer
                continue
            epoch, seq = positions[vehicle_id]
            car = cars[vehicle_id]
            settled_here = [answer for envelope in car.envelopes if (answer := _unstorable(envelope, epoch, seq))]
            if settled_here:
                self._answer(tx, vehicle_id, epoch, seq, settled_here)
                settled += len(settled_here)
                numbers = {answer.seq for answer in settled_here}
                car.envelopes = [e for e in car.envelopes if e.seq not in numbers]
                if not car.envelopes:
                    del cars[vehicle_id]
        if cars:
            await self._learn(tx, list(cars.values()))
        return settled

    async def _learn(self, tx: Transaction, cars: Sequence[_CarBatch]) -> None:
        """Read the policies of `cars` anew and give them their judges."""
        self._evaluators.learn(await self._store.policies(tx, sorted(car.vehicle_id for car in cars)))
        self._hand_out(cars)

    @staticmethod
    def _answer(tx: Transaction, vehicle_id: VehicleId, epoch: int, watermark: int, answers: Sequence[Answer]) -> None:
        ack = Ack(epoch, Lane.STATUS, watermark, tuple(answers))
        tx.publish_after_commit(down_subject(vehicle_id, "ack"), encode(ack))


def _read(frames: Iterable[tuple[VehicleId, bytes]], refusals: Refusals) -> dict[VehicleId, _CarBatch]:
    """The readable envelopes by car, oldest first, repeats of a number once; the unreadable ones are counted."""
    cars: dict[VehicleId, _CarBatch] = {}
    for vehicle_id, frame in frames:
        try:
            envelope = read_envelope(frame)
        except UnreadableFrame:
            refusals.add(vehicle_id, UNREADABLE, "?")
            continue
        if envelope.lane is not _LANE:
            refusals.add(vehicle_id, UNREADABLE, "lane")
            continue
        fresh = _CarBatch(vehicle_id, [envelope])
        car = cars.setdefault(vehicle_id, fresh)
        if car is not fresh:
            car.envelopes.append(envelope)
    for car in cars.values():
        if len(car.envelopes) > 1:
            numbered = {(envelope.epoch, envelope.seq): envelope for envelope in car.envelopes}
            car.envelopes = [numbered[key] for key in sorted(numbered)]
    return cars


def _judge_car(car: _CarBatch, now_ms: int) -> StatusWrite:
    """One write of everything that the policy permits of a car's messages in its newest epoch, and an answer for each."""
    evaluator = car.evaluator
    assert evaluator is not None
    if car.answers:
        car.answers, car.refused, car.signals = [], [], {}  # judged before, by a policy that was no longer in force
    last = car.envelopes[-1]
    first = last.seq
    for envelope in car.envelopes:
        if envelope.epoch == last.epoch:
            first = min(first, envelope.seq)
            _judge(evaluator, car, envelope, now_ms)
        else:
            car.answers.append(Answer(envelope.seq, _REFUSED, STALE_EPOCH))
    return StatusWrite(car.vehicle_id, last.epoch, first, last.seq, evaluator.row.version, now_ms, last.trust, car.signals)


def _judge(evaluator: PolicyEvaluator, car: _CarBatch, envelope: Envelope, now_ms: int) -> None:
    """Put what the policy permits of `envelope` into the car's write, and an answer for it."""
    if envelope.type not in _TYPES:
        return _refuse(car, envelope.seq, UNPROCESSABLE if envelope.type is UNPROCESSABLE else UNDECLARED, "?")
    if not plausible(envelope.car_time, now_ms, envelope.trust):
        return _refuse(car, envelope.seq, IMPLAUSIBLE_TIME, envelope.type)
    allowed = evaluator.open_paths(envelope.type, envelope.level, now_ms)
    if allowed.refusal is not None:
        return _refuse(car, envelope.seq, allowed.refusal.reason, envelope.type)
    base = None if envelope.trust is Trust.UNSET else envelope.car_time
    values = allowed.faultless.read(envelope.body)
    if values is None:
        return _judge_values(allowed, car, envelope, base, now_ms)
    if base is None:
        signals: dict[str, tuple[object, int | None, int]] = {
            path: (value, None, now_ms) for path, (value, _) in values.items()
        }
    else:
        signals = {path: (value, base - age, now_ms) for path, (value, age) in values.items()}
    if car.signals:
        car.signals.update(signals)
    else:
        car.signals = signals
    car.answers.append(Answer(envelope.seq, _STORED))
    return None


def _judge_values(allowed: OpenPaths, car: _CarBatch, envelope: Envelope, base: int | None, now_ms: int) -> None:
    """The same value by value, for a message in which something is amiss: what is right is stored, the rest counted."""
    try:
        values = _read_body(envelope.body).values
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _refuse(car, envelope.seq, UNREADABLE, envelope.type)
    partly = ""
    for path, (value, age) in values.items():
        limits = allowed.limits.get(path)
        if limits is None:
            partly = UNDECLARED
        elif 0 <= age <= MAX_BEHIND_MS and limits.accept(value):
            car.signals[path] = (value, None if base is None else base - age, now_ms)
            continue
        else:
            partly = BAD_VALUE
        car.refused.append((partly, path if path in SIGNALS else "?"))
    car.answers.append(Answer(envelope.seq, _STORED, partly))
    return None


def _refuse(car: _CarBatch, seq: int, reason: str, what: str) -> None:
    car.answers.append(Answer(seq, _REFUSED, reason))
    car.refused.append((reason, what))


def _unstorable(envelope: Envelope, epoch: int, seq: int) -> Answer | None:
    """The answer to a message whose number is settled or whose epoch is not the present one; None when neither is so."""
    if envelope.epoch != epoch:
        return Answer(envelope.seq, Disposition.REFUSED, STALE_EPOCH if envelope.epoch < epoch else UNKNOWN_EPOCH)
    return Answer(envelope.seq, Disposition.DUPLICATE) if envelope.seq <= seq else None
