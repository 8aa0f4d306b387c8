"""What the trips service is in the cloud: it keeps trips and their places, shows them, and tells of new ones on event streams."""

from typing import Final

from openmarque.parts.cloud import CloudPart, Parts
from openmarque.parts.keeping import keeps
from openmarque.services.trips.declaration import SERVICE, TRIP, TRIP_PLACE
from openmarque.services.trips.routes import TRIPS_PART, router
from openmarque.services.trips.service import dated, places_refusal, trip_refusal

CLOUD: Final[CloudPart[Parts]] = CloudPart(
    name=SERVICE.name,
    handlers=(
        keeps(TRIP, tells=TRIPS_PART.name, refusal=trip_refusal, as_kept=dated),
        keeps(TRIP_PLACE, tells=TRIPS_PART.name, refusal=places_refusal),
    ),
    routes=router,
    stream_parts=(TRIPS_PART,),
)
