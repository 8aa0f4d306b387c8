"""Where a car has no mobile network: in tunnels of some length, and in shadows of a valley that lie where they lie. Pure."""

from typing import Final
from zlib import crc32

from openmarque.simulator.fleet.roads import Route

LEAST_TUNNEL_M: Final = 300.0
"""A shorter tunnel is covered from its mouths."""
_SHADOW_EVERY_M: Final = 6_000
_SHADOW_M: Final = 450.0
"""A shadow of some 30 s at 50 km/h about every six kilometres outside towns."""
_TOWN_KMH: Final = 50.0


def is_covered(way: Route, metres: float) -> bool:
    """Whether the network reaches a car that many metres along `way`."""
    if way.at(metres).is_tunnel:
        return not _is_deep(way, metres)
    return way.at(metres).limit_kmh <= _TOWN_KMH or not _in_shadow(way, metres)


def _is_deep(way: Route, metres: float) -> bool:
    """Whether this is a tunnel of which at least `LEAST_TUNNEL_M` lie around here."""
    ends = [_end(way, metres, step) for step in (-20.0, 20.0)]
    return abs(ends[1] - ends[0]) >= LEAST_TUNNEL_M


def _end(way: Route, metres: float, step: float) -> float:
    while 0 < metres + step < way.length_m and way.at(metres + step).is_tunnel:
        metres += step
    return metres


def _in_shadow(way: Route, metres: float) -> bool:
    """Shadows repeat along a way, from a first one that the way's name decides."""
    first = crc32(way.name.encode()) % _SHADOW_EVERY_M
    return (metres - first) % _SHADOW_EVERY_M < _SHADOW_M
