"""When a tyre warning came or went, what a look at the tyres finds, and when the next daily look is due. Pure; the same in the car and in tests."""

from collections.abc import Mapping
from datetime import time
from typing import Final, NamedTuple

from openmarque.protocol.signals import TYRES_LOW, Value
from openmarque.protocol.waking import Wall, next_local
from tyre_watch.messages import Axle, TyreCheck

NOTHING_SENSED: Final = "tyres_not_sensed"
"""No sensor of the tyres that were asked for has said anything since the car was switched on."""
LATE_BY_S: Final = 3_600
"""A look that comes up to an hour late is still that day's look: the car was in a garage without power, or its clock was put right."""


class Change(NamedTuple):
    """The warning of the tyre at this VSS path came (`is_low`) or went."""

    wheel: str
    is_low: bool


class Look(NamedTuple):
    """How many tyres were looked at, and how many of them are low."""

    looked_at: int
    low: int


def changes(low: frozenset[str], sensed: Mapping[str, Value]) -> list[Change]:
    """What `sensed` changes for a car whose tyres `low` (VSS paths) were warned of, in the order of the wheels."""
    said = [Change(path, bool(sensed[path])) for path in TYRES_LOW if path in sensed]
    return [change for change in said if change.is_low != (change.wheel in low)]


def after(low: frozenset[str], changed: list[Change]) -> frozenset[str]:
    """The tyres that are low once `changed` has happened."""
    gone = {change.wheel for change in changed if not change.is_low}
    return (low | {change.wheel for change in changed if change.is_low}) - gone


def look(latest: Mapping[str, Value], axle: Axle = "both") -> Look:
    """What the newest values say of the tyres of `axle`; a tyre of which no sensor spoke is not looked at."""
    said = [bool(latest[path]) for path in TYRES_LOW if is_of(path, axle) and path in latest]
    return Look(len(said), sum(said))


def is_of(path: str, axle: object) -> bool:
    """Whether the tyre at this VSS path is of `axle`."""
    return axle == "both" or f".Row{1 if axle == 'front' else 2}." in path


def next_look(check: TyreCheck, now_ms: int) -> Wall | None:
    """When the car looks at its tyres by itself next, after `now_ms` (ms since the epoch); None where it does not.

    Raises ``UnknownZone`` for a zone that there is not.
    """
    if not check.daily:
        return None
    return Wall(next_local(time(check.hour, check.minute), check.zone, now_ms), check.zone, LATE_BY_S)
