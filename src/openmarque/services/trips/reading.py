"""The trips that an owner is shown, page by page. REQ TRP-1, TRP-2."""

from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Final, NamedTuple

from psycopg.rows import TupleRow

from openmarque.kit.ids import TenureId
from openmarque.services.trips.rules import CONSUMPTION_FROM_M, SHOWN_FROM_M
from openmarque.services.trips.store import TripView
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER
from openmarque.storage.transaction import Transaction

_PAGE: Final = """
SELECT t.ended_at, t.epoch, t.trip, t.started_at, t.duration_s, t.travel_s, t.gap_s, t.distance_m, t.mean_speed_kmh, t.soc_start,
       t.soc_end, t.consumption_kwh_100km, p.start_latitude, p.start_longitude, p.end_latitude, p.end_longitude
  FROM trip t
  LEFT JOIN trip_place p USING (tenure_id, vehicle_id, epoch, trip)
 WHERE t.tenure_id = %(tenure)s AND t.distance_m >= %(shortest)s
   AND (%(ended_at)s::timestamptz IS NULL OR (t.ended_at, t.epoch, t.trip) < (%(ended_at)s, %(epoch)s, %(trip)s))
 ORDER BY t.ended_at DESC, t.epoch DESC, t.trip DESC LIMIT %(limit)s"""


TRIPS_VERSION: Final = """
SELECT concat_ws(' ', (SELECT concat_ws(' ', count(*), max(received_at)) FROM trip WHERE tenure_id = %(tenure)s),
                 (SELECT concat_ws(' ', count(*), max(received_at)) FROM trip_place WHERE tenure_id = %(tenure)s))"""
"""Another value whenever a tenure has other trips (``http.events.StreamPart.version``)."""


class TripKey(NamedTuple):
    """Where a trip stands in the list: its end (aware, UTC), the epoch, the car's own number of it.

    Cars whose clock was never set may give several trips the same end.
    """

    ended_at: datetime
    epoch: int
    trip: int


@dataclass(frozen=True, slots=True)
class ShownTrip:
    """A trip and its place in the list."""

    key: TripKey
    view: TripView


class TripReading:
    """Reads trips."""

    async def page(self, tx: Transaction, tenure_id: TenureId, after: TripKey | None, limit: int) -> list[ShownTrip]:
        """The newest `limit` trips of a tenure after `after` that are long enough to be shown, newest first."""
        await postgres(tx).restrict_to(str(tenure_id))
        ended_at, epoch, trip = after or (None, 0, 0)
        rows = await postgres(tx).rows(
            READER,
            _PAGE,
            {"tenure": tenure_id, "shortest": SHOWN_FROM_M, "ended_at": ended_at, "epoch": epoch, "trip": trip, "limit": limit},
        )
        return [ShownTrip(TripKey(*row[:3]), _shown(row)) for row in rows]


def _shown(row: TupleRow) -> TripView:
    """The trip of a row, its consumption withheld where the distance does not carry one, whatever the car sent."""
    view = TripView(row[3], row[0], *row[4:12])
    consumption = view.consumption_kwh_100km
    carried = view.distance_m > CONSUMPTION_FROM_M and consumption is not None and isfinite(consumption)
    return replace(
        view,
        consumption_kwh_100km=consumption if carried else None,
        start=None if row[12] is None else (row[12], row[13]),
        end=None if row[14] is None else (row[14], row[15]),
    )
