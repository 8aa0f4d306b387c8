"""A service that the app has no part for: its card is made of its declaration, its forms of their schemas, in the owner's language.

The platform of this module runs with the probe installed (``tests.probe_service``), which is in no wheel of ours.
"""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, StorageState, expect

from faults.ground import throwaway_home
from tests.e2e.accessibility import violations
from tests.e2e.app import App
from tests.e2e.browsing import PHONE, Watch
from tests.e2e.running import ROOT, Running, up_demo
from tests.packs import written_with
from tests.probe_service import PROBE

CAR = "Cime hybride"


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as patch, throwaway_home() as home:
        patch.setenv("PYTHONPATH", f"{ROOT / 'tests' / 'probe_service' / 'installed'}:{ROOT}")
        with up_demo(home, brand_pack=written_with(tmp_path_factory.mktemp("pack"), PROBE)) as platform:
            yield platform


@pytest.fixture(scope="module")
def inside(browser: Browser, probed: Running) -> StorageState:
    context = browser.new_context(**PHONE, locale="en-BE", base_url=probed.base)
    App(context.new_page(), "en").signs_in(probed.card.email, probed.card.password)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def app(probed: Running, inside: StorageState, watch: Watch, contexts: Callable[..., BrowserContext]) -> App:
    watch.hosts.add(urlsplit(probed.base).netloc)
    context = contexts(**PHONE, locale="en-BE", base_url=probed.base, storage_state=inside)
    return App(watch.over(context).new_page(), "en")


@pytest.fixture
def card(app: App, probed: Running) -> Locator:
    app.opens_page_of(probed.vehicle(CAR))
    return app.page.locator("[data-service=probe]")


def field(app: App, name: str) -> Locator:
    return app.page.get_by_role("textbox", name=name)


def test_a_command_gets_a_form_from_its_arguments_and_is_sent_with_what_was_filled_in(app, card, probed):
    expect(card.get_by_role("heading", level=2)).to_have_text("Probe (en)")
    card.locator("[data-offer=probe_blink]").click()
    field(app, "How often (en)").fill("99")
    app.button("go_on").click()
    expect(app.sheet).to_contain_text("At most 10.")
    field(app, "How often (en)").fill("4")
    field(app, "Note (en)").fill("to <all> & more")
    app.button("go_on").click()
    expect(app.sheet).to_contain_text("Blink? (en)")
    assert not violations(app.page)
    app.sheet.get_by_role("button", name="Blink (en)", exact=True).click()
    app.hears_of("probe_blink", "done")
    (newest, *_) = app.remote_commands(probed.vehicle(CAR))
    assert newest["arguments"] == {"times": 4, "again_s": 0, "note": "to <all> & more"}


def test_a_setting_gets_a_form_from_its_schema_and_is_in_force_when_the_car_has_it(app, card):
    card.get_by_role("link", name="Limits (en)").click()
    expect(app.heading("Limits (en)")).to_be_visible()
    field(app, "At most (en) (km/h)").fill("20")
    app.page.get_by_role("button", name="Add an entry").click()
    app.button("save").click()
    expect(app.page.get_by_text("At least 30.")).to_be_visible()
    field(app, "At most (en) (km/h)").fill("90")
    app.page.get_by_label("Tone").select_option("voice")
    assert not violations(app.page)
    app.button("save").click()
    expect(app.page.locator("[data-document=probe_limits]")).to_have_attribute("data-state", "in_force")
    app.page.reload()
    expect(field(app, "At most (en) (km/h)")).to_have_value("90")
    expect(field(app, "until min")).to_have_value("1439")


