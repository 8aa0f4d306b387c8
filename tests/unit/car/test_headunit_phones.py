"""The phones' part of the head-unit page: a code only when asked for, readable by a phone's camera, gone when it is used or over."""

import re
from collections.abc import AsyncIterator, Callable

import httpx
import numpy as np
import pytest
import pytest_asyncio
import zxingcpp

from openmarque.car.core import CarCore
from openmarque.car.headunit import HeadUnit
from openmarque.car.model import Now, Output
from openmarque.protocol import commands as o
from openmarque.protocol.levels import Level
from tests.cars import CATALOGUE, VEHICLE
from tests.phones import UNLOCKED, Owned, Phone

BASE = "http://127.0.0.1:8123"
APP = "https://app.example"


class Cockpit:
    """Holds an owned car as the agent holds its core."""

    def __init__(self, owned: Owned) -> None:
        self.owned = owned

    @property
    def core(self) -> CarCore:
        return self.owned.car.core

    def now(self) -> Now:
        return self.owned.car.now

    def act(self, call: Callable[[CarCore, Now], Output]) -> Output:
        output = call(self.core, self.now())
        self.owned.talks(self.owned.car.did(output))
        return output


@pytest.fixture
def owned() -> Owned:
    return Owned()


def browsing(owned: Owned, app_url: str = APP) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(HeadUnit(Cockpit(owned), CATALOGUE, "UU1TEST0000000042", app_url=app_url).app)
    return httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE})


@pytest_asyncio.fixture
async def browser(owned: Owned) -> AsyncIterator[httpx.AsyncClient]:
    async with browsing(owned) as client:
        yield client


async def press(browser: httpx.AsyncClient, path: str, **fields: str) -> str:
    """The page after a button of it was pressed."""
    token = re.search(r'name="token" value="([^"]+)"', (await browser.get("/")).text)
    assert token
    answer = await browser.post(path, data={"token": token[1], "lang": "en", **fields}, follow_redirects=True)
    return answer.text


def part(page: str) -> str:
    """The section about phones."""
    found = re.search(r'<section id="phones".*?</section>', page, re.DOTALL)
    assert found
    return found[0]


def scanned(page: str) -> str:
    """What a camera reads off the code: the dark strokes of the SVG drawn as pixels, eight to a module."""
    size, path = re.search(r'viewBox="0 0 (\d+) \d+"', page), re.search(r'class="qrline" stroke="#000" d="M([^"]+)"', page)
    assert size
    assert path
    picture = np.full((int(size[1]), int(size[1])), 255, np.uint8)
    start, rest = re.match(r"(\d+) (\d+)\.5(.*)", path[1]).groups()[:2], re.match(r"\d+ \d+\.5(.*)", path[1])[1]  # type: ignore[union-attr,index]
    x, y = int(start[0]), int(start[1])
    for kind, dx, dy in re.findall(r"([hm])(-?\d+)(?: (-?\d+))?", rest):
        if kind == "h":
            picture[y, x : x + int(dx)] = 0
        else:
            y += int(dy)
        x += int(dx)
    (code,) = zxingcpp.read_barcodes(np.kron(picture, np.ones((8, 8), np.uint8)))
    return str(code.text)


@pytest.mark.req("AUT-6a", "AUT-6b")
async def test_a_phone_scans_the_code_and_may_then_unlock(owned, browser):
    page = part(await press(browser, "/phones/add"))
    address, _, behind = scanned(page).partition("#")
    assert address == f"{APP}/phone", "what stands behind # reaches no server"
    vehicle, _, secret = behind.partition(".")
    assert vehicle == VEHICLE.hex
    assert f">{APP}/phone#{behind}</a>" in page, "the same link as text"
    assert "Still good for 5:00." in page
    other = Phone("My new phone")
    owned.hears("key", other.offers(o.from_b64url(secret)))
    page = part((await browser.get("/")).text)
    assert "The phone “My new phone” was added." in page
    assert secret not in page
    owned.phone = other
    owned.gives(owned.remote_commands("unlock"))
    owned.senses(UNLOCKED)
    state = (await browser.get("/state?lang=fr")).json()
    told = [notice["text"] for notice in state["notices"][:2]]
    assert told == [
        "Commande «\u00a0déverrouiller\u00a0» exécutée.",
        "Commande à distance «\u00a0déverrouiller\u00a0» reçue (My new phone).",
    ]


