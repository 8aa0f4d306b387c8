"""The app open twice in one browser, and a car that was somebody's until just now."""

import pytest
from playwright.sync_api import expect

from tests.e2e.app import App


def test_signing_out_in_one_window_leaves_no_car_in_the_other_and_nothing_on_the_device(phone, watch, running):
    first = App(phone("fr", "light"))
    first.signs_in(running.card.email, running.card.password)
    car = running.vehicle("Cime hybride")
    second = App(first.page.context.new_page())
    second.opens_page_of(car)
    second.remembers("live", car)
    with watch.cut(), watch.expecting(401):  # the other window's event stream ends, its questions are refused
        first.page.goto("/account")
        first.button("sign_out").click()
        expect(first.button("sign_in")).to_be_visible()
        expect(second.button("sign_in")).to_be_visible()
    expect(second.page.locator("[data-signal]")).to_have_count(0)
    first.knows_nothing_of(car)


@pytest.mark.req("ACC-2a")
def test_signing_in_in_one_window_opens_the_other(phone, watch, running):
    del watch
    first = App(phone("fr", "light"))
    second = App(first.page.context.new_page())
    second.page.goto("/")
    expect(second.button("sign_in")).to_be_visible()
    first.signs_in(running.card.email, running.card.password)
    expect(second.heading("Garage")).to_be_visible()
    expect(second.cards.first).to_be_visible()


@pytest.mark.req("ACC-4g")
def test_a_car_that_left_the_garage_elsewhere_is_shown_no_more_and_forgotten_on_the_device(phone, signed_in, watch, running):
    app = App(phone("fr", "light", signed_in))
    car = running.vehicle("Cime hybride")
    app.opens_page_of(car)
    app.remembers("live", car)
    # What the platform answers then, with the car still there for the other tests.
    gone = {"type": "about:blank", "title": "Introuvable", "status": 404, "code": "not-in-your-garage"}
    with watch.expecting(404):
        app.page.context.route(
            f"**/api/v1/vehicles/{car}",
            lambda route: route.fulfill(status=404, json=gone, content_type="application/problem+json"),
        )
        app.page.reload()
        app.says_that("gone")
        expect(app.page.locator("[data-signal]")).to_have_count(0)
        app.knows_nothing_of(car)
