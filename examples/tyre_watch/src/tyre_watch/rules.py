"""When a tyre warning came or went. Pure; the same in the car and in tests."""

from collections.abc import Mapping
from typing import NamedTuple

from openmarque.protocol.signals import TYRES_LOW, Value


class Change(NamedTuple):
    """The warning of the tyre at this VSS path came (`is_low`) or went."""

    wheel: str
    is_low: bool


def changes(low: frozenset[str], sensed: Mapping[str, Value]) -> list[Change]:
    """What `sensed` changes for a car whose tyres `low` (VSS paths) were warned of, in the order of the wheels."""
    said = [Change(path, bool(sensed[path])) for path in TYRES_LOW if path in sensed]
    return [change for change in said if change.is_low != (change.wheel in low)]


def after(low: frozenset[str], changed: list[Change]) -> frozenset[str]:
    """The tyres that are low once `changed` has happened."""
    gone = {change.wheel for change in changed if not change.is_low}
    return (low | {change.wheel for change in changed if change.is_low}) - gone
