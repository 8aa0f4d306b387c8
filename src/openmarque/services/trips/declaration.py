"""What the trips service says of itself. Source: SERVICES.md "trip control"; REQ TRP-1, TRP-4 (two months with a contract)."""

from openmarque.catalogue.declarations import MONTHS_2, Declaration, Item, LegalBasis, Service
from openmarque.catalogue.maps import OUTSIDE_MAPS
from openmarque.protocol.levels import Level
from openmarque.services.trips.messages import MESSAGE_TYPES, TRIP_COMPLETED, TRIP_PLACES

GROUP = "services_without_position"
"""The group of services that the car can switch off together (REQ PRV-4, TRP-1)."""

_KEYS = ("tenure_id", "vehicle_id", "epoch", "trip", "received_at", "policy_version")


def _measured(name: str, *figures: str) -> Item:
    """Figures that have the same name in the message and in the table."""
    return Item(
        name, MONTHS_2, fields=tuple(f"trip.{f}" for f in figures), carried=tuple(f"wire:{TRIP_COMPLETED}.{f}" for f in figures)
    )


TRIPS = Declaration(
    name="trips",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    capability="telematics",
    group=GROUP,
    messages=(TRIP_COMPLETED,),
    items=(
        Item("keys", MONTHS_2, fields=tuple(f"trip.{column}" for column in _KEYS), carried=(f"wire:{TRIP_COMPLETED}.trip",)),
        _measured("time", "started_at", "ended_at", "duration_s", "travel_s", "gap_s"),
        _measured("distance and speed", "distance_m", "mean_speed_kmh"),
        _measured("energy", "soc_start", "soc_end", "consumption_kwh_100km"),
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
        Item(
            "keys",
            MONTHS_2,
            fields=tuple(f"trip_place.{column}" for column in _KEYS),
            carried=(f"wire:{TRIP_PLACES}.trip", f"wire:{TRIP_PLACES}.started_at"),
        ),
        Item(
            "start and end place",
            MONTHS_2,
            fields=tuple(f"trip_place.{end}_{axis}" for end in ("start", "end") for axis in ("latitude", "longitude")),
            carried=(f"wire:{TRIP_PLACES}.start", f"wire:{TRIP_PLACES}.end"),
        ),
    ),
)

SERVICE = Service("trips", __package__ or "", (TRIPS, TRIP_PLACES_DECLARATION), MESSAGE_TYPES)
