"""Distances and boxes on the Earth agree with figures known from elsewhere."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.kit.geo import MEAN_RADIUS_M, Box, bounding_box, distance_m, has_zero, is_on_earth, unwrap_longitude

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


def test_nashville_to_los_angeles_is_the_textbook_distance() -> None:
    """The worked example of the haversine formula: 2887.26 km on a sphere of 6372.8 km."""
    assert distance_m(36.12, -86.67, 33.94, -118.40) * 6372.8e3 / MEAN_RADIUS_M == pytest.approx(2_887_260, abs=10)


def test_a_minute_of_arc_is_about_a_nautical_mile() -> None:
    assert distance_m(33, -7, 33 + 1 / 60, -7) == pytest.approx(1852, rel=0.001)


def test_a_degree_of_longitude_shrinks_with_the_cosine_of_the_latitude() -> None:
    assert distance_m(60, 10, 60, 11) == pytest.approx(distance_m(0, 10, 0, 11) / 2, rel=1e-4)


def test_centimetres_are_told_apart_and_antipodes_are_half_the_circumference() -> None:
    assert distance_m(34, -6.75, 34 + 1e-7, -6.75) == pytest.approx(0.0111, abs=1e-4)
    assert distance_m(0, 0, 0, 180) == pytest.approx(math.pi * MEAN_RADIUS_M)


@given(latitudes, longitudes, latitudes, longitudes, latitudes, longitudes)
def test_distance_is_a_metric(a: float, b: float, c: float, d: float, e: float, f: float) -> None:
    assert distance_m(a, b, a, b) == 0
    assert distance_m(a, b, c, d) == pytest.approx(distance_m(c, d, a, b))
    assert 0 <= distance_m(a, b, c, d) <= math.pi * MEAN_RADIUS_M
    assert distance_m(a, b, e, f) <= distance_m(a, b, c, d) + distance_m(c, d, e, f) + 1  # m: rounding near antipodes


@pytest.mark.parametrize("place", [(90.001, 0), (-91, 0), (0, 180.1), (0, -181), (math.nan, 0), (0, math.nan), (math.inf, 0)])
def test_what_is_no_place_is_not_on_earth(place: tuple[float, float]) -> None:
    assert not is_on_earth(*place)


def test_poles_and_the_antimeridian_are_on_earth() -> None:
    assert all(is_on_earth(*place) for place in [(90, 0), (-90, 180), (0, -180)])


def test_an_exact_zero_is_no_fix_and_nearly_zero_is() -> None:
    assert has_zero(0.0, -6.7)
    assert has_zero(34.0, -0.0)
    assert not has_zero(51.4779, 1e-7)


@given(longitudes, longitudes)
def test_an_unwrapped_longitude_is_the_same_meridian_near_the_other(longitude: float, near: float) -> None:
    unwrapped = unwrap_longitude(longitude, near)
    assert abs(unwrapped - near) <= 180 + 1e-9
    assert math.remainder(unwrapped - longitude, 360) == pytest.approx(0, abs=1e-9)


def test_neighbours_across_the_antimeridian_are_near() -> None:
    assert unwrap_longitude(-179.9, 179.9) == pytest.approx(180.1)


def test_a_box_holds_all_places_and_nothing_has_no_box() -> None:
    assert bounding_box([(33.9, -6.7), (34.1, -6.9), (34.0, -6.6)]) == Box(south=33.9, west=-6.9, north=34.1, east=-6.6)
    assert bounding_box([]) is None