def test_whoever_changes_what_was_changed_meanwhile_sees_the_newer_one_and_loses_nothing_typed(app, probed, watch):
    vehicle = probed.vehicle(CAR)
    app.page.goto(f"/cars/{vehicle}/settings/probe_limits")
    field(app, "Name").fill("typed here")
    changes_elsewhere(probed, f"{probed.base}/api/v1/vehicles/{vehicle}/documents/probe_limits", {"limit_kmh": 77})
    with watch.expecting(409):
        app.button("save").click()
        newer = app.page.get_by_role("alert")
        expect(newer).to_contain_text("77 km/h")
    expect(field(app, "Name")).to_have_value("typed here")
    assert not violations(app.page)
    app.button("mine").click()
    app.button("save").click()
    expect(newer).to_have_count(0)
    expect(app.page.locator("[data-document=probe_limits]")).to_have_attribute("data-state", "in_force")
    assert probed.api(f"/vehicles/{vehicle}/documents/probe_limits")["body"]["name"] == "typed here"


def test_a_setting_that_only_the_platform_changes_is_shown_without_a_form(app, probed):
    app.page.goto(f"/cars/{probed.vehicle(CAR)}/settings/probe_campaign")
    expect(app.page.locator("[data-document=probe_campaign]")).to_be_visible()
    expect(app.page.get_by_text(re.compile("offered"))).to_be_visible()
    expect(app.page.locator("form")).to_have_count(0)


def test_rows_of_a_list_are_the_same_rows_in_the_app_and_on_the_cars_own_screen_which_needs_no_script(
    app, probed, contexts, watch, in_car
):
    app.page.goto(f"/cars/{probed.vehicle(CAR)}/settings/probe_limits")
    changes_elsewhere(
        probed, f"{probed.base}/api/v1/vehicles/{probed.vehicle(CAR)}/documents/probe_limits", {"windows": [{"until_min": 600}]}
    )
    first = app.page.get_by_role("group", name="Entry 1")
    expect(first.get_by_role("textbox", name="until min")).to_have_value("600")

    screen = watch.over(contexts(viewport={"width": 1280, "height": 800}, java_script_enabled=False)).new_page()
    watch.hosts.add(urlsplit(probed.head_unit(CAR)).netloc)
    screen.goto(f"{probed.head_unit(CAR)}?lang=en")
    form = screen.locator("#setting-probe_limits")
    expect(form.get_by_role("group", name="windows 1").get_by_label("until min")).to_have_value("600")
    form.get_by_role("button", name="Add: windows").press("Enter")
    second = form.get_by_role("group", name="windows 2")
    expect(second.get_by_label("From (en)")).to_be_focused()
    second.get_by_label("From (en)").fill("1500")
    second.get_by_label("until min").fill("1380")
    form.get_by_role("button", name="Remove: windows 1").press("Enter")
    only = form.get_by_role("group", name="windows 1")
    only.get_by_label("From (en)").fill("900")
    only.get_by_label("From (en)").press("Enter")
    expect(screen.locator("p.said")).to_have_text("Done.")
    expect(form.get_by_role("group", name=re.compile("windows .*"))).to_have_count(1)

    expect(first.get_by_role("textbox", name="From (en)")).to_have_value("900")
    expect(first.get_by_role("textbox", name="until min")).to_have_value("1380")
    expect(app.page.get_by_role("group", name=re.compile("Entry .*"))).to_have_count(1)
    app.page.get_by_role("button", name="Remove entry 1").click()
    app.button("save").click()
    expect(app.page.locator("[data-document=probe_limits]")).to_have_attribute("data-state", "in_force")

    car = in_car(probed.head_unit(CAR))
    expect(car.page.locator("#setting-probe_limits").get_by_role("group", name="windows 1")).to_have_count(0)
    car.page.locator("#setting-probe_limits").get_by_role("button", name="Add: windows").click()
    expect(car.page.get_by_text("Not set yet.")).to_be_visible()
    assert violations(car.page) == []


def changes_elsewhere(probed: Running, address: str, body: dict[str, object]) -> None:
    """The owner changes the setting in another program."""
    with httpx.Client(headers={"Authorization": f"Bearer {probed.card.token}"}) as program:
        known = program.get(address)
        changed = program.put(address, json=body, headers={"If-Match": known.headers["ETag"]})
        assert changed.status_code == 200, changed.text
