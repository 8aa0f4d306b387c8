"""An owner chooses a user name, and signs in with it."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.app import App


@pytest.fixture
def nameless_again(running):
    yield
    headers = {"Authorization": f"Bearer {running.card.token}"}
    httpx.patch(f"{running.base}/api/v1/account", json={"user_name": ""}, headers=headers).raise_for_status()


@pytest.mark.req("ACC-2b")
def test_an_owner_chooses_a_user_name_and_signs_in_with_it(phone, signed_in, running, nameless_again, watch):
    chosen = App(phone("en", "light", signed_in), "en")
    chosen.page.goto("/account")
    chosen.page.get_by_role("textbox", name="User name").fill("la.demo")
    chosen.page.get_by_role("button", name="Save", exact=True).click()
    expect(chosen.page.get_by_text("Saved.")).to_be_visible()
    app = App(phone("en"), "en")
    app.page.goto("/")
    app.page.get_by_role("textbox", name="Email or user name").fill("LA.Demo")
    app.page.get_by_role("textbox", name="Password").fill(running.card.password)
    app.page.get_by_role("button", name="Sign in").click()
    expect(app.heading("Garage")).to_be_visible()
