"""Roads on real coordinates: the main valleys of Andorra, drawn by hand for the simulated cars. Pure.

The drawing is our own sketch: some hundred points to three decimals (100 m) where the general roads CG-1 to CG-5 pass, checked against
a map, with heights to ten metres, limits, tunnels and traffic lights. It is good for cars that look right from afar on a map of the
country, and for nothing else: the true road bends more and lies up to some hundred metres beside it.

Theory of operation. ``route`` joins stretches between places by the shortest way. Points become a smooth line by centripetal
Catmull-Rom splines (C. Yuksel et al., *Parameterization and applications of Catmull-Rom curves*, 2011: no cusps, no loops within a
piece) in a local plane, cut every `STEP_M`. Heights are joined straight and then averaged over `_CREST_M`, so that the gradient
changes as on a built road. ``Route.at`` interpolates between the cuts.
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from openmarque.kit.geo import MEAN_RADIUS_M

STEP_M: Final = 10.0
_DOTS_M: Final = 3.0
_CREST_M: Final = 120.0
"""Heights are averaged that far to either side: vertical curves of some hundred metres, as roads of this class have."""
_M_PER_DEGREE: Final = math.radians(1) * MEAN_RADIUS_M
_SCALE: Final = math.cos(math.radians(42.53))
"""Length of a degree of longitude over one of latitude, in the middle of the drawing."""
_STRAIGHT_M: Final = 10_000.0
"""Radius from which a road counts as straight."""


class UnknownPlace(ValueError):
    """There is no such place on the drawn roads, or no way to it."""


class Point(NamedTuple):
    """A drawn point. `limit_kmh` and `is_tunnel` hold from here to the next point in either direction; a light stands here."""

    latitude: float
    longitude: float
    height_m: float
    limit_kmh: float
    is_tunnel: bool = False
    has_light: bool = False


class Place(NamedTuple):
    """Where a car is on a route: degrees, metres above the sea, rise over run, degrees from north, km/h, metres of radius."""

    latitude: float
    longitude: float
    height_m: float
    gradient: float
    heading: float
    limit_kmh: float
    radius_m: float
    is_tunnel: bool


@dataclass(frozen=True, eq=False)
class Route:
    """A way from one place to another. `places` are cut every `STEP_M` metres; `lights` are metres from the start.

    Equal only to itself: ``route`` makes each once.
    """

    name: str
    places: tuple[Place, ...]
    lights: tuple[float, ...]

    @property
    def length_m(self) -> float:
        """Metres from the first to the last cut."""
        return (len(self.places) - 1) * STEP_M

    def at(self, metres: float) -> Place:
        """The place that many metres from the start; the ends stand for what lies beyond them."""
        along = min(max(metres, 0.0), self.length_m) / STEP_M
        i = min(int(along), len(self.places) - 2)
        a, b, share = self.places[i], self.places[i + 1], along - i
        turn = (b.heading - a.heading + 180) % 360 - 180
        return Place(
            a.latitude + (b.latitude - a.latitude) * share,
            a.longitude + (b.longitude - a.longitude) * share,
            a.height_m + (b.height_m - a.height_m) * share,
            a.gradient + (b.gradient - a.gradient) * share,
            (a.heading + turn * share) % 360,
            a.limit_kmh,
            min(a.radius_m, b.radius_m),
            a.is_tunnel,
        )


_DRAWING: Final = """
CG-1 sant-julia andorra
42.464 1.491 910 50 light
42.467 1.492 910 50
42.470 1.492 920 60 tunnel
42.474 1.490 930 60
42.478 1.490 940 70
42.481 1.490 940 70
42.485 1.492 950 70
42.489 1.494 960 70
42.494 1.498 970 50 light
42.497 1.502 980 50
42.500 1.508 990 50
42.503 1.515 1000 50 light
42.506 1.522 1020 50
CG-1 andorra pont-pla
42.506 1.522 1020 50 light
42.507 1.526 1020 50
42.509 1.532 1030 50
CG-2 pont-pla escaldes
42.509 1.532 1030 50 light
42.510 1.535 1040 50
42.509 1.538 1050 50
CG-2 escaldes valira
42.509 1.538 1050 50 light
42.509 1.544 1080 50
42.512 1.550 1120 60
42.516 1.554 1160 60
42.519 1.556 1180 60
CG-2 valira encamp
42.519 1.556 1180 60
42.521 1.558 1190 60
42.525 1.564 1210 60
42.528 1.570 1240 60 tunnel
42.532 1.575 1250 50
42.536 1.582 1270 50
CG-2 encamp canillo
42.536 1.582 1270 50 light
42.538 1.586 1300 60
42.542 1.591 1350 60
42.546 1.591 1380 60
42.550 1.591 1410 60
42.552 1.590 1420 60
42.556 1.589 1450 70
42.561 1.590 1480 70
42.564 1.594 1510 50
42.566 1.599 1530 50
CG-2 canillo soldeu
42.566 1.599 1530 50
42.568 1.603 1540 50
42.571 1.606 1560 70
42.572 1.614 1580 70
42.574 1.619 1590 70
42.575 1.622 1600 70
42.577 1.626 1610 70
42.578 1.633 1630 70
42.579 1.637 1650 70
42.580 1.642 1660 70
42.580 1.647 1690 50
42.580 1.651 1710 50
42.579 1.658 1750 60
42.578 1.663 1790 50
42.577 1.668 1820 50
CG-3 pont-pla sant-antoni
42.509 1.532 1030 50
42.511 1.533 1040 60 tunnel
42.516 1.525 1080 60 tunnel
42.519 1.524 1100 60
42.523 1.522 1130 60
42.527 1.520 1150 60 tunnel
42.529 1.521 1170 60
CG-3 sant-antoni massana
42.529 1.521 1170 50 light
42.534 1.519 1200 50
42.537 1.520 1210 50
42.542 1.518 1230 50
42.545 1.515 1240 50
CG-3 massana ordino
42.545 1.515 1240 50 light
42.546 1.517 1240 50
42.547 1.522 1250 50
42.549 1.524 1250 50
42.551 1.526 1260 50
42.554 1.529 1280 50
42.555 1.530 1280 50
42.556 1.533 1300 50
CG-3 ordino el-serrat
42.556 1.533 1300 50
42.558 1.532 1300 50
42.560 1.531 1300 60
42.562 1.529 1300 60
42.565 1.527 1310 50
42.567 1.524 1320 60
42.570 1.521 1330 60
42.573 1.519 1340 60
42.576 1.519 1350 50
42.580 1.519 1360 60
42.585 1.520 1380 60
42.589 1.523 1400 60
42.592 1.525 1410 60
42.596 1.527 1420 50
42.599 1.532 1440 60
42.603 1.536 1460 60
42.609 1.538 1480 60
42.612 1.539 1500 60
42.615 1.539 1510 60
42.619 1.540 1540 50
CG-4 massana arinsal
42.545 1.515 1240 50
42.548 1.514 1250 50
42.549 1.512 1260 50
42.553 1.508 1280 60
42.557 1.506 1300 60
42.561 1.502 1320 60
42.561 1.496 1360 60
42.564 1.493 1390 60
42.566 1.490 1410 50
42.569 1.488 1440 50
42.572 1.484 1470 50
CG-3a sant-antoni valira
42.529 1.521 1170 60
42.529 1.523 1170 60 tunnel
42.524 1.536 1180 60 tunnel
42.521 1.549 1180 60 tunnel
42.519 1.554 1180 60
42.519 1.556 1180 60
"""
"""A line "road from to", then its points: degrees north and east, metres above the sea, km/h, marks."""


@dataclass(frozen=True)
class Stretch:
    """A drawn road between two places."""

    name: str
    start: str
    end: str
    points: tuple[Point, ...]

    def reversed(self) -> "Stretch":
        """The same the other way round."""
        ends = self.points[::-1]
        # What holds from a point to the next one, read backwards, is what the next point carries.
        turned = [Point(*p[:3], *after[3:5], p.has_light) for p, after in zip(ends, (*ends[1:], ends[-1]), strict=True)]
        return Stretch(self.name, self.end, self.start, tuple(turned))

    @property
    def length_m(self) -> float:
        """Metres along the straight lines between its points."""
        return sum(math.dist(*_plane((a, b))) for a, b in pairwise(self.points))


@cache
def stretches() -> tuple[Stretch, ...]:
    """Every drawn road, in the direction of the drawing."""
    found: list[tuple[list[str], list[Point]]] = []
    for line in _DRAWING.split("\n"):
        words = line.split()
        if words and not words[0][0].isdigit():
            found.append((words, []))
        elif words:
            north, east, height_m, limit_kmh = (float(word) for word in words[:4])
            found[-1][1].append(Point(north, east, height_m, limit_kmh, "tunnel" in words, "light" in words))
    return tuple(Stretch(name, start, end, tuple(points)) for (name, start, end), points in found)


def places() -> frozenset[str]:
    """The names of the places between which there are routes."""
    return frozenset(name for s in stretches() for name in (s.start, s.end))


@cache
def route(*stops: str) -> Route:
    """The shortest way through `stops` in their order. Raises ``UnknownPlace``."""
    if len(stops) < 2 or not places().issuperset(stops):
        raise UnknownPlace(f"{', '.join(stops)} can't be driven")
    way = [stretch for a, b in pairwise(stops) for stretch in _shortest(a, b)]
    points = [*way[0].points]
    for stretch in way[1:]:
        points[-1] = stretch.points[0]._replace(has_light=points[-1].has_light or stretch.points[0].has_light)
        points += stretch.points[1:]
    return _cut("–".join((stops[0], stops[-1])), points)


def _shortest(start: str, end: str) -> list[Stretch]:
    """Dijkstra's way from one place to another."""
    edges = [s for stretch in stretches() for s in (stretch, stretch.reversed())]
    waiting: list[tuple[float, int, str, list[Stretch]]] = [(0.0, 0, start, [])]
    seen: set[str] = set()
    while waiting:
        metres, _, place, way = heapq.heappop(waiting)
        if place == end and way:
            return way
        if place in seen:
            continue
        seen.add(place)
        for number, edge in enumerate(edges):
            if edge.start == place and edge.end not in seen:
                heapq.heappush(waiting, (metres + edge.length_m, number, edge.end, [*way, edge]))
    raise UnknownPlace(f"no way from {start} to {end}")


