"""The head-unit page: what it shows and lets choose, in both languages, and whom it refuses."""

import re
from collections.abc import AsyncIterator, Callable
from html import unescape
from html.parser import HTMLParser

import httpx
import msgspec
import pytest
import pytest_asyncio

from openmarque.car.core import CarCore
from openmarque.car.headunit import CodeTaken, HeadUnit
from openmarque.car.model import Channel, NoticeCode, Now, Output
from openmarque.kit.texts import LANGUAGES, texts
from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import encode
from openmarque.protocol.levels import Level
from openmarque.protocol.pairing import PairingAnswer, PairingRequest, PairingResult
from tests.cars import CATALOGUE, Car, Platform, converse, open_link, policy

VIN = "UU1TEST0000000042"
BASE = "http://127.0.0.1:8123"


class Cockpit:
    """Holds a test car as the agent holds its core."""

    def __init__(self, car: Car, platform: Platform) -> None:
        self.car, self.platform = car, platform

    @property
    def core(self) -> CarCore:
        return self.car.core

    def now(self) -> Now:
        return self.car.now

    def act(self, call: Callable[[CarCore, Now], Output]) -> Output:
        output = call(self.car.core, self.car.now)
        converse(self.car, self.platform, self.car.did(output))
        if output.refused is not None:
            raise output.refused
        return output


