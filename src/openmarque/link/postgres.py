"""The link's rows in PostgreSQL. Statements take whole batches by ``unnest``; see ``link.ports`` for what each has to do."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from psycopg.rows import TupleRow

from openmarque.kit.ids import TenureId, VehicleId
from openmarque.link.ports import CarRow, HelloRecord, PolicyRow, Refusals, StatusWrite
from openmarque.protocol.envelope import MAX_SEQUENCE, Lane
from openmarque.protocol.levels import Level
from openmarque.storage.arrays import bigints, integers, jsonbs, smallints, uuids
from openmarque.storage.postgres import PostgresDatabase, postgres
from openmarque.storage.roles import LINK
from openmarque.storage.transaction import Transaction

POLICY: Final = (
    "p.version, p.tenure_id, p.frame, p.hash, p.level, p.ceiling, p.remote_access, p.switched_off, p.accepted_version"
)

READ_POLICIES: Final = f"SELECT p.vehicle_id, {POLICY} FROM car_policy p WHERE p.vehicle_id = ANY(%s)"

LOCK_CARS: Final = f"""
SELECT c.vehicle_id, c.epoch, c.event_watermark, c.urgent_watermark, {POLICY}
  FROM car_link c JOIN car_policy p USING (vehicle_id)
 WHERE c.vehicle_id = ANY(%s) ORDER BY c.vehicle_id
   FOR NO KEY UPDATE OF c, p"""
"""Numbering and policy are ours alone until the end; others may read them."""

WRITE_STATUS: Final = """
UPDATE last_values l
   SET seq = u.seq, received_ms = u.received_ms, trust = u.trust, signals = l.signals || u.signals
  FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::bigint[], %s::smallint[], %s::jsonb[])
       AS u (vehicle_id, epoch, first, seq, policy_version, received_ms, trust, signals)
 WHERE l.vehicle_id = u.vehicle_id AND l.epoch = u.epoch AND l.seq < u.first AND l.policy_version = u.policy_version
RETURNING l.vehicle_id"""
"""The guards make a repeat, an old life and a stale permit write nothing. ``||`` lets the new value of a path replace the old."""

MOVE_WATERMARKS: Final = {
    Lane.EVENT: """UPDATE car_link c SET event_watermark = u.watermark
                     FROM unnest(%s::uuid[], %s::bigint[]) AS u (vehicle_id, watermark) WHERE c.vehicle_id = u.vehicle_id""",
    Lane.URGENT: """UPDATE car_link c SET urgent_watermark = u.watermark
                      FROM unnest(%s::uuid[], %s::bigint[]) AS u (vehicle_id, watermark) WHERE c.vehicle_id = u.vehicle_id""",
}

COUNT_REFUSALS: Final = """
INSERT INTO refusal_count AS r (vehicle_id, reason, what, count, last_at)
SELECT u.vehicle_id, u.reason, u.what, u.count, %s
  FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bigint[]) AS u (vehicle_id, reason, what, count)
  JOIN car_link c USING (vehicle_id)
 ORDER BY u.vehicle_id, u.reason, u.what
    ON CONFLICT (vehicle_id, reason, what) DO UPDATE SET count = r.count + excluded.count, last_at = excluded.last_at"""
"""The join leaves out what claims to come from a car that we don't have."""

_encode_json = msgspec.json.Encoder().encode


