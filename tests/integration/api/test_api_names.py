"""A user name and a mobile number: ways to say who one is, which open nothing that the mail address would not. REQ ACC-2."""

from collections.abc import AsyncIterator
from itertools import count

import httpx
import pytest
import pytest_asyncio

from openmarque.domains.accounts.names import Names
from openmarque.domains.accounts.passwords import Passwords
from openmarque.domains.accounts.rules import ADDRESS_AND_CLIENT
from openmarque.storage.postgres import PostgresTransaction
from tests.integration.api.people import PASSWORD, Browser, Town, new_address, town_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEW = "another horse battery"
_numbers = count(10)


@pytest_asyncio.fixture(loop_scope="session")
async def town(platform) -> AsyncIterator[Town]:
    async with town_of(platform) as made:
        yield made


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def new_name() -> str:
    return f"Ada.Lovelace_{next(_numbers)}"


def new_number() -> str:
    return f"+33 6 12 34 56 {next(_numbers)}"


async def owner_with(town: Town, **names: str) -> tuple[Browser, str]:
    """Somebody signed in whose account has these names, and the address."""
    browser, email = town.browser(), new_address()
    await town.settle(browser, email)
    assert (await browser.sign_in(email)).status_code == 201
    if names:
        answer = await browser.request("PATCH", "/account", names)
        assert answer.status_code == 200, answer.text
        assert {name: answer.json()[name] for name in names} == names
    return browser, email


async def test_the_brand_says_whether_it_has_user_names_before_anybody_is_signed_in(town: Town):
    answer = await town.browser().get("/brand")
    assert answer.json() == {"name": "Marque Exemple", "user_names": True}


@pytest.mark.req("ACC-2b")
async def test_an_owner_signs_in_by_a_user_name_whatever_its_case(town: Town):
    name = new_name()
    _, email = await owner_with(town, user_name=name)
    for written in (name, name.upper(), f" {name.lower()} "):
        answer = await town.browser().post("/sessions", {"user_name": written, "password": PASSWORD})
        assert (answer.status_code, answer.json()["email"], answer.json()["user_name"]) == (201, email, name)
    assert code(await town.browser().post("/sessions", {"user_name": name, "password": NEW})) == (401, "sign-in-refused")
    assert code(await town.browser().post("/sessions", {"email": name, "password": PASSWORD})) == (401, "sign-in-refused")


@pytest.mark.req("ACC-2c", "ACC-2d", "ACC-3c")
@pytest.mark.parametrize("way", ["user_name", "mobile"])
async def test_a_forgotten_password_is_set_anew_by_the_link_that_goes_to_the_address_behind_a_name(town: Town, way: str):
    name = {"user_name": new_name, "mobile": new_number}[way]()
    browser, email = await owner_with(town, **{way: name})
    asked = town.browser()
    assert (await asked.post("/accounts/password-resets", {way: name})).status_code == 202
    token = await town.token(email, "reset")
    assert (await asked.post("/accounts/password-resets/confirm", {"token": token, "new_password": NEW})).status_code == 204
    assert (await browser.get("/account")).status_code == 401, "every session ended: the lost phone's too"
    assert (await asked.sign_in(email, NEW)).status_code == 201


@pytest.mark.req("ACC-2d")
async def test_a_number_of_a_family_sends_each_of_its_accounts_a_link_and_a_closed_form_is_the_same_number(town: Town):
    number = new_number()
    emails = [(await owner_with(town, mobile=number))[1] for _ in range(2)]
    written = number.replace(" ", "").replace("+33", "+33 (0)")
    assert (await town.browser().post("/accounts/password-resets", {"mobile": written})).status_code == 202
    tokens = [await town.token(email, "reset") for email in emails]
    assert len(set(tokens)) == 2


async def test_a_number_signs_nobody_in(town: Town):
    number = new_number()
    await owner_with(town, mobile=number)
    for body in ({"email": number}, {"user_name": number}):
        assert code(await town.browser().post("/sessions", {**body, "password": PASSWORD})) == (401, "sign-in-refused")
    refused = await town.browser().post("/sessions", {"mobile": number, "password": PASSWORD})
    assert refused.status_code == 422