class PairingCodeChecker:
    """A platform that offers pairing."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    async def pair(self, code: str) -> CodeTaken:
        self.codes.append(code)
        return CodeTaken.SENT


@pytest.fixture
def car() -> Car:
    return Car()


@pytest.fixture
def cockpit(car: Car) -> Cockpit:
    platform = Platform(policy=policy())
    open_link(car, platform)
    return Cockpit(car, platform)


@pytest_asyncio.fixture
async def browser(cockpit: Cockpit) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(HeadUnit(cockpit, CATALOGUE, VIN).app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE}) as client:
        yield client


async def token(browser: httpx.AsyncClient) -> str:
    found = re.search(r'name="token" value="([^"]+)"', (await browser.get("/")).text)
    assert found
    return found[1]


async def submit(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """What the browser does when a button of the page is pressed."""
    return await browser.post(path, data={"token": await token(browser), "lang": "en", **fields}, follow_redirects=True)


async def test_it_shows_the_car_the_link_the_rules_and_what_waits(browser, car):
    page = (await browser.get("/")).text
    for expected in (
        VIN,
        "connected",
        "version 1, valid until 22 December 2026",
        "0 messages",
        "Never changed: a new car is private.",
    ):
        assert expected in page
    car.senses({vss.IGNITION: "ON"})
    assert (await browser.get("/state")).json()["glance-trips"] == "none", "a private car measures no trip"
    car.set_level(Level.DATA)
    car.senses({vss.IGNITION: "OFF"})
    car.senses({vss.IGNITION: "ON"})
    state = (await browser.get("/state")).json()
    assert state["glance-trips"] == "running"
    assert state["level"] == 2


@pytest.mark.req("PRV-1a")
async def test_a_level_is_chosen_and_the_page_says_who_set_it_and_when(browser, car):
    answer = await submit(browser, "/level", level="3")
    assert car.core.level is Level.POSITION
    assert "Last changed 22 November 2026, 08:00 (UTC), by: this screen." in answer.text
    assert 'role="status" class="said">Done.' in answer.text


async def test_each_level_says_which_services_it_lets_have_data(browser):
    page = (await browser.get("/")).text
    private, data, position = page.split("<h3>")[1:4]
    assert "At this level no service gets data." in private
    finder, trips = "Show you on a map where your car is.", "Keep your trips: duration"
    assert trips in data
    assert finder not in data
    assert trips in position
    assert finder in position


async def test_a_level_above_the_ceiling_is_not_offered_and_not_taken():
    car, platform = Car(ceiling=Level.DATA), Platform(policy=policy())
    open_link(car, platform)
    transport = httpx.ASGITransport(HeadUnit(Cockpit(car, platform), CATALOGUE, VIN).app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE}) as browser:
        assert "This car is built never to share this." in (await browser.get("/")).text
        assert (await submit(browser, "/level", level="3")).status_code == 403
    assert car.core.privacy.level is Level.PRIVATE


@pytest.mark.req("PRV-1e")
async def test_a_car_with_two_levels_offers_those_two():
    car, platform = Car(levels=(Level.PRIVATE, Level.POSITION)), Platform(policy=policy())
    open_link(car, platform)
    transport = httpx.ASGITransport(HeadUnit(Cockpit(car, platform), CATALOGUE, VIN).app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE}) as browser:
        page = (await browser.get("/")).text
        shown = re.findall(r'<div class="level[^>]*><h3>([^<]*)</h3>', page)
        assert shown == ["Private", "Data and position"]
        assert "built never to go above" not in page
        assert "Stopped at this level: State of the car, Place of the car, Trips" in unescape(page.split("<h3>")[1])
        assert (await submit(browser, "/level", level="2")).status_code == 403
        assert car.core.privacy.level is Level.PRIVATE
        assert (await submit(browser, "/level", level="3")).status_code == 200
    assert car.core.level is Level.POSITION


@pytest.mark.req("PRV-4a", "PRV-10a")
async def test_remote_access_and_services_are_switched(browser, car):
    await submit(browser, "/switch", name="remote_access", to="off")
    await submit(browser, "/switch", name="trips", to="off")
    assert not car.core.switches()["remote_access"]
    assert not car.core.switches()["trips"]
    await submit(browser, "/switch", name="trips", to="on")
    assert car.core.switches()["trips"]
    assert (await submit(browser, "/switch", name="no such", to="off")).status_code == 403


async def test_a_pairing_code_has_eight_digits_and_goes_to_the_platform_that_offers_pairing(cockpit):
    dispatcher = PairingCodeChecker()
    transport = httpx.ASGITransport(HeadUnit(cockpit, CATALOGUE, VIN, dispatcher).app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers={"Origin": BASE}) as browser:
        assert "A pairing code has 8 digits." in (await submit(browser, "/pairing", code="1234567")).text
        assert "A pairing code has 8 digits." in (await submit(browser, "/pairing", code="١٢٣٤٥٦٧٨")).text
        assert "The code was sent." in (await submit(browser, "/pairing", code=" 12345678 ")).text
    assert dispatcher.codes == ["12345678"]


async def test_a_code_is_sent_by_the_car_itself_and_the_page_shows_what_becomes_of_it(browser, car):
    page = (await submit(browser, "/pairing", code="12345678")).text
    assert "The code was sent." in page
    assert "Waiting for the answer" in page
    request = msgspec.msgpack.decode(car.wire[-1].payload, type=PairingRequest)
    assert (car.wire[-1].channel, request.code) == (Channel.PAIR, "12345678")
    car.hears("pair", encode(PairingAnswer(request.asked, PairingResult.WRONG_CODE, tries=3)))
    for language, told in (
        ("en", "Tries left: 3."),
        ("fr", "Essais restants\u00a0: 3."),
        ("de", "Verbleibende Versuche: 3."),
        ("es", "Intentos restantes: 3."),
    ):
        state = (await browser.get(f"/state?lang={language}")).json()
        assert told in state["pairing"]
        assert told in state["notices"][0]["text"]


async def test_a_car_without_connection_says_at_once_that_the_code_was_not_sent(browser, car):
    car.disconnect()
    page = (await submit(browser, "/pairing", code="12345678")).text
    assert top_notice(page).startswith("The car is not connected, so the code was not sent, and it is not kept.")


def top_notice(page: str) -> str:
    """What the page answers to the last action, above everything else."""
    found = re.search(r'<p role="status" class="said"[^>]*>([^<]*)</p>', page)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((PairingResult.PAIRED, 0, 0), "The car is paired."),
        ((PairingResult.WRONG_CODE, 4, 0), "Tries left: 4."),
        ((PairingResult.EXPIRED, 0, 0), "This code has run out."),
        ((PairingResult.LOCKED, 0, 900), "Try again in 15 minutes."),
    ],
    ids=["paired", "wrong", "run out", "locked"],
)
async def test_who_typed_a_code_comes_back_to_it_and_reads_at_the_top_what_became_of_it(browser, car, answer, told):
    form = {"token": await token(browser), "lang": "en", "code": "12345678"}
    back = (await browser.post("/pairing", data=form)).headers["location"]
    assert back.endswith("#pairing")
    assert '<section id="pairing"' in (waiting := (await browser.get(back)).text)
    assert "Waiting for the answer" in top_notice(waiting)
    assert 'class="said" data-live="pairing"' in waiting, "the page's script puts the answer there when it comes"
    result, tries, wait_s = answer
    request = msgspec.msgpack.decode(car.wire[-1].payload, type=PairingRequest)
    car.hears("pair", encode(PairingAnswer(request.asked, result, tries=tries, wait_s=wait_s)))
    assert told in top_notice((await browser.get(back)).text)


async def test_a_code_that_is_none_is_told_beside_the_code_and_at_the_top(browser):
    page = (await submit(browser, "/pairing", code="1234567")).text
    assert top_notice(page) == "A pairing code has 8 digits."
    assert page.partition('<section id="pairing"')[2].count("A pairing code has 8 digits.") == 1
    back = (await browser.post("/pairing", data={"token": await token(browser), "code": "x"})).headers["location"]
    assert back.endswith("#pairing")


@pytest.mark.req("PRV-14a")
@pytest.mark.parametrize(
    ("language", "stopped", "locks", "no_phone"),
    [
        ("en", "Stopped at this level:", "Lock and unlock", "no phone can lock or unlock it"),
        ("fr", "Arrêtés à ce niveau\u00a0:", "Verrouillage", "Aucun téléphone ne peut donc la verrouiller"),
        ("de", "Auf dieser Stufe angehalten:", "Ver- und Entriegeln", "kann kein Telefon es ver- oder entriegeln"),
        ("es", "Detenidos en este nivel:", "Bloqueo y desbloqueo", "ningún teléfono puede bloquearlo ni desbloquearlo"),
    ],
)
async def test_each_level_says_which_services_it_stops(browser, language, stopped, locks, no_phone):
    page = (await browser.get(f"/?lang={language}")).text
    private, data, position = (part.partition("</div>")[0] for part in page.split("<h3>")[1:4])
    assert stopped in private
    assert locks in private.partition(stopped)[2]
    assert no_phone in private
    place = texts(language).label("car_finder")
    assert place in private.partition(stopped)[2]
    assert place in data.partition(stopped)[2]
    assert locks not in data.partition(stopped)[2]
    assert stopped not in position


async def test_what_happened_is_told_in_the_readers_language(browser, car):
    await submit(browser, "/level", level="2")
    await submit(browser, "/switch", name="trips", to="off")
    english = (await browser.get("/state?lang=en")).json()["notices"]
    french = (await browser.get("/state", headers={"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.8"})).json()["notices"]
    assert [n["text"] for n in english[:2]] == ["Trips was switched off.", "Privacy level set to: Data without position."]
    assert [n["text"] for n in french[:2]] == [
        "Trajets\u00a0: désactivé.",
        "Niveau de confidentialité\u00a0: Données sans position.",
    ]


async def test_every_notice_can_be_told_in_every_language(browser, car):
    facts = {
        "theirs": "3",
        "ours": "2",
        "version": 3,
        "level": 2,
        "switch": "trips",
        "on": 1,
        "messages": 4,
        "type": "x",
        "reason": "full",
        "command": "unlock",
        "phone": "Blue",
        "kind": "z",
        "outcome": "locked",
        "tries": 0,
        "minutes": 15,
    }
    for code in NoticeCode:
        car.core.notices.append(car.core.notices[-1]._replace(code=code, facts=facts))
    for language in LANGUAGES:
        shown = (await browser.get(f"/state?lang={language}")).json()["notices"]
        assert len({n["text"] for n in shown}) >= len(NoticeCode)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("fr", "fr"), ("it,fr;q=0.5", "fr"), ("de-AT", "de"), ("it", "en"), ("", "en"), ("en-GB,fr", "en")],
)
async def test_the_language_that_the_browser_likes_best_is_taken(browser, accepted, language):
    assert f'<html lang="{language}">' in (await browser.get("/", headers={"Accept-Language": accepted})).text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_offers_every_language_by_its_own_name(browser, language):
    nav = re.search(r"<nav.*?</nav>", (await browser.get(f"/?lang={language}")).text)
    assert nav
    assert re.findall(r">([^<>]+)</", nav[0]) == ["English", "Français", "Deutsch", "Español"]
    assert re.findall(r'href="/\?lang=(..)"', nav[0]) == [other for other in LANGUAGES if other != language]
    assert f'aria-current="true" lang="{language}"' in nav[0]


class TestWhoIsRefused:
    @pytest.mark.parametrize("host", ["evil.example", "evil.example:8123", "127.0.0.1.evil.example", "10.0.0.1:8123", ""])
    async def test_a_name_that_is_not_this_machines_own_is_not_answered(self, browser, host):
        answer = await browser.get("/", headers={"Host": host})
        assert answer.status_code == 421
        assert VIN not in answer.text

    @pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8123", ""])
    async def test_a_form_of_another_page_changes_nothing(self, browser, car, origin):
        fields = {"token": await token(browser), "level": "3"}
        answer = await browser.post("/level", data=fields, headers={"Origin": origin})
        assert answer.status_code == 403
        assert car.core.privacy.level is Level.PRIVATE

    @pytest.mark.parametrize("fields", [{}, {"token": "x"}, {"token": ""}])
    async def test_a_form_without_the_pages_token_changes_nothing(self, browser, car, fields):
        for path, rest in (
            ("/level", {"level": "3"}),
            ("/switch", {"name": "trips", "to": "off"}),
            ("/pairing", {"code": "12345678"}),
        ):
            assert (await browser.post(path, data={**fields, **rest})).status_code == 403
        assert car.core.privacy.level is Level.PRIVATE
        assert car.core.switches()["trips"]

    async def test_a_change_by_get_does_not_exist(self, browser, car):
        assert (await browser.get(f"/level?level=3&token={await token(browser)}")).status_code == 405
        assert car.core.privacy.level is Level.PRIVATE

    async def test_nonsense_is_refused(self, browser, car):
        for level in ("0", "4", "x", ""):
            assert (await submit(browser, "/level", level=level)).status_code == 403
        assert (await submit(browser, "/switch", name="trips", to="perhaps")).status_code == 403
        assert (await submit(browser, "/level", level="2", more="x" * 40_000)).status_code == 403
        assert car.core.privacy.level is Level.PRIVATE

    async def test_what_an_address_says_is_never_shown_as_text(self, browser):
        page = (await browser.get("/?said=<script>alert(1)</script>&lang=<b>")).text
        assert "alert(1)" not in page
        assert "<b>" not in page


class Outline(HTMLParser):
    """What assistive technology finds in the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


