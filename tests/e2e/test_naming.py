"""A name of the owner's own for a car."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.app import App

_MODEL = "Puce"


@pytest.fixture
def named(phone, signed_in, running):
    """The app, and a function that asks for a name of a car of the demo's owner from the car's page on. The car has none afterwards."""
    app, car = App(phone("fr", "light", signed_in)), running.vehicle(_MODEL)

    def asks_for(name):
        app.opens_page_of(car)
        app.page.locator(f"a[href='/cars/{car}/name']").click()
        app.names_the_car(name)

    yield app, asks_for
    headers = {"Authorization": f"Bearer {running.card.token}"}
    httpx.patch(f"{running.base}/api/v1/vehicles/{car}", json={"name": None}, headers=headers).raise_for_status()


def test_a_car_is_called_what_its_owner_wants_until_the_name_is_taken_back(named):
    app, asks_for = named
    asks_for("  Titine ")
    expect(app.heading("Titine")).to_be_visible()
    expect(app.page).to_have_title("Titine · OpenMarque")
    app.page.goto("/")
    expect(app.card("Titine")).to_contain_text(_MODEL)
    asks_for("")
    expect(app.heading(_MODEL)).to_be_visible()
    app.page.goto("/")
    expect(app.card(_MODEL)).to_have_count(1)
    expect(app.card("Titine")).to_have_count(0)


def test_a_name_that_no_car_can_have_stays_in_the_field_with_the_reason(named, watch):
    app, asks_for = named
    with watch.expecting(422):
        asks_for("Ti\u202etine")
        app.says_that("bad_name")
    expect(app.field("car_name")).to_have_value("Ti\u202etine")
    app.names_the_car("Titine")
    expect(app.heading("Titine")).to_be_visible()
