"""A service that the app has no part for: its card is made of its declaration, its forms of their schemas, in the owner's language.

The platform of this module runs with the probes installed (``tests.probe_service``, ``tests.probe_log``), which are in no wheel of ours.
"""

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, StorageState, expect

from faults.ground import throwaway_home
from tests.e2e.accessibility import violations
from tests.e2e.app import App
from tests.e2e.browsing import PHONE, Watch
from tests.e2e.running import ROOT, Running, up_demo
from tests.packs import written_with
from tests.probe_log.declaration import SERVICE as LOG
from tests.probe_service import PROBE

CAR = "Cime hybride"


@pytest.fixture(scope="module")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with pytest.MonkeyPatch.context() as patch, throwaway_home() as home:
        installed = [str(ROOT / "tests" / probe / "installed") for probe in ("probe_service", "probe_log")]
        patch.setenv("PYTHONPATH", ":".join((*installed, str(ROOT))))
        with up_demo(home, brand_pack=written_with(tmp_path_factory.mktemp("pack"), PROBE, LOG)) as platform:
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


ENTRIES = 25
"""Five more than a page has."""


def test_what_happened_to_the_car_is_listed_with_its_words_page_by_page(app, probed, watch):
    vehicle = probed.vehicle(CAR)
    app.opens_page_of(vehicle)
    app.page.locator("[data-service=probe_log]").get_by_role("link", name="Entries (en)").click()
    expect(app.heading("Entries (en)")).to_be_visible()
    expect(app.page.get_by_text("Nothing yet.")).to_be_visible()
    expect(app.page.get_by_text("Kept for 12 months, then erased.")).to_be_visible()
    assert not violations(app.page)
    writes(probed, vehicle, ENTRIES)
    app.page.reload()
    entries = app.page.get_by_role("article")
    expect(entries).to_have_count(20)
    newest = dict(
        zip(entries.first.locator("dt").all_inner_texts(), entries.first.locator("dd").all_inner_texts(), strict=True)
    )
    moment = newest.pop("Seen at")
    assert newest == {
        "Number": "25",
        "Speed (en)": "25.5 km/h",
        "Axle (en)": "At the front (en)",
        "Low (en)": "Yes",
        "Wheel": "Front left tyre",
        "Note": "to <all> & more",
    }
    assert moment == entries.first.get_by_role("heading", level=2).inner_text()
    more = app.page.get_by_role("button", name="Earlier")
    with watch.cut():
        app.page.route("**/history/*?*cursor=*", lambda route: route.abort())
        more.focus()
        app.page.keyboard.press("Enter")
        expect(app.page.get_by_role("alert")).to_contain_text(app.says("unreachable"))
        app.page.unroute_all()
    app.page.keyboard.press("Enter")
    expect(entries).to_have_count(ENTRIES)
    expect(app.page.get_by_role("alert")).to_have_count(0)
    assert entries.last.locator("dd").first.inner_text() == "1"
    assert not violations(app.page)


@pytest.mark.parametrize(
    ("locale", "words", "kept"),
    [
        ("en-BE", "Entries (en)", "Kept for 12 months"),
        ("fr-FR", "Entries (fr)", "Conservé 12 mois"),
        ("de-AT", "Entries (de)", "12 Monate aufbewahrt"),
        ("es-ES", "Entries (es)", "Se conserva 12 meses"),
    ],
)
def test_a_history_is_in_the_owners_language_and_time_zone_and_fits_on_the_smallest_phone(
    probed, inside, watch, contexts, locale, words, kept
):
    vehicle = probed.vehicle(CAR)
    writes(probed, vehicle, 1)
    watch.hosts.add(urlsplit(probed.base).netloc)
    small = {**PHONE, "viewport": {"width": 320, "height": 640}, "timezone_id": "Asia/Tokyo"}
    kept_by_browser = [
        {**o, "localStorage": [e for e in o["localStorage"] if e["name"] != "om.language"]} for o in inside["origins"]
    ]
    state = {"cookies": inside["cookies"], "origins": kept_by_browser}
    context = contexts(**small, locale=locale, base_url=probed.base, storage_state=state)
    page = watch.over(context).new_page()
    page.goto(f"/cars/{vehicle}/history/probe_entry")
    expect(page.get_by_role("heading", level=1, name=words)).to_be_visible()
    expect(page.get_by_text(re.compile(kept))).to_be_visible()
    shown = page.get_by_role("article").first.locator("time")
    at = datetime.fromisoformat(shown.get_attribute("datetime") or "").astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{at.hour}:{at:%M}" in shown.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert not violations(page)


def test_a_history_that_there_is_not_is_told_and_nothing_else_is_shown(app, probed, watch):
    with watch.expecting(404):
        app.page.goto(f"/cars/{probed.vehicle(CAR)}/history/nothing_of_the_kind")
        expect(app.page.get_by_role("alert")).to_contain_text("This car has no such history.")
    expect(app.page.get_by_role("article")).to_have_count(0)


def writes(probed: Running, vehicle: str, entries: int) -> None:
    """Has the car send so many entries, and waits until the platform has them."""
    known = probed.api(f"/vehicles/{vehicle}/history/probe_entry?limit=100")["items"]
    wanted = {"command": "probe_write", "arguments": {"entries": entries, "note": "to <all> & more"}}
    headers = {"Authorization": f"Bearer {probed.card.token}", "Idempotency-Key": uuid4().hex}
    sent = httpx.post(f"{probed.base}/api/v1/vehicles/{vehicle}/remote-commands", json=wanted, headers=headers)
    assert sent.status_code == 202, sent.text
    end = time.monotonic() + 30
    while len(probed.api(f"/vehicles/{vehicle}/history/probe_entry?limit=100")["items"]) < len(known) + entries:
        assert time.monotonic() < end, "the car's entries do not come"
        time.sleep(0.2)


def changes_elsewhere(probed: Running, address: str, body: dict[str, object]) -> None:
    """The owner changes the setting in another program."""
    with httpx.Client(headers={"Authorization": f"Bearer {probed.card.token}"}) as program:
        known = program.get(address)
        changed = program.put(address, json=body, headers={"If-Match": known.headers["ETag"]})
        assert changed.status_code == 200, changed.text