class TestThePageItself:
    async def test_it_loads_nothing_from_elsewhere_and_runs_no_script_of_its_own_text(self, browser):
        answer = await browser.get("/")
        rules = answer.headers["content-security-policy"]
        assert "default-src 'none'" in rules
        assert "unsafe-inline" not in rules
        assert "frame-ancestors 'none'" in rules
        assert answer.headers["cache-control"] == "no-store"
        outline = Outline()
        outline.feed(answer.text)
        sources = [
            value for _, attributes in outline.tags for name, value in attributes.items() if name in ("src", "href", "action")
        ]
        assert sources
        assert all(value and value.startswith("/") and not value.startswith("//") for value in sources)
        assert not [name for _, attributes in outline.tags for name in attributes if name.startswith("on") or name == "style"]
        for path, media in (("/style.css", "text/css"), ("/refresh.js", "text/javascript")):
            assert (await browser.get(path)).headers["content-type"].startswith(media)

    @pytest.mark.parametrize("language", LANGUAGES)
    async def test_it_is_labelled_for_assistive_technology(self, browser, language):
        outline = Outline()
        outline.feed((await browser.get(f"/?lang={language}")).text)
        by_tag: dict[str, list[dict[str, str | None]]] = {}
        for tag, attributes in outline.tags:
            by_tag.setdefault(tag, []).append(attributes)
        assert by_tag["html"][0]["lang"] == language
        ids = {attributes["id"] for _, attributes in outline.tags if "id" in attributes}
        assert all(section["aria-labelledby"] in ids for section in by_tag["section"])
        visible = [i for i in by_tag["input"] if i.get("type") != "hidden"]
        assert {i["id"] for i in visible} == {label["for"] for label in by_tag["label"]}
        named = [b["aria-label"] for b in by_tag["button"] if "aria-label" in b]
        assert len(named) == len(set(named)), "two buttons with one name can't be told apart"
        assert "viewport" in {meta.get("name") for meta in by_tag["meta"]}
