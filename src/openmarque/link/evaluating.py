"""Policies ready for judging, cached per car and version. A stale one can't store anything: every write is guarded by the version."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor
from typing import Annotated, Any, Final, NamedTuple, TypedDict

import msgspec

from openmarque.catalogue.decide import Moment
from openmarque.catalogue.policy import CompiledPolicy, OpenSignals, Policy, SignedPolicy
from openmarque.catalogue.refusals import Refusal
from openmarque.kit.ids import VehicleId
from openmarque.link.ports import PolicyRow
from openmarque.link.subjects import down_subject
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import SIGNALS, Kind, Signal, Value
from openmarque.protocol.times import MAX_BEHIND_MS

_CACHE_SIZE: Final = 50_000
"""Cars per worker whose compiled policy is kept: about 18 KiB each, so at most 0.9 GB for a worker that serves 50,000 cars."""

_read_signed = msgspec.msgpack.Decoder(SignedPolicy).decode
_read_policy = msgspec.msgpack.Decoder(Policy).decode


class Limits(NamedTuple):
    """What ``Signal.accepts`` asks of a value just decoded, as data: its exact type, and its bounds (of a text, of its length)."""

    kinds: tuple[type, ...]
    low: Any
    high: Any

    def accept(self, value: Any) -> bool:
        """Whether the signal takes `value`."""
        return type(value) in self.kinds and self.low <= (printable_length(value) if self.kinds is TEXT else value) <= self.high


def printable_length(text: Any) -> int:
    """Characters of a text; below every limit when one of them is no printable character, NUL first of all, which JSONB refuses."""
    return len(text) if text.isprintable() else -1


TEXT: Final = (str,)
_KINDS: Final[dict[Kind, tuple[type, ...]]] = {
    Kind.BOOLEAN: (bool,),
    Kind.INTEGER: (int,),
    Kind.NUMBER: (int, float),
    Kind.TEXT: TEXT,
}


class FaultlessReader:
    """Reads a status body in which nothing is amiss: every path open, every value within its limits, every age possible.

    msgspec checks all that while it decodes, so that a good message, which nearly every one is, costs no look at each value in Python.
    """

    __slots__ = ("_decode", "_texts")

    def __init__(self, paths: Iterable[str]) -> None:
        """Take exactly `paths`."""
        signals = [SIGNALS[path] for path in paths]
        fields: dict[str, Any] = {signal.path: tuple[_type_of(signal), _AGE] for signal in signals}  # type: ignore[misc]
        # The functional form, since the fields are data; neither the checker nor the linter follows that.
        body: Any = tuple[TypedDict("OpenValues", fields, total=False)]  # type: ignore[misc,operator]
        self._decode: Callable[[bytes], tuple[dict[str, Any]]] = msgspec.msgpack.Decoder(body).decode
        self._texts = tuple(signal.path for signal in signals if signal.kind is Kind.TEXT)

    def read(self, body: msgspec.Raw) -> dict[str, tuple[Value, int]] | None:
        """(value, age in ms) by path; None for any other body: then each value has to be looked at, to say what is wrong with which."""
        data = bytes(body)
        try:
            (values,) = self._decode(data)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        # The decoder passes over paths that it doesn't know; the map's head, after one byte of array, tells how many were sent.
        sent = len(values)
        if data[1] != _MAP | sent if sent < 16 else data[1:4] != _MAP_16 + sent.to_bytes(2, "big"):
            return None
        for path in self._texts:
            if path in values and not values[path][0].isprintable():
                return None
        return values


_MAP: Final = 0x80
"""MessagePack: a map of fewer than 16 pairs; their number is in the lower half of the byte."""
_MAP_16: Final = b"\xde"
_AGE: Final = Annotated[int, msgspec.Meta(ge=0, le=MAX_BEHIND_MS)]


def _type_of(signal: Signal) -> Any:
    """What msgspec has to hold a value of `signal` to: ``Signal.accepts`` but for printable texts."""
    low, high = signal.bounds
    integer = Annotated[int, msgspec.Meta(ge=ceil(low), le=floor(high))]
    match signal.kind:
        case Kind.BOOLEAN:
            return bool
        case Kind.TEXT:
            return Annotated[str, msgspec.Meta(max_length=floor(high))]
        case Kind.INTEGER:
            return integer
        case Kind.NUMBER:
            return integer | Annotated[float, msgspec.Meta(ge=float(low), le=float(high))]


@dataclass(frozen=True, slots=True)
class OpenPaths:
    """What a status message may carry now: the limits of each open path, or why nothing may pass."""

    limits: Mapping[str, Limits]
    faultless: FaultlessReader
    refusal: Refusal | None
    answer: OpenSignals
    """The engine's own answer, which says until when it holds."""