async def test_no_code_is_shown_before_someone_asks_for_it_and_none_after_five_minutes(owned, browser):
    assert "<svg" not in (await browser.get("/")).text
    await press(browser, "/phones/add")
    owned.waits(61)
    shown = (await browser.get("/state")).json()["phones"]
    assert shown["left"] == "Still good for 3:59."
    owned.waits(239)
    assert "<svg" not in (await browser.get("/")).text
    state = (await browser.get("/state")).json()["phones"]
    assert state["left"] == ""
    assert state["shown"] != shown["shown"], "the page loads itself anew"


async def test_the_secret_is_nowhere_but_in_the_page(owned, browser):
    page = await press(browser, "/phones/add")
    secret = scanned(part(page)).rpartition(".")[2]
    assert secret not in (await browser.get("/state")).text
    frames = b"".join(frame.payload for frame in owned.car.wire)
    assert o.from_b64url(secret) not in frames
    assert secret.encode() not in frames


async def test_the_code_is_put_away_when_it_is_not_wanted(owned, browser):
    await press(browser, "/phones/add")
    assert "<svg" not in await press(browser, "/phones/stop")
    assert owned.car.core.ticket(owned.car.now) is None


@pytest.mark.req("AUT-6c")
async def test_every_phone_is_listed_with_since_when_and_can_be_removed(owned, browser):
    owned.adds(Phone("<b>bold</b>"))
    page = part((await browser.get("/")).text)
    assert "<strong>Blue phone</strong><br>added 22 November 2026, 08:00 (UTC)" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert 'aria-label="Remove: Blue phone"' in page
    page = await press(browser, "/phones/remove", key_id=owned.phone.key_id)
    assert 'class="said">The phone was removed.' in page
    assert "Blue phone</strong>" not in part(page)
    assert owned.phone_reports[-1] == (owned.phone.key_id, "removed")
    assert "no longer there" in await press(browser, "/phones/remove", key_id=owned.phone.key_id)


async def test_only_the_page_itself_changes_phones(owned, browser):
    for path in ("/phones/add", "/phones/stop", "/phones/remove"):
        assert (await browser.post(path, data={"token": "guess", "key_id": owned.phone.key_id})).status_code == 403
        foreign = {"Origin": "http://evil.example"}
        assert (await browser.post(path, data={"token": "guess"}, headers=foreign)).status_code == 403
    assert len(owned.car.core.phones) == 1
    assert owned.car.core.ticket(owned.car.now) is None


async def test_a_private_car_offers_no_code_and_says_what_to_do(owned, browser):
    owned.talks(owned.car.set_level(Level.PRIVATE))
    page = part((await browser.get("/?lang=fr")).text)
    assert "/phones/add" not in page
    assert "choisissez un niveau qui laisse sortir des données" in page
    assert "choose a level that lets data out" in await press(browser, "/phones/add")
    assert owned.car.core.ticket(owned.car.now) is None


async def test_a_full_car_and_one_without_an_app_say_so(owned):
    async with browsing(owned, app_url="") as browser:
        assert "does not know the address" in part((await browser.get("/")).text)
    for _ in range(15):
        owned.adds(Phone())
    async with browsing(owned) as browser:
        assert "Remove one first." in part((await browser.get("/")).text)


async def test_a_refused_command_is_explained_on_the_screen(owned, browser):
    owned.gives(owned.remote_commands("unlock", key_id="ab" * 16))
    notice = (await browser.get("/state")).json()["notices"][0]["text"]
    assert notice.startswith("Command “unlock” refused. The car does not know this phone. Add the phone in the car")
