"""Every page of the app: no violation of accessibility; and the way through it by keyboard."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from openmarque.brands.eligibility import sample_vin
from openmarque.brands.pack import load_pack
from tests.e2e.accessibility import LOOKS, violations
from tests.e2e.app import App
from tests.e2e.running import ROOT

OUTSIDE = ("/sign-in", "/sign-up", "/confirm", "/forgotten", "/reset")
INSIDE = (
    "/",
    "/add",
    "/add/:pairingId",
    "/phone",
    "/safety-code",
    "/cars/:vehicleId",
    "/cars/:vehicleId/trips",
    "/cars/:vehicleId/phones",
    "/cars/:vehicleId/name",
    "/cars/:vehicleId/remove",
    "/notices",
    "/account",
    "/nowhere",
)
OF_DECLARATIONS = {"/cars/:vehicleId/settings/:kind", "/cars/:vehicleId/history/:kind"}
"""No service of ours has a setting, or events without a page of its own: ``test_generic_card`` and ``test_tyre_watch`` look at these."""
OF_A_SERVICE = "/cars/:vehicleId/:page"
"""Pages that services bring: their manifests say which there are."""


def test_every_page_of_the_app_is_among_those_that_are_looked_at():
    sources = ROOT / "web" / "src"
    routes = set(re.findall(r'<Route path="([^"]+)"', (sources / "app.tsx").read_text("utf-8"))) - {
        OF_A_SERVICE,
        *OF_DECLARATIONS,
    }
    manifests = [path.read_text("utf-8") for path in sources.glob("services/*/index.tsx")]
    of_services = {OF_A_SERVICE.replace(":page", path) for text in manifests for path in re.findall(r'path: "([^"]+)"', text)}
    assert sorted(routes | of_services) == sorted({*OUTSIDE, *INSIDE} - {"/nowhere"})


_WIDER = """() => [...document.querySelectorAll("body *")]
  .filter(element => element.getClientRects().length > 0 && element.getBoundingClientRect().right > innerWidth + 1
    && !element.closest(".maplibregl-map"))
  .map(element => element.textContent.trim().slice(0, 40))"""
"""The words of whatever reaches beyond the right edge of the screen."""


def settled(page: Page) -> None:
    """Wait until the page shows what it has to show."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)


@pytest.mark.parametrize(("language", "scheme"), LOOKS)
def test_no_page_for_strangers_breaks_a_rule_of_accessibility(phone, language, scheme):
    page, found = phone(language, scheme), list[str]()
    for path in OUTSIDE:
        page.goto(path)
        settled(page)
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        expect(page.locator("html")).to_have_attribute("lang", language)
        found += (f"{path} {broken}" for broken in violations(page))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("language", "scheme"), LOOKS)
def test_no_page_for_owners_breaks_a_rule_of_accessibility(phone, signed_in, running, pairing_id, language, scheme):
    page, found = phone(language, scheme, signed_in), list[str]()
    for path in INSIDE:
        page.goto(path.replace(":vehicleId", running.vehicle("Brise électrique")).replace(":pairingId", pairing_id))
        settled(page)
        found += (f"{path} {broken}" for broken in violations(page))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("language", ["de", "es"])
def test_long_words_fit_on_the_smallest_phone(phone, signed_in, running, pairing_id, language):
    page, wide = phone(language, "light", signed_in), list[str]()
    page.set_viewport_size({"width": 320, "height": 640})
    for path in INSIDE:
        page.goto(path.replace(":vehicleId", running.vehicle("Brise électrique")).replace(":pairingId", pairing_id))
        settled(page)
        expect(page.locator("html")).to_have_attribute("lang", language)
        wide += [f"{path}: {words}" for words in page.evaluate(_WIDER)]
    assert not wide, "\n".join(wide)


@pytest.mark.parametrize("path", ["settings/none", "history/none"])
def test_a_page_that_a_car_does_not_have_says_so_and_leads_back(phone, signed_in, running, watch, path):
    app = App(phone("en", "light", signed_in), "en")
    with watch.expecting(404):
        app.page.goto(f"/cars/{running.vehicle('Brise électrique')}/{path}")
        expect(app.heading("This page does not exist.")).to_be_visible()
        note = app.page.get_by_role("alert")
        expect(note).to_contain_text("This car has no such")
        expect(note).not_to_contain_text("list of the car's")
        expect(app.button("again")).to_have_count(0)
        assert violations(app.page) == []
    note.get_by_role("link", name="To the garage").click()
    expect(app.heading("Garage")).to_be_visible()


def test_a_car_that_no_phone_can_open_lists_none_as_if_one_could(phone, signed_in, running):
    app = App(phone("en", "light", signed_in), "en")
    app.page.goto(f"/cars/{running.vehicle('Puce')}/phones")
    expect(app.page.get_by_text("No phone can lock or unlock the car yet.")).to_be_visible()
    expect(app.page.get_by_text("These phones can lock")).to_have_count(0)


@pytest.fixture(scope="module")
def pairing_id(running):
    """A code of the demo's owner that waits to be typed in a car; taken back afterwards."""
    headers = {"Authorization": f"Bearer {running.card.token}"}
    with httpx.Client(base_url=f"{running.base}/api/v1", headers=headers) as client:
        made = client.post("/pairings", json={"vin": sample_vin(load_pack(), "brise", 900_001)})
        assert made.status_code == 201, made.text
        yield made.json()["pairing_id"]
        client.delete(f"/pairings/{made.json()['pairing_id']}")


@pytest.fixture
def presses(phone):
    """A page, and a function that goes on by Tab to what has this role and name, and leaves the focus there."""
    page = phone("en")

    def goes_to(role, name):
        wanted = page.get_by_role(role, name=name, exact=True)
        expect(wanted).to_be_visible()
        for _ in range(80):
            if wanted.evaluate("element => element === document.activeElement"):
                return wanted
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab leads to no {role} {name!r}")

    return page, goes_to


@pytest.mark.req("ACC-2a", "RC-8a")
def test_an_owner_with_a_keyboard_alone_signs_in_and_locks_the_car(presses, running, in_car):
    page, goes_to = presses
    app = App(page, "en")
    page.goto("/")
    goes_to("textbox", "Email or user name")
    page.keyboard.type(running.card.email)
    goes_to("textbox", "Password")
    page.keyboard.type(running.card.password)
    goes_to("button", "Sign in")
    page.keyboard.press("Enter")
    expect(app.heading("Garage")).to_be_visible()
    page.goto(in_car(running.head_unit("Cime hybride")).adds_a_phone())
    goes_to("button", app.says("add_phone"))
    page.keyboard.press("Space")
    app.says_that("phone_added")
    goes_to("link", app.says("to_car"))
    page.keyboard.press("Enter")
    opener = goes_to("button", app.says("lock"))
    page.keyboard.press("Space")
    expect(app.sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    page.keyboard.press("Space")
    expect(app.sheet).to_be_visible()
    goes_to("button", app.says("lock_do"))  # the only one: the page behind the sheet is hidden
    page.keyboard.press("Enter")
    app.sees_steps("lock", "sent", "reached", "executing", "done")
