"""The page of a car is pulled down, as people do to see what is new."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.app import App


def pull(page: Page, by: int) -> None:
    """A finger that goes down `by` pixels in the middle of the page, in steps, and is lifted."""
    session = page.context.new_cdp_session(page)
    for step in range(9):
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": 195, "y": 120 + by * step / 8}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


@pytest.mark.req("RC-5b")
def test_pulling_the_page_down_asks_the_car_and_a_slip_of_the_finger_does_not(phone, signed_in, running):
    app = App(phone("fr", "light", signed_in))
    app.opens_page_of(running.vehicle("Puce"))
    refreshed = app.page.locator("[data-refresh]")
    expect(app.button("refresh")).to_be_visible()
    pull(app.page, 60)
    app.page.wait_for_timeout(500)
    expect(refreshed).to_have_count(0)
    pull(app.page, 300)
    expect(refreshed).to_be_attached()
    expect(app.page.locator("[data-refresh='done']")).to_be_attached()
