"""What somebody tries who wants into an account that is not his, or to know whether there is one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from openmarque.domains.accounts.passwords import Passwords
from openmarque.domains.accounts.rules import ADDRESS, ADDRESS_AND_CLIENT, CLIENT
from openmarque.engines.postgres import PostgresServer
from openmarque.http.guard import MAX_BODY_BYTES
from openmarque.storage.postgres import PostgresTransaction
from tests.conftest import BUDGET
from tests.integration.api.people import OURS, PASSWORD, Town, new_address, person, town_of

pytestmark = pytest.mark.asyncio(loop_scope="session")
NEW = "another horse battery"


@pytest_asyncio.fixture(loop_scope="session")
async def town(platform) -> AsyncIterator[Town]:
    async with town_of(platform) as made:
        yield made


@pytest.fixture
def quick(monkeypatch) -> list[str | None]:
    """Where a thousand tries are counted, not hashed: the hash that each was compared with. The right password is still the right one."""
    compared: list[str | None] = []

    async def prove(self, hashed, password):
        await asyncio.sleep(0)
        compared.append(hashed)
        return hashed is not None and password == PASSWORD

    monkeypatch.setattr(Passwords, "prove", prove)
    return compared


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def same(response: httpx.Response) -> tuple[int, Any, dict[str, str]]:
    """An answer without what names the request."""
    body = response.json() if response.content else {}
    body.pop("instance", None)
    return response.status_code, body, {k: v for k, v in response.headers.items() if k != "request-id"}


# Enumeration


@pytest.mark.parametrize("path", ["/accounts", "/accounts/confirmations/resend", "/accounts/password-resets", "/sessions"])
async def test_known_and_unknown_addresses_get_the_same_answer_after_the_same_statements_and_hashes(
    town: Town, monkeypatch, path: str
):
    owner, known = town.browser(), new_address()
    await town.settle(owner, known)
    claimed = new_address()
    await owner.post("/accounts", person(claimed))
    done: list[object] = []
    execute, prove, hash_ = PostgresTransaction.execute, Passwords.prove, Passwords.hash

    async def noting(self, role, query, parameters=()):
        done.append((role, query))
        return await execute(self, role, query, parameters)

    async def proving(self, hashed, password):
        done.append("a password is proved")
        return await prove(self, hashed, password)

    async def hashing(self, password):
        done.append("a password is hashed")
        return await hash_(self, password)

    monkeypatch.setattr(PostgresTransaction, "execute", noting)
    monkeypatch.setattr(Passwords, "prove", proving)
    monkeypatch.setattr(Passwords, "hash", hashing)
    seen = []
    for email in (known, claimed, new_address()):
        body = {
            "/accounts": person(email),
            "/sessions": {"email": email, "password": "not the password"},
        }.get(path, {"email": email})
        done.clear()
        answer = await town.browser().post(path, body)
        seen.append((same(answer), list(done)))
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0][1]) >= 4


async def test_nobody_is_hashed_for_like_somebody():
    """The work for an unknown address is a verification with the same parameters, not a hash of another kind and not none."""
    passwords = Passwords()
    assert not await passwords.prove(None, PASSWORD)
    assert not await passwords.prove(None, "nobody has this password"), "not even the one that nobody has"
    assert passwords._nobodys is not None
    assert not passwords.is_old(passwords._nobodys)
    assert passwords._nobodys.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


# Guessing


async def test_of_hundreds_of_guesses_at_once_few_are_looked_at(town: Town, quick):
    owner, email = town.browser(), new_address()
    await town.settle(owner, email)
    quick.clear()
    thief = town.browser()
    answers = await asyncio.gather(*(thief.sign_in(email, f"guess number {n}") for n in range(BUDGET.of(300, 1000))))
    assert len(quick) <= ADDRESS_AND_CLIENT.locked_from
    # 503 where the machine is too busy to give each a connection in time.
    assert {401, 429} <= {answer.status_code for answer in answers} <= {401, 429, 503}
    locked = await thief.sign_in(email)
    assert code(locked) == (429, "too-many-tries"), "even the right password: the thief learns nothing"
    assert 0 < int(locked.headers["retry-after"]) <= 15 * 60


async def test_guesses_over_a_whole_day_are_slowed_down_to_a_few(town: Town, quick):
    owner, thief, email = town.browser(), town.browser(), new_address()
    await town.settle(owner, email)
    quick.clear()
    tries = BUDGET.of(200, 1000)
    for number in range(tries):
        await thief.sign_in(email, f"guess number {number}")
        town.clock.advance(timedelta(days=1) / tries)
    assert len(quick) <= 25


async def test_many_machines_guess_no_faster_and_do_not_keep_the_owner_out(town: Town, quick):
    owner, email = town.browser(), new_address()
    await town.settle(owner, email)
    assert (await owner.sign_in(email)).status_code == 201
    quick.clear()
    for machine in range(200):
        await town.browser(f"203.0.{113 + machine // 250}.{machine % 250}").sign_in(email, "some guess of many")
        town.clock.advance(timedelta(seconds=1))
    assert len(quick) <= ADDRESS.locked_from
    assert code(await town.browser().sign_in(email)) == (429, "too-many-tries"), "the address is locked for strangers"
    assert (await owner.sign_in(email)).status_code == 201, "not for the client where the owner got in before"


async def test_a_locked_out_owner_gets_back_in_by_mail_while_others_go_on_guessing(town: Town, quick):
    owner, email = town.browser(), new_address()
    await town.settle(town.browser(), email)
    for machine in range(60):
        await town.browser(f"203.1.113.{machine}").sign_in(email, "some guess of many")
        await owner.sign_in(email, "i have forgotten it")
        town.clock.advance(timedelta(seconds=1))
    assert code(await owner.sign_in(email)) == (429, "too-many-tries")
    assert (await owner.post("/accounts/password-resets", {"email": email})).status_code == 202
    body = {"token": await town.token(email, "reset"), "new_password": NEW}
    assert (await owner.post("/accounts/password-resets/confirm", body)).status_code == 204
    for machine in range(60):
        await town.browser(f"203.2.113.{machine}").sign_in(email, "some guess of many")
    assert (await owner.sign_in(email, PASSWORD)).status_code == 201


async def test_one_password_is_not_tried_on_many_addresses(town: Town, quick):
    thief = town.browser()
    answers = [(await thief.sign_in(new_address(), "summer2026!")).status_code for _ in range(CLIENT.locked_from + 20)]
    assert answers.count(401) == CLIENT.free
    own = new_address()
    await town.settle(town.browser(), own)
    town.clock.advance(timedelta(seconds=2))
    assert (await thief.sign_in(own)).status_code == 201
    again = [(await thief.sign_in(new_address(), "summer2026!")).status_code for _ in range(5)]
    assert again.count(401) <= 1, "signing in to his own account does not wipe the others out"


async def test_a_borrowed_device_does_not_guess_the_password_either(town: Town, quick):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    await browser.sign_in(email)
    tries = [{"current_password": f"guess number {n}", "new_password": NEW} for n in range(30)]
    answers = [(await browser.request("PUT", "/account/password", body)).status_code for body in tries]
    assert answers.count(403) <= ADDRESS_AND_CLIENT.locked_from
    assert answers[-1] == 429


async def test_nobody_is_flooded_with_mails_through_us(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    path = "/accounts/password-resets"
    answers = [(await town.browser().post(path, {"email": email})).status_code for _ in range(30)]
    assert answers.count(202) <= 5
    assert answers[-1] == 429
    one = town.browser()
    answers = [(await one.post(path, {"email": new_address()})).status_code for _ in range(60)]
    assert answers.count(202) <= 25


async def test_what_waits_to_be_hashed_is_bounded(town: Town):
    passwords = Passwords()
    passwords._hasher = PasswordHasher.from_parameters(CHEAPEST)
    hashed = await passwords.hash(PASSWORD)
    answers = await asyncio.gather(*(passwords.prove(hashed, "wrong") for _ in range(70)), return_exceptions=True)
    assert sum(isinstance(answer, Exception) for answer in answers) == 6


# Links and cookies


async def test_a_link_for_one_purpose_does_not_serve_another(town: Town):
    browser, email = town.browser(), new_address()
    await browser.post("/accounts", person(email))
    confirm = await town.token(email)
    reset = {"token": confirm, "new_password": NEW}
    assert code(await browser.post("/accounts/password-resets/confirm", reset)) == (400, "link-unusable")
    await browser.post("/accounts/password-resets", {"email": email})
    token = await town.token(email, "reset")
    assert code(await browser.post("/accounts/confirmations", {"token": token})) == (400, "link-unusable")
    for cookie in (confirm, token):
        stolen = await browser.http.get("/api/v1/account", headers={"Cookie": f"om_session={cookie}"})
        assert stolen.status_code == 401
        assert (await browser.http.get("/api/v1/account", headers={"Authorization": f"Bearer {cookie}"})).status_code == 401
    assert (await browser.post("/accounts/confirmations", {"token": confirm})).status_code == 204, "tries use up nothing"


async def test_of_one_link_followed_many_times_at_once_one_works(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    await browser.post("/accounts/password-resets", {"email": email})
    token = await town.token(email, "reset")
    bodies = [{"token": token, "new_password": f"password number {n}"} for n in range(5)]
    answers = await asyncio.gather(*(browser.post("/accounts/password-resets/confirm", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [204, 400, 400, 400, 400]
    won = [body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 204]
    assert (await browser.sign_in(email, won[0]["new_password"])).status_code == 201


async def test_the_database_holds_no_link_cookie_or_password_that_could_be_used(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    await browser.sign_in(email)
    await browser.post("/accounts/password-resets", {"email": email})
    secrets = [PASSWORD, browser.cookie, await town.token(email, "reset"), await town.token(email)]
    with psycopg.connect(PostgresServer(town.platform.settings).address()) as connection:
        tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        dump = "".join(str(connection.execute(f"SELECT * FROM {table}").fetchall()) for table in tables)
    assert email in dump
    for secret in secrets:
        assert secret not in dump


async def test_the_cookie_is_for_our_pages_alone(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    flags = (await browser.sign_in(email)).headers["set-cookie"]
    assert {part.strip().lower() for part in flags.split(";")[1:]} == {
        "httponly",
        "max-age=7776000",
        "path=/",
        "samesite=strict",
    }
    behind_tls = await browser.post("/sessions", {"email": email, "password": PASSWORD}, **{"X-Forwarded-Proto": "https"})
    assert "; Secure" in behind_tls.headers["set-cookie"]


@pytest.mark.parametrize(
    "said",
    [
        {}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:9999"}, {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
)  # fmt: skip
async def test_a_page_of_somebody_elses_changes_nothing_with_a_stolen_cookie(town: Town, said: dict[str, str]):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    await browser.sign_in(email)
    for method, path in (("PATCH", "/account"), ("DELETE", "/sessions/current"), ("PUT", "/account/password")):
        answer = await browser.http.request(method, f"/api/v1{path}", json={"language": "fr"}, headers=said)
        assert code(answer) == (403, "cross-site-refused"), path
    assert (await browser.get("/account")).json()["language"] == "en"
    ours = await browser.http.patch("/api/v1/account", json={"language": "fr"}, headers={"Origin": "http://localhost"})
    assert ours.status_code == 200, "a browser without Fetch Metadata names its origin"


async def test_nobody_is_signed_in_unawares_by_another_page(town: Town):
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    body = {"email": email, "password": PASSWORD}
    for said in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = await browser.http.post("/api/v1/sessions", json=body, headers=said)
        assert code(answer) == (403, "cross-site-refused")
    form = await browser.http.post("/api/v1/sessions", data=body, headers=OURS)
    assert code(form) == (422, "request-invalid"), "and a form is not read at all"
    assert (await browser.http.post("/api/v1/sessions", json=body)).status_code == 201, "a program says nothing of its page"


async def test_a_cookie_that_a_thief_has_planted_is_never_the_one_of_the_session(town: Town):
    """Session fixation: the value that stood in the browser before is not taken over, and what it opened is shut."""
    browser, thief = town.browser(), town.browser()
    email, thiefs = new_address(), new_address()
    await town.settle(browser, email)
    await town.settle(thief, thiefs)
    await thief.sign_in(thiefs)
    planted = thief.cookie
    for value in ("oms_" + "A" * 43, planted):
        browser.http.cookies.clear()
        browser.http.cookies.set("om_session", value, domain="localhost.local", path="/")
        answer = await browser.sign_in(email)
        assert answer.status_code == 201
        given = answer.headers["set-cookie"].partition("om_session=")[2].partition(";")[0]
        assert given not in {value, planted}
        old = await town.browser().http.get("/api/v1/account", headers={"Cookie": f"om_session={value}"})
        assert old.status_code == 401


async def test_a_neighbour_under_the_same_domain_plants_no_session_of_his_own_behind_tls(town: Town):
    """Login forgery: a cookie that a sibling host or a page without TLS can set would sign the owner in to the thief's account."""
    thief, email = town.browser(), new_address()
    await town.settle(thief, email)
    await thief.sign_in(email)
    tls = {"X-Forwarded-Proto": "https"}
    tossed = await town.browser().http.get("/api/v1/account", headers={**tls, "Cookie": f"om_session={thief.cookie}"})
    assert tossed.status_code == 401
    answer = await thief.post("/sessions", {"email": email, "password": PASSWORD}, **tls)
    name, _, given = answer.headers["set-cookie"].partition("=")
    assert name == "__Host-om_session"
    assert "domain" not in given.lower()
    own = {**tls, "Cookie": f"{name}={given.partition(';')[0]}"}
    assert (await town.browser().http.get("/api/v1/account", headers=own)).status_code == 200
    out = await town.browser().http.delete("/api/v1/sessions/current", headers={**own, "Sec-Fetch-Site": "same-origin"})
    assert out.status_code == 204
    assert out.headers["set-cookie"].startswith('__Host-om_session="";')


