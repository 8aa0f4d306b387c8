"""What the trips service says of itself. Source: SERVICES.md "trip control"; REQ TRP-1, TRP-4 (two months with a contract)."""

from typing import Final

from openmarque.catalogue.declarations import MONTHS_2, Declaration, LegalBasis, Service
from openmarque.catalogue.events import EventSpec
from openmarque.catalogue.maps import OUTSIDE_MAPS
from openmarque.protocol.levels import Level
from openmarque.services.trips.messages import MESSAGE_TYPES, TRIP_COMPLETED, TRIP_PLACES, TripCompleted, TripPlaces

GROUP = "services_without_position"
"""The group of services that the car can switch off together (REQ PRV-4, TRP-1)."""

TRIP: Final = EventSpec("trips", "trip", TripCompleted, once_by=("trip",), at="ended_at", message=TRIP_COMPLETED)
"""Trips as the car measured them. A number never means two trips (``car``), so it is known again in another epoch too."""
TRIP_PLACE: Final = EventSpec("trips", "trip_place", TripPlaces, once_by=("trip",), message=TRIP_PLACES)
"""Where trips began and ended: apart, since it needs another level."""

TRIPS = Declaration(
    name="trips",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    capability="telematics",
    group=GROUP,
    messages=(TRIP_COMPLETED,),
    items=(
        TRIP.keys_item(MONTHS_2),
        TRIP.item("time", MONTHS_2, "started_at", "ended_at", "duration_s", "travel_s", "gap_s"),
        TRIP.item("distance and speed", MONTHS_2, "distance_m", "mean_speed_kmh"),
        TRIP.item("energy", MONTHS_2, "soc_start", "soc_end", "consumption_kwh_100km"),
    ),
)

TRIP_PLACES_DECLARATION = Declaration(
    name="trip_places",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.POSITION,
    capability="telematics",
    messages=(TRIP_PLACES,),
    processors=OUTSIDE_MAPS,
    items=(
        TRIP_PLACE.keys_item(MONTHS_2),
        TRIP_PLACE.item("time", MONTHS_2, "started_at"),
        TRIP_PLACE.item("start and end place", MONTHS_2, "start_latitude", "start_longitude", "end_latitude", "end_longitude"),
    ),
)

SERVICE = Service("trips", __package__ or "", (TRIPS, TRIP_PLACES_DECLARATION), MESSAGE_TYPES)
