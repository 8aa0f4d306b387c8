"""Wire types of the trips service: one message per trip, and its places in a message of their own (they need another level)."""

from typing import Final, NamedTuple

import msgspec

from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType

TRIP_COMPLETED: Final = "trip_completed"
TRIP_PLACES: Final = "trip_places"


class TripCompleted(msgspec.Struct, frozen=True, omit_defaults=True):
    """A trip as the car measured it, sent at engine stop or trip reset. REQ TRP-1.

    `trip` is the car's own number of the trip; numbers only grow over the car's life. Times in ms since the epoch by the car's clock;
    `duration_s` from ignition on to off, `travel_s` only while moving; distance from the wheels in metres; mean speed in km/h
    over the duration; state of charge in percent, None for a car without a traction battery; `consumption_kwh_100km` None
    where it can't be known or the trip is under 2 km (TRP-2). `gap_s` is time without samples, in which nothing was measured.
    """

    trip: int
    started_at: int
    ended_at: int
    duration_s: float
    travel_s: float
    distance_m: float
    mean_speed_kmh: float
    soc_start: float | None = None
    soc_end: float | None = None
    consumption_kwh_100km: float | None = None
    gap_s: float = 0.0


class Place(NamedTuple):
    """A place in degrees, WGS 84."""

    latitude: float
    longitude: float


class TripPlaces(msgspec.Struct, frozen=True):
    """Where the trip of the same number began and ended. REQ TRP-1."""

    trip: int
    started_at: int
    start: Place
    end: Place


MESSAGE_TYPES: Final = (
    MessageType(TRIP_COMPLETED, Lane.EVENT, TripCompleted, Level.DATA, "a trip's figures at engine stop", "trips"),
    MessageType(TRIP_PLACES, Lane.EVENT, TripPlaces, Level.POSITION, "where a trip began and ended", "trip_places"),
)
