"""Settings on the head unit: forms made from the declarations, what is set in them, and what is told of it."""

import re

import httpx
import pytest
import pytest_asyncio

from openmarque.car.headunit import HeadUnit
from openmarque.kit.texts import LANGUAGES
from openmarque.protocol import documents as d
from tests.cars import START_MS
from tests.probe_service import messages as m
from tests.probe_service import probe_installed
from tests.unit.car.test_documents import CATALOGUE, Owned
from tests.unit.car.test_headunit import BASE, VIN, Cockpit, submit, token

TYPED = {"member.limit_kmh": "100", "member.tone": "voice", "member.name": "for Ada"}


@pytest.fixture(autouse=True)
def probe():
    with probe_installed():
        yield


@pytest.fixture
def owned() -> Owned:
    return Owned()


@pytest_asyncio.fixture
async def browser(owned: Owned):
    unit = HeadUnit(Cockpit(owned.car, owned.platform), CATALOGUE, VIN)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(unit.app), base_url=BASE, headers={"Origin": BASE}) as client:
        yield client


async def form_of(browser: httpx.AsyncClient, kind: str = m.LIMITS, language: str = "en") -> str:
    """The row of a kind as the page shows it."""
    page = (await browser.get(f"/?lang={language}")).text
    return page.split(f'id="setting-{kind}"')[1].split('id="setting-')[0].split("</section>")[0]


async def sets(browser: httpx.AsyncClient, made_from: str = "", **fields: str) -> httpx.Response:
    found = re.search(r'name="made_from" value="([0-9a-f]+)"', await form_of(browser))
    assert found
    return await submit(browser, "/settings", **({"setting": m.LIMITS, "made_from": made_from or found[1]} | fields))


def limits(owned: Owned) -> m.Limits:
    body = owned.car.core.setting(m.LIMITS).body
    assert isinstance(body, m.Limits)
    return body


async def test_each_setting_is_a_form_with_what_counts_now_and_the_limits_of_its_members(browser, owned):
    owned.gets(m.Limits(90, quiet=True, windows=(m.Window(),)))
    form = await form_of(browser)
    assert '<label for="probe_limits-limit_kmh">At most (en) (km/h)</label>' in form
    assert 'name="member.limit_kmh" type="number" min="30" max="250" required value="90">' in form
    assert 'name="member.quiet" type="checkbox" checked>' in form
    assert '<option value="bell" selected>A bell (en)</option>' in form
    assert "Set by the owner's app. Set in the app: windows." in form.replace("&#x27;", "'")
    assert "member.windows" not in form


async def test_what_is_set_in_the_app_alone_has_no_form(browser):
    assert "Set in the app: circles." in await form_of(browser, m.PLACES)
    page = (await browser.get("/")).text
    assert 'value="probe_places"' not in page
    assert "probe_campaign" not in page, "only the platform sets it"


async def test_what_is_typed_counts_at_once_and_leaves_the_rest_as_it_is(browser, owned):
    windows = (m.Window(60, 120),)
    owned.gets(m.Limits(90, quiet=True, windows=windows))
    answer = await sets(browser, **TYPED)
    assert (answer.status_code, limits(owned)) == (200, m.Limits(100, False, "voice", "for Ada", windows))
    assert 'class="said">Done.' in answer.text
    assert [report.state for report in owned.told][-1] is d.ReportState.CHANGED
    told = await form_of(browser)
    assert "Set by this screen." in told
    assert "The app does not show it yet" in told


async def test_a_form_of_before_another_change_sets_nothing_and_shows_what_counts(browser, owned):
    owned.gets(m.Limits(90))
    found = re.search(r'name="made_from" value="([0-9a-f]+)"', await form_of(browser))
    assert found
    owned.gets(m.Limits(70), START_MS + 1)
    answer = await sets(browser, found[1], **TYPED)
    assert (answer.status_code, limits(owned)) == (409, m.Limits(70))
    assert "Nothing was set. It was changed elsewhere a moment before, and that is what counts." in answer.text
    assert 'required value="70">' in answer.text


async def test_what_lost_is_shown_until_it_is_set_again(browser, owned):
    owned.gets(m.Limits(90))
    await sets(browser, **TYPED)
    owned.gets(m.Limits(70, name="for Ada"), START_MS + 1, change=owned.told[-1].change)
    lost = "Set here, and it did not count, since the owner&#x27;s app was faster: At most (en): 100 km/h, tone: voice."
    assert lost in (await browser.get("/")).text
    assert 'required value="70">' in await form_of(browser)
    await sets(browser, **TYPED)
    assert "did not count" not in (await browser.get("/")).text


@pytest.mark.parametrize(
    "fields",
    [
        {"member.limit_kmh": "29"},
        {"member.limit_kmh": "251"},
        {"member.limit_kmh": "9" * 400},
        {"member.limit_kmh": "1e2"},
        {"member.limit_kmh": ""},
        {"member.limit_kmh": "NaN"},
        {"member.tone": "horn"},
        {"member.name": "a" * 41},
        {"member.name": "monday"},
        {"member.windows": "[]"},
        {"member.nobody_declared": "1"},
        {"setting": "probe_campaign"},
        {"setting": "no such kind"},
        {"setting": ""},
        {"made_from": "0" * 64},
    ],
)
async def test_what_the_form_does_not_offer_changes_nothing(browser, owned, fields):
    owned.gets(m.Limits(90))
    answer = await sets(browser, **(TYPED | fields))
    assert answer.status_code == 409
    assert "Nothing was set." in answer.text
    assert limits(owned) == m.Limits(90)


async def test_a_form_of_another_page_or_of_endless_fields_is_none_of_ours(browser, owned):
    owned.gets(m.Limits(90))
    page_token = await token(browser)
    foreign = await browser.post("/settings", data=TYPED, headers={"Origin": "http://evil.example"})
    endless = await browser.post("/settings", data={"token": page_token} | {f"member.{n}": "1" for n in range(200)})
    large = await browser.post("/settings", data={"token": page_token, "member.name": "a" * 40_000})
    assert {foreign.status_code, endless.status_code, large.status_code} == {403}
    assert limits(owned) == m.Limits(90)


async def test_why_a_setting_is_closed_is_told_in_its_place(browser, owned):
    owned.gets(m.Limits(90))
    owned.talks(owned.car.switch("probe", on=False))
    told = await form_of(browser)
    assert 'name="setting"' not in told
    answer = await submit(browser, "/settings", setting=m.LIMITS, made_from=d.body_hash(d.write_body(m.Limits(90))), **TYPED)
    assert (answer.status_code, limits(owned)) == (409, m.Limits(90))


async def test_the_page_knows_by_itself_when_another_setting_counts(browser, owned):
    async def shown() -> str:
        return (await browser.get("/state")).json()["settings"]

    before = await shown()
    assert f'data-shown="{before}"' in (await browser.get("/")).text
    assert await shown() == before
    owned.gets(m.Limits(90))
    assert await shown() != before
    assert "showSettings(state.settings)" in (await browser.get("/refresh.js")).text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_section_speaks_the_language_of_the_page(browser, owned, language):
    section = await form_of(browser, language=language)
    assert ("(en)" in section) is (language == "en")
    assert "screen." not in section
