"""Places on the Earth: great-circle distance, plausibility of coordinates, bounding boxes. Degrees are WGS 84 decimal degrees."""

import math
from collections.abc import Iterable
from typing import NamedTuple

MEAN_RADIUS_M = 6_371_008.8
"""Mean Earth radius R1 = (2a + b) / 3 of WGS 84 (NIMA TR8350.2); distances from it are within 0.6 % of the ellipsoid's."""


class Box(NamedTuple):
    """The smallest south-west-north-east rectangle around some places, in degrees; it never crosses the antimeridian."""

    south: float
    west: float
    north: float
    east: float


def distance_m(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Metres along the great circle between A and B (haversine: exact also for places a few centimetres apart)."""
    phi_a, phi_b = math.radians(latitude_a), math.radians(latitude_b)
    half_dphi = (phi_b - phi_a) / 2
    half_dlambda = math.radians(longitude_b - longitude_a) / 2
    h = math.sin(half_dphi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_dlambda) ** 2
    return 2 * MEAN_RADIUS_M * math.asin(math.sqrt(min(1.0, h)))


def is_on_earth(latitude: float, longitude: float) -> bool:
    """Whether both are numbers, latitude within ±90 and longitude within ±180."""
    return -90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0


def has_zero(latitude: float, longitude: float) -> bool:
    """Whether a coordinate is exactly zero: what a receiver without a fix writes.

    A true fix on the equator or the Greenwich meridian to seven decimals is a few seconds of one crossing; losing it costs
    nothing, believing a zero puts the car in the sea off Africa.
    """
    return latitude == 0.0 or longitude == 0.0


def unwrap_longitude(longitude: float, near: float) -> float:
    """`longitude` plus the multiple of 360 that brings it within ±180 of `near`; so that 179.9 and -179.9 are neighbours."""
    return near + (longitude - near + 180.0) % 360.0 - 180.0


def bounding_box(places: Iterable[tuple[float, float]]) -> Box | None:
    """The box around (latitude, longitude) pairs; None when there are none."""
    points = list(places)
    if not points:
        return None
    latitudes, longitudes = zip(*points, strict=True)
    return Box(min(latitudes), min(longitudes), max(latitudes), max(longitudes))
