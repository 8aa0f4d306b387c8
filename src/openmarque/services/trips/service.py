"""Use cases of trips: what of a car's messages is a trip, and the trips that an owner is shown. Never commits. REQ TRP-1, TRP-2."""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Final, NamedTuple

from msgspec.structs import replace

from openmarque.catalogue.events import Event
from openmarque.kit.clock import from_ms, to_ms
from openmarque.kit.ids import TenureId
from openmarque.link.ports import Accepted
from openmarque.parts.keeping import BAD_FIGURES
from openmarque.protocol.envelope import MAX_SEQUENCE, Trust
from openmarque.protocol.times import IMPLAUSIBLE_TIME, plausible
from openmarque.services.trips.declaration import TRIP, TRIP_PLACE
from openmarque.services.trips.messages import Place, TripCompleted, TripPlaces
from openmarque.services.trips.rules import CONSUMPTION_FROM_M, SHOWN_FROM_M
from openmarque.storage.events import EventStore
from openmarque.storage.transaction import Transaction

_LONGEST_S: Final = 30 * 24 * 3600
"""A month of ignition on: longer than any trip, short enough to catch a broken clock."""
_MOST_KWH_100KM: Final = 10_000
"""A loaded lorry uphill uses some hundreds; what is beyond, or no number, is no consumption."""


def trip_refusal(message: Accepted, trip: TripCompleted) -> str:
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


def places_refusal(message: Accepted, places: TripPlaces) -> str:
    """Why these can't be the places of a trip; empty when they can."""
    if not plausible(places.started_at, to_ms(message.received_at), message.envelope.trust):
        return IMPLAUSIBLE_TIME
    on_earth = all(-90 <= latitude <= 90 and -180 <= longitude <= 180 for latitude, longitude in (places.start, places.end))
    return "" if 0 < places.trip <= MAX_SEQUENCE and on_earth else BAD_FIGURES


def dated(message: Accepted, trip: TripCompleted) -> TripCompleted:
    """The trip as it is kept: by a clock that was never set it ended when we heard of it (``Trust.UNSET``)."""
    if message.envelope.trust is not Trust.UNSET:
        return trip
    received = to_ms(message.received_at)
    return replace(trip, started_at=received - (trip.ended_at - trip.started_at), ended_at=received)


@dataclass(frozen=True, slots=True)
class TripView:
    """A trip as its owner sees it: instants aware in UTC, seconds, metres, km/h, percent, kWh per 100 km; places None below level 3."""

    started_at: datetime
    ended_at: datetime
    duration_s: float
    travel_s: float
    gap_s: float
    distance_m: float
    mean_speed_kmh: float
    soc_start: float | None
    soc_end: float | None
    consumption_kwh_100km: float | None
    start: Place | None = None
    end: Place | None = None


class TripKey(NamedTuple):
    """Where a trip stands in the list: its end in ms, and the car's own number of it.

    Cars whose clock was never set may give several trips the same end.
    """

    ended_ms: int
    trip: int


@dataclass(frozen=True, slots=True)
class ShownTrip:
    """A trip and its place in the list."""

    key: TripKey
    view: TripView


class TripReading:
    """Reads trips."""

    def __init__(self, events: EventStore) -> None:
        """Read from `events`."""
        self._events = events

    async def page(
        self, tx: Transaction, tenure_id: TenureId, after: TripKey | None, limit: int, *, from_m: float = SHOWN_FROM_M
    ) -> list[ShownTrip]:
        """The newest `limit` trips of a tenure after `after` that are at least `from_m` long, newest first.

        A trip has its places whatever became of the numbering between its two messages: both are known by the number of the trip.
        """
        bounds = {"distance_m": from_m}
        trips = await self._events.page(tx, TRIP, tenure_id, after=after, limit=limit, at_least=bounds)
        places = await self._events.find(tx, TRIP_PLACE, tenure_id, [TRIP.key_of(trip) for trip in trips])
        return [
            ShownTrip(TripKey(trip.body.ended_at, trip.body.trip), _shown(trip.body, places.get(TRIP.key_of(trip))))
            for trip in trips
        ]


def _shown(trip: TripCompleted, places: Event[TripPlaces] | None) -> TripView:
    """A trip, its consumption withheld where the distance does not carry one, whatever the car sent."""
    consumption = trip.consumption_kwh_100km
    carried = trip.distance_m > CONSUMPTION_FROM_M and consumption is not None and isfinite(consumption)
    return TripView(
        started_at=from_ms(trip.started_at),
        ended_at=from_ms(trip.ended_at),
        duration_s=trip.duration_s,
        travel_s=trip.travel_s,
        gap_s=trip.gap_s,
        distance_m=trip.distance_m,
        mean_speed_kmh=trip.mean_speed_kmh,
        soc_start=trip.soc_start,
        soc_end=trip.soc_end,
        consumption_kwh_100km=consumption if carried else None,
        start=None if places is None else places.body.start,
        end=None if places is None else places.body.end,
    )
