"""Who drives a car in the world, and what its sensors say then. Every tracked value is unique, so that a stored one tells its origin."""

from dataclasses import dataclass, field
from math import cos, radians
from random import Random
from typing import Final, NamedTuple

from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import Value

TRACKED: Final = (vss.STATE_OF_CHARGE, vss.OUTSIDE_TEMPERATURE, vss.LATITUDE, vss.LONGITUDE)
"""Paths whose values are never the same twice, neither in one car nor after its reset."""
_M_PER_DEGREE: Final = 111_320.0
"""Length of a degree of latitude on a sphere of Earth's mean radius."""
_MENDED_MS: Final = 21 * 60_000
"""How far a mended time may be off: the way of the answer that told the time, the latest frame included."""
_UNIQUE: Final = 1e-9
"""Added once more at each sample: far below what a sensor resolves, far above what a double does at these sizes."""


class TripSample(NamedTuple):
    """A sample of a trip: when by the car's clock, when in truth, and the level in force."""

    at_ms: int
    true_ms: int
    level: Level


@dataclass(slots=True)
class DriverTrip:
    """A trip as it really was: its samples, in order, and whether the car was ever told where it was from ignition on to off."""

    samples: list[TripSample] = field(default_factory=list)
    has_place: bool = False

    @property
    def began_ms(self) -> int:
        """The true instant of its first sample."""
        return self.samples[0].true_ms

    def levels_from(self, started_ms: int, off_ms: int) -> list[Level]:
        """The levels in force from the sample on that a message names by its time; empty when it is none of this trip.

        A car whose clock was not set mends the time once the platform told it. The message then names the true time, nearly, or, when
        the clock jumped within the trip, one that is off by no more than the clock was: `off_ms` (0: it was never off).
        """
        for index, sample in enumerate(self.samples):
            if sample.at_ms == started_ms:
                return [s.level for s in self.samples[index:]]
        return [s.level for s in self.samples] if off_ms and abs(self.began_ms - started_ms) <= off_ms + _MENDED_MS else []


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
        self.trip: DriverTrip | None = None
        self.is_driving = False

    def start(self) -> None:
        """Ignition on. When the car was down since before the last ignition off, it can't tell the two trips apart."""
        self.is_driving = True
        if self.trip is None:
            self.trip = DriverTrip()

    def stop(self) -> None:
        """Ignition off; the trip is over once the car has sensed it."""
        self.is_driving = False
        self._speed_kmh = 0.0

    def sense(self, now_ms: int) -> dict[str, Value]:
        """What the sensors say at this true instant."""
        random = self._random
        self._samples += 1
        unique = self._samples * _UNIQUE
        if self.is_driving:
            self._drive(now_ms)
        self._at_ms = now_ms
        values: dict[str, Value] = {
            vss.IGNITION: "ON" if self.is_driving else "LOCK",
            vss.SPEED: self._speed_kmh,
            vss.ODOMETER: int(self._odometer_m),
            vss.STATE_OF_CHARGE: round(self._charge, 2) + unique,
            vss.OUTSIDE_TEMPERATURE: 15.0 + unique,
            vss.LATITUDE: round(self._latitude, 6) + unique,
            vss.LONGITUDE: round(self._longitude, 6) + unique,
        }
        if random.random() < 0.1:
            values[vss.DOORS_LOCKED[0]] = not self.is_driving and random.random() < 0.9
        # Not every sensor speaks each time, so that messages differ in what they tell.
        spoken = random.random()
        if spoken < 0.3:
            del values[vss.LATITUDE], values[vss.LONGITUDE]
        elif spoken < 0.6:
            del values[vss.STATE_OF_CHARGE], values[vss.OUTSIDE_TEMPERATURE]
        return values

    def _drive(self, now_ms: int) -> None:
        seconds = 0.0 if self._at_ms is None else min(now_ms - self._at_ms, 10_000) / 1000
        self._speed_kmh = min(130.0, max(0.0, self._speed_kmh + self._random.uniform(-15, 18)))
        metres = self._speed_kmh / 3.6 * seconds
        self._odometer_m += metres
        self._latitude += metres / _M_PER_DEGREE / 2
        self._longitude += metres / (_M_PER_DEGREE * cos(radians(self._latitude))) / 2
        self._charge = max(5.0, self._charge - metres * 1e-4)
