"""Policies ready for judging, cached per car and version. A stale one can't store anything: every write is guarded by the version."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from openmarque.catalogue.decide import Moment
from openmarque.catalogue.policy import Policy, Rulebook, SignedPolicy
from openmarque.kit.ids import VehicleId
from openmarque.link.ports import PolicyRow

_CACHE_SIZE: Final = 50_000
"""Cars per worker whose rulebook is kept: about 10 KiB each, so at most half a gigabyte for a worker that serves 50,000 cars."""

_read_signed = msgspec.msgpack.Decoder(SignedPolicy).decode
_read_policy = msgspec.msgpack.Decoder(Policy).decode


class Judge:
    """One car's rulebook beside the moving facts of its policy row."""

    __slots__ = ("_moment", "row", "rules")

    def __init__(self, row: PolicyRow) -> None:
        """Read the policy in `row`; it comes from our own database, so its signature is not checked again."""
        self.row = row
        self.rules = Rulebook(_read_policy(_read_signed(row.frame).policy))
        self._moment = Moment(0, row.level, row.ceiling, row.switched_off, row.remote_access)

    def moment(self, now_ms: int) -> Moment:
        """The facts at `now_ms`. The newest moment is kept, since a batch asks many times at one instant."""
        if self._moment.now_ms != now_ms:
            row = self.row
            self._moment = Moment(now_ms, row.level, row.ceiling, row.switched_off, row.remote_access)
        return self._moment


class JudgeCache:
    """Judges by vehicle, the least recently used ones dropped. Belongs to one worker; holds nothing that can't be read again."""

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
        """Take over policy rows just read; an unchanged version keeps its judge."""
        for vehicle_id, row in rows.items():
            self.judge_for(vehicle_id, row)
        while len(self._judges) > self._size:
            self._judges.popitem(last=False)

    def judge_for(self, vehicle_id: VehicleId, row: PolicyRow) -> Judge:
        """The judge of exactly this row."""
        judge = self._judges.get(vehicle_id)
        if judge is None or judge.row.version != row.version:
            judge = self._judges[vehicle_id] = Judge(row)
        return judge

    def forget(self, vehicles: Iterable[VehicleId]) -> None:
        """Drop the judges of `vehicles`, so that their policy is read anew."""
        for vehicle_id in vehicles:
            self._judges.pop(vehicle_id, None)
