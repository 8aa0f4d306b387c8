"""Where trips are kept: the interface, PostgreSQL, and memory for the deterministic world."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from psycopg.rows import TupleRow

from openmarque.catalogue.decide import Permit
from openmarque.kit.clock import from_ms
from openmarque.kit.ids import TenureId
from openmarque.link.ports import Accepted
from openmarque.services.trips.messages import TripCompleted, TripPlaces
from openmarque.storage.arrays import Column, bigints, doubles, instants, integers, uuids
from openmarque.storage.memory import memory
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER, service_role
from openmarque.storage.transaction import Transaction

_ROLE: Final = service_role("trips")


@dataclass(frozen=True, slots=True)
class TripRow:
    """A permitted trip to keep."""

    message: Accepted
    trip: TripCompleted
    tenure_id: TenureId
    permit: Permit


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """The permitted places of a trip to keep."""

    message: Accepted
    places: TripPlaces
    tenure_id: TenureId
    permit: Permit


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
    start: tuple[float, float] | None = None
    end: tuple[float, float] | None = None


class TripStore(Protocol):
    """Keeps trips by tenure."""

    async def add_trips(self, tx: Transaction, rows: Sequence[TripRow]) -> None:
        """Keep `rows`; a trip already kept (same tenure, car and number) stays as it is, also when it comes in another epoch."""
        ...

    async def add_places(self, tx: Transaction, rows: Sequence[PlaceRow]) -> None:
        """Keep the places of trips."""
        ...

    async def trips(self, tx: Transaction, tenure_id: TenureId, before: datetime, limit: int) -> list[TripView]:
        """The newest `limit` trips of a tenure that ended before `before`, newest first."""
        ...


_ADD_TRIPS: Final = """
INSERT INTO trip (tenure_id, vehicle_id, epoch, trip, received_at, policy_version, started_at, ended_at, duration_s, travel_s,
                  gap_s, distance_m, mean_speed_kmh, soc_start, soc_end, consumption_kwh_100km)
SELECT u.* FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::int[], %s::timestamptz[],
                       %s::timestamptz[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[], %s::float8[],
                       %s::float8[], %s::float8[]) AS u (tenure_id, vehicle_id, epoch, trip)
 WHERE NOT EXISTS (SELECT FROM trip t WHERE (t.tenure_id, t.vehicle_id, t.trip) = (u.tenure_id, u.vehicle_id, u.trip))"""
"""Numbering makes a message come once in an epoch; one stored and not answered before the epoch changed comes again in the next."""

_ADD_PLACES: Final = """
INSERT INTO trip_place (tenure_id, vehicle_id, epoch, trip, received_at, policy_version,
                        start_latitude, start_longitude, end_latitude, end_longitude)
