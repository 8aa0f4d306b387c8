"""Trips over HTTP. REQ TRP-1, TRP-2."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field

from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import OF_A_CAR, CarVisit, OwnCar
from openmarque.http.errors import CursorInvalid, RequestInvalid
from openmarque.http.events import StreamPart
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.services.trips.declaration import TRIP, TRIP_PLACE
from openmarque.services.trips.messages import Place
from openmarque.services.trips.service import ShownTrip, TripKey, TripReading
from openmarque.storage.events import PostgresEvents, version_of

_trips: Final = TripReading(PostgresEvents())
_Instant = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000, le=253_402_300_799_999)]
"""Milliseconds since the epoch, within the years 1 to 9999."""
_Number = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What PostgreSQL's bigint holds: the number of a trip is the car's choice."""


class PlaceBody(Body):
    """A place, WGS 84."""

    latitude: float = Field(ge=-90, le=90, description="Degrees.", examples=[34.0181])
    longitude: float = Field(ge=-180, le=180, description="Degrees.", examples=[-6.8365])


class TripBody(Body):
    """A trip, from ignition on to ignition off, as the car measured it."""

    started_at: datetime
    ended_at: datetime
    duration_s: float = Field(description="Ignition on to off.", ge=0)
    travel_s: float = Field(description="While the wheels turned.", ge=0)
    gap_s: float = Field(description="Time in which nothing was measured.", ge=0)
    distance_m: float = Field(description="By the wheels.", ge=0)
    mean_speed_kmh: float = Field(description="Over the duration.", ge=0)
    soc_start_percent: float | None = Field(description="State of charge; null without a traction battery.", ge=0, le=100)
    soc_end_percent: float | None = Field(ge=0, le=100)
    consumption_kwh_100km: float | None = Field(description="Null up to 2 km, and where it can't be known.")
    start: PlaceBody | None = Field(description="Null where the privacy level kept the place in the car.")
    end: PlaceBody | None


class _After(msgspec.Struct, frozen=True, tag="trips", array_like=True):
    ended_ms: _Instant
    trip: _Number


async def _read_newest(visit: CarVisit) -> dict[str, Any]:
    found = await _trips.page(visit.tx, visit.tenure_id, None, 1)
    return {"newest": _body(found[0]).model_dump(mode="json") if found else None}


TRIPS_PART: Final = StreamPart(
    "trips", _read_newest, f"SELECT concat_ws(' ', ({version_of(TRIP)}), ({version_of(TRIP_PLACE)}))"
)
"""What event streams tell: the newest trip that is shown. A client then reads the list."""


def router() -> APIRouter:
    """The routes of the service."""
    routes = APIRouter(tags=["trips"])

    @routes.get(
        "/vehicles/{vehicle_id}/trips",
        response_model=Page[TripBody],
        responses={**OF_A_CAR, **problems(CursorInvalid, RequestInvalid)},
        summary="Trips",
    )
    async def list_trips(request: Request, visit: OwnCar, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
        """Trips of 300 m and more, newest first. They stay as long as the service declares, also after it has been closed."""
        after = read_cursor(cursor, _After)
        key = None if after is None else TripKey(after.ended_ms, after.trip)
        found = await _trips.page(visit.tx, visit.tenure_id, key, limit + 1)
        shown = found[:limit]
        more = _cursor(shown[-1]) if len(found) > limit else None
        return answer(request, Page[TripBody](items=[_body(trip) for trip in shown], next=more))

    return routes


def _cursor(trip: ShownTrip) -> str:
    return write_cursor(_After(trip.key.ended_ms, trip.key.trip))


def _body(trip: ShownTrip) -> TripBody:
    view = trip.view
    return TripBody(
        started_at=view.started_at,
        ended_at=view.ended_at,
        duration_s=view.duration_s,
        travel_s=view.travel_s,
        gap_s=view.gap_s,
        distance_m=view.distance_m,
        mean_speed_kmh=view.mean_speed_kmh,
        soc_start_percent=view.soc_start,
        soc_end_percent=view.soc_end,
        consumption_kwh_100km=view.consumption_kwh_100km,
        start=_place(view.start),
        end=_place(view.end),
    )


def _place(place: Place | None) -> PlaceBody | None:
    return None if place is None else PlaceBody(latitude=place.latitude, longitude=place.longitude)
