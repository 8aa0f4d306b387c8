"""Policies ready for judging, cached per car and version. A stale one can't store anything: every write is guarded by the version."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from openmarque.catalogue.decide import Moment
from openmarque.catalogue.policy import OpenSignals, Policy, Rulebook, SignedPolicy
from openmarque.catalogue.refusals import Refusal
from openmarque.kit.ids import VehicleId
from openmarque.link.ports import PolicyRow
from openmarque.link.subjects import down_subject
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import SIGNALS, Kind, Signal

_CACHE_SIZE: Final = 50_000
"""Cars per worker whose rulebook is kept: about 10 KiB each, so at most half a gigabyte for a worker that serves 50,000 cars."""

_read_signed = msgspec.msgpack.Decoder(SignedPolicy).decode
_read_policy = msgspec.msgpack.Decoder(Policy).decode


class Limits(NamedTuple):
    """What ``Signal.accepts`` asks of a value just decoded, as data: its exact type, and its bounds (of a text, of its length)."""

    kinds: tuple[type, ...]
    low: Any
    high: Any

    def accept(self, value: Any) -> bool:
        """Whether the signal takes `value`; the status lane asks the same without the call."""
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


@dataclass(frozen=True, slots=True)
class OpenPaths:
    """What a status message may carry now: the limits of each open path, or why nothing may pass."""

    limits: Mapping[str, Limits]
    refusal: Refusal | None
    answer: OpenSignals
    """The engine's own answer, which says until when it holds."""


class Judge:
    """One car's rulebook beside the moving facts of its policy row."""

    __slots__ = ("_moment", "_open", "ack_subject", "row", "rules")

    def __init__(self, row: PolicyRow) -> None:
        """Read the policy in `row`; it comes from our own database, so its signature is not checked again."""
        self.row = row
        self.rules = Rulebook(_read_policy(_read_signed(row.frame).policy))
        self.ack_subject = down_subject(self.rules.policy.vehicle_id, "ack")
        """Where the car hears what became of its messages."""
        self._moment = Moment(0, row.level, row.ceiling, row.switched_off, row.remote_access)
        self._open: dict[tuple[str, Level], OpenPaths] = {}

    def open_paths(self, type_name: str, captured: Level, now_ms: int) -> OpenPaths:
        """The engine's answer for a status of this type captured at this level, kept for as long as it holds."""
        known = self._open.get((type_name, captured))
        if known is None or not known.answer.good_at(now_ms):
            answer = self.rules.open_signals(type_name, captured, self.moment(now_ms))
            known = self._open[type_name, captured] = OpenPaths(_limits_of(answer.covers), answer.refusal, answer)
        return known

    def moment(self, now_ms: int) -> Moment:
        """The facts at `now_ms`. The newest moment is kept, since a batch asks many times at one instant."""
        if self._moment.now_ms != now_ms:
            row = self.row
            self._moment = Moment(now_ms, row.level, row.ceiling, row.switched_off, row.remote_access)
        return self._moment


class JudgeCache:
    """Judges by vehicle, those learnt longest ago dropped. Belongs to one worker; holds nothing that can't be read again."""

    def __init__(self, size: int = _CACHE_SIZE) -> None:
        """Keep at most `size` judges."""
        self._size = size
        self._judges: OrderedDict[VehicleId, Judge] = OrderedDict()

    def known(self, vehicle_id: VehicleId) -> Judge | None:
        """The judge last learnt for this car."""
        return self._judges.get(vehicle_id)

    def missing(self, vehicles: Iterable[VehicleId]) -> list[VehicleId]:
        """Those of `vehicles` for which no judge is known."""
        return [vehicle_id for vehicle_id in vehicles if vehicle_id not in self._judges]

    def learn(self, rows: Mapping[VehicleId, PolicyRow]) -> None:
        """Take over policy rows just read; an unchanged policy keeps its judge."""
        for vehicle_id, row in rows.items():
            self.judge_for(vehicle_id, row)

    def judge_for(self, vehicle_id: VehicleId, row: PolicyRow) -> Judge:
        """The judge of exactly this row."""
        judge = self._judges.get(vehicle_id)
        if judge is None or (judge.row.version, judge.row.hash) != (row.version, row.hash):
            judge = self._judges[vehicle_id] = Judge(row)
            self._judges.move_to_end(vehicle_id)
            if len(self._judges) > self._size:
                self._judges.popitem(last=False)
        return judge

    def forget(self, vehicles: Iterable[VehicleId]) -> None:
        """Drop the judges of `vehicles`, so that their policy is read anew."""
        for vehicle_id in vehicles:
            self._judges.pop(vehicle_id, None)


@lru_cache(maxsize=256)
def _limits_of(covers: frozenset[str]) -> Mapping[str, Limits]:
    """The limits of each path; shared by the cars whose policies open the same ones, which are few combinations."""
    return {path: _limits(SIGNALS[path]) for path in covers if path in SIGNALS}


def _limits(signal: Signal) -> Limits:
    low, high = signal.bounds
    return Limits(_KINDS[signal.kind], low, high)