SELECT u.* FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::int[],
                       %s::float8[], %s::float8[], %s::float8[], %s::float8[]) AS u (tenure_id, vehicle_id, epoch, trip)
 WHERE NOT EXISTS (SELECT FROM trip_place t
                    WHERE (t.tenure_id, t.vehicle_id, t.trip) = (u.tenure_id, u.vehicle_id, u.trip))"""

_TRIPS: Final = """
SELECT t.started_at, t.ended_at, t.duration_s, t.travel_s, t.gap_s, t.distance_m, t.mean_speed_kmh, t.soc_start, t.soc_end,
       t.consumption_kwh_100km, p.start_latitude, p.start_longitude, p.end_latitude, p.end_longitude
  FROM trip t
  LEFT JOIN trip_place p USING (tenure_id, vehicle_id, trip)
 WHERE t.tenure_id = %s AND t.ended_at < %s
 ORDER BY t.ended_at DESC LIMIT %s"""


_Encode = Callable[..., Column]
_KEY_TYPES: Final[tuple[_Encode, ...]] = (uuids, uuids, bigints, bigints, instants, integers)
_TRIP_TYPES: Final[tuple[_Encode, ...]] = (*_KEY_TYPES, instants, instants, *[doubles] * 8)
_PLACE_TYPES: Final[tuple[_Encode, ...]] = (*_KEY_TYPES, *[doubles] * 4)


def _encoded(types: Sequence[_Encode], rows: Sequence[tuple[object, ...]]) -> list[Column]:
    """The columns of `rows` as parameters for ``unnest``."""
    return [encode(column) for encode, column in zip(types, zip(*rows, strict=True), strict=True)]


class PostgresTrips:
    """``TripStore`` on the tables ``trip`` and ``trip_place``."""

    async def add_trips(self, tx: Transaction, rows: Sequence[TripRow]) -> None:
        """See ``TripStore.add_trips``."""
        columns = _once([_trip_columns(row) for row in rows])
        if columns:
            await postgres(tx).execute(_ROLE, _ADD_TRIPS, _encoded(_TRIP_TYPES, columns))

    async def add_places(self, tx: Transaction, rows: Sequence[PlaceRow]) -> None:
        """See ``TripStore.add_places``."""
        columns = _once(
            [
                (
                    *_key(row.message, row.tenure_id, row.places.trip),
                    row.permit.policy_version,
                    *row.places.start,
                    *row.places.end,
                )
                for row in rows
            ]
        )
        if columns:
            await postgres(tx).execute(_ROLE, _ADD_PLACES, _encoded(_PLACE_TYPES, columns))

    async def trips(self, tx: Transaction, tenure_id: TenureId, before: datetime, limit: int) -> list[TripView]:
        """See ``TripStore.trips``."""
        await postgres(tx).restrict_to(str(tenure_id))
        rows = await postgres(tx).rows(READER, _TRIPS, (tenure_id, before, limit))
        return [_view_of_row(row) for row in rows]


class MemoryTrips:
    """``TripStore`` in memory."""

    async def add_trips(self, tx: Transaction, rows: Sequence[TripRow]) -> None:
        """See ``TripStore.add_trips``."""
        for row in rows:
            _put_once(tx, "trip", (row.tenure_id, row.message.vehicle_id, row.trip.trip), row)

    async def add_places(self, tx: Transaction, rows: Sequence[PlaceRow]) -> None:
        """See ``TripStore.add_places``."""
        for row in rows:
            _put_once(tx, "trip_place", (row.tenure_id, row.message.vehicle_id, row.places.trip), row)

    async def trips(self, tx: Transaction, tenure_id: TenureId, before: datetime, limit: int) -> list[TripView]:
        """See ``TripStore.trips``."""
        places = memory(tx).all("trip_place")
        views = []
        for key, row in memory(tx).all("trip").items():
            if row.tenure_id == tenure_id and from_ms(row.trip.ended_at) < before:
                views.append(_view(row.trip, places.get(key)))
        return sorted(views, key=lambda view: view.ended_at, reverse=True)[:limit]


def _view_of_row(row: TupleRow) -> TripView:
    start = None if row[10] is None else (row[10], row[11])
    end = None if row[12] is None else (row[12], row[13])
    return TripView(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], start, end)


def _put_once(tx: Transaction, table: str, key: tuple[object, ...], row: TripRow | PlaceRow) -> None:
    if memory(tx).get(table, key) is None:
        memory(tx).put(table, key, row)


def _once(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The first row of each (tenure, car, trip), of which the epoch is no part."""
    first: dict[tuple[object, ...], tuple[object, ...]] = {}
    for row in rows:
        first.setdefault((row[0], row[1], row[3]), row)
    return list(first.values())


def _view(trip: TripCompleted, place: PlaceRow | None) -> TripView:
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
        consumption_kwh_100km=trip.consumption_kwh_100km,
        start=None if place is None else place.places.start,
        end=None if place is None else place.places.end,
    )


def _key(message: Accepted, tenure_id: TenureId, number: int) -> tuple[object, ...]:
    return tenure_id, message.vehicle_id, message.envelope.epoch, number, message.received_at


def _trip_columns(row: TripRow) -> tuple[object, ...]:
    trip = row.trip
    return (
        *_key(row.message, row.tenure_id, trip.trip),
        row.permit.policy_version,
        from_ms(trip.started_at),
        from_ms(trip.ended_at),
        trip.duration_s,
        trip.travel_s,
        trip.gap_s,
        trip.distance_m,
        trip.mean_speed_kmh,
        trip.soc_start,
        trip.soc_end,
        trip.consumption_kwh_100km,
    )
