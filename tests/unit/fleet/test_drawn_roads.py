"""The drawn roads: whole, smooth, on the ground of Andorra."""

from itertools import combinations, pairwise

import pytest

from openmarque.kit.geo import distance_m
from openmarque.simulator.fleet.roads import STEP_M, Route, UnknownPlace, places, route, stretches

EVERY = sorted(places())


def every_route() -> list[Route]:
    return [route(a, b) for a, b in combinations(EVERY, 2)]


def test_every_place_can_be_driven_to_from_every_other_one() -> None:
    assert len(EVERY) >= 10
    for way in every_route():
        assert way.length_m > 200


def test_cuts_are_a_step_apart_and_headings_turn_smoothly() -> None:
    for way in every_route():
        for a, b in pairwise(way.places):
            assert distance_m(a.latitude, a.longitude, b.latitude, b.longitude) == pytest.approx(STEP_M, rel=0.1)
            assert abs((b.heading - a.heading + 180) % 360 - 180) < 60, "a corner of two streets at most"


def test_gradients_are_those_of_main_roads_and_are_the_slope_of_the_heights() -> None:
    for way in every_route():
        assert max(abs(cut.gradient) for cut in way.places) < 0.12
        for before, cut, after in zip(way.places, way.places[1:], way.places[2:], strict=False):
            assert cut.gradient == pytest.approx((after.height_m - before.height_m) / (2 * STEP_M))


def test_roads_lie_in_andorra_between_its_lowest_and_its_highest_village() -> None:
    for way in every_route():
        for cut in way.places:
            assert 42.42 < cut.latitude < 42.66
            assert 1.41 < cut.longitude < 1.79
            assert 830 < cut.height_m < 2000


def test_the_way_back_is_the_way_there_turned_round() -> None:
    for start, end in (("andorra", "soldeu"), ("encamp", "el-serrat")):
        there, back = route(start, end), route(end, start)
        assert back.length_m == pytest.approx(there.length_m, abs=2 * STEP_M)
        assert sum(cut.is_tunnel for cut in back.places) == pytest.approx(sum(cut.is_tunnel for cut in there.places), abs=3)
        middle = there.length_m / 3
        a, b = there.at(middle), back.at(back.length_m - middle)
        assert distance_m(a.latitude, a.longitude, b.latitude, b.longitude) < 3 * STEP_M
        assert a.height_m == pytest.approx(b.height_m, abs=2)


def test_the_shortest_way_is_taken() -> None:
    direct = route("sant-antoni", "valira")
    assert direct.length_m < 3500, "through the tunnel, not round by the capital"
    assert route("massana", "encamp").length_m < route("massana", "escaldes", "encamp").length_m


def test_beyond_its_ends_a_route_stands_still() -> None:
    way = route("andorra", "encamp")
    assert way.at(-50)[:3] == way.at(0)[:3]
    assert way.at(way.length_m + 50)[:3] == pytest.approx(way.places[-1][:3])


def test_lights_stand_on_the_way_and_long_tunnels_are_in_the_drawing() -> None:
    for way in every_route():
        assert all(0 < light <= way.length_m for light in way.lights)
        assert list(way.lights) == sorted(way.lights)
    assert any(point.is_tunnel for stretch in stretches() for point in stretch.points)


@pytest.mark.parametrize("stops", [("andorra",), ("andorra", "atlantis"), ("andorra", "")])
def test_a_place_that_is_not_drawn_is_refused(stops: tuple[str, ...]) -> None:
    with pytest.raises(UnknownPlace):
        route(*stops)
