"""What a service may do with its settings documents on the platform (``domains.documents`` does it)."""

from datetime import datetime
from typing import Protocol

import msgspec

from openmarque.kit.ids import TenureId, VehicleId
from openmarque.storage.transaction import Transaction


class Documents(Protocol):
    """Reads and sets what cars keep."""

    async def current(self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, kind: str) -> msgspec.Struct:
        """What counts for a car and owner now: the newest version, or the kind's default. It is locked until the transaction ends."""
        ...

    async def set_for_platform(
        self, tx: Transaction, vehicle_id: VehicleId, kind: str, body: msgspec.Struct, now: datetime
    ) -> object:
        """Set a kind that the platform may set, on whatever its newest version is; the car hears of it. Raises why it can't be."""
        ...
