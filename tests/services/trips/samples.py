"""A trip whose figures fit together: golden frames, and what they are made wrong from."""

from typing import Final

import msgspec

from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, Place, TripCompleted, TripPlaces

_AT: Final = 1_763_798_400_000

SAMPLES: Final[dict[str, msgspec.Struct]] = {
    TRIP_COMPLETED: TripCompleted(7, _AT - 900_000, _AT, 900.0, 840.5, 12_345.75, 49.38, 80.25, 71.5, 14.2, 12.0),
    TRIP_PLACES: TripPlaces(7, _AT - 900_000, Place(34.0181, -6.8365), Place(34.0532, -6.7985)),
}
