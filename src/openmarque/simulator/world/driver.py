"""Who drives a car in the world, and what its sensors say then. Every tracked value is unique, so that a stored one tells its origin."""

from math import cos, radians
from random import Random
from typing import Final

from openmarque.protocol import signals as vss
from openmarque.protocol.signals import Value

TRACKED: Final = (vss.STATE_OF_CHARGE, vss.LATITUDE, vss.LONGITUDE)
"""Paths whose values are never the same twice, neither in one car nor after its reset."""
_M_PER_DEGREE: Final = 111_320.0
"""Length of a degree of latitude on a sphere of Earth's mean radius."""
UNIQUE: Final = 1e-9
"""Added once more at each sample: far below what a sensor resolves, far above what a double does at these sizes."""


class Driver:
    """Drives, parks and lets the sensors speak; knows nothing of privacy or networks."""

    def __init__(self, random: Random) -> None:
        """Park somewhere in the south of France."""
        self._random = random
        self._samples = 0
        self._speed_kmh = 0.0
        self._odometer_m = random.uniform(1e4, 2e5)
        self._charge = 90.0
        self._latitude, self._longitude = random.uniform(43.2, 44.5), random.uniform(1.0, 5.0)
        self._at_ms: int | None = None
        self.is_driving = False

    def start(self) -> None:
        """Ignition on."""
        self.is_driving = True

    def stop(self) -> None:
        """Ignition off."""
        self.is_driving = False
        self._speed_kmh = 0.0

    def sense(self, now_ms: int, *, everything: bool = False) -> dict[str, Value]:
        """What the sensors say at this true instant; not every one speaks each time, unless `everything` is asked for."""
        self._samples += 1
        unique = self._samples * UNIQUE
        if self.is_driving:
            self._drive(now_ms)
        self._at_ms = now_ms
        values: dict[str, Value] = {
            vss.IGNITION: "ON" if self.is_driving else "LOCK",
            vss.SPEED: self._speed_kmh,
            vss.ODOMETER: int(self._odometer_m),
            vss.STATE_OF_CHARGE: round(self._charge, 2) + unique,
            vss.LATITUDE: round(self._latitude, 6) + unique,
            vss.LONGITUDE: round(self._longitude, 6) + unique,
        }
        spoken = 1.0 if everything else self._random.random()
        if spoken < 0.3:
            del values[vss.LATITUDE], values[vss.LONGITUDE]
        elif spoken < 0.6:
            del values[vss.STATE_OF_CHARGE]
        return values

    def _drive(self, now_ms: int) -> None:
        seconds = 0.0 if self._at_ms is None else min(now_ms - self._at_ms, 10_000) / 1000
        self._speed_kmh = min(130.0, max(0.0, self._speed_kmh + self._random.uniform(-15, 18)))
        metres = self._speed_kmh / 3.6 * seconds
        self._odometer_m += metres
        self._latitude += metres / _M_PER_DEGREE / 2
        self._longitude += metres / (_M_PER_DEGREE * cos(radians(self._latitude))) / 2
        self._charge = max(5.0, self._charge - metres * 1e-4)