class PostgresLinkStore:
    """``LinkStore`` on PostgreSQL."""

    def __init__(self, database: PostgresDatabase) -> None:
        """Keep the link's rows in `database`."""
        self.database = database

    async def policies(self, tx: Transaction, vehicles: Sequence[VehicleId]) -> dict[VehicleId, PolicyRow]:
        """See ``LinkStore.policies``."""
        rows = await postgres(tx).rows(LINK, READ_POLICIES, (list(vehicles),))
        return {VehicleId(row[0]): policy_row(row[1:]) for row in rows}

    async def lock_cars(self, tx: Transaction, vehicles: Sequence[VehicleId]) -> dict[VehicleId, CarRow]:
        """See ``LinkStore.lock_cars``."""
        rows = await postgres(tx).rows(LINK, LOCK_CARS, (list(vehicles),))
        return {
            VehicleId(row[0]): CarRow(VehicleId(row[0]), row[1], {Lane.EVENT: row[2], Lane.URGENT: row[3]}, policy_row(row[4:]))
            for row in rows
        }

    async def write_status(self, tx: Transaction, writes: Sequence[StatusWrite]) -> frozenset[VehicleId]:
        """See ``LinkStore.write_status``."""
        if not writes:
            return frozenset()
        columns = (
            uuids([w.vehicle_id for w in writes]),
            bigints([w.epoch for w in writes]),
            bigints([w.first for w in writes]),
            bigints([w.seq for w in writes]),
            integers([w.policy_version for w in writes]),
            bigints([w.received_ms for w in writes]),
            smallints([w.trust for w in writes]),
            jsonbs([_encode_json(w.signals) for w in writes]),
        )
        cursor = await postgres(tx).execute(LINK, WRITE_STATUS, columns)
        if cursor.rowcount == len(writes):
            # Nearly always: then there is nothing to read.
            return frozenset([w.vehicle_id for w in writes])
        return frozenset([VehicleId(row[0]) for row in await cursor.fetchall()])

    async def status_positions(self, tx: Transaction, vehicles: Sequence[VehicleId]) -> dict[VehicleId, tuple[int, int]]:
        """See ``LinkStore.status_positions``."""
        query = "SELECT vehicle_id, epoch, seq FROM last_values WHERE vehicle_id = ANY(%s)"
        return {VehicleId(row[0]): (row[1], row[2]) for row in await postgres(tx).rows(LINK, query, (list(vehicles),))}

    async def move_watermarks(self, tx: Transaction, lane: Lane, to: Mapping[VehicleId, int]) -> None:
        """See ``LinkStore.move_watermarks``."""
        if to:
            await postgres(tx).execute(LINK, MOVE_WATERMARKS[lane], (uuids(to), bigints(to.values())))

    async def open_epoch(self, tx: Transaction, vehicle_id: VehicleId, epoch: int) -> None:
        """See ``LinkStore.open_epoch``."""
        await postgres(tx).execute(
            LINK,
            "UPDATE car_link SET epoch = %s, event_watermark = 0, urgent_watermark = 0 WHERE vehicle_id = %s",
            (epoch, vehicle_id),
        )
        await postgres(tx).execute(
            LINK, "UPDATE last_values SET epoch = %s, seq = 0 WHERE vehicle_id = %s", (epoch, vehicle_id)
        )

    async def count_lost(self, tx: Transaction, vehicle_id: VehicleId, numbers: int) -> None:
        """See ``LinkStore.count_lost``."""
        # A car that says again and again that it lost everything must not make the count too large for its column.
        query = "UPDATE car_link SET lost = least(lost + %s, %s) WHERE vehicle_id = %s"
        await postgres(tx).execute(LINK, query, (numbers, MAX_SEQUENCE, vehicle_id))

    async def record_hello(self, tx: Transaction, vehicle_id: VehicleId, hello: HelloRecord) -> None:
        """See ``LinkStore.record_hello``."""
        query = "UPDATE car_link SET protocol = %s, software = %s, unknown = %s, hello_at = %s WHERE vehicle_id = %s"
        await postgres(tx).execute(LINK, query, (hello.protocol, hello.software, list(hello.unknown), hello.at, vehicle_id))

    async def accept_policy(self, tx: Transaction, vehicle_id: VehicleId, version: int) -> None:
        """See ``LinkStore.accept_policy``: never beyond the version that exists, never back."""
        query = "UPDATE car_policy SET accepted_version = greatest(accepted_version, least(%s, version)) WHERE vehicle_id = %s"
        await postgres(tx).execute(LINK, query, (min(version, 2**31 - 1), vehicle_id))

    async def certificate_key(self, tx: Transaction, vehicle_id: VehicleId, key_id: str) -> bytes | None:
        """See ``LinkStore.certificate_key``."""
        query = "SELECT public_key FROM certificate WHERE key_id = %s AND vehicle_id = %s AND revoked_at IS NULL"
        rows = await postgres(tx).rows(LINK, query, (key_id, vehicle_id))
        return bytes(rows[0][0]) if rows else None

    async def count_refusals(self, tx: Transaction, refusals: Refusals, at: datetime) -> None:
        """See ``LinkStore.count_refusals``."""
        if refusals.counts:
            vehicles, reasons, whats = zip(*refusals.counts, strict=True)
            columns = (at, list(vehicles), list(reasons), list(whats), list(refusals.counts.values()))
            await postgres(tx).execute(LINK, COUNT_REFUSALS, columns)


def policy_row(row: TupleRow) -> PolicyRow:
    """The policy in a row of the columns ``POLICY``."""
    version, tenure_id, frame, digest, level, ceiling, remote, switched_off, accepted = row
    tenure = None if tenure_id is None else TenureId(tenure_id)
    return PolicyRow(
        version, tenure, bytes(frame), digest, Level(level), Level(ceiling), remote, frozenset(switched_off), accepted
    )
