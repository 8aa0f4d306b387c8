"""Keeps security events of the link as counts by hour, kind and car: bounded whatever somebody tries. REQ LNK-5. Never commits."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from openmarque.kit.clock import Clock
from openmarque.kit.ids import parse_wire
from openmarque.link.security import SecurityEvent
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Database, Transaction

NOBODY: Final = UUID(int=0)
"""Stands for "no car proved itself"."""
_NAME_LIMIT: Final = 80

_COUNT: Final = """
INSERT INTO security_event AS s (hour, kind, vehicle_id, count, last_at)
SELECT date_trunc('hour', %s::timestamptz AT TIME ZONE 'UTC') AT TIME ZONE 'UTC', u.kind, u.vehicle_id, u.count, %s
  FROM unnest(%s::text[], %s::uuid[], %s::bigint[]) AS u (kind, vehicle_id, count)
 ORDER BY u.kind, u.vehicle_id
    ON CONFLICT (hour, kind, vehicle_id) DO UPDATE SET count = s.count + excluded.count, last_at = excluded.last_at"""

_read_event = msgspec.json.Decoder(SecurityEvent).decode


class SecurityLog:
    """Counts what gates and broker report."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Keep counts in `database`."""
        self._database = database
        self._clock = clock

    async def take(self, payloads: Iterable[bytes]) -> int:
        """Count a batch of events; gives how many. What can't be read is left out: only our own processes may publish here."""
        counts: Counter[tuple[str, UUID]] = Counter()
        for payload in payloads:
            try:
                event = _read_event(payload)
                vehicle_id = parse_wire(event.vehicle_id) if event.vehicle_id else NOBODY
            except (msgspec.DecodeError, ValueError):
                continue
            name = f"{event.kind}: {event.reason}" if event.reason else event.kind
            counts[name[:_NAME_LIMIT], vehicle_id] += 1
        if counts:
            async with self._database.begin() as tx:
                await self._count(tx, counts, self._clock.now())
        return counts.total()

    @staticmethod
    async def _count(tx: Transaction, counts: Counter[tuple[str, UUID]], now: datetime) -> None:
        kinds, vehicles = zip(*counts, strict=True)
        await postgres(tx).execute(PLATFORM, _COUNT, (now, now, list(kinds), list(vehicles), list(counts.values())))