def _plane(points: Iterable[Point]) -> list[tuple[float, float]]:
    """Metres east of Greenwich and north of the equator, true to scale in the middle of the drawing (0.3 % off at its ends)."""
    return [(p.longitude * _SCALE * _M_PER_DEGREE, p.latitude * _M_PER_DEGREE) for p in points]


class _Dot(NamedTuple):
    metres: float
    x: float
    y: float
    height_m: float
    limit_kmh: float
    is_tunnel: bool


def _cut(name: str, points: Sequence[Point]) -> Route:
    fine = list(_spline(points))
    whole = int(fine[-1].metres // STEP_M)
    cuts = list(_at_steps(fine, whole + 1))
    heights = _averaged([cut.height_m for cut in cuts], int(_CREST_M // STEP_M))
    headings = [math.degrees(math.atan2(b.x - a.x, b.y - a.y)) % 360 for a, b in pairwise(cuts)]
    headings.append(headings[-1])
    made = [
        Place(
            cut.y / _M_PER_DEGREE,
            cut.x / _M_PER_DEGREE / _SCALE,
            heights[i],
            (heights[min(i + 1, whole)] - heights[max(i - 1, 0)]) / (STEP_M * (min(i + 1, whole) - max(i - 1, 0))),
            headings[i],
            cut.limit_kmh,
            _radius(headings[max(i - 1, 0)], headings[min(i + 1, whole)]),
            cut.is_tunnel,
        )
        for i, cut in enumerate(cuts)
    ]
    lights = (_metres_of(fine, point) for point in points[1:-1] if point.has_light)  # none at its ends: nobody drives past them
    return Route(name, tuple(made), tuple(lights))


def _spline(points: Sequence[Point]) -> Iterator[_Dot]:
    """Dots some `_DOTS_M` apart along the smooth line, with the metres gone."""
    flat = _plane(points)
    metres, last = 0.0, flat[0]
    for i, point in enumerate(points[:-1]):
        after = points[i + 1]
        p1, p2 = flat[i], flat[i + 1]
        p0 = flat[i - 1] if i else _beyond(p2, p1)
        p3 = flat[i + 2] if i + 2 < len(flat) else _beyond(p1, p2)
        n = max(2, int(math.dist(p1, p2) / _DOTS_M))
        for k in range(n):
            x, y = _catmull_rom(p0, p1, p2, p3, k / n)
            metres += math.dist(last, (x, y))
            last = (x, y)
            yield _Dot(metres, x, y, point.height_m + (after.height_m - point.height_m) * k / n, *point[3:5])
    yield _Dot(metres + math.dist(last, flat[-1]), *flat[-1], points[-1].height_m, *points[-1][3:5])


_Flat = tuple[float, float]


def _beyond(a: _Flat, b: _Flat) -> _Flat:
    """As far after `b` as `a` is before it."""
    return 2 * b[0] - a[0], 2 * b[1] - a[1]


def _catmull_rom(p0: _Flat, p1: _Flat, p2: _Flat, p3: _Flat, share: float) -> _Flat:
    """Barry and Goldman's pyramid with centripetal knots (the square root of the chord); `share` of the way from p1 to p2."""
    t0 = 0.0
    t1 = t0 + math.sqrt(math.dist(p0, p1))
    t2 = t1 + math.sqrt(math.dist(p1, p2))
    t3 = t2 + math.sqrt(math.dist(p2, p3))
    t = t1 + (t2 - t1) * share
    a1, a2, a3 = _between(p0, p1, t0, t1, t), _between(p1, p2, t1, t2, t), _between(p2, p3, t2, t3, t)
    b1, b2 = _between(a1, a2, t0, t2, t), _between(a2, a3, t1, t3, t)
    return _between(b1, b2, t1, t2, t)


def _between(a: _Flat, b: _Flat, at_a: float, at_b: float, at: float) -> _Flat:
    share = (at - at_a) / (at_b - at_a)
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _at_steps(fine: Sequence[_Dot], count: int) -> Iterator[_Dot]:
    i = 0
    for n in range(count):
        metres = n * STEP_M
        while i + 2 < len(fine) and fine[i + 1].metres <= metres:
            i += 1
        a, b = fine[i], fine[i + 1]
        share = (metres - a.metres) / (b.metres - a.metres) if b.metres > a.metres else 0.0
        x, y = a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share
        yield _Dot(metres, x, y, a.height_m + (b.height_m - a.height_m) * share, a.limit_kmh, a.is_tunnel)


def _averaged(heights: Sequence[float], reach: int) -> list[float]:
    """Each with its neighbours, as many on either side; the ends stay as they are."""
    sums = [0.0]
    for height in heights:
        sums.append(sums[-1] + height)
    averaged = []
    for i in range(len(heights)):
        near = min(reach, i, len(heights) - 1 - i)
        averaged.append((sums[i + near + 1] - sums[i - near]) / (2 * near + 1))
    return averaged


def _radius(before: float, after: float) -> float:
    """Of the curve in which the heading turns from `before` to `after` within two steps."""
    turn = math.radians(abs((after - before + 180) % 360 - 180))
    return min(_STRAIGHT_M, 2 * STEP_M / turn) if turn > 0 else _STRAIGHT_M


def _metres_of(fine: Sequence[_Dot], point: Point) -> float:
    x, y = _plane((point,))[0]
    return min(fine, key=lambda dot: abs(dot.x - x) + abs(dot.y - y)).metres
