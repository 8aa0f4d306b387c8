"""A network that takes requests and loses answers."""

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.app import App

_REMOTE_COMMANDS = "**/api/v1/vehicles/*/remote-commands"
_COUNT = """async vehicle => {
  const answer = await fetch(`/api/v1/vehicles/${vehicle}/remote-commands?limit=100`);
  return (await answer.json()).items.length;
}"""


def _lost(route: Route) -> None:
    """The platform got the request; its answer never comes."""
    if route.request.method == "POST":
        route.fetch()
        route.abort("timedout")
    else:
        route.continue_()


@pytest.mark.req("RC-5c", "RC-6d")
def test_a_remote_command_whose_answer_was_lost_is_asked_after_and_given_once(phone, signed_in, watch, running):
    app = App(phone("fr", "light", signed_in))
    car = running.vehicle("Cime hybride")
    app.opens_page_of(car)
    app.is_live()
    before = app.page.evaluate(_COUNT, car)
    with watch.cut():
        app.page.context.route(_REMOTE_COMMANDS, _lost, times=1)
        app.button("refresh").click()
        expect(app.page.locator("[data-refresh='done']")).to_be_attached()
    assert app.page.evaluate(_COUNT, car) == before + 1


def test_where_no_answer_comes_at_all_the_page_does_not_say_that_the_command_did_not_arrive(phone, signed_in, watch, running):
    app = App(phone("fr", "light", signed_in))
    car = running.vehicle("Cime hybride")
    app.opens_page_of(car)
    app.is_live()
    before = app.page.evaluate(_COUNT, car)
    with watch.cut():
        app.page.context.route(_REMOTE_COMMANDS, _lost)
        app.button("refresh").click()
        app.says_that("unanswered")
        app.page.context.unroute(_REMOTE_COMMANDS)
    assert app.page.evaluate(_COUNT, car) == before + 1
