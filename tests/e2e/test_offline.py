"""Without a network, or without the platform, the app shows what was last known, and how old it is."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.e2e.app import App

AGO = re.compile("il y a|maintenant|à l'instant", re.IGNORECASE)


@pytest.mark.req("STA-1h")
def test_without_a_network_the_garage_and_the_car_show_the_last_values_with_their_age(phone, signed_in, watch, running):
    app = App(phone("fr", "light", signed_in))
    app.is_kept_on_the_device()
    parked = running.vehicle("Cime hybride")
    app.opens_page_of(parked)
    shown = app.values()
    app.remembers("live", parked)
    app.page.goto("/")
    expect(app.card("Cime hybride")).to_contain_text(AGO)
    app.remembers("vehicles")
    app.remembers("newest", parked)
    with watch.cut():
        app.page.context.set_offline(True)
        app.page.reload()
        app.says_that("no_network")
        expect(app.card("Cime hybride")).to_contain_text(AGO)
        app.opens_page_of(parked)
        assert set(shown) <= set(app.values())
        expect(app.page.get_by_text(AGO).first).to_be_visible()
        app.page.context.set_offline(False)


def test_a_page_of_a_service_that_was_looked_at_once_is_there_without_a_network_on_the_first_visit_too(
    phone, signed_in, watch, running
):
    app = App(phone("fr", "light", signed_in))
    parked = running.vehicle("Cime hybride")
    app.page.goto(f"/cars/{parked}/trips")
    expect(app.heading("Trajets")).to_be_visible()
    app.is_kept_on_the_device()
    with watch.cut():
        app.page.context.set_offline(True)
        app.page.goto(f"/cars/{parked}/trips")
        expect(app.heading("Trajets")).to_be_visible()
        app.page.context.set_offline(False)


def test_with_the_platform_stopped_the_car_shows_the_last_values_and_goes_on_when_it_is_back(phone, signed_in, watch, running):
    app = App(phone("fr", "light", signed_in))
    app.is_kept_on_the_device()
    parked = running.vehicle("Cime hybride")
    app.opens_page_of(parked)
    shown = app.values()
    app.remembers("live", parked)
    with watch.cut():
        running.stop()
        try:
            app.page.reload()
            assert set(shown) <= set(app.values())
            expect(app.page.get_by_text(AGO).first).to_be_visible()
        finally:
            running.start()
        app.is_live()


@contextmanager
def without(app: App, code: str) -> Iterator[None]:
    """Meanwhile this part of the app's code does not arrive: the network went away while it was fetched."""
    address = f"**/assets/**/{code}-*"
    app.page.context.route(address, lambda request: request.abort("internetdisconnected"))
    yield
    app.page.context.unroute(address)


@pytest.mark.req("STA-3a")
@pytest.mark.parametrize("part", ["map-view", "maplibre-gl-worker", "world-land"])
def test_where_a_part_of_the_map_does_not_come_the_page_shows_all_else_and_draws_it_at_the_next_try(
    phone, signed_in, watch, running, part
):
    app = App(phone("fr", "light", signed_in))
    with watch.cut(), without(app, part):
        app.opens_page_of(running.vehicle("Cime hybride"))
        app.says_that("no_map")
        assert app.values()
    app.button("again").click()
    app.draws_its_map()


@pytest.mark.req("STA-3a")
def test_where_nothing_is_heard_of_the_map_the_page_says_so(phone, signed_in, watch, running):
    app = App(phone("fr", "light", signed_in))
    address = "**/api/v1/maps"
    with watch.cut():
        app.page.context.route(address, lambda request: request.abort("internetdisconnected"))
        app.opens_page_of(running.vehicle("Cime hybride"))
        app.says_that("no_map")
        app.page.context.unroute(address)
    app.button("again").click()
    app.draws_its_map()


@pytest.mark.req("STA-3a")
def test_a_map_that_did_not_come_is_drawn_by_itself_when_the_network_is_back(phone, signed_in, watch, running):
    app = App(phone("en", "light", signed_in), "en")
    with watch.cut():  # to the end: the browser may tell of what was cut off when the network is back already
        with without(app, "maplibre-gl-worker"):
            app.opens_page_of(running.vehicle("Cime hybride"))
            app.says_that("no_map")
            app.page.context.set_offline(True)
        app.page.context.set_offline(False)
        app.draws_its_map()


def test_a_page_whose_code_does_not_come_says_so_and_is_there_at_the_next_try(phone, signed_in, watch):
    app = App(phone("fr", "light", signed_in))
    app.page.goto("/")
    expect(app.cards.first).to_be_visible()
    with watch.cut(), without(app, "AddCar"):
        app.page.get_by_role("link", name=app.says("add")).click()
        app.says_that("unreachable")
        expect(app.page.get_by_role("navigation")).to_be_visible()
    app.button("again").click()
    expect(app.page.get_by_label(app.says("vin"))).to_be_visible()