# Input


@pytest.mark.parametrize(
    "said", ["Ada\r\nBcc: eve@example.com", "Ada\nSubject: won", "Ada\x00", "\u2028Ada\u2029", "Ada\x1b[2J"]
)
async def test_a_name_brings_no_line_into_a_mail(town: Town, said: str):
    browser, email = town.browser(), new_address()
    answer = await browser.post("/accounts", person(email, given_name=said))
    if answer.status_code == 202:
        [(_, letter)] = await town.mails(email)
        assert set(letter.fields) == {"token", "at"}, "what a stranger typed is in no mail"
        [(name,)] = await town.rows(
            "SELECT a.given_name FROM account a JOIN account_credential c USING (account_id) WHERE c.email = %s", email
        )
        assert name.isprintable()
    else:
        assert code(answer) == (422, "request-invalid")


async def test_giant_and_broken_input_is_refused_before_it_costs_anything(town: Town, quick):
    browser = town.browser()
    big = "x" * (MAX_BODY_BYTES + 1)
    assert code(await browser.post("/sessions", {"email": "a@example.com", "password": big})) == (413, "body-too-large")
    long = {"email": "a@example.com", "password": "x" * 2000}
    assert code(await browser.post("/sessions", long)) == (422, "request-invalid")
    bodies: tuple[Any, ...] = ([], {}, {"email": None, "password": None}, {"email": "a@example.com", "password": ["x"]}, "text")
    for body in bodies:
        assert code(await browser.post("/sessions", body)) == (422, "request-invalid")
    for raw in (
        b"{",
        b'{"email": "\xff", "password": "x"}',
        b'{"email": "\\ud800@example.com", "password": "x"}',
        b"[" * 20_000,
    ):
        answer = await browser.http.post("/api/v1/sessions", content=raw, headers={**OURS, "Content-Type": "application/json"})
        assert answer.status_code in {400, 401, 422}, raw
    assert len(quick) <= 1
    for cookie in ("x" * 8000, "oms_%00", "\x7f"):
        answer = await browser.http.get("/api/v1/account", headers={"Cookie": f"om_session={cookie}"})
        assert answer.status_code == 401
