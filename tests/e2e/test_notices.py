"""What the owner is told about the cars, in the app."""

import pytest
from playwright.sync_api import expect

from tests.e2e.app import App


@pytest.mark.req("NOT-1d")
def test_a_phone_that_was_added_is_told_by_the_bell_and_read_on_its_page(phone, signed_in, running, in_car):
    app = App(phone("en", "light", signed_in), "en")
    app.page.goto("/notices")
    expect(app.heading(app.says("notices"))).to_be_visible()
    expect(app.page.locator("[data-unread]")).to_have_count(0)
    app.is_added_in(in_car(running.head_unit("Cime hybride")))
    vehicle = running.vehicle("Cime hybride")
    app.opens_page_of(vehicle)
    expect(app.page.locator("[data-unread]")).to_be_visible()
    app.page.get_by_role("link", name=app.says("notices")).click()
    newest = app.page.locator("article[data-kind=phone_added]").first
    expect(newest).to_contain_text("Cime hybride")
    expect(newest).to_have_attribute("data-new", "true")
    expect(app.page.locator("[data-unread]")).to_have_count(0)
    app.page.reload()
    expect(newest).to_be_visible()
    expect(newest).not_to_have_attribute("data-new", "true")
