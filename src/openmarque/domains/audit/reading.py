"""What owners read of refusals: what their car sent that the platform did not store, counted. REQ PRV-5."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from openmarque.kit.ids import TenureId, VehicleId
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER
from openmarque.storage.transaction import Transaction

_REFUSALS: Final = """
SELECT r.reason, r.what, r.count, r.last_at FROM refusal_count r
 WHERE r.vehicle_id = %s AND r.count > 0 AND (r.reason, r.what) > (%s, %s)
 ORDER BY r.reason, r.what LIMIT %s"""


@dataclass(frozen=True, slots=True)
class RefusalView:
    """How often one kind of thing was refused for one reason since the tenure began, and when last (aware, UTC)."""

    reason: str
    what: str
    count: int
    last_at: datetime


class RefusalReading:
    """Reads refusal counts."""

    async def refusals(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId, after: tuple[str, str], limit: int
    ) -> list[RefusalView]:
        """The counts of a car, by reason and thing, those after `after`. They began anew with the tenure."""
        await postgres(tx).restrict_to(str(tenure_id))
        rows = await postgres(tx).rows(READER, _REFUSALS, (vehicle_id, *after, limit))
        return [RefusalView(*row) for row in rows]
