"""What the observer remembers of one car: what its sensors said, and every numbered message it sent."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import msgspec

from openmarque.catalogue.policy import Policy
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import StatusBody
from openmarque.protocol.signals import Value

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
    """A numbered message as it left the car; `through` is its number, or the end of a tombstone. `about` is the body, read."""

    type: str
    level: Level
    frame: bytes
    body: bytes
    through: int
    about: msgspec.Struct


class InFlight(NamedTuple):
    """The status message sent last: its number and the values in it."""

    epoch: int
    seq: int
    values: dict[str, Value]


@dataclass(slots=True)
class SeenCar:
    """One car as seen from outside.

    `lost_ms` is the last instant at which any data could go missing for a good reason; `closed_ms` the last one at which a declaration that
    has messages was closed in the car, by level, switch or policy. `open` are its windows by the policy that the car holds.
    """

    name: str
    samples: int = 0
    origins: dict[tuple[str, Value], Origin] = field(default_factory=dict)
    latest: dict[str, tuple[Value, int]] = field(default_factory=dict)
    sent: dict[Number, list[Sent]] = field(default_factory=dict)
    in_flight: InFlight | None = None
    policy: Policy | None = None
    open: dict[str, tuple[int, int]] = field(default_factory=dict)
    lost_ms: int = 0
    closed_ms: dict[str, int] = field(default_factory=dict)
    clock_off_ms: int = 0
    """How far its clock was ever off."""
    core: object = None
    aware_ms: int = 0
    """Since when its core remembers what its sensors said: it started then, or forgot an owner."""
    newest_policy: int = 0
    """Highest version of its policy ever committed, backups notwithstanding."""
    platform_lost: bool = False
    """Whether the platform ever went back to a backup, so that it may miss what this car no longer holds."""

    def said(self, path: str) -> Value | None:
        """The newest value of which the car can know; None for a signal of which it knows nothing."""
        value, sensed_ms = self.latest.get(path, (None, 0))
        return value if sensed_ms >= self.aware_ms else None


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

    def copy(self) -> "Committed":
        """The same, apart."""
        return replace(self, watermarks=dict(self.watermarks), samples=dict(self.samples))
