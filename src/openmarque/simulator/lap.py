"""A made-up drive for demonstrations: one lap through invented streets, the same every time, when no recorded drive is at hand."""

import math
from datetime import datetime, timedelta
from typing import Final

from openmarque.car.drive import Drive, Sample

_CENTRE: Final = (43.7384, 7.4246)
"""Latitude and longitude near which the lap lies: a harbour town that everybody can find on a map."""
_RADIUS_M: Final = 900.0
_LAP_S: Final = 600
_METRES_PER_DEGREE: Final = 111_195.0
"""Length of a degree of latitude on the sphere of 6,371 km."""
_FULL_SOC: Final = 88.0
_PERCENT_PER_KM: Final = 1.6
_FIX_EVERY_S: Final = 3
"""GNSS in cars of this class holds a place for some seconds."""


def lap(first: datetime) -> Drive:
    """Ten minutes at 1 Hz from standstill to standstill; `first` (naive) is the time written in its first row."""
    samples = []
    metres = 0.0
    angle = 0.0
    for second in range(_LAP_S + 1):
        speed = _speed_kmh(second)
        metres += speed / 3.6
        if second % _FIX_EVERY_S == 0:
            angle = metres / _RADIUS_M
        latitude = _CENTRE[0] + _RADIUS_M * math.sin(angle) / _METRES_PER_DEGREE
        longitude = _CENTRE[1] + _RADIUS_M * math.cos(angle) / (_METRES_PER_DEGREE * math.cos(math.radians(_CENTRE[0])))
        samples.append(
            Sample(
                original_time=first + timedelta(seconds=second),
                offset_s=float(second),
                soc_percent=round(_FULL_SOC - _PERCENT_PER_KM * metres / 1000, 2),
                speed_kmh=round(speed, 2),
                gear="N" if speed == 0 else "D",
                latitude=round(latitude, 6),
                longitude=round(longitude, 6),
                altitude_m=20.0,
            )
        )
    return Drive(tuple(samples), len(samples), {})


def _speed_kmh(second: int) -> float:
    """Pull away, cruise with the traffic's waves, stop at a light every two minutes, come to rest at the end."""
    into = second % 120
    from_stop, to_stop = into, 120 - into
    cruise = 46.0 + 6.0 * math.sin(second / 17)
    return max(0.0, min(cruise, 4.0 * from_stop, 5.0 * (to_stop - 6)))
