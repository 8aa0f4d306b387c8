"""What the car's core keeps in its store, record by record. Fields are only added, at the end and with a default."""

from typing import Final

import msgspec

from openmarque.car.outbox import Numbers
from openmarque.protocol.levels import Level

VEHICLE: Final = "vehicle"
LINK: Final = "link"
PRIVACY: Final = "privacy"
POLICY: Final = "policy"
STATUS_LANE: Final = "status_lane"
COUNTS: Final = "counts"
MOST_NAMES: Final = 1000
"""Names that are counted: some ten times what a car comes to, and a record that stays small whatever others make it count."""


def service_record(name: str) -> str:
    """The record of a service's state."""
    return f"service.{name}"


def mark_record(name: str) -> str:
    """The record of a replay's position."""
    return f"mark.{name}"


class LinkRecord(msgspec.Struct, array_like=True, frozen=True):
    """Epoch and numbers of the lanes, what the platform ignores, and the latest time it told (ms).

    Epoch 0 is a memory that never met the platform: the greeting gives it the next epoch of this car.
    """

    epoch: int = 0
    event: Numbers = Numbers()
    urgent: Numbers = Numbers()
    unknown: tuple[str, ...] = ()
    heard_ms: int = 0


class PrivacyRecord(msgspec.Struct, array_like=True, frozen=True):
    """What the people in the car chose: a new car is private. `counter`, `by` and `at_ms` belong to the last change of level."""

    level: Level = Level.PRIVATE
    counter: int = 0
    by: str = ""
    at_ms: int = 0
    switched_off: tuple[str, ...] = ()
    remote_access: bool = True


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """Where a replay stands: the next row, when its last row lies (ms since the epoch), and the counts when it began."""

    row: int
    end_ms: int
    counts: dict[str, int]


class Counts:
    """How often what happened, by name (``kind/detail``). Only grows."""

    def __init__(self, values: dict[str, int]) -> None:
        """Go on from `values`."""
        self.values = values
        self.changed = False

    def add(self, name: str, by: int = 1) -> None:
        """Count `by` more of `name`; beyond ``MOST_NAMES`` of its kind together."""
        if name not in self.values and len(self.values) >= MOST_NAMES:
            name = f"{name.partition('/')[0]}/other"
        self.values[name] = self.values.get(name, 0) + by
        self.changed = True

    def of(self, kind: str) -> dict[str, int]:
        """Everything counted as ``kind/detail``, by detail."""
        prefix = f"{kind}/"
        return {name.removeprefix(prefix): n for name, n in self.values.items() if name.startswith(prefix)}
