"""What the trips service says of itself. Source: SERVICES.md "trip control"; REQ TRP-1, TRP-4 (two months with a contract)."""

from openmarque.catalogue.declarations import MONTHS_2, Declaration, Item, LegalBasis, Service
from openmarque.protocol.levels import Level
from openmarque.services.trips.messages import MESSAGE_TYPES, TRIP_COMPLETED, TRIP_PLACES

GROUP = "services_without_position"
"""The group of services that the car can switch off together (REQ PRV-4, TRP-1)."""

TRIPS = Declaration(
    name="trips",
    version=1,
    purpose={
        "en": "Keep your trips: duration, distance, average speed and consumption.",
        "fr": "Conserver vos trajets : durée, distance, vitesse et consommation moyennes.",
    },
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    plans=("connect",),
    capability="telematics",
    group=GROUP,
    messages=(TRIP_COMPLETED,),
    items=(
        Item("time", MONTHS_2, fields=("trip.started_at", "trip.ended_at", "trip.duration_s", "trip.travel_s", "trip.gap_s")),
        Item("distance and speed", MONTHS_2, fields=("trip.distance_m", "trip.mean_speed_kmh")),
        Item("energy", MONTHS_2, fields=("trip.soc_start", "trip.soc_end", "trip.consumption_kwh_100km")),
    ),
)

TRIP_PLACES_DECLARATION = Declaration(
    name="trip_places",
    version=1,
    purpose={
        "en": "Show where each of your trips began and ended.",
        "fr": "Montrer où chacun de vos trajets a commencé et fini.",
    },
    basis=LegalBasis.CONTRACT,
    level=Level.POSITION,
    plans=("connect",),
    capability="telematics",
    messages=(TRIP_PLACES,),
    items=(
        Item(
            "start and end place",
            MONTHS_2,
            fields=tuple(f"trip_place.{end}_{axis}" for end in ("start", "end") for axis in ("latitude", "longitude")),
        ),
    ),
)

SERVICE = Service("trips", __package__ or "", (TRIPS, TRIP_PLACES_DECLARATION), MESSAGE_TYPES)
