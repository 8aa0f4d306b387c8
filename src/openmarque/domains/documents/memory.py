"""Settings documents in memory: the fake under the deterministic world, held to the same tests as ``postgres``."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.domains.documents.store import DocumentRow, Place
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.storage.memory import memory
from openmarque.storage.transaction import Transaction

SETTINGS_DOCUMENT: Final = "settings_document"
DOCUMENT_TIMER: Final = "document_timer"
"""When each document is to be looked at, by its id: whoever runs the world does so and takes the row away."""


class MemoryDocuments:
    """``DocumentStore`` in memory. One transaction runs at a time, so there is nothing to lock."""

    async def lock(self, tx: Transaction, place: Place) -> DocumentRow | None:
        """See ``DocumentStore.lock``."""
        rows: list[DocumentRow] = [
            row
            for row in memory(tx).all(SETTINGS_DOCUMENT).values()
            if (row.vehicle_id, row.kind) == (place.vehicle_id, place.kind)
        ]
        return next((row for row in rows if place.of_vehicle or row.tenure_id == place.tenure_id), None)

    async def lock_or_begin(self, tx: Transaction, place: Place, row: DocumentRow) -> DocumentRow:
        """See ``DocumentStore.lock_or_begin``."""
        known = await self.lock(tx, place)
        if known is None:
            await self.put(tx, row)
        return known or row

    async def lock_by_id(self, tx: Transaction, document_id: UUID) -> DocumentRow | None:
        """See ``DocumentStore.lock_by_id``."""
        row: DocumentRow | None = memory(tx).get(SETTINGS_DOCUMENT, document_id)
        return row

    async def put(self, tx: Transaction, row: DocumentRow) -> None:
        """See ``DocumentStore.put``."""
        memory(tx).put(SETTINGS_DOCUMENT, row.document_id, row)

    async def of_car(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None) -> list[DocumentRow]:
        """See ``DocumentStore.of_car``."""
        rows: list[DocumentRow] = [row for row in memory(tx).all(SETTINGS_DOCUMENT).values() if row.vehicle_id == vehicle_id]
        return sorted((row for row in rows if row.tenure_id == tenure_id), key=lambda row: row.kind)

    async def of_owner(self, tx: Transaction, tenure_id: TenureId) -> list[DocumentRow]:
        """See ``DocumentStore.of_owner``."""
        rows: list[DocumentRow] = [row for row in memory(tx).all(SETTINGS_DOCUMENT).values() if row.tenure_id == tenure_id]
        return sorted(rows, key=lambda row: row.kind)

    async def look_at(self, tx: Transaction, document_id: UUID, due_at: datetime | None) -> None:
        """See ``DocumentStore.look_at``."""
        if due_at is None:
            memory(tx).delete(DOCUMENT_TIMER, document_id)
        else:
            memory(tx).put(DOCUMENT_TIMER, document_id, due_at)

    async def hand_over(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, of_vehicle: Collection[str]
    ) -> None:
        """See ``DocumentStore.hand_over``."""
        for document_id, row in list(memory(tx).all(SETTINGS_DOCUMENT).items()):
            if row.vehicle_id == vehicle_id and row.kind in of_vehicle:
                memory(tx).put(SETTINGS_DOCUMENT, document_id, replace(row, tenure_id=tenure_id))
            elif row.vehicle_id == vehicle_id and row.tenure_id != tenure_id:
                memory(tx).delete(SETTINGS_DOCUMENT, document_id)

    async def language(self, tx: Transaction, tenure_id: TenureId) -> str:
        """See ``DocumentStore.language``: nobody reads here."""
        del tx, tenure_id
        return "en"
