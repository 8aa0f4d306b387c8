"""``DocumentStore`` on PostgreSQL. Writes act as the platform; what owners read is read in the role that sees their tenure only."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from openmarque.domains.documents.states import State
from openmarque.domains.documents.store import DocumentRow, Lost, Place
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.protocol.documents import Maker
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM, READER
from openmarque.storage.timers import cancel_timer, set_timer
from openmarque.storage.transaction import Transaction

DOCUMENT_TIMER: Final = "document_unanswered"
"""Kind of the timer that looks at a document of which the car has not said yet that it goes by it."""

_COLUMNS: Final = """d.document_id, d.vehicle_id, d.tenure_id, d.kind, d.schema, d.body, d.hash, d.version, d.made_by, d.made_at,
       d.state, d.state_at, d.changes_since, d.reason, d.reported_version, d.change, d.own_since, d.lost_body, d.lost_at, d.changes, d.sends, d.sent_at"""
_SELECT: Final = f"SELECT {_COLUMNS} FROM settings_document d"
_BEGIN: Final = """
INSERT INTO settings_document (document_id, vehicle_id, tenure_id, kind, schema, body, hash, version, made_by, made_at,
       state, state_at, changes_since, reason, reported_version, change, own_since, lost_body, lost_at, changes, sends, sent_at, revision)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1) ON CONFLICT DO NOTHING"""
_PUT: Final = """
UPDATE settings_document SET schema = %s, body = %s, hash = %s, version = %s, made_by = %s, made_at = %s, state = %s, state_at = %s,
       changes_since = %s, reason = %s, reported_version = %s, change = %s, own_since = %s, lost_body = %s, lost_at = %s, changes = %s, sends = %s,
       sent_at = %s, revision = revision + 1
 WHERE document_id = %s"""


class PostgresDocuments:
    """``DocumentStore`` on the table of this package."""

    async def lock(self, tx: Transaction, place: Place) -> DocumentRow | None:
        """See ``DocumentStore.lock``."""
        if place.of_vehicle:
            query: LiteralString = f"{_SELECT} WHERE d.vehicle_id = %s AND d.kind = %s FOR NO KEY UPDATE"
            return _one(await postgres(tx).rows(PLATFORM, query, (place.vehicle_id, place.kind)))
        query = f"{_SELECT} WHERE d.vehicle_id = %s AND d.tenure_id = %s AND d.kind = %s FOR NO KEY UPDATE"
        return _one(await postgres(tx).rows(PLATFORM, query, (place.vehicle_id, place.tenure_id, place.kind)))

    async def lock_or_begin(self, tx: Transaction, place: Place, row: DocumentRow) -> DocumentRow:
        """See ``DocumentStore.lock_or_begin``."""
        known = await self.lock(tx, place)
        if known is None:
            who = (row.document_id, row.vehicle_id, row.tenure_id, row.kind)
            await postgres(tx).execute(PLATFORM, _BEGIN, (*who, *_values(row)))
            known = await self.lock(tx, place)
        assert known is not None
        return known

    async def lock_by_id(self, tx: Transaction, document_id: UUID) -> DocumentRow | None:
        """See ``DocumentStore.lock_by_id``."""
        query: LiteralString = f"{_SELECT} WHERE d.document_id = %s FOR NO KEY UPDATE"
        return _one(await postgres(tx).rows(PLATFORM, query, (document_id,)))

    async def put(self, tx: Transaction, row: DocumentRow) -> None:
        """See ``DocumentStore.put``."""
        await postgres(tx).execute(PLATFORM, _PUT, (*_values(row), row.document_id))

    async def of_car(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None) -> list[DocumentRow]:
        """See ``DocumentStore.of_car``."""
        query: LiteralString = f"""{_SELECT} WHERE d.vehicle_id = %s AND d.tenure_id IS NOT DISTINCT FROM %s
                                    ORDER BY d.kind FOR NO KEY UPDATE"""
        return [_row(row) for row in await postgres(tx).rows(PLATFORM, query, (vehicle_id, tenure_id))]

    async def of_owner(self, tx: Transaction, tenure_id: TenureId) -> list[DocumentRow]:
        """See ``DocumentStore.of_owner``."""
        await postgres(tx).restrict_to(str(tenure_id))
        query: LiteralString = f"{_SELECT} WHERE d.tenure_id = %s ORDER BY d.kind"
        return [_row(row) for row in await postgres(tx).rows(READER, query, (tenure_id,))]

    async def look_at(self, tx: Transaction, document_id: UUID, due_at: datetime | None) -> None:
        """See ``DocumentStore.look_at``."""
        if due_at is None:
            await cancel_timer(tx, DOCUMENT_TIMER, document_id)
        else:
            await set_timer(tx, DOCUMENT_TIMER, document_id, due_at)

    async def hand_over(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, of_vehicle: Collection[str]
    ) -> None:
        """See ``DocumentStore.hand_over``."""
        kinds = list(of_vehicle)
        gone = """DELETE FROM settings_document WHERE vehicle_id = %s AND NOT kind = ANY (%s)
                     AND tenure_id IS DISTINCT FROM %s"""
        await postgres(tx).execute(PLATFORM, gone, (vehicle_id, kinds, tenure_id))
        await postgres(tx).execute(
            PLATFORM,
            "UPDATE settings_document SET tenure_id = %s, revision = revision + 1 WHERE vehicle_id = %s AND kind = ANY (%s)",
            (tenure_id, vehicle_id, kinds),
        )

    async def language(self, tx: Transaction, tenure_id: TenureId) -> str:
        """See ``DocumentStore.language``."""
        query = "SELECT a.language FROM tenure t JOIN account a USING (account_id) WHERE t.tenure_id = %s"
        rows = await postgres(tx).rows(PLATFORM, query, (tenure_id,))
        return str(rows[0][0]) if rows else ""


def _values(row: DocumentRow) -> tuple[Any, ...]:
    lost = (None, None) if row.lost is None else (Jsonb(row.lost.body), row.lost.at)
    return (
        *(row.schema, Jsonb(row.body), row.hash, row.version, row.made_by, row.made_at, row.state, row.state_at),
        *(
            row.changes_since,
            row.reason,
            row.reported_version,
            row.change,
            row.own_since,
            *lost,
            row.changes,
            row.sends,
            row.sent_at,
        ),
    )


def _one(rows: Sequence[TupleRow]) -> DocumentRow | None:
    return _row(rows[0]) if rows else None


def _row(row: TupleRow) -> DocumentRow:
    return DocumentRow(
        document_id=row[0],
        vehicle_id=VehicleId(row[1]),
        tenure_id=None if row[2] is None else TenureId(row[2]),
        kind=row[3],
        schema=row[4],
        body=row[5],
        hash=row[6],
        version=row[7],
        made_by=Maker(row[8]),
        made_at=row[9],
        state=State(row[10]),
        state_at=row[11],
        changes_since=row[12],
        reason=row[13],
        reported_version=row[14],
        change=row[15],
        own_since=row[16],
        lost=None if row[18] is None else Lost(row[17], row[18]),
        changes=row[19],
        sends=row[20],
        sent_at=row[21],
    )
