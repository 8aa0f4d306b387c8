"""The example service, built and installed from outside the package, the whole way: an owner's phone, the platform, a car of one's own, its screen.

The app has no part for it. What is pressed and read here is made of its declaration and its texts.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from faults.ground import throwaway_home
from openmarque.brands.pack import load_pack
from openmarque.protocol.signals import TYRES_LOW
from tests.e2e.accessibility import violations
from tests.e2e.app import App
from tests.e2e.browsing import PHONE
from tests.e2e.cars import OwnCar, from_the_factory
from tests.e2e.headunit import HeadUnit
from tests.e2e.running import Running, up_demo
from tests.outside import WORDS, installed_example, pack_that_sells_it

DATA = 2
REAR_LEFT = TYRES_LOW[2]
"""The tyre that turns out to be low when a simulated car looks at its rear axle."""
ZONE = "Europe/Madrid"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """In place of the platform of this folder's other tests."""
    folder = tmp_path_factory.mktemp("outside")
    with pytest.MonkeyPatch.context() as patch, throwaway_home() as home:
        patch.setenv("PYTHONPATH", str(installed_example(folder)))
        with up_demo(home, cars=1, brand_pack=pack_that_sells_it(folder)) as platform:
            yield platform


@pytest.fixture(scope="module")
def signed_in(browser: Browser, running: Running) -> StorageState:
    context = browser.new_context(**PHONE, locale="en-BE", base_url=running.base)
    App(context.new_page(), "en").signs_in(running.card.email, running.card.password)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="module")
def car(
    browser: Browser, running: Running, signed_in: StorageState, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnCar]:
    """A car that came from the factory, was added to the owner's garage by its code, and whose people share its data."""
    own = from_the_factory(running, load_pack(), "plaine", 1, tmp_path_factory.mktemp("car") / "bundle")
    own.starts()
    with browser.new_context(**PHONE, locale="en-BE", base_url=running.base, storage_state=signed_in) as context:
        screen = HeadUnit(context.new_page()).opens(own.head_unit)
        screen.is_connected()
        app = App(context.new_page(), "en")
        screen.types_code(app.asks_for_code(own.vin))
        app.says_that("paired")
        screen.chooses_level(DATA)
    yield own
    own.dies()


@pytest.fixture
def opened(car: OwnCar, signed_in: StorageState, phone: Callable[..., Page]) -> Callable[[str], App]:
    def opens(language: str) -> App:
        app = App(phone(language, "light", signed_in), language)
        app.page.goto(f"/cars/{car.vehicle_id}")
        return app

    return opens


def card(app: App) -> Locator:
    return app.page.locator("[data-service=tyre_watch]")


def test_its_card_shows_what_the_sensors_of_the_car_said_and_when(opened):
    app = opened("en")
    expect(card(app).get_by_role("heading", level=2)).to_have_text("Tyre watch")
    expect(card(app).locator("[data-signal]")).to_have_count(len(TYRES_LOW))
    row = card(app).locator(f"[data-signal='{REAR_LEFT}']")
    expect(row.get_by_role("cell").nth(0)).to_have_text("fine")
    expect(row.get_by_role("cell").nth(1)).not_to_be_empty()
    assert not violations(app.page)


def test_a_command_goes_with_what_was_chosen_to_the_car_and_its_outcome_comes_back(opened, running, car):
    app = opened("en")
    card(app).get_by_role("button", name="Look at the tyres").click()
    app.sheet.get_by_label("Which tyres").select_option("At the front")
    app.button("go_on").click()
    app.hears_of("check_tyres", "done")
    (sent, *_) = app.remote_commands(car.vehicle_id)
    assert sent["arguments"] == {"axle": "front"}
    expect(card(app).locator("[data-kind=tyres_looked_at]").first).to_contain_text("Of 2 tyres 0 are low.")
    assert not violations(app.page)
    assert running.api(f"/vehicles/{car.vehicle_id}/history/tyre_warning")["items"] == [], "nobody looked at the rear"


@pytest.mark.req("NOT-1c", "NOT-1d", "NOT-1g")
def test_what_is_set_on_the_phone_the_car_does_by_itself_at_its_time_and_the_owner_is_told(opened, in_car, running, car):
    app = opened("en")
    due = datetime.now(ZoneInfo(ZONE)) + timedelta(minutes=2)
    card(app).get_by_role("link", name="Daily look at the tyres").click()
    app.page.get_by_role("switch", name="Every day").check()
    app.page.get_by_role("textbox", name="Hour").fill(str(due.hour))
    app.page.get_by_role("textbox", name="Minute").fill(str(due.minute))
    app.page.get_by_role("textbox", name="Time zone").fill(ZONE)
    app.button("save").click()
    expect(app.page.locator("[data-document=tyre_check]")).to_have_attribute("data-state", "in_force")
    assert not violations(app.page)

    screen = in_car(car.head_unit)
    for member, value in {"hour": str(due.hour), "minute": str(due.minute), "zone": ZONE}.items():
        expect(screen.page.locator(f"#tyre_check-{member}")).to_have_value(value)
    expect(screen.page.locator("#tyre_check-daily")).to_be_checked()
    screen.leaves()

    app.page.goto(f"/cars/{car.vehicle_id}")
    car.dies()
    car.starts(clock_ahead_s=150)  # off at its time, and on again within the hour in which the look is still that day's
    row = card(app).locator(f"[data-signal='{REAR_LEFT}']")
    expect(row.get_by_role("cell").nth(0)).to_contain_text("low", timeout=30_000)
    (newest,) = running.api(f"/vehicles/{car.vehicle_id}/history/tyre_warning")["items"]
    assert newest["values"] == {"wheel": REAR_LEFT, "is_low": True}
    expect(card(app).locator("[data-kind=tyre_low]")).to_contain_text("Your car warns of a tyre that has lost pressure.")
    card(app).get_by_role("link", name="Tyre warnings").click()
    expect(app.page.locator("article[data-event]")).to_contain_text(
        re.compile("Tyre.*rear left.*Warning.*Yes", re.IGNORECASE | re.DOTALL)
    )
    assert not violations(app.page)

    app.page.goto("/notices")
    told = app.page.locator("article[data-kind=tyre_low]")
    expect(told).to_contain_text("A tyre is low")
    expect(told).to_have_attribute("data-new", "true")
    mail = running.mail(running.card.email, texts_in("fr")["notice"]["tyre_low"]["title"])
    assert texts_in("fr")["notice"]["tyre_low"]["action"] in " ".join(mail["text"].split()), "in the language of the account"


def test_it_speaks_the_language_of_the_phone(opened):
    app = opened("de")
    words = texts_in("de")
    expect(card(app).get_by_role("heading", name=words["label"]["tyre_watch"])).to_be_visible()
    expect(card(app)).to_contain_text(words["purpose"]["tyre_watch"])
    card(app).get_by_role("button", name=words["command"]["check_tyres"]).click()
    choice = app.sheet.get_by_label(words["argument"]["check_tyres"]["axle"])
    expect(choice.get_by_role("option")).to_have_text(list(words["choice"]["check_tyres"]["axle"].values()))
    assert not violations(app.page)


def texts_in(language: str) -> dict:
    """The words of the example, as its author wrote them."""
    return tomllib.loads((WORDS / f"{language}.toml").read_text("utf-8"))
