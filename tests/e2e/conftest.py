"""End to end: a browser on a platform that was started as a user would start it. Both live while this folder's tests run.

``running`` (package)     `running.Running`: the platform with its demo, its printed card
``browser`` (package)     Chromium; fails the tests, and says how to install it, where there is none
``watch`` (function)      `browsing.Watch`: fails the test for what no page may do
``phone`` (function)      ``phone("fr", "light", signed_in)`` opens a new phone, with or without somebody signed in, and gives its page
``signed_in`` (package)   what a browser keeps in which the demo's owner has signed in: cookie and flags, no key
``in_car`` (function)     ``in_car(url)`` opens a head-unit page in a browser of its own
``picture`` (function)    ``picture(page, "garage")`` takes a picture; into ``docs/images`` when OPENMARQUE_SCREENSHOTS=1

What is known of a failed test, pictures, consoles and the platform's logs, is kept in ``var/e2e/<test>``.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, StorageState, expect, sync_playwright

from faults.ground import throwaway_home
from tests.e2e.app import App
from tests.e2e.browsing import PATIENCE_MS, PHONE, Watch, launch
from tests.e2e.headunit import HeadUnit
from tests.e2e.running import ROOT, Running, up_demo

KEPT: Final = ROOT / "var" / "e2e"
_TEST_S: Final = 120
_FAILED: Final = pytest.StashKey[bool]()
_LOCALES: Final = {"fr": "fr-FR", "en": "en-BE", "de": "de-AT", "es": "es-ES"}

Phone = Callable[..., Page]
InCar = Callable[[str], HeadUnit]
Picture = Callable[[Page, str], None]

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The time that a test of this folder may take; the first one waits for the platform too."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(_TEST_S))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remember for the fixtures' ends whether the test failed."""
    report: Any = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    # Package, not session: playwright's loop counts as running in this thread, and asynchronous tests of other folders want theirs.
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    chromium = launch(playwright)
    yield chromium
    chromium.close()


@pytest.fixture(scope="package")
def running() -> Iterator[Running]:
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir(parents=True)
    with throwaway_home() as home, up_demo(home) as platform:
        yield platform


@pytest.fixture
def watch(running: Running, request: pytest.FixtureRequest) -> Iterator[Watch]:
    hosts = {urlsplit(address).netloc for address in (running.card.app, *(car.url for car in running.card.cars))}
    eyes = Watch(hosts)
    yield eyes
    failed = request.node.stash.get(_FAILED, False)
    if failed or eyes.wrong:
        folder = KEPT / request.node.name
        eyes.keep(folder)
        shutil.copytree(running.home / "log", folder / "log", dirs_exist_ok=True)
    assert failed or eyes.wrong == []


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        opened.append(browser.new_context(**options))
        return opened[-1]

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def phone(contexts: Callable[..., BrowserContext], watch: Watch, running: Running) -> Phone:
    def make(language: str = "fr", scheme: str = "light", state: StorageState | None = None) -> Page:
        look = {"locale": _LOCALES[language], "color_scheme": scheme}
        return watch.over(contexts(**PHONE, **look, base_url=running.base, storage_state=state)).new_page()

    return make


@pytest.fixture(scope="package")
def signed_in(browser: Browser, running: Running) -> StorageState:
    context = browser.new_context(**PHONE, locale="fr-FR", base_url=running.base)
    App(context.new_page()).signs_in(running.card.email, running.card.password)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def in_car(contexts: Callable[..., BrowserContext], watch: Watch) -> InCar:
    def make(url: str) -> HeadUnit:
        watch.hosts.add(urlsplit(url).netloc)
        context = contexts(viewport={"width": 1280, "height": 800}, locale="en-GB")
        return HeadUnit(watch.over(context).new_page()).opens(url)

    return make


@pytest.fixture(scope="session")
def picture() -> Picture:
    folder = ROOT / "docs" / "images" if os.environ.get("OPENMARQUE_SCREENSHOTS") == "1" else KEPT
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return take


@pytest.fixture(scope="session")
def figures() -> Callable[..., None]:
    """Keeps measured figures in ``var/e2e/figures.json``."""
    told: dict[str, float] = {}

    def tell(**values: float) -> None:
        told.update(values)
        (KEPT / "figures.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")

    return tell
