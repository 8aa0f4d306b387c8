"""Level changes in memory: the fake under the deterministic world, held to the same tests as ``PostgresLevels``."""

from typing import Final

from openmarque.domains.consent.service import LevelRecord
from openmarque.kit.ids import VehicleId
from openmarque.storage.memory import memory
from openmarque.storage.transaction import Transaction

PRIVACY_LEVEL: Final = "privacy_level"
"""A car's changes as one tuple, oldest first, by vehicle."""


class MemoryLevels:
    """``LevelStore`` in memory."""

    async def newest_counter(self, tx: Transaction, vehicle_id: VehicleId) -> int:
        """See ``LevelStore.newest_counter``."""
        kept: tuple[LevelRecord, ...] = memory(tx).get(PRIVACY_LEVEL, vehicle_id) or ()
        return kept[-1].change.counter if kept else 0

    async def add(self, tx: Transaction, record: LevelRecord) -> None:
        """See ``LevelStore.add``."""
        kept = memory(tx).get(PRIVACY_LEVEL, record.vehicle_id) or ()
        memory(tx).put(PRIVACY_LEVEL, record.vehicle_id, (*kept, record))
