"""An owner signs up, signs in, forgets the password, and looks after the account: over HTTP, on the real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio

from openmarque.domains.accounts.rules import RESET_WITHIN, SESSION_IDLE, SESSION_LIFE
from openmarque.kit.texts import LANGUAGES, texts
from tests.integration.api.conftest import watching
from tests.integration.api.people import OURS, PASSWORD, Town, new_address, person, town_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
NEW = "another horse battery"


@pytest_asyncio.fixture(loop_scope="session")
async def town(platform) -> AsyncIterator[Town]:
    async with town_of(platform) as made:
        yield made


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.mark.req("ACC-1a", "ACC-1c", "ACC-2a")
async def test_an_account_is_active_once_the_link_of_the_mail_is_followed(town: Town):
    browser, email = town.browser(), new_address()
    answer = await browser.post("/accounts", person(email, language="fr"))
    assert (answer.status_code, answer.content) == (202, b"")
    assert code(await browser.sign_in(email)) == (403, "not-confirmed")
    assert code(await browser.sign_in(email, "something else")) == (401, "sign-in-refused")
    [(template, letter)] = await town.mails(email)
    assert (template, letter.language) == ("confirm", "fr")
    assert (await browser.post("/accounts/confirmations", {"token": letter.fields["token"]})).status_code == 204
    signed_in = await browser.sign_in(email.upper())
    assert signed_in.status_code == 201
    assert signed_in.json() == (await browser.get("/account")).json()
    assert {k: v for k, v in signed_in.json().items() if k not in {"account_id", "created_at"}} == {
        "email": email, "given_name": "Ada", "family_name": "Lovelace", "language": "fr", "country": "FR",
        "time_zone": "Europe/Paris", "safety_code_set": False, "user_name": None, "mobile": None,
    }  # fmt: skip


@pytest.mark.req("NOT-1g")
@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_signs_up_is_written_to_in_the_language_of_the_account(town: Town, language: str):
    browser, email = town.browser(), new_address()
    assert (await browser.post("/accounts", person(email, language=language))).status_code == 202
    [(_, letter)] = await town.mails(email)
    assert letter.language == language
    assert letter.fields["at"].startswith(texts(language).moment(town.clock.now().astimezone(ZoneInfo("Europe/Paris"))))


@pytest.mark.req("ACC-1e", "ACC-1g")
async def test_a_link_works_once_and_the_mail_can_be_sent_again(town: Town):
    browser, email = town.browser(), new_address()
    await browser.post("/accounts", person(email))
    first = await town.token(email)
    assert (await browser.post("/accounts/confirmations/resend", {"email": email})).status_code == 202
    second = await town.token(email)
    assert first != second
    assert (await browser.post("/accounts/confirmations", {"token": second})).status_code == 204
    assert code(await browser.post("/accounts/confirmations", {"token": second})) == (400, "link-unusable")
    await browser.post("/accounts/confirmations/resend", {"email": email})
    assert len(await town.mails(email)) == 2, "an active account is sent no further link"


@pytest.mark.req("ACC-1e")
async def test_asked_for_again_each_claim_gets_its_link_with_the_moment_of_its_sign_up(town: Town):
    """Else a stranger who signs up with my address after me would have me activate the account whose password he knows."""
    browser, email = town.browser(), new_address()
    await browser.post("/accounts", person(email))
    mine_at = town.clock.now()
    town.clock.advance(timedelta(minutes=7))
    await browser.post("/accounts", person(email, password="the stranger's own words"))
    await browser.post("/accounts/confirmations/resend", {"email": email})
    mine, strangers, *again = [letter.fields for _, letter in await town.mails(email)]
    written = texts("en").moment(mine_at.astimezone(ZoneInfo("Europe/Paris")))
    assert mine["at"] == f"{written} (Europe/Paris)" != strangers["at"]
    by_moment = {fields["at"]: fields["token"] for fields in again}
    assert len(again) == 2
    assert by_moment.keys() == {mine["at"], strangers["at"]}
    assert (await browser.post("/accounts/confirmations", {"token": by_moment[mine["at"]]})).status_code == 204
    assert (await browser.post("/sessions", {"email": email, "password": PASSWORD})).status_code == 201


@pytest.mark.req("ACC-1f")
async def test_a_link_runs_out_after_a_day_and_the_next_one_works(town: Town):
    browser, email = town.browser(), new_address()
    await browser.post("/accounts", person(email))
    town.clock.advance(timedelta(hours=24))
    assert code(await browser.post("/accounts/confirmations", {"token": await town.token(email)})) == (400, "link-unusable")
    await browser.post("/accounts/confirmations/resend", {"email": email})
    town.clock.advance(timedelta(hours=23, minutes=59))
    assert (await browser.post("/accounts/confirmations", {"token": await town.token(email)})).status_code == 204


async def test_who_followed_his_link_first_has_the_address_and_other_claims_are_void(town: Town):
    """A stranger signs up with my address before me and again after me: neither lets him in, my link works."""
    stranger, owner, email = town.browser(), town.browser(), new_address()
    await stranger.post("/accounts", person(email, password="the strangers own", given_name="Eve"))
    await owner.post("/accounts", person(email))
    mine = await town.token(email)
    await stranger.post("/accounts", person(email, password="the strangers own", given_name="Eve"))
    assert (await owner.post("/accounts/confirmations", {"token": mine})).status_code == 204
    others = [letter.fields["token"] for _, letter in await town.mails(email) if letter.fields["token"] != mine]
    assert len(others) == 2
    for token in others:
        assert code(await stranger.post("/accounts/confirmations", {"token": token})) == (400, "link-unusable")
    assert code(await stranger.sign_in(email, "the strangers own")) == (401, "sign-in-refused")
    assert (await owner.sign_in(email)).json()["given_name"] == "Ada"


async def test_of_two_links_followed_at_the_same_moment_one_wins(town: Town):
    browser, email = town.browser(), new_address()
    for _ in range(2):
        await browser.post("/accounts", person(email))
    tokens = [letter.fields["token"] for _, letter in await town.mails(email)]
    answers = await asyncio.gather(*(browser.post("/accounts/confirmations", {"token": token}) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [204, 400]
    [row] = await town.rows(
        "SELECT count(*) FROM account_credential c JOIN account a USING (account_id)"
        " WHERE c.email_key = %s AND c.confirmed_at IS NOT NULL AND a.closed_at IS NULL",
        email,
    )
    assert row == (1,)


async def test_an_address_that_has_an_account_gets_a_mail_that_says_so(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email, language="fr")
    again = await browser.post("/accounts", person(email.replace("ada", "ADA"), language="en"))
    assert (again.status_code, again.content) == (202, b"")
    template, letter = (await town.mails(email))[-1]
    assert (template, letter.language, letter.fields) == ("already", "fr", {}), "in the owner's language, not the asker's"


@pytest.mark.req("ACC-2c", "ACC-2f")
async def test_a_forgotten_password_is_set_anew_by_mail_and_everything_that_was_open_is_shut(town: Town):
    browser, phone, email = town.browser(), town.browser(), new_address()
    await town.settle(browser, email)
    account_id = (await browser.sign_in(email)).json()["account_id"]
    await phone.sign_in(email)
    async with town.platform.database.begin() as tx:
        token = await town.platform.accounts.issue_token(tx, account_id, town.clock.now())
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await town.browser().http.get("/api/v1/account", headers=bearer)).status_code == 200

    assert (await browser.post("/accounts/password-resets", {"email": email})).status_code == 202
    body = {"token": await town.token(email, "reset"), "new_password": NEW}
    assert (await browser.post("/accounts/password-resets/confirm", body)).status_code == 204
    for shut in (await browser.get("/account"), await phone.get("/account")):
        assert code(shut) == (401, "not-signed-in")
    assert (await town.browser().http.get("/api/v1/account", headers=bearer)).status_code == 401
    assert code(await browser.post("/accounts/password-resets/confirm", body)) == (400, "link-unusable")
    assert code(await browser.sign_in(email)) == (401, "sign-in-refused")
    assert (await browser.sign_in(email, NEW)).status_code == 201
    assert (await town.mails(email))[-1][0] == "password_changed"


async def test_a_link_to_set_a_password_runs_out_after_an_hour_and_a_newer_password_voids_it(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    await browser.post("/accounts/password-resets", {"email": email})
    late = await town.token(email, "reset")
    town.clock.advance(RESET_WITHIN)
    body = {"token": late, "new_password": NEW}
    assert code(await browser.post("/accounts/password-resets/confirm", body)) == (400, "link-unusable")
    await browser.sign_in(email)
    await browser.post("/accounts/password-resets", {"email": email})
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert (await browser.request("PUT", "/account/password", change)).status_code == 204
    body = {"token": await town.token(email, "reset"), "new_password": "the thiefs own one"}
    assert code(await browser.post("/accounts/password-resets/confirm", body)) == (400, "link-unusable")


@pytest.mark.req("ACC-2c")
async def test_a_link_to_set_a_password_also_proves_the_address(town: Town):
    browser, email = town.browser(), new_address()
    await browser.post("/accounts", person(email))
    await browser.post("/accounts/password-resets", {"email": email})
    body = {"token": await town.token(email, "reset"), "new_password": NEW}
    assert (await browser.post("/accounts/password-resets/confirm", body)).status_code == 204
    assert (await browser.sign_in(email, NEW)).status_code == 201


@pytest.mark.req("ACC-2e", "ACC-3b")
async def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(town: Town):
    here, lost, email = town.browser(), town.browser(), new_address()
    await town.settle(here, email)
    await here.sign_in(email)
    await lost.sign_in(email)
    wrong = {"current_password": "not the one at all", "new_password": NEW}
    assert code(await here.request("PUT", "/account/password", wrong)) == (403, "password-wrong")
    assert (await lost.get("/account")).status_code == 200
    right = {"current_password": PASSWORD, "new_password": NEW}
    assert (await here.request("PUT", "/account/password", right)).status_code == 204
    assert (await here.get("/account")).status_code == 200
    assert code(await lost.get("/account")) == (401, "not-signed-in")
    assert (await town.mails(email))[-1][0] == "password_changed"


async def test_the_owner_sees_where_he_is_signed_in_and_ends_one_of_them(town: Town):
    here, there, email = town.browser(), town.browser(), new_address()
    await town.settle(here, email)
    firefox = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
    await here.post("/sessions", {"email": email, "password": PASSWORD}, **{"User-Agent": firefox})
    town.clock.advance(timedelta(minutes=1))
    await there.sign_in(email)
    listed = (await here.get("/sessions")).json()["items"]
    assert [(item["agent"], item["current"]) for item in listed] == [("another program", False), ("Firefox · Android", True)]
    address = f"/sessions/{listed[0]['session_id']}"
    assert (await here.request("DELETE", address)).status_code == 204
    assert code(await here.request("DELETE", address)) == (404, "session-not-found")
    assert code(await there.get("/account")) == (401, "not-signed-in")
    assert (await here.request("DELETE", "/sessions/current")).status_code == 204
    assert "om_session" not in here.http.cookies
    assert code(await here.get("/account")) == (401, "not-signed-in")


async def test_a_session_ends_after_30_days_without_use_and_after_90_in_any_case(town: Town):
    idle, used, email = town.browser(), town.browser(), new_address()
    await town.settle(idle, email)
    await idle.sign_in(email)
    await used.sign_in(email)
    began = town.clock.now()
    while town.clock.now() - began < SESSION_LIFE - timedelta(days=1):
        assert (await used.get("/account")).status_code == 200
        town.clock.advance(SESSION_IDLE - timedelta(hours=1))
        if town.clock.now() - began > SESSION_IDLE:
            assert (await idle.get("/account")).status_code == 401
    town.clock.advance(began + SESSION_LIFE - town.clock.now())
    assert (await used.get("/account")).status_code == 401


async def test_using_a_session_writes_at_most_once_an_hour(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    await browser.sign_in(email)
    first = (await browser.get("/sessions")).json()["items"][0]["used_at"]
    town.clock.advance(timedelta(minutes=59))
    assert (await browser.get("/sessions")).json()["items"][0]["used_at"] == first
    town.clock.advance(timedelta(minutes=1))
    assert (await browser.get("/sessions")).json()["items"][0]["used_at"] != first


async def test_the_event_stream_of_an_ended_session_ends_within_15_seconds(town: Town, street):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    account_id = (await browser.sign_in(email)).json()["account_id"]
    owner = await street.owner()
    car = await street.car(owner)
    async with town.platform.database.begin() as tx:
        now = town.platform.clock.now()
        await town.platform.garage.end_tenure(tx, car.tenure_id, now)
        await town.platform.garage.start_tenure(tx, car.vehicle_id, account_id, now)
    town.clock.advance(timedelta(minutes=5))
    async with watching(town.app, f"{car.address}/events", {"cookie": f"om_session={browser.cookie}"}) as stream:
        assert stream.status == 200
        assert (await stream.event())[0] == "snapshot"
        await browser.request("DELETE", "/sessions/current")
        assert (await stream.event(within_s=16))[0::2] == ("end", {"code": "not-signed-in"})


@pytest.mark.req("ACC-3f", "ACC-3g")
async def test_language_country_and_time_zone_can_be_changed_one_by_one(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    await browser.sign_in(email)
    changed = await browser.request("PATCH", "/account", {"country": "MA", "time_zone": "Africa/Casablanca"})
    assert changed.status_code == 200
    assert changed.json() == (await browser.get("/account")).json()
    assert [changed.json()[name] for name in ("language", "country", "time_zone")] == ["en", "MA", "Africa/Casablanca"]
    for language in ("de", "es", "fr"):
        assert (await browser.request("PATCH", "/account", {"language": language})).json()["language"] == language
    for wrong in ({"country": "France"}, {"language": "xx"}, {"time_zone": "Mars/Olympus"}, {"email": "x@example.com"}):
        assert code(await browser.request("PATCH", "/account", wrong)) == (422, "request-invalid")


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "no address"}, {"email": "ada@localhost"}, {"email": "ada@example.com\r\nBcc: eve@example.com"},
        {"password": "short"}, {"password": "x" * 129}, {"given_name": ""}, {"given_name": "A\0da"}, {"family_name": "\u202eevil"},
        {"given_name": "x" * 81}, {"language": "it"}, {"country": "fr"}, {"time_zone": "Europe/Atlantis"}, {"role": "staff"},
    ],
)  # fmt: skip
async def test_what_is_no_sign_up_is_refused_with_the_member_that_is_wrong(town: Town, changes: dict[str, str]):
    answer = await town.browser().post("/accounts", person("ada@example.com", **changes))
    assert code(answer) == (422, "request-invalid")
    assert {error["name"] for error in answer.json()["errors"]} == set(changes)


async def test_the_mail_address_is_no_password(town: Town):
    for password in ("Ada.Lovelace@example.com", "ada.lovelace", "aaaaaaaaaaaa"):
        answer = await town.browser().post("/accounts", person("ada.lovelace@example.com", password=password))
        assert code(answer) == (422, "password-unfit")


@pytest.mark.req("ACC-2a")
async def test_a_password_is_the_same_on_keyboards_that_write_accents_differently(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email, password="caf\u00e9 au lait")
    assert (await browser.sign_in(email, "cafe\u0301 au lait")).status_code == 201


async def test_a_program_with_a_token_needs_no_proof_of_its_page(town: Town, street):
    owner = await street.owner()
    answer = await town.browser().http.patch("/api/v1/account", json={"language": "en"}, headers=owner.headers)
    assert (answer.status_code, answer.json()["email"]) == (200, None)
    gone = await town.browser().http.delete("/api/v1/sessions/current", headers=owner.headers | OURS)
    assert code(gone) == (404, "session-not-found"), "a token is no session"