class PolicyEvaluator:
    """One car's compiled policy beside the moving facts of its policy row."""

    __slots__ = ("_moment", "_open", "ack_subject", "row", "rules")

    def __init__(self, row: PolicyRow) -> None:
        """Read the policy in `row`; it comes from our own database, so its signature is not checked again."""
        self.row = row
        self.rules = CompiledPolicy(_read_policy(_read_signed(row.frame).policy))
        self.ack_subject = down_subject(self.rules.policy.vehicle_id, "ack")
        """Where the car hears the outcome of its messages."""
        self._moment = Moment(0, row.level, row.ceiling, row.switched_off, row.remote_access)
        self._open: dict[tuple[str, Level], OpenPaths] = {}

    def open_paths(self, type_name: str, captured: Level, now_ms: int) -> OpenPaths:
        """The engine's answer for a status of this type captured at this level, kept for as long as it holds."""
        known = self._open.get((type_name, captured))
        if known is None or not known.answer.good_at(now_ms):
            answer = self.rules.open_signals(type_name, captured, self.moment(now_ms))
            limits, faultless = _limits_of(answer.covers)
            known = self._open[type_name, captured] = OpenPaths(limits, faultless, answer.refusal, answer)
        return known

    def moment(self, now_ms: int) -> Moment:
        """The facts at `now_ms`. The newest moment is kept, since a batch asks many times at one instant."""
        if self._moment.now_ms != now_ms:
            row = self.row
            self._moment = Moment(now_ms, row.level, row.ceiling, row.switched_off, row.remote_access)
        return self._moment


class EvaluatorCache:
    """Judges by vehicle, those learnt longest ago dropped. Belongs to one worker; holds nothing that can't be read again."""

    def __init__(self, size: int = _CACHE_SIZE) -> None:
        """Keep at most `size` judges."""
        self._size = size
        self._evaluators: OrderedDict[VehicleId, PolicyEvaluator] = OrderedDict()

    def known(self, vehicle_id: VehicleId) -> PolicyEvaluator | None:
        """The evaluator last learnt for this car."""
        return self._evaluators.get(vehicle_id)

    def learn(self, rows: Mapping[VehicleId, PolicyRow]) -> None:
        """Take over policy rows just read; an unchanged policy keeps its evaluator."""
        for vehicle_id, row in rows.items():
            self.evaluator_for(vehicle_id, row)

    def evaluator_for(self, vehicle_id: VehicleId, row: PolicyRow) -> PolicyEvaluator:
        """The evaluator of exactly this row."""
        evaluator = self._evaluators.get(vehicle_id)
        if evaluator is None or (evaluator.row.version, evaluator.row.hash) != (row.version, row.hash):
            evaluator = self._evaluators[vehicle_id] = PolicyEvaluator(row)
            self._evaluators.move_to_end(vehicle_id)
            if len(self._evaluators) > self._size:
                self._evaluators.popitem(last=False)
        return evaluator

    def forget(self, vehicles: Iterable[VehicleId]) -> None:
        """Drop the judges of `vehicles`, so that their policy is read anew."""
        for vehicle_id in vehicles:
            self._evaluators.pop(vehicle_id, None)


@lru_cache(maxsize=256)
def _limits_of(covers: frozenset[str]) -> tuple[Mapping[str, Limits], FaultlessReader]:
    """The limits of each path; shared by the cars whose policies open the same ones, which are few combinations."""
    limits = {path: _limits(SIGNALS[path]) for path in covers if path in SIGNALS}
    return limits, FaultlessReader(limits)


def _limits(signal: Signal) -> Limits:
    low, high = signal.bounds
    return Limits(_KINDS[signal.kind], low, high)
