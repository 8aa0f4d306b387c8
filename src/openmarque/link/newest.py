"""The newest values of cars as the status lane stored them, whichever service declared them. REQ STA-2. Never commits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from openmarque.kit.clock import from_ms
from openmarque.kit.ids import TenureId
from openmarque.protocol.signals import SIGNALS, Value
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER
from openmarque.storage.transaction import Transaction

_OF_A_TENURE: Final = "FROM tenure t JOIN last_values v USING (vehicle_id, tenure_id) WHERE t.tenure_id = %(tenure)s"
"""By the car, which is what the newest values are found by."""
_READ: Final = f"SELECT v.signals {_OF_A_TENURE}"
VALUES_VERSION: Final = f"SELECT md5(v.signals::text) {_OF_A_TENURE}"
"""Another value whenever a newest value is another one (``http.events.StreamPart.version``)."""


@dataclass(frozen=True, slots=True)
class SignalView:
    """One newest value: in the signal's VSS unit; `car_time` None when the car's clock was never set; both instants aware, UTC."""

    path: str
    value: Value
    unit: str
    car_time: datetime | None
    received_at: datetime


async def newest_values(tx: Transaction, tenure_id: TenureId) -> dict[str, SignalView]:
    """The newest value of each signal of a car in this tenure, by VSS path; empty before the first one."""
    await postgres(tx).restrict_to(str(tenure_id))
    rows = await postgres(tx).rows(READER, _READ, {"tenure": tenure_id})
    return views(rows[0][0]) if rows else {}


def views(signals: dict[str, tuple[Value, int | None, int]]) -> dict[str, SignalView]:
    """Stored or live values (VSS path → [value, car ms, received ms]) as views."""
    return {
        path: SignalView(path, value, SIGNALS[path].unit, None if car_ms is None else from_ms(car_ms), from_ms(received_ms))
        for path, (value, car_ms, received_ms) in sorted(signals.items())
        if path in SIGNALS
    }
