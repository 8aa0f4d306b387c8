"""Settings on the head unit: forms made from the declarations, what is set in them, and what is told of it."""

import re
from html import unescape

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
    return setting_in(page, kind)


async def sets(browser: httpx.AsyncClient, made_from: str = "", **fields: str) -> httpx.Response:
    found = re.search(r'name="made_from" value="([0-9a-f]+)"', await form_of(browser))
    assert found
    return await submit(browser, "/settings", **({"setting": m.LIMITS, "made_from": made_from or found[1]} | fields))


def setting_in(page: str, kind: str = m.LIMITS) -> str:
    behind = page.partition(f'id="setting-{kind}"')[2]
    return behind.partition('id="setting-')[0].partition("</section>")[0]


async def sends(browser: httpx.AsyncClient, form: str, **fields: str) -> httpx.Response:
    """Send a form as a browser does: every field that it shows, and `fields` typed into it."""
    held = dict(re.findall(r'<input [^>]*?name="([^"]+)"[^>]*? value="([^"]*)"', form))
    held |= dict.fromkeys(re.findall(r'<input [^>]*?name="([^"]+)"[^>]*?type="checkbox" checked', form), "on")
    chosen = re.findall(r'<select [^>]*?name="([^"]+)".*?<option value="([^"]*)" selected', form)
    return await submit(browser, "/settings", **({unescape(k): unescape(v) for k, v in held.items()} | dict(chosen) | fields))


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
    assert "Set by the owner's app." in form.replace("&#x27;", "'")
    assert (
        '<fieldset><legend>windows 1</legend><span class="field"><label for="probe_limits-windows.0.from_min">From (en) (min)</label>'
        in form
    )
    assert 'name="member.windows.0.until_min" type="number" min="0" max="1439" required value="1439">' in form
    assert "probe_campaign" not in (await browser.get("/")).text, "only the platform sets it"


async def test_rows_are_added_changed_and_removed_and_nothing_is_set_before_it_is_said(browser, owned):
    owned.gets(m.Limits(90, windows=(m.Window(60, 120),)))
    added = await sends(browser, await form_of(browser), row="add:windows", **{"member.limit_kmh": "100"})
    assert (added.status_code, limits(owned).limit_kmh) == (200, 90)
    form = setting_in(added.text)
    assert "Not set yet." in form
    assert 'name="member.limit_kmh" type="number" min="30" max="250" required value="100">' in form, "what was typed is kept"
    assert 'name="member.windows.1.from_min" autofocus type="number" min="0" max="1439" required value="0">' in form
    assert 'data-draft="true"' in added.text, "the page does not begin anew by itself"
    set_now = await sends(browser, form, **{"member.windows.1.from_min": "600", "member.windows.1.until_min": "660"})
    assert 'class="said">Done.' in set_now.text
    assert limits(owned) == m.Limits(100, windows=(m.Window(60, 120), m.Window(600, 660)))
    removed = setting_in((await sends(browser, await form_of(browser), row="remove:windows.0")).text)
    await sends(browser, removed)
    assert limits(owned).windows == (m.Window(600, 660),)
    report = owned.told[-1]
    assert (report.state, d.read_body(report.body, m.Limits, max_bytes=8192)) == (d.ReportState.CHANGED, limits(owned)), (
        "the app shows it, too"
    )


async def test_a_list_takes_as_many_rows_as_it_may_have(browser, owned):
    form = await form_of(browser, m.PLACES)
    for _ in range(4):
        assert 'value="add:circles"' in form
        form = setting_in((await sends(browser, form, row="add:circles")).text, m.PLACES)
    assert 'value="add:circles"' not in form
    again = setting_in((await sends(browser, form, row="add:circles")).text, m.PLACES)
    assert again.count("<fieldset><legend>circles ") == 4
    await sends(browser, form, **{"member.circles.3.radius_m": "900"})
    body = owned.car.core.setting(m.PLACES).body
    assert isinstance(body, m.Places)
    assert [circle.radius_m for circle in body.circles] == [500, 500, 500, 900]


async def test_what_does_not_fit_is_told_at_its_field_and_nothing_typed_is_lost(browser, owned):
    owned.gets(m.Limits(90, windows=(m.Window(),)))
    wrong = {"member.limit_kmh": "20", "member.name": "for Ada", "member.windows.0.until_min": "1500"}
    answer = await sends(browser, await form_of(browser), **wrong)
    assert (answer.status_code, limits(owned).limit_kmh) == (409, 90)
    form = setting_in(answer.text)
    assert 'aria-invalid="true" aria-describedby="probe_limits-limit_kmh-wrong" autofocus' in form
    assert 'id="probe_limits-limit_kmh-wrong">Possible here: 30 … 250 km/h.<' in form
    assert 'id="probe_limits-windows.0.until_min-wrong">Possible here: 0 … 1439 min.<' in form
    assert form.count("Possible here") == 2
    assert ('value="for Ada"' in form, 'required value="20"' in form) == (True, True)
    refused = setting_in((await sends(browser, await form_of(browser), **{"member.name": "monday"})).text)
    assert 'value="monday"' in refused, "also where the service refuses it"


@pytest.mark.parametrize(
    "row", ["", "add", "add:", "add:limit_kmh", "add:windows.0", "add:windows.9.x", "remove:windows", "remove:windows.9", "remove:windows.-1",
            "remove:windows." + "9" * 99, "add:..", "drop:windows.0", "remove:windows.²"]
)  # fmt: skip
async def test_a_row_that_is_not_there_changes_nothing_in_the_draft(browser, owned, row):
    owned.gets(m.Limits(90, windows=(m.Window(60, 120),)))
    answer = await sends(browser, await form_of(browser), row=row)
    assert (answer.status_code, setting_in(answer.text).count("<legend>windows 1</legend>")) == (200, 1)
    assert limits(owned) == m.Limits(90, windows=(m.Window(60, 120),))


async def test_the_enter_key_presses_no_button_that_removes_a_row(browser, owned):
    owned.gets(m.Limits(90, windows=(m.Window(),)))
    form = await form_of(browser)
    assert form.index('<button class="enter"') < form.index('<button name="row"')


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
        {"member.windows.0.from_min": "5"},
        {"member.windows#": "1", "member.windows.0.from_min": "-1"},
        {"member.windows#": "1", "member.windows.0.from_min": "5", "member.windows.1.from_min": "5"},
        {"member.windows#": "1", "member.windows.0.from_min": "5", "member.windows.0.colour": "red"},
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
    endless = await browser.post("/settings", data={"token": page_token} | {f"m.{n}": "1" for n in range(2_000)})
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
