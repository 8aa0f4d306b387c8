"""The link's rows in memory: the fake under the deterministic world, held to the same tests as ``link.postgres``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from openmarque.kit.clock import to_ms
from openmarque.kit.ids import VehicleId
from openmarque.link.ports import CarRow, HelloRecord, PolicyRow, Refusals, StatusWrite
from openmarque.protocol.envelope import MAX_SEQUENCE, Lane
from openmarque.protocol.lanes import next_epoch
from openmarque.storage.memory import MemoryDatabase, MemoryTransaction, memory
from openmarque.storage.transaction import Transaction

CAR_LINK: Final = "car_link"
LAST_VALUES: Final = "last_values"
CAR_POLICY: Final = "car_policy"
CERTIFICATE: Final = "certificate"
REFUSAL_COUNT: Final = "refusal_count"

Signal = tuple[object, int | None, int]
"""A stored value, its instant by the car's clock (None: that clock was never set), and its receipt; both in milliseconds."""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Where a car's must-arrive lanes stand, and what it said of itself; the row of ``car_link``."""

    epoch: int = 1
    event_watermark: int = 0
    urgent_watermark: int = 0
    lost: int = 0
    hello: HelloRecord | None = None


@dataclass(frozen=True, slots=True)
class LastValues:
    """The newest value of every signal of a car by VSS path; the row of ``last_values``."""

    epoch: int
    seq: int
    policy_version: int
    received_ms: int
    trust: int
    signals: Mapping[str, Signal]


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A car's public key (DER) and whether its certificate is revoked."""

    public_key: bytes
    revoked: bool = False


