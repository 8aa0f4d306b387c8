"""What the observer remembers of one car: what its sensors said, and every numbered message it sent."""

from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from openmarque.catalogue.policy import Policy
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import StatusBody
from openmarque.protocol.signals import Value
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES
from openmarque.simulator.world.driver import DriverTrip

read_status = msgspec.msgpack.Decoder(StatusBody).decode
"""The values in a status message's body."""

Number = tuple[Lane, int, int]
"""Lane, epoch, sequence number."""


class Origin(NamedTuple):
    """Where a tracked value comes from: which sample of the car, the level in force then, and the true instant."""

    sample: int
    level: Level
    at_ms: int


class Sent(NamedTuple):
    """A numbered message as it left the car; `through` is its number, or the end of a tombstone.

    `trip` is the number of the trip that it is about; 0 when it is about none.
    """

    type: str
    level: Level
    frame: bytes
    body: bytes
    through: int
    trip: int


class InFlight(NamedTuple):
    """The status message sent last: its number and the values in it."""

    epoch: int
    seq: int
    values: dict[str, Value]


@dataclass(slots=True)
class SeenCar:
    """One car as seen from outside.

    `lost_ms` is the last instant at which data could go missing for a good reason, `places_lost_ms` that for the places of trips.
    """

    name: str
    samples: int = 0
    origins: dict[tuple[str, Value], Origin] = field(default_factory=dict)
    latest: dict[str, tuple[Value, int]] = field(default_factory=dict)
    sent: dict[Number, list[Sent]] = field(default_factory=dict)
    in_flight: InFlight | None = None
    policy: Policy | None = None
    trips_open: tuple[int, int] = (0, 0)
    places_open: tuple[int, int] = (0, 0)
    trips: list[DriverTrip] = field(default_factory=list)
    finished: list[DriverTrip] = field(default_factory=list)
    lost_ms: int = 0
    places_lost_ms: int = 0
    clock_off_ms: int = 0
    """How far its clock was ever off."""
    newest_policy: int = 0
    """Highest version of its policy ever committed, backups notwithstanding."""
    platform_lost: bool = False
    """Whether the platform ever went back to a backup, so that it may miss what this car no longer holds."""


@dataclass(slots=True)
class Committed:
    """What the platform has committed for one car; a copy of it goes with each backup."""

    status_epoch: int = 0
    link_epoch: int = 0
    lost: int = 0
    watermarks: dict[Lane, int] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)
    """Sample that each stored tracked value came from, by VSS path."""
    policy_version: int = 0
    level: Level = Level.PRIVATE
    trips: dict[int, int] = field(default_factory=dict)
    """Start of each stored trip by its number, as the car said it."""
    places: set[int] = field(default_factory=set)
    """Numbers of the trips whose places are stored."""

    def holds(self, sent: Sent) -> bool:
        """Whether the trip, or the places, that this message tells are stored; true for what tells neither."""
        kept = {TRIP_COMPLETED: self.trips, TRIP_PLACES: self.places}.get(sent.type)
        return kept is None or sent.trip in kept

    def copy(self) -> "Committed":
        """The same, apart."""
        return Committed(
            self.status_epoch,
            self.link_epoch,
            self.lost,
            dict(self.watermarks),
            dict(self.samples),
            self.policy_version,
            self.level,
            dict(self.trips),
            set(self.places),
        )
