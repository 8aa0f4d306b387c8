"""Use cases of trips: take over what a car measured, show the owner what is worth showing. Never commits."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from openmarque.kit.clock import to_ms
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import Accepted
from openmarque.protocol.envelope import MAX_SEQUENCE, Trust
from openmarque.protocol.times import IMPLAUSIBLE_TIME, plausible
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, TripCompleted, TripPlaces
from openmarque.services.trips.store import PlaceRow, TripRow, TripStore
from openmarque.storage.roles import service_role
from openmarque.storage.transaction import Transaction

BAD_FIGURES: Final = "bad_figures"
ROLE: Final = service_role("trips")
_LONGEST_S: Final = 30 * 24 * 3600
"""A month of ignition on: longer than any trip, short enough to catch a broken clock."""
_MOST_KWH_100KM: Final = 10_000
"""A loaded lorry uphill uses some hundreds; what is beyond, or no number, is no consumption."""


class TripHandler:
    """``Handler`` of ``trip_completed`` and ``trip_places``. REQ TRP-1."""

    types = frozenset((TRIP_COMPLETED, TRIP_PLACES))
    role = ROLE

    def __init__(self, store: TripStore, live: LiveUpdates) -> None:
        """Keep trips in `store`; tell watchers through `live`."""
        self._store = store
        self._live = live

    async def apply(self, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
        """See ``Handler.apply``."""
        refused: dict[int, str] = {}
        trips: list[TripRow] = []
        places: list[PlaceRow] = []
        for index, message in enumerate(messages):
            if message.tenure_id is None or message.permit is None:
                refused[index] = "no_tenure"
            elif isinstance(message.body, TripCompleted):
                reason = _refusal(message, message.body)
                if reason:
                    refused[index] = reason
                else:
                    trips.append(TripRow(message, _dated(message, message.body), message.tenure_id, message.permit))
            elif isinstance(message.body, TripPlaces):
                if 0 < message.body.trip <= MAX_SEQUENCE and all(
                    -90 <= latitude <= 90 and -180 <= longitude <= 180
                    for latitude, longitude in (message.body.start, message.body.end)
                ):
                    places.append(PlaceRow(message, message.body, message.tenure_id, message.permit))
                else:
                    refused[index] = BAD_FIGURES
        await self._store.add_trips(tx, trips)
        await self._store.add_places(tx, places)
        for row in trips:
            self._live.changed(tx, row.tenure_id, "trips")
        return refused


def _refusal(message: Accepted, trip: TripCompleted) -> str:
    """Why these figures can't be a trip; empty when they can."""
    received = to_ms(message.received_at)
    if not all(plausible(at, received, message.envelope.trust) for at in (trip.started_at, trip.ended_at)):
        return IMPLAUSIBLE_TIME
    figures = (trip.duration_s, trip.travel_s, trip.distance_m, trip.mean_speed_kmh, trip.gap_s)
    charges = [soc for soc in (trip.soc_start, trip.soc_end) if soc is not None]
    sane = (
        0 < trip.trip <= MAX_SEQUENCE
        and trip.started_at <= trip.ended_at
        and (trip.consumption_kwh_100km is None or abs(trip.consumption_kwh_100km) < _MOST_KWH_100KM)
        and all(0 <= figure < 1e9 for figure in figures)
        and trip.duration_s <= _LONGEST_S
        and trip.ended_at - trip.started_at <= _LONGEST_S * 1000
        and all(0 <= soc <= 100 for soc in charges)
    )
    return "" if sane else BAD_FIGURES


def _dated(message: Accepted, trip: TripCompleted) -> TripCompleted:
    """The trip as it is kept: by a clock that was never set it ended when we heard of it (``Trust.UNSET``)."""
    if message.envelope.trust is not Trust.UNSET:
        return trip
    received = to_ms(message.received_at)
    return replace(trip, started_at=received - (trip.ended_at - trip.started_at), ended_at=received)
