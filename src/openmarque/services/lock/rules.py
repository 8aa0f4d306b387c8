"""When a car may be locked or unlocked, and when it is: by the newest sensed values, by VSS path. Pure. REQ RC-1, RC-5.

A value that is not there proves nothing. Locking needs no proof of anything but an open door; unlocking needs proof that the car stands.
"""

from collections.abc import Mapping
from typing import Final

from openmarque.catalogue.command_reasons import CommandReason
from openmarque.protocol import signals as vss
from openmarque.protocol.signals import Value

LOCK: Final = "lock"
UNLOCK: Final = "unlock"

_OPENINGS: Final = (*vss.DOORS_OPEN, vss.TRUNK_OPEN)
_LOCKS: Final = (*vss.DOORS_LOCKED, vss.TRUNK_LOCKED)
_STILL_KMH: Final = 1.0
"""Below it a wheel sensor can't tell rolling from noise; walking pace is 4 km/h."""
_PARKED: Final = frozenset(("OFF", "LOCK"))
"""Values of Vehicle.LowVoltageSystemState (VSS 6.0) in which the car can't drive."""


def may_lock(latest: Mapping[str, Value]) -> CommandReason | None:
    """Why the car may not be locked now; None when it may: no door and no boot that is known to be open."""
    return CommandReason.DOOR_OPEN if any(latest.get(path) is True for path in _OPENINGS) else None


def may_unlock(latest: Mapping[str, Value]) -> CommandReason | None:
    """Why the car may not be unlocked now; None when it may: it stands still, by its wheels or, where they say nothing, its ignition."""
    speed = latest.get(vss.SPEED)
    if isinstance(speed, (int, float)):
        return CommandReason.MOVING if abs(speed) >= _STILL_KMH else None
    return None if latest.get(vss.IGNITION) in _PARKED else CommandReason.STATE_UNKNOWN


def is_locked(latest: Mapping[str, Value]) -> bool | None:
    """Whether the car counts as locked: one unlocked door, or the boot, makes it unlocked; None when no lock says anything. REQ RC-5."""
    known = [latest[path] for path in _LOCKS if path in latest]
    return all(state is True for state in known) if known else None


def is_done(command: str, latest: Mapping[str, Value]) -> bool:
    """Whether the locks are as commanded: for ``lock`` every known one is locked, for ``unlock`` no known door still is."""
    if command == LOCK:
        return is_locked(latest) is True
    doors = [latest[path] for path in vss.DOORS_LOCKED if path in latest]
    return bool(doors) and all(state is False for state in doors)