async def test_a_user_name_is_one_account_s_and_is_free_again_when_it_is_taken_away(town: Town):
    name = new_name()
    first, _ = await owner_with(town, user_name=name)
    second, _ = await owner_with(town)
    assert code(await second.request("PATCH", "/account", {"user_name": name.lower()})) == (409, "user-name-taken")
    assert (await first.request("PATCH", "/account", {"user_name": ""})).json()["user_name"] is None
    assert (await second.request("PATCH", "/account", {"user_name": name})).status_code == 200
    assert code(await first.post("/sessions", {"user_name": new_name(), "password": PASSWORD})) == (401, "sign-in-refused")


@pytest.mark.parametrize(
    "body",
    [
        {"user_name": "ab"},
        {"user_name": "ada@example.com"},
        {"user_name": "+33612345678"},
        {"user_name": "1ada"},
        {"user_name": "a\u0434a"},
        {"mobile": "0612345678"},
        {"mobile": "+33 1 42 68 53 00"},
        {"mobile": "+33 6 12"},
    ],
)
async def test_what_is_no_user_name_or_mobile_number_is_said_to_be_none(town: Town, body: dict[str, str]):
    browser, _ = await owner_with(town)
    answer = await browser.request("PATCH", "/account", body)
    assert answer.status_code == 422
    assert next(iter(body)) in answer.text
    told = (await browser.get("/account")).json()
    assert (told["user_name"], told["mobile"]) == (None, None)


async def test_a_number_that_is_none_is_said_so_where_a_password_was_forgotten(town: Town):
    answer = await town.browser().post("/accounts/password-resets", {"mobile": "0612345678"})
    assert code(answer) == (422, "mobile-invalid")
    both = await town.browser().post("/accounts/password-resets", {"mobile": new_number(), "email": new_address()})
    assert both.status_code == 422


@pytest.mark.req("ACC-2b")
async def test_a_brand_without_user_names_takes_none_and_lets_nobody_in_by_one(town: Town, monkeypatch):
    name = new_name()
    browser, _ = await owner_with(town, user_name=name)
    monkeypatch.setattr(town.platform.accounts.names, "has_user_names", False)
    assert (await browser.get("/brand")).json()["user_names"] is False
    assert code(await browser.request("PATCH", "/account", {"user_name": new_name()})) == (422, "user-names-not-offered")
    assert code(await town.browser().post("/sessions", {"user_name": name, "password": PASSWORD})) == (401, "sign-in-refused")


# What somebody tries


async def test_two_names_of_one_account_are_not_twice_as_many_tries(town: Town, monkeypatch):
    async def prove(self, hashed, password):
        return hashed is not None and password == PASSWORD

    monkeypatch.setattr(Passwords, "prove", prove)
    name = new_name()
    _, email = await owner_with(town, user_name=name)
    thief, answers = town.browser(), []
    for number in range(ADDRESS_AND_CLIENT.free + 1):
        by = {"user_name": name} if number % 2 else {"email": email}
        answers.append(code(await thief.post("/sessions", {**by, "password": f"guess number {number}"})))
    assert answers[-1] == (429, "too-many-tries")


@pytest.mark.parametrize("path", ["/sessions", "/accounts/password-resets"])
async def test_a_name_that_is_somebody_s_and_one_that_is_nobody_s_get_the_same_answer_after_the_same_statements(
    town: Town, monkeypatch, path: str
):
    known = new_name()
    await owner_with(town, user_name=known)
    done: list[object] = []
    execute = PostgresTransaction.execute

    async def noting(self, role, query, parameters=()):
        done.append((role, query))
        return await execute(self, role, query, parameters)

    monkeypatch.setattr(PostgresTransaction, "execute", noting)
    seen = []
    for name in (known, new_name()):
        done.clear()
        body = {"user_name": name} | ({"password": "not the password"} if path == "/sessions" else {})
        answer = await town.browser().post(path, body)
        told = answer.json() if answer.content else {}
        told.pop("instance", None)
        seen.append((answer.status_code, told, list(done)))
    assert seen[0] == seen[1]
    assert len(seen[0][2]) >= 3


async def test_only_an_account_that_is_confirmed_is_found(town: Town):
    assert isinstance(town.platform.accounts.names, Names)
    name = new_name()
    _, email = await owner_with(town, user_name=name)
    await town.rows(
        "UPDATE account SET closed_at = %s WHERE account_id = (SELECT account_id FROM account_name WHERE written = %s) RETURNING 1",
        town.clock.now(),
        name,
    )
    assert (await town.browser().post("/accounts/password-resets", {"user_name": name})).status_code == 202
    assert [template for template, _ in await town.mails(email) if template == "reset"] == []
