"""A brand that knows two privacy levels: the screen in the car offers two, and the app speaks of no third. REQ PRV-1."""

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import expect

from faults.ground import throwaway_home
from tests.e2e.accessibility import violations
from tests.e2e.app import App
from tests.e2e.browsing import PHONE
from tests.e2e.headunit import HeadUnit
from tests.e2e.running import Running, up_demo

CAR = "Brise électrique"
PRIVATE, POSITION = 1, 3
THIRD = re.compile("Data without position")


@pytest.fixture(scope="module")
def two_levels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo of the sample brand, were it one of two levels."""
    pack: Path = tmp_path_factory.mktemp("pack")
    text = files("openmarque.brands").joinpath("sample", "brand.toml").read_text("utf-8")
    three = 'levels = ["private", "data", "position"]'
    assert three in text
    (pack / "brand.toml").write_text(text.replace(three, 'levels = ["private", "position"]'), "utf-8")
    with throwaway_home() as home, up_demo(home, brand_pack=pack) as platform:
        yield platform


@pytest.mark.req("PRV-1e", "PRV-3a", "PRV-6a")
def test_the_car_offers_two_levels_and_the_app_tells_which_one_a_service_needs(two_levels, contexts):
    car = HeadUnit(contexts(viewport={"width": 1280, "height": 800}, locale="en-GB").new_page())
    car.opens(two_levels.head_unit(CAR))
    car.is_connected()
    car.is_at(POSITION)
    expect(car.page.locator(".level h3")).to_have_text(["Private", "Data and position"])
    assert violations(car.page) == []

    app = App(contexts(**PHONE, locale="en-BE", base_url=two_levels.base).new_page(), "en")
    app.signs_in(two_levels.card.email, two_levels.card.password)
    app.opens_page_of(two_levels.vehicle(CAR))
    app.tells_privacy_level("position")
    expect(app.page.get_by_text("This car knows two levels: “Private” and “Data and position”.")).to_be_visible()

    car.chooses_level(PRIVATE)
    app.tells_privacy_level("private")
    needs = app.page.get_by_text("Needs the level “Data and position”.")
    expect(needs.first).to_be_visible()
    assert needs.count() >= len(("status", "car_finder", "trips", "trip_places"))
    expect(app.page.get_by_text(THIRD)).to_have_count(0)
    assert violations(app.page) == []
