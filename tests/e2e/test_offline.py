"""Without a network, or without the platform, the app shows what was last known, and how old it is."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.app import App

AGO = re.compile("il y a|maintenant|à l'instant", re.IGNORECASE)


@pytest.mark.req("RC-5")
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
    app.remembers("glance", parked)
    with watch.cut():
        app.page.context.set_offline(True)
        app.page.reload()
        app.says_that("no_network")
        expect(app.card("Cime hybride")).to_contain_text(AGO)
        app.opens_page_of(parked)
        assert set(shown) <= set(app.values())
        expect(app.page.get_by_text(AGO).first).to_be_visible()
        app.page.context.set_offline(False)


@pytest.mark.req("RC-5")
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
