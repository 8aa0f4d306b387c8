"""What connected services bring to the app: found by manifest, fetched on demand."""

import json

from playwright.sync_api import Route, expect

from tests.e2e.app import App


def without(declaration: str):
    """Answers as the platform does for a car that has not got `declaration`."""

    def answer(route: Route) -> None:
        told = route.fetch()
        body = told.json()
        body["services"] = [one for one in body["services"] if one["declaration"] != declaration]
        route.fulfill(response=told, body=json.dumps(body))

    return answer


def test_a_car_without_a_service_loads_nothing_of_it_and_shows_the_others(phone, signed_in, running):
    app = App(phone("en", "light", signed_in), "en")
    vehicle = running.vehicle("Cime hybride")
    fetched: list[str] = []
    app.page.on("request", lambda request: fetched.append(request.url))
    app.page.context.route(f"**/api/v1/vehicles/{vehicle}", without("lock"))
    app.opens_page_of(vehicle)
    assert app.values()
    expect(app.button("refresh")).to_be_visible()
    expect(app.button("lock")).to_have_count(0)
    assert not [url for url in fetched if "/assets/services/lock/" in url]
    assert [url for url in fetched if "/assets/services/status/" in url]