class MemoryLinkStore:
    """``LinkStore`` in memory. One transaction runs at a time, so there is nothing to lock."""

    def __init__(self, database: MemoryDatabase) -> None:
        """Keep the link's rows in `database`."""
        self.database = database

    @staticmethod
    def provision(tx: Transaction, vehicle_id: VehicleId, keys: Mapping[str, bytes]) -> None:
        """A new car with the public keys (DER, by key id) of its certificates, in its first epoch and without a policy."""
        rows = memory(tx)
        rows.put(CAR_LINK, vehicle_id, LinkRow())
        rows.put(LAST_VALUES, vehicle_id, LastValues(1, 0, 0, 0, 0, {}))
        for key_id, public_key in keys.items():
            rows.put(CERTIFICATE, (vehicle_id, key_id), CertificateRow(public_key))

    @staticmethod
    def put_policy(tx: Transaction, vehicle_id: VehicleId, row: PolicyRow) -> None:
        """Store a car's policy, and let the guard of its status lane follow the version."""
        rows = memory(tx)
        rows.put(CAR_POLICY, vehicle_id, row)
        values: LastValues | None = rows.get(LAST_VALUES, vehicle_id)
        if values is not None:
            rows.put(LAST_VALUES, vehicle_id, replace(values, policy_version=row.version))

    @staticmethod
    def clear_values(tx: Transaction, vehicle_id: VehicleId, now: datetime) -> None:
        """Wipe the newest values for the next owner and begin a new epoch; see ``PostgresEnrolment.clear_values``."""
        rows, link = memory(tx), _link_row(tx, vehicle_id)
        values: LastValues = rows.all(LAST_VALUES)[vehicle_id]
        epoch = next_epoch(link.epoch, to_ms(now))
        rows.put(CAR_LINK, vehicle_id, replace(link, epoch=epoch, event_watermark=0, urgent_watermark=0))
        rows.put(LAST_VALUES, vehicle_id, replace(values, epoch=epoch, seq=0, signals={}, received_ms=0, trust=0))

    async def policies(self, tx: Transaction, vehicles: Sequence[VehicleId]) -> dict[VehicleId, PolicyRow]:
        """See ``LinkStore.policies``."""
        stored = memory(tx).all(CAR_POLICY)
        return {vehicle_id: stored[vehicle_id] for vehicle_id in vehicles if vehicle_id in stored}

    async def lock_cars(self, tx: Transaction, vehicles: Sequence[VehicleId]) -> dict[VehicleId, CarRow]:
        """See ``LinkStore.lock_cars``."""
        links, policies = memory(tx).all(CAR_LINK), memory(tx).all(CAR_POLICY)
        return {v: _car_row(v, links[v], policies[v]) for v in sorted(vehicles) if v in links and v in policies}

    async def write_status(self, tx: Transaction, writes: Sequence[StatusWrite]) -> frozenset[VehicleId]:
        """See ``LinkStore.write_status``."""
        return frozenset(write.vehicle_id for write in writes if self.write_one(memory(tx), write))

    def write_one(self, rows: MemoryTransaction, write: StatusWrite) -> bool:
        """Store one status when its guards hold."""
        old: LastValues | None = rows.get(LAST_VALUES, write.vehicle_id)
        if old is None or old.epoch != write.epoch or old.seq >= write.first or old.policy_version != write.policy_version:
            return False
        signals = {**old.signals, **write.signals}
        new = LastValues(write.epoch, write.seq, old.policy_version, write.received_ms, write.trust, signals)
        rows.put(LAST_VALUES, write.vehicle_id, new)
        return True

    async def status_positions(self, tx: Transaction, vehicles: Sequence[VehicleId]) -> dict[VehicleId, tuple[int, int]]:
        """See ``LinkStore.status_positions``."""
        stored = memory(tx).all(LAST_VALUES)
        return {v: (stored[v].epoch, stored[v].seq) for v in vehicles if v in stored}

    async def move_watermarks(self, tx: Transaction, lane: Lane, to: Mapping[VehicleId, int]) -> None:
        """See ``LinkStore.move_watermarks``."""
        for vehicle_id, watermark in to.items():
            link = _link_row(tx, vehicle_id)
            if lane is Lane.EVENT:
                moved = replace(link, event_watermark=watermark)
            elif lane is Lane.URGENT:
                moved = replace(link, urgent_watermark=watermark)
            else:
                raise KeyError(lane)
            memory(tx).put(CAR_LINK, vehicle_id, moved)

    async def open_epoch(self, tx: Transaction, vehicle_id: VehicleId, epoch: int) -> None:
        """See ``LinkStore.open_epoch``."""
        opened = replace(_link_row(tx, vehicle_id), epoch=epoch, event_watermark=0, urgent_watermark=0)
        memory(tx).put(CAR_LINK, vehicle_id, opened)
        values: LastValues = memory(tx).all(LAST_VALUES)[vehicle_id]
        memory(tx).put(LAST_VALUES, vehicle_id, replace(values, epoch=epoch, seq=0))

    async def count_lost(self, tx: Transaction, vehicle_id: VehicleId, numbers: int) -> None:
        """See ``LinkStore.count_lost``."""
        link = _link_row(tx, vehicle_id)
        memory(tx).put(CAR_LINK, vehicle_id, replace(link, lost=min(link.lost + numbers, MAX_SEQUENCE)))

    async def record_hello(self, tx: Transaction, vehicle_id: VehicleId, hello: HelloRecord) -> None:
        """See ``LinkStore.record_hello``."""
        memory(tx).put(CAR_LINK, vehicle_id, replace(_link_row(tx, vehicle_id), hello=hello))

    async def accept_policy(self, tx: Transaction, vehicle_id: VehicleId, version: int) -> None:
        """See ``LinkStore.accept_policy``: never beyond the version that exists, never back."""
        row: PolicyRow | None = memory(tx).get(CAR_POLICY, vehicle_id)
        if row is not None:
            accepted = max(row.accepted_version, min(version, row.version))
            memory(tx).put(CAR_POLICY, vehicle_id, replace(row, accepted_version=accepted))

    async def certificate_key(self, tx: Transaction, vehicle_id: VehicleId, key_id: str) -> bytes | None:
        """See ``LinkStore.certificate_key``."""
        row: CertificateRow | None = memory(tx).get(CERTIFICATE, (vehicle_id, key_id))
        return None if row is None or row.revoked else row.public_key

    async def count_refusals(self, tx: Transaction, refusals: Refusals, at: datetime) -> None:
        """See ``LinkStore.count_refusals``. Memory keeps no instant."""
        del at
        rows = memory(tx)
        for key, times in refusals.counts.items():
            if rows.get(CAR_LINK, key[0]) is not None:
                rows.put(REFUSAL_COUNT, key, (rows.get(REFUSAL_COUNT, key) or 0) + times)


def _link_row(tx: Transaction, vehicle_id: VehicleId) -> LinkRow:
    row: LinkRow = memory(tx).all(CAR_LINK)[vehicle_id]
    return row


def _car_row(vehicle_id: VehicleId, link: LinkRow, policy: PolicyRow) -> CarRow:
    return CarRow(vehicle_id, link.epoch, {Lane.EVENT: link.event_watermark, Lane.URGENT: link.urgent_watermark}, policy)
