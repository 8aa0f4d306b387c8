"""Remote commands from the app to a real car and back: each step of their life, who may give them, and what becomes of forged ones."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec

from openmarque.app import Platform
from openmarque.domains.commands.rules import commands_of
from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import wire
from openmarque.parts.commands import OwnCommand
from openmarque.protocol import signals as vss
from openmarque.protocol.commands import b64url
from openmarque.protocol.levels import Level
from tests.integration.api.conftest import Owner, Street, unknown_id, watching
from tests.integration.api.living import Phone, new_car
from tests.lamps import catalogue_with_lamps

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(90), pytest.mark.usefixtures("gate")]
CODE = "4817"


async def code_of(platform: Platform, owner: Owner, code: str = CODE) -> None:
    row = await platform.commands.codes.hashed(owner.account_id, code, platform.clock.now())
    async with platform.database.begin() as tx:
        await platform.commands.codes.choose(tx, row)


@pytest_asyncio.fixture(loop_scope="session")
async def phone(client: httpx.AsyncClient, street: Street, platform: Platform, tmp_path: Path) -> AsyncIterator[Phone]:
    """A phone that was added to a connected, locked car, whose owner has a safety code."""
    owner = await street.owner()
    car = await new_car(platform, owner, tmp_path / "car")
    await code_of(platform, owner)
    async with car.running():
        yield await Phone(client, owner, car).added()


def problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_an_app_is_told_all_that_it_needs_to_offer_a_command(phone: Phone):
    async def offered(language: str) -> dict[str, dict[str, Any]]:
        headers = {**phone.owner.headers, "Accept-Language": language}
        response = await phone.client.get(f"{phone.car.address}/commands", headers=headers)
        assert response.status_code == 200, response.text
        return {item["command"]: item for item in response.json()["items"]}

    commands = await offered("fr")
    assert set(commands) == {"lock", "unlock", "refresh"}
    unlock, refresh = commands["unlock"], commands["refresh"]
    assert (unlock["declaration"], unlock["authority"], unlock["needs_code"]) == ("lock", "digital_key_and_code", True)
    assert (refresh["authority"], refresh["needs_code"], refresh["confirmation"]) == ("platform", False, None)
    assert (unlock["possible"], unlock["reason"]) == (True, "")
    assert (unlock["begins_within_s"], unlock["outcome_within_s"], unlock["lifetime_s"]) == (5, 8, 20)
    assert unlock["arguments"] == {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    assert unlock["label"] != (await offered("en"))["unlock"]["label"]
    assert unlock["confirmation"]


async def test_an_argument_that_is_wrong_is_a_problem_with_its_name_its_limits_and_the_cure(
    client: httpx.AsyncClient, street: Street, platform: Platform, monkeypatch
):
    known = commands_of(catalogue_with_lamps().commands())
    monkeypatch.setattr(platform.commands.remote_commands, "_commands", known)
    owner = await street.owner()
    car = await street.car(owner)

    async def refused(arguments: Any, language: str = "en") -> dict[str, Any]:
        headers = {**owner.headers, "Idempotency-Key": uuid4().hex, "Accept-Language": language}
        body = {"command": "blink", "arguments": arguments}
        response = await client.post(f"{car.address}/remote-commands", json=body, headers=headers)
        assert response.status_code == 422, response.text
        assert response.headers["Content-Type"] == "application/problem+json"
        answered: dict[str, Any] = response.json()
        return answered

    missing = await refused({})
    assert (missing["code"], missing["detail"]) == ("argument-invalid", "It is missing.")
    assert missing["cure"] == "Give `duration_s` as: 1 … 600 s."
    for language in ("en", "fr"):
        wrong = await refused({"duration_s": 601}, language)
        assert wrong["code"] == "argument-invalid"
        assert "`duration_s`" in wrong["cure"]
        assert "1 … 600 s" in wrong["cure"]
    assert (await refused({"duration_s": 5, "loud": True}))["code"] == "argument-unknown"
    # What is no argument of any command at all does not get so far.
    for odd in ({"duration_s": 1.5}, {"duration_s": None}, {"duration_s": [5]}, {"note": "x" * 65}, "loud", [1]):
        assert (await refused(odd))["code"] == "request-invalid", odd
    assert (await refused({f"a{i}": i for i in range(17)}))["code"] == "request-invalid"
    listed = (await client.get(f"{car.address}/remote-commands", headers=owner.headers)).json()
    assert listed["items"] == []


@pytest.mark.req("RC-6b")
async def test_a_command_that_is_not_possible_says_why_and_what_helps(client: httpx.AsyncClient, street: Street):
    owner = await street.owner()
    car = await street.car(owner, level=Level.PRIVATE)
    response = await client.get(f"{car.address}/commands", headers=owner.headers)
    assert response.json()["items"]
    for item in response.json()["items"]:
        assert (item["possible"], item["reason"]) == (False, "level_too_low"), item
        assert item["message"]
        assert item["cure"]


@pytest.mark.req("RC-6a", "RC-6f")
async def test_an_unlock_with_phone_and_code_is_done_and_each_step_is_kept(phone: Phone):
    response = await phone.remote_commands("unlock", safety_code=CODE)
    assert response.status_code == 202, response.text
    remote_command = response.json()
    assert response.headers["Location"] == f"{phone.car.address}/remote-commands/{remote_command['command_id']}"
    assert remote_command["phone"] == {"key_id": phone.key_id, "label": "Camille's phone"}
    done = await phone.outcome(remote_command["command_id"])
    assert [step["state"] for step in done["steps"]] == ["accepted", "sent", "reached", "executing", "done"]
    assert [step["at"] for step in done["steps"]] == sorted(step["at"] for step in done["steps"])
    assert [action.command for action in phone.car.acted] == ["unlock"]
    assert phone.car.sensed[vss.DOORS_LOCKED[0]] is False


async def test_a_command_that_a_service_gives_reaches_the_car_behind_its_commit_and_tells_why(phone: Phone, platform: Platform):
    async with platform.database.begin() as tx:
        wanted = OwnCommand("status", "refresh", "case_opened")
        command_id = await platform.parts.commands.give(tx, phone.car.vehicle_id, wanted, platform.clock.now())
    assert await platform.timers().run_due()
    done = await phone.outcome(wire(command_id))
    assert (done["state"], done["cause"], done["phone"]) == ("done", "case_opened", None)
    assert [step["state"] for step in done["steps"]] == ["accepted", "sent", "reached", "executing", "done"]
    never = None
    with suppress(ZeroDivisionError):
        async with platform.database.begin() as tx:
            never = await platform.parts.commands.give(tx, phone.car.vehicle_id, wanted, platform.clock.now())
            raise ZeroDivisionError
    assert never is not None
    await platform.timers().run_due()
    listed = await phone.client.get(f"{phone.car.address}/remote-commands", headers=phone.owner.headers)
    assert wire(never) not in listed.text, "what was not committed is not sent"


@pytest.mark.req("RC-6f")
async def test_every_step_is_told_on_the_stream_as_it_happens(phone: Phone, app):
    async with watching(app, f"{phone.car.address}/events", {**phone.owner.headers}) as stream:
        name, _, state = await stream.event()
        assert (name, state["remote_commands"]) == ("snapshot", {})
        assert [listed["state"] for listed in state["digital_keys"]["items"]] == ["active"]
        command_id = (await phone.remote_commands("lock")).json()["command_id"]
        told: list[dict[str, Any]] = []
        while not told or told[-1]["state"] != "done":
            name, _, changed = await stream.event()
            if name == "remote_commands":
                told.append(changed[command_id])
        seen = [remote_command["state"] for remote_command in told]
        assert seen == list(dict.fromkeys(seen)), "no step is told twice"
        assert told[-1]["message"] == "Fait\u00a0: les capteurs de la voiture le disent.", "in the language of the account"


@pytest.mark.req("RC-6d")
async def test_the_same_request_again_is_the_same_command_and_runs_once(phone: Phone):
    body, key = phone.signed("lock", await phone.challenge()), uuid4().hex
    answers = await asyncio.gather(*(phone.remote_commands("lock", key, **body) for _ in range(5)))
    assert {response.status_code for response in answers} == {202}, [response.text for response in answers]
    (command_id,) = {response.json()["command_id"] for response in answers}
    assert (await phone.outcome(command_id))["state"] == "done"
    assert (await phone.remote_commands("lock", key, **body)).json()["state"] == "done"
    assert len(phone.car.acted) == 1
    other = phone.signed("lock", await phone.challenge())
    assert problem(await phone.remote_commands("lock", key, **other)) == (409, "idempotency-key-reused")


@pytest.mark.req("RC-6d", "RC-7b")
async def test_what_was_signed_is_checked_before_anything_goes_to_the_car(phone: Phone):
    challenge = await phone.challenge()
    good = phone.signed("lock", challenge)
    stranger = Phone(phone.client, phone.owner, phone.car)
    forged = {**good, "signature": stranger.signed("lock", challenge)["signature"]}
    assert problem(await phone.remote_commands("lock", **forged)) == (403, "digital-key-signature-wrong")
    assert problem(await stranger.remote_commands("lock", **stranger.signed("lock", challenge))) == (
        403,
        "digital-key-not-active",
    )
    assert problem(await phone.remote_commands("unlock", **good, safety_code=CODE)) == (422, "command-mismatch")
    elsewhere = phone.signed("lock", challenge, vehicle_id=unknown_id())
    assert problem(await phone.remote_commands("lock", **elsewhere)) == (422, "command-mismatch")
    spelt = {**good, "payload": b64url(b'{"v": 1}')}
    assert problem(await phone.remote_commands("lock", **spelt)) == (400, "malformed-command")
    assert problem(await phone.remote_commands("fly", **good)) == (422, "command-unknown")
    assert problem(await phone.remote_commands("refresh", **good)) == (422, "command-mismatch")
    half = await phone.remote_commands("lock", payload=good["payload"])
    assert problem(half) == (422, "request-invalid")
    assert (await phone.remote_commands("lock", **good)).status_code == 202
    used = phone.signed("lock", challenge, counter=phone.counter - 1)
    response = await phone.remote_commands("lock", **used)
    assert problem(response) == (409, "counter-used")
    assert problem(await phone.remote_commands("lock", **good)) == (409, "counter-used"), (
        "a captured command can't be played again"
    )
    await phone.car.until(lambda: len(phone.car.acted) == 1)


@pytest.mark.req("RC-6d")
async def test_a_remote_command_id_is_used_once(phone: Phone):
    challenge = await phone.challenge()
    first = (await phone.remote_commands("lock", **phone.signed("lock", challenge))).json()
    taken = phone.signed("lock", challenge, command_id=first["command_id"])
    assert problem(await phone.remote_commands("lock", **taken)) == (409, "command-id-taken")


@pytest.mark.req("RC-7c")
async def test_an_unlock_without_the_code_goes_nowhere(phone: Phone):
    assert problem(await phone.remote_commands("unlock")) == (403, "safety-code-needed")
    response = await phone.remote_commands("unlock", safety_code="9999")
    assert problem(response) == (403, "wrong-safety-code")
    assert response.json()["tries_left"] == 4
    assert phone.car.acted == []


@pytest.mark.req("AUT-7c")
async def test_fifty_guesses_at_the_same_moment_are_no_more_than_five(phone: Phone, platform: Platform, monkeypatch):
    looked = []
    prove = platform.commands.codes.prove

    async def counted(row, code):
        looked.append(code)
        await prove(row, code)

    monkeypatch.setattr(platform.commands.codes, "prove", counted)
    guesses = [f"{n:04d}" for n in range(3000, 3049)] + [CODE]
    answers = await asyncio.gather(
        *(
            phone.remote_commands("unlock", uuid4().hex, safety_code=guess, payload="AA", signature="A" * 86)
            for guess in guesses
        )
    )
    assert len(looked) <= 5
    codes = [response.json()["code"] for response in answers]
    assert codes.count("safety-code-locked") >= 45
    locked = await phone.remote_commands("unlock", safety_code=CODE)
    assert problem(locked) == (429, "safety-code-locked")
    assert 0 < int(locked.headers["Retry-After"]) <= 900
    await code_of(platform, phone.owner, "7291")
    assert (await phone.remote_commands("unlock", safety_code="7291")).status_code == 202, "choosing another code ends the lock"


async def test_a_code_is_chosen_with_the_password_and_its_owner_hears_of_it_and_of_new_phones(phone: Phone, platform: Platform):
    account_id, password = phone.owner.account_id, "a long enough sentence"
    async with platform.database.begin() as tx:
        address = f"{account_id.hex}@example.com"
        await platform.accounts.create_with_password(tx, account_id, address, password, platform.clock.now())

    async def choose(code: str, secret: str) -> httpx.Response:
        body = {"code": code, "password": secret}
        return await phone.client.put("/api/v1/account/safety-code", json=body, headers=phone.owner.headers)

    assert problem(await choose("5820", "another sentence")) == (403, "password-wrong")
    assert problem(await choose("1234", password)) == (422, "safety-code-unfit")
    assert (await choose("5820", password)).status_code == 204
    assert problem(await phone.remote_commands("unlock", safety_code=CODE)) == (403, "wrong-safety-code")
    assert (await phone.remote_commands("unlock", safety_code="5820")).status_code == 202
    await Phone(phone.client, phone.owner, phone.car).added()
    async with platform.database.begin() as tx:
        rows = await tx.rows("om_platform", "SELECT template FROM mail WHERE account_id = %s ORDER BY 1", (account_id,))
    assert [template for (template,) in rows] == ["notice.phone_added", "safety_code_changed"]


@pytest.mark.req("AUT-7a", "AUT-7f")
async def test_a_guess_counts_whichever_way_it_comes_and_before_anything_else_is_looked_at(phone: Phone):
    client, headers = phone.client, {**phone.owner.headers, "Idempotency-Key": uuid4().hex}
    waiting = (await client.post(f"{phone.car.address}/remote-commands", json={"command": "unlock"}, headers=headers)).json()
    nonsense = {"payload": "AA", "signature": "A" * 86, "safety_code": "0000"}
    approval = f"{phone.car.address}/remote-commands/{waiting['command_id']}/approval"
    tries = [
        await client.post(
            f"{phone.car.address}/remote-commands", json={"command": "unlock", "safety_code": "0000"}, headers=headers
        ),
        await client.post(f"{phone.car.address}/remote-commands", json={"command": "lock", **nonsense}, headers=headers),
        await client.post(approval, json=nonsense, headers=phone.owner.headers),
        await client.post(
            f"{phone.car.address}/remote-commands/{unknown_id()}/approval", json=nonsense, headers=phone.owner.headers
        ),
    ]
    assert [response.json().get("tries_left") for response in tries] == [4, 3, 2, 1]
    assert {problem(response) for response in tries} == {(403, "wrong-safety-code")}
    elsewhere = await client.post(
        f"/api/v1/vehicles/{unknown_id()}/remote-commands", json={"command": "lock", **nonsense}, headers=headers
    )
    assert problem(elsewhere) == (404, "vehicle-not-found")


async def test_right_codes_lock_nobody_out_when_the_command_itself_is_turned_away(phone: Phone):
    forged = {**phone.signed("unlock", await phone.challenge()), "signature": "A" * 86, "safety_code": CODE}
    for _ in range(6):
        assert problem(await phone.remote_commands("unlock", uuid4().hex, **forged)) == (403, "digital-key-signature-wrong")
    assert (await phone.remote_commands("unlock", safety_code="9999")).json()["tries_left"] == 4


@pytest.mark.req("AUT-7e")
async def test_the_code_is_nowhere_in_clear(phone: Phone, platform: Platform):
    await code_of(platform, phone.owner, "6183")
    assert (await phone.remote_commands("unlock", safety_code="6183")).status_code == 202
    async with platform.database.begin() as tx:
        (row,) = await tx.rows(
            "om_platform", "SELECT s::text FROM safety_code s WHERE account_id = %s", (phone.owner.account_id,)
        )
        kept = await tx.rows(
            "om_platform", "SELECT o::text FROM vehicle_command o WHERE tenure_id = %s", (phone.car.tenure_id,)
        )
    assert row[0].count("$argon2id$") == 1
    assert not [text for (text,) in [row, *kept] if "6183" in text.replace(row[0], "")]


@pytest.mark.req("RC-6b", "RC-6c")
async def test_a_car_that_is_away_is_told_at_once_and_nothing_happens_when_it_comes_back(
    client: httpx.AsyncClient, street: Street, platform: Platform, tmp_path: Path
):
    owner = await street.owner()
    car = await new_car(platform, owner, tmp_path / "car")
    async with car.running():
        phone = await Phone(client, owner, car).added()
        challenge = await phone.challenge()
    async with asyncio.timeout(2.5):  # sooner than a silent car is given up
        assert problem(await client.post(f"{car.address}/challenges", headers=owner.headers)) == (409, "car-offline")
        response = await phone.remote_commands("lock", **phone.signed("lock", challenge))
    remote_command = response.json()
    assert (response.status_code, remote_command["state"], remote_command["reason"]) == (202, "refused", "car_offline")
    assert "Nothing will happen later" in remote_command["message"]
    async with asyncio.timeout(2.5):  # sooner than a silent car is given up
        refresh = await client.post(
            f"{car.address}/remote-commands",
            json={"command": "refresh"},
            headers={**owner.headers, "Idempotency-Key": uuid4().hex},
        )
        assert (await phone.outcome(refresh.json()["command_id"]))["reason"] == "car_offline"
    async with car.running():
        await asyncio.sleep(1)
        assert car.acted == []
        assert (await phone.outcome(remote_command["command_id"]))["state"] == "refused"


@pytest.mark.req("RC-6b", "RC-6e", "PRV-13e")
async def test_in_private_mode_the_command_is_refused_with_reason_and_cure(
    client: httpx.AsyncClient, street: Street, platform: Platform, tmp_path: Path
):
    owner = await street.owner()
    car = await new_car(platform, owner, tmp_path / "car")
    async with car.running():
        phone = await Phone(client, owner, car).added()
        challenge = await phone.challenge()
        assert car.agent is not None
        car.agent.act(lambda core, now: core.set_level(now, Level.PRIVATE, "test"))
        await car.level_is_known(Level.PRIVATE)
        response = await client.post(f"{car.address}/challenges", headers=owner.headers)
        assert problem(response) == (403, "command-refused")
        response = await client.post(
            f"{car.address}/remote-commands",
            json={"command": "lock", **phone.signed("lock", challenge)},
            headers={**owner.headers, "Idempotency-Key": uuid4().hex, "Accept-Language": "fr"},
        )
        remote_command = response.json()
        assert (remote_command["state"], remote_command["reason"]) == ("refused", "level_too_low")
        assert remote_command["cure"] == "Changez le niveau dans la voiture."
        assert (await phone.offered(b"0" * 16)).json()["code"] == "command-refused"
        assert car.acted == []


@pytest.mark.req("RC-5d", "STA-3c")
async def test_a_refresh_brings_the_true_state_without_a_phone(phone: Phone):
    true = {vss.DOORS_OPEN[0]: True, vss.DOORS_LOCKED[0]: False, vss.LATITUDE: 42.5, vss.LONGITUDE: 1.5}
    phone.car.sensed.update(true)
    asked = time.monotonic()
    headers = {**phone.owner.headers, "Idempotency-Key": uuid4().hex}
    response = await phone.client.post(f"{phone.car.address}/remote-commands", json={"command": "refresh"}, headers=headers)
    remote_command = response.json()
    assert (response.status_code, remote_command["state"], remote_command["phone"]) == (202, "accepted", None)
    assert (await phone.outcome(remote_command["command_id"]))["state"] == "done"
    status = (await phone.client.get(f"{phone.car.address}/status", headers=phone.owner.headers)).json()
    assert {path: status["signals"][path]["value"] for path in true} == true
    assert time.monotonic() - asked < 60


@pytest.mark.req("RC-7b")
async def test_a_browser_without_a_key_commands_and_a_phone_of_the_car_approves(phone: Phone):
    headers = {**phone.owner.headers, "Idempotency-Key": uuid4().hex}
    asked = await phone.client.post(
        f"{phone.car.address}/remote-commands", json={"command": "unlock", "safety_code": CODE}, headers=headers
    )
    remote_command = asked.json()
    assert (asked.status_code, remote_command["state"]) == (202, "awaiting_phone")
    approval = f"{phone.car.address}/remote-commands/{remote_command['command_id']}/approval"
    challenge = await phone.challenge()
    other = phone.signed("unlock", challenge)
    response = await phone.client.post(approval, json=other, headers=phone.owner.headers)
    assert problem(response) == (422, "command-mismatch")
    signed = phone.signed("unlock", challenge, command_id=remote_command["command_id"])
    for _ in range(2):
        response = await phone.client.post(approval, json=signed, headers=phone.owner.headers)
        assert (response.status_code, response.json()["command_id"]) == (202, remote_command["command_id"]), response.text
    done = await phone.outcome(remote_command["command_id"])
    assert [step["state"] for step in done["steps"]] == ["awaiting_phone", "accepted", "sent", "reached", "executing", "done"]
    again = phone.signed("unlock", challenge, command_id=remote_command["command_id"])
    response = await phone.client.post(approval, json=again, headers=phone.owner.headers)
    assert problem(response) == (409, "command-step-impossible")
    assert len(phone.car.acted) == 1


@pytest.mark.req("RC-7a")
async def test_nobody_else_sees_or_uses_the_commands_and_phones_of_a_car(phone: Phone, street: Street):
    remote_command = (await phone.remote_commands("lock")).json()
    thief = await street.owner()
    own = await street.car(thief)
    headers = {**thief.headers, "Idempotency-Key": uuid4().hex}
    client, signed = phone.client, phone.signed("lock", await phone.challenge())
    for method, path, body in (
        ("POST", "/challenges", None),
        ("POST", "/remote-commands", {"command": "lock", **signed}),
        ("GET", "/remote-commands", None),
        ("GET", f"/remote-commands/{remote_command['command_id']}", None),
        ("POST", f"/remote-commands/{remote_command['command_id']}/approval", signed),
        ("GET", "/digital-keys", None),
        ("DELETE", f"/digital-keys/{phone.key_id}", None),
    ):
        response = await client.request(method, f"{phone.car.address}{path}", json=body, headers=headers)
        assert problem(response) == (404, "vehicle-not-found"), (method, path)
    for method, path, body, code in (
        ("GET", f"/remote-commands/{remote_command['command_id']}", None, "command-not-found"),
        ("POST", f"/remote-commands/{remote_command['command_id']}/approval", signed, "command-not-found"),
        ("DELETE", f"/digital-keys/{phone.key_id}", None, "digital-key-not-found"),
    ):
        response = await client.request(method, f"{own.address}{path}", json=body, headers=headers)
        assert problem(response) == (404, code), (method, path)
    response = await client.post(f"{own.address}/remote-commands", json={"command": "lock", **signed}, headers=headers)
    assert problem(response) == (422, "command-mismatch")
    assert (await phone.stands("active"))["key_id"] == phone.key_id


@pytest.mark.req("AUT-6c", "RC-7b")
async def test_a_removed_phone_commands_nothing_any_more_also_in_the_car(phone: Phone):
    body = phone.signed("lock", await phone.challenge())
    response = await phone.client.delete(f"{phone.car.address}/digital-keys/{phone.key_id}", headers=phone.owner.headers)
    assert response.status_code == 204
    agent = phone.car.agent
    assert agent is not None
    await phone.car.until(lambda: not agent.core.phones)
    assert problem(await phone.remote_commands("lock", **body)) == (403, "digital-key-not-active")
    await phone.stands("gone")
    assert problem(await phone.offered(b"0" * 16)) == (409, "digital-key-revoked")
    phone.key, phone.counter = ec.generate_private_key(ec.SECP256R1()), 0
    await phone.added()
    assert (await phone.remote_commands("lock")).status_code == 202


async def test_a_car_is_not_kept_busy_with_offers_of_phones(phone: Phone, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("openmarque.link.challenges.REFILL_MS", 3_600_000)
    other = Phone(phone.client, phone.owner, phone.car)
    codes = []
    for _ in range(12):
        other.key = ec.generate_private_key(ec.SECP256R1())
        answer = await other.offered(b"0" * 16)
        codes.append(answer.status_code)
        if answer.status_code == 202:
            await other.stands("refused")
    assert codes.count(202) <= 10
    assert codes[-1] == 429
    assert phone.car.agent is not None
    assert [known.key_id for known in phone.car.agent.core.phones] == [phone.key_id]


@pytest.mark.req("RC-7b")
async def test_a_phone_with_the_wrong_proof_is_refused_by_the_car(phone: Phone):
    agent, other = phone.car.agent, Phone(phone.client, phone.owner, phone.car)
    assert agent is not None
    agent.act(lambda core, now: core.show_ticket(now))
    assert (await other.offered(b"0" * 16)).status_code == 202
    assert (await other.stands("refused"))["reason"] == "wrong_mac"
    p384 = ec.generate_private_key(ec.SECP384R1())
    other.key = p384
    assert problem(await other.offered(b"0" * 16)) == (400, "unfit-digital-key")


@pytest.mark.req("RC-7a")
async def test_when_the_tenure_ends_everything_of_it_is_dead(phone: Phone, platform: Platform):
    challenge = await phone.challenge()
    agent = phone.car.agent
    assert agent is not None
    async with platform.database.begin() as tx:
        await platform.garage.end_tenure(tx, phone.car.tenure_id, platform.clock.now())
    response = await phone.remote_commands("lock", **phone.signed("lock", challenge))
    assert problem(response) == (404, "vehicle-not-found")
    await phone.car.until(lambda: not agent.core.phones)
    assert phone.car.acted == []


async def test_when_the_car_leaves_the_garage_its_phones_are_gone_from_the_car(phone: Phone):
    agent, challenge = phone.car.agent, await phone.challenge()
    assert agent is not None
    assert (await phone.client.delete(phone.car.address, headers=phone.owner.headers)).status_code == 204
    await phone.car.until(lambda: not agent.core.phones)
    response = await phone.remote_commands("lock", **phone.signed("lock", challenge))
    assert problem(response) == (404, "vehicle-not-found")
    assert phone.car.acted == []


@pytest.mark.req("RC-6f")
async def test_a_car_that_does_nothing_has_failed_and_says_so(phone: Phone):
    phone.car.obedient = False
    phone.car.sensed |= dict.fromkeys(vss.DOORS_LOCKED, False)
    phone.car.senses()
    remote_command = (await phone.remote_commands("lock")).json()
    failed = await phone.outcome(remote_command["command_id"], within_s=12)
    assert (failed["state"], failed["reason"]) == ("failed", "no_effect")


@pytest.mark.req("RC-6a", "RC-6c")
async def test_a_remote_command_that_nobody_approves_expires(phone: Phone, platform: Platform):
    headers = {**phone.owner.headers, "Idempotency-Key": uuid4().hex}
    asked = await phone.client.post(f"{phone.car.address}/remote-commands", json={"command": "lock"}, headers=headers)
    command_id = asked.json()["command_id"]
    timers = platform.timers()
    timers._clock = ManualClock(platform.clock.now() + timedelta(minutes=3))
    while await timers.run_due():
        pass
    expired = await phone.outcome(command_id)
    assert (expired["state"], expired["reason"]) == ("expired", "not_approved")
    signed = phone.signed("lock", await phone.challenge(), command_id=command_id)
    response = await phone.client.post(
        f"{phone.car.address}/remote-commands/{command_id}/approval", json=signed, headers=phone.owner.headers
    )
    assert problem(response) == (409, "command-step-impossible")
    assert phone.car.acted == []


async def test_commands_are_listed_page_by_page_newest_first(phone: Phone):
    receipt = [(await phone.remote_commands("lock")).json()["command_id"] for _ in range(3)]
    first = (await phone.client.get(f"{phone.car.address}/remote-commands?limit=2", headers=phone.owner.headers)).json()
    second = (
        await phone.client.get(
            f"{phone.car.address}/remote-commands?limit=2&cursor={first['next']}", headers=phone.owner.headers
        )
    ).json()
    assert [remote_command["command_id"] for remote_command in first["items"] + second["items"]] == receipt[::-1]
    assert second["next"] is None


async def test_a_car_is_not_kept_busy_with_challenges(phone: Phone, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("openmarque.link.challenges.REFILL_MS", 3_600_000)
    answers = [await phone.client.post(f"{phone.car.address}/challenges", headers=phone.owner.headers) for _ in range(11)]
    assert {response.status_code for response in answers[:10]} == {201}
    assert problem(answers[-1]) == (429, "too-many-challenges")
    assert len({response.json()["challenge"] for response in answers[:10]}) == 10
