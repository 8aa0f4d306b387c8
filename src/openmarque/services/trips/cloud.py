"""What the trips service is in the cloud: it takes trips and their places, shows them, and tells of new ones on event streams."""

from collections.abc import Mapping, Sequence
from typing import Final

from openmarque.link.ports import Accepted
from openmarque.parts.cloud import CloudPart, MessageHandler, Parts
from openmarque.services.trips.declaration import SERVICE
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES
from openmarque.services.trips.routes import TRIPS_PART, router
from openmarque.services.trips.service import TripHandler
from openmarque.services.trips.store import PostgresTrips
from openmarque.storage.transaction import Transaction


async def _take(parts: Parts, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
    return await TripHandler(PostgresTrips(), parts.live).apply(tx, messages)


CLOUD: Final[CloudPart[Parts]] = CloudPart(
    name=SERVICE.name,
    handlers=(MessageHandler((TRIP_COMPLETED, TRIP_PLACES), _take),),
    routes=router,
    stream_parts=(TRIPS_PART,),
)
