"""Adding a car: eligibility, codes, what is typed in the car, change of owner, removal. On the real database, through the API.

What a car types goes the way it goes in a worker: ``types`` hands the frame to the worker's own part.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from unittest.mock import patch
from uuid import UUID

import httpx
import msgspec
import psycopg
import pytest

from openmarque.app import Platform
from openmarque.brands.eligibility import sample_vin
from openmarque.catalogue.policy import Policy, SignedPolicy
from openmarque.domains.garage.pairing import TIMER
from openmarque.domains.garage.rules import DELETED_AFTER, MOST_A_DAY, MOST_WAITING
from openmarque.domains.garage.service import NewVehicle
from openmarque.domains.garage.timers import delete_pairing
from openmarque.kit.csr import certificate_request, new_car_key
from openmarque.kit.ids import VehicleId, wire
from openmarque.link.pki_keys import Purpose
from openmarque.protocol.pairing import PairingAnswer, PairingRequest, PairingResult
from openmarque.storage.postgres import PostgresTransaction
from openmarque.storage.roles import PLATFORM
from tests.integration.api.conftest import Owner, unknown_id

pytestmark = pytest.mark.asyncio(loop_scope="session")

_serials = count(1)
_asked = count(1)


@dataclass(frozen=True)
class NewCar:
    """A car from the factory: provisioned, nobody's."""

    platform: Platform
    vehicle_id: VehicleId
    vin: str

    @property
    def name(self) -> str:
        return wire(self.vehicle_id)

    async def types(self, code: str, *, later: timedelta = timedelta(0)) -> PairingAnswer:
        """The answer to a code typed in this car."""
        request = PairingRequest(code, next(_asked))
        async with self.platform.database.begin() as tx:
            answer = await self.platform.pairings.typed(tx, self.vehicle_id, request, self.platform.clock.now() + later)
        assert answer.asked == request.asked
        return answer


def a_vin(platform: Platform, model: str = "brise") -> str:
    return sample_vin(platform.pack, model, next(_serials))


async def new_car(platform: Platform, model: str = "brise") -> NewCar:
    vin = a_vin(platform, model)
    async with platform.database.begin() as tx:
        vehicle_id = await platform.garage.register(tx, NewVehicle(vin, model), platform.clock.now())
        await platform.garage.certify(tx, vehicle_id, certificate_request(new_car_key(), vehicle_id))
    return NewCar(platform, vehicle_id, vin)


async def add(client: httpx.AsyncClient, owner: Owner, vin: str) -> dict[str, Any]:
    response = await client.post("/api/v1/pairings", json={"vin": vin}, headers=owner.headers)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/api/v1/pairings/{body['pairing_id']}"
    return body


async def garage_of(client: httpx.AsyncClient, owner: Owner) -> list[str]:
    response = await client.get("/api/v1/vehicles", headers=owner.headers)
    return [car["vehicle_id"] for car in response.json()["items"]]


async def rows(platform: Platform, query: str, *parameters: object) -> list[Any]:
    async with platform.database.begin() as tx:
        return await tx.rows(PLATFORM, query, parameters)


# Eligibility


@pytest.mark.req("ENR-1a", "ENR-1e")
async def test_the_answer_names_model_and_equipment_or_the_reason_in_the_owners_language(client, street, platform):
    owner = await street.owner()

    async def ask(vin: str, language: str) -> dict[str, Any]:
        response = await client.post(
            "/api/v1/vehicles/eligibility", json={"vin": vin}, headers={**owner.headers, "Accept-Language": language}
        )
        assert response.status_code == 200
        return response.json()

    vin = a_vin(platform)
    good = await ask(f" {vin.lower()[:4]}-{vin[4:]}", "fr")
    assert good["eligible"]
    assert good["model"] == {"id": "brise", "name": "Brise électrique"}
    assert good["equipment"] == {"head_unit": "navigation", "telematics": "built_in"}
    assert good["message"] == "Cette Brise électrique peut être connectée."
    bad = await ask(vin[:7] + "N" + vin[8:], "en")
    assert (bad["eligible"], bad["reason"]) == (False, "no_telematics")
    assert bad["message"] == "This Brise électrique was built without a telematics unit."
    assert bad["cure"]
    assert (await ask("nonsense\0", "en"))["reason"] == "vin_invalid"


@pytest.mark.req("ENR-1d")
async def test_the_owners_country_decides_too(client, street, platform):
    owner = await street.owner()
    for country, reason in (("US", "country_not_served"), (None, "country_unknown")):
        async with platform.database.begin() as tx:
            await tx.execute(PLATFORM, "UPDATE account SET country = %s WHERE account_id = %s", (country, owner.account_id))
        vin = {"vin": a_vin(platform)}
        asked = await client.post("/api/v1/vehicles/eligibility", json=vin, headers=owner.headers)
        assert asked.json()["reason"] == reason
        refused = await client.post("/api/v1/pairings", json=vin, headers=owner.headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "not-eligible")
        assert refused.json()["detail"] == asked.json()["message"]
        assert refused.json()["cure"] == asked.json()["cure"]


# Codes


@pytest.mark.req("ENR-2a", "ENR-2b")
async def test_adding_a_car_gives_a_code_of_8_digits_good_for_a_year_that_its_owner_can_see_again(client, street, platform):
    owner = await street.owner()
    vin = a_vin(platform)
    made = await add(client, owner, vin)
    assert re.fullmatch(r"[0-9]{8}", made["code"])
    assert made["state"] == "waiting"
    assert made["vin"] == vin
    (lasts,) = (await rows(platform, "SELECT expires_at - created_at FROM pairing WHERE account_id = %s", owner.account_id))[0]
    assert lasts == timedelta(days=365)
    assert (await client.get(f"/api/v1/pairings/{made['pairing_id']}", headers=owner.headers)).json() == made
    assert (await client.get("/api/v1/pairings", headers=owner.headers)).json()["items"] == [made]


async def test_the_database_holds_neither_code_nor_vin_in_the_clear(client, street, platform):
    owner = await street.owner()
    made = await add(client, owner, a_vin(platform))
    ((row,),) = await rows(platform, "SELECT p::text FROM pairing p WHERE account_id = %s", owner.account_id)
    for secret in (made["code"], made["vin"]):
        assert secret not in row
        assert secret.encode().hex() not in row


@pytest.mark.req("ENR-2e")
async def test_adding_again_gives_a_new_code_and_the_old_one_is_void_and_gone(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    old, new = await add(client, owner, car.vin), await add(client, owner, car.vin.lower())
    assert old["pairing_id"] != new["pairing_id"]
    shown = (await client.get(f"/api/v1/pairings/{old['pairing_id']}", headers=owner.headers)).json()
    assert (shown["state"], shown["code"], shown["vin"]) == ("void", None, None)
    ((kept,),) = await rows(
        platform,
        "SELECT num_nonnulls(vin_lookup, code_hash, sealed, key_id) FROM pairing WHERE account_id = %s AND voided_at IS NOT NULL",
        owner.account_id,
    )
    assert kept == 0
    if old["code"] != new["code"]:
        assert (await car.types(old["code"])).result == PairingResult.WRONG_CODE
    assert (await car.types(new["code"])).result == PairingResult.PAIRED


async def test_a_code_can_be_taken_back(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    address = f"/api/v1/pairings/{made['pairing_id']}"
    for _ in range(2):
        assert (await client.delete(address, headers=owner.headers)).status_code == 204
    assert (await client.get(address, headers=owner.headers)).json()["state"] == "void"
    assert (await car.types(made["code"])).result == PairingResult.WRONG_CODE


async def test_a_code_that_was_used_can_not_be_taken_back(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    await car.types(made["code"])
    refused = await client.delete(f"/api/v1/pairings/{made['pairing_id']}", headers=owner.headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "pairing-done")


async def test_an_account_has_a_limited_number_of_codes_also_when_it_asks_for_many_at_once(client, street, platform):
    owner = await street.owner()
    vins = [a_vin(platform) for _ in range(MOST_WAITING + 4)]
    answers = await asyncio.gather(*(client.post("/api/v1/pairings", json={"vin": vin}, headers=owner.headers) for vin in vins))
    assert sorted(a.status_code for a in answers) == [201] * MOST_WAITING + [429] * 4
    again = next(vin for vin, a in zip(vins, answers, strict=True) if a.status_code == 201)
    made = 0
    while (await client.post("/api/v1/pairings", json={"vin": again}, headers=owner.headers)).status_code == 201:
        made += 1
        assert made <= MOST_A_DAY
    assert made == MOST_A_DAY - MOST_WAITING
    ((kept,),) = await rows(platform, "SELECT count(*) FROM pairing WHERE account_id = %s", owner.account_id)
    assert kept == MOST_A_DAY


async def test_pairings_come_by_pages_newest_first(client, street, platform):
    owner = await street.owner()
    made = [(await add(client, owner, a_vin(platform)))["pairing_id"] for _ in range(3)]
    seen, cursor = [], ""
    while True:
        page = (await client.get(f"/api/v1/pairings?limit=1{cursor}", headers=owner.headers)).json()
        seen += [one["pairing_id"] for one in page["items"]]
        if not page["next"]:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == made[::-1]


# What a VIN tells


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement sent to the database, in order, without its values."""
    seen: list[str] = []
    rows_of, execute = PostgresTransaction.rows, PostgresTransaction.execute

    async def kept_execute(self: Any, role: str, query: Any, parameters: Any = ()) -> Any:
        seen.append(f"{role}: {query}")
        return await execute(self, role, query, parameters)

    with patch.object(PostgresTransaction, "execute", kept_execute):
        assert PostgresTransaction.rows is rows_of
        yield seen


async def test_a_vin_of_somebodys_car_of_a_new_one_and_of_none_get_the_same_answer_after_the_same_statements(
    client, street, platform
):
    owner = await street.owner()
    owned, free = await new_car(platform), await new_car(platform)
    made = await add(client, owner, owned.vin)
    await owned.types(made["code"])
    waiting = a_vin(platform)
    await add(client, owner, waiting)
    told = []
    for vin in (owned.vin, free.vin, waiting, a_vin(platform)):
        asker = await street.owner()
        for path in ("/api/v1/vehicles/eligibility", "/api/v1/pairings"):
            with statements() as seen:
                response = await client.post(path, json={"vin": vin}, headers=asker.headers)
            assert any("pairing" in statement for statement in seen) or path.endswith("eligibility")
            shape = {
                name: type(value).__name__ if name in {"pairing_id", "code", "vin", "created_at", "expires_at"} else value
                for name, value in response.json().items()
            }
            told.append((path, response.status_code, sorted(response.headers), shape, seen))
    for path in ("/api/v1/vehicles/eligibility", "/api/v1/pairings"):
        answers = [answer for answer in told if answer[0] == path]
        assert len(answers) == 4
        assert all(answer == answers[0] for answer in answers)
        assert not any(re.search(r"\bvehicle\b", statement) for statement in answers[0][4]), "the cars are not even looked at"


async def test_a_pairing_of_somebody_else_is_not_there(client, street, platform):
    owner, stranger = await street.owner(), await street.owner()
    made = await add(client, owner, a_vin(platform))
    answers = []
    for pairing_id in (made["pairing_id"], unknown_id(), "nonsense"):
        for method in ("GET", "DELETE"):
            response = await client.request(method, f"/api/v1/pairings/{pairing_id}", headers=stranger.headers)
            body = response.json()
            body.pop("instance")
            answers.append((response.status_code, body))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 404
    assert (await client.get("/api/v1/pairings", headers=stranger.headers)).json()["items"] == []
    assert (await client.get(f"/api/v1/pairings/{made['pairing_id']}", headers=owner.headers)).json()["state"] == "waiting"


# Typed in the car


@pytest.mark.req("ACC-4b", "ENR-2c")
async def test_the_code_typed_in_the_car_brings_it_into_the_garage_with_its_trial(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    assert await garage_of(client, owner) == []
    assert (await car.types(made["code"])).result == PairingResult.PAIRED
    assert await garage_of(client, owner) == [car.name]
    shown = (await client.get(f"/api/v1/pairings/{made['pairing_id']}", headers=owner.headers)).json()
    assert (shown["state"], shown["vehicle_id"], shown["code"], shown["vin"]) == ("paired", car.name, None, None)
    detail = (await client.get(f"/api/v1/vehicles/{car.name}", headers=owner.headers)).json()
    assert [s for s in detail["services"] if s["reason"] in {"no_contract", "no_tenure"}] == []
    ((frame,),) = await rows(platform, "SELECT frame FROM car_policy WHERE vehicle_id = %s", car.vehicle_id)
    policy = msgspec.msgpack.decode(msgspec.msgpack.decode(frame, type=SignedPolicy).policy, type=Policy)
    ((tenure_id,),) = await rows(platform, "SELECT tenure_id FROM tenure WHERE vehicle_id = %s", car.vehicle_id)
    assert policy.tenure_id == tenure_id


@pytest.mark.req("ENR-2c")
async def test_a_code_is_good_in_the_one_car_it_is_for(client, street, platform):
    owner, car, other = await street.owner(), await new_car(platform), await new_car(platform)
    made = await add(client, owner, car.vin)
    assert (await other.types(made["code"])).result == PairingResult.WRONG_CODE
    assert await garage_of(client, owner) == []
    assert (await car.types(made["code"])).result == PairingResult.PAIRED


@pytest.mark.req("ENR-2b")
async def test_a_code_that_ran_out_says_so_and_pairs_nothing(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    year = timedelta(days=365)
    assert (await car.types(made["code"], later=year)).result == PairingResult.EXPIRED
    assert await garage_of(client, owner) == []
    async with platform.database.begin() as tx:
        late = await platform.pairings.one(tx, owner.account_id, _uuid(made), platform.clock.now() + year)
    assert (late.state, late.open) == ("expired", None)
    assert (await car.types(made["code"])).result == PairingResult.PAIRED


@pytest.mark.parametrize("typed", ["", "1234567", "123456789", "١٢٣٤٥٦٧٨", "1234567\0", "x" * 10_000])
async def test_what_is_no_code_is_a_wrong_one(platform, typed):
    car = await new_car(platform)
    answer = await car.types(typed)
    assert (answer.result, answer.tries) == (PairingResult.WRONG_CODE, 4)


async def test_five_wrong_codes_lock_the_car_for_15_minutes_then_for_twice_as_long_and_the_right_one_waits_too(
    client, street, platform
):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    wrong = f"{(int(made['code']) + 1) % 10**8:08d}"
    assert [(await car.types(wrong)).tries for _ in range(4)] == [4, 3, 2, 1]
    fifth = await car.types(wrong)
    assert (fifth.result, fifth.wait_s) == (PairingResult.LOCKED, 900)
    assert (await car.types(made["code"])).result == PairingResult.LOCKED, "a lock that the right code opens is none"
    after = timedelta(seconds=901)
    for _ in range(4):
        assert (await car.types(wrong, later=after)).result == PairingResult.WRONG_CODE
    assert (await car.types(wrong, later=after)).wait_s == 1800
    assert (await car.types(made["code"], later=after + timedelta(seconds=1801))).result == PairingResult.PAIRED
    assert await rows(
        platform, "SELECT wrong, locks, locked_until FROM pairing_tries WHERE vehicle_id = %s", car.vehicle_id
    ) == [(0, 0, None)]


async def test_tries_at_the_same_moment_do_not_get_past_the_limit(platform):
    car = await new_car(platform)
    answers = await asyncio.gather(*(car.types(f"{number:08d}") for number in range(20)))
    results = [answer.result for answer in answers]
    assert results.count(PairingResult.WRONG_CODE) == 4
    assert results.count(PairingResult.LOCKED) == 16


async def test_the_table_holds_the_limit_whatever_a_program_does(platform):
    car = await new_car(platform)
    await car.types("00000000")
    with pytest.raises(psycopg.errors.CheckViolation):
        await rows(platform, "UPDATE pairing_tries SET wrong = 5 WHERE vehicle_id = %s RETURNING 1", car.vehicle_id)


async def test_tries_in_one_car_say_nothing_about_another(platform, client, street):
    owner, car, other = await street.owner(), await new_car(platform), await new_car(platform)
    for number in range(5):
        await other.types(f"{number:08d}")
    made = await add(client, owner, car.vin)
    assert (await car.types(made["code"])).result == PairingResult.PAIRED


async def test_an_answer_that_was_lost_is_given_again_when_the_code_is_typed_again(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    for _ in range(2):
        assert (await car.types(made["code"])).result == PairingResult.PAIRED
    assert len(await rows(platform, "SELECT FROM tenure WHERE vehicle_id = %s", car.vehicle_id)) == 1
    assert (await car.types(made["code"], later=timedelta(minutes=11))).result == PairingResult.WRONG_CODE


async def test_two_that_type_the_same_code_at_once_pair_it_once(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    answers = await asyncio.gather(*(car.types(made["code"]) for _ in range(4)))
    assert {answer.result for answer in answers} == {PairingResult.PAIRED}
    assert len(await rows(platform, "SELECT FROM tenure WHERE vehicle_id = %s", car.vehicle_id)) == 1
    assert (
        len(
            await rows(
                platform, "SELECT FROM contract c JOIN tenure t USING (tenure_id) WHERE t.vehicle_id = %s", car.vehicle_id
            )
        )
        == 1
    )


async def test_a_code_of_a_closed_account_is_no_code(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    await rows(
        platform, "UPDATE account SET closed_at = %s WHERE account_id = %s RETURNING 1", platform.clock.now(), owner.account_id
    )
    assert (await car.types(made["code"])).result == PairingResult.WRONG_CODE


async def test_codes_are_found_after_their_keys_were_rotated(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    made = await add(client, owner, car.vin)
    for purpose in (Purpose.PAIRING_ENCRYPTION, Purpose.PAIRING_LOOKUP, Purpose.VIN_LOOKUP, Purpose.VIN_ENCRYPTION):
        platform.keys.rotate(purpose)
    assert (await client.get(f"/api/v1/pairings/{made['pairing_id']}", headers=owner.headers)).json() == made
    assert (await car.types(made["code"])).result == PairingResult.PAIRED


async def test_what_a_car_sends_instead_of_a_request_is_counted_and_not_answered(street, platform):
    car = await new_car(platform)
    for frame in (b"", b"\xc1", msgspec.msgpack.encode({"code": 12345678, "asked": 1}), b"\x81" * 5_000):
        await street.worker._use_cases.pairing.take(car.vehicle_id, frame)
    assert await rows(platform, "SELECT reason, what, count FROM refusal_count WHERE vehicle_id = %s", car.vehicle_id) == [
        ("unreadable", "pairing_request", 4)
    ]


# Change of owner


@pytest.mark.req("ENR-7a")
async def test_another_owners_code_typed_in_the_car_ends_everything_of_the_first(client, street, platform):
    seller, buyer = await street.owner(), await street.owner()
    car = await new_car(platform)
    await car.types((await add(client, seller, car.vin))["code"])
    await client.patch(f"/api/v1/vehicles/{car.name}", json={"name": "Titine"}, headers=seller.headers)
    spare = await add(client, seller, car.vin)
    made = await add(client, buyer, car.vin)
    assert (await car.types(made["code"])).result == PairingResult.PAIRED
    assert await garage_of(client, seller) == []
    assert await garage_of(client, buyer) == [car.name]
    assert (await client.get(f"/api/v1/vehicles/{car.name}", headers=buyer.headers)).json()["name"] is None
    contracts = await rows(
        platform,
        "SELECT t.account_id, c.state FROM contract c JOIN tenure t USING (tenure_id) WHERE t.vehicle_id = %s",
        car.vehicle_id,
    )
    assert dict(contracts) == {seller.account_id: "terminated", buyer.account_id: "active"}
    assert (await car.types(spare["code"])).result == PairingResult.WRONG_CODE, "a code that the seller kept is void"
    ended = await rows(
        platform, "SELECT ended_at FROM tenure WHERE vehicle_id = %s AND account_id = %s", car.vehicle_id, seller.account_id
    )
    assert ended != [(None,)]


async def test_the_earlier_owner_is_told_by_mail(client, street, platform):
    seller, buyer = await street.owner(), await street.owner()
    now = platform.clock.now()
    async with platform.database.begin() as tx:
        await platform.accounts.create_with_password(
            tx, seller.account_id, f"seller{next(_serials)}@example.org", "a quiet long evening", now
        )
    car = await new_car(platform)
    await car.types((await add(client, seller, car.vin))["code"])
    mails = "SELECT template FROM mail WHERE account_id = ANY (%s)"
    both = [seller.account_id, buyer.account_id]
    before = await rows(platform, mails, both)
    await car.types((await add(client, buyer, car.vin))["code"])
    after = await rows(platform, mails, both)
    assert [template for (template,) in after].count("car_taken_over") == 1
    assert ("car_taken_over",) not in before


async def test_a_change_of_owner_that_fails_changes_nothing(client, street, platform):
    seller, buyer = await street.owner(), await street.owner()
    car = await new_car(platform)
    await car.types((await add(client, seller, car.vin))["code"])
    made = await add(client, buyer, car.vin)
    broken = patch.object(type(platform.contracts), "activate_trial", side_effect=RuntimeError("the machine stops here"))
    with broken, pytest.raises(RuntimeError, match="stops here"):
        await car.types(made["code"])
    assert await garage_of(client, seller) == [car.name]
    assert await garage_of(client, buyer) == []
    assert (await car.types(made["code"])).result == PairingResult.PAIRED


async def test_of_two_owners_whose_codes_are_typed_at_once_one_has_the_car_at_the_end(client, street, platform):
    owners, car = [await street.owner() for _ in range(4)], await new_car(platform)
    codes = [(await add(client, owner, car.vin))["code"] for owner in owners]
    answers = await asyncio.gather(*(car.types(code) for code in codes))
    assert {answer.result for answer in answers} == {PairingResult.PAIRED}
    garages = [await garage_of(client, owner) for owner in owners]
    assert sorted(garages) == [[], [], [], [car.name]]
    running = await rows(platform, "SELECT FROM tenure WHERE vehicle_id = %s AND ended_at IS NULL", car.vehicle_id)
    assert len(running) == 1


# Removal and name


@pytest.mark.req("ACC-4h")
async def test_before_a_car_is_removed_its_owner_reads_what_that_means(client, street, platform):
    owner = await street.owner()
    car = await street.car(owner)
    for language, question in (
        ("en", "Remove this car from your garage?"),
        ("fr", "Retirer cette voiture de votre garage\u00a0?"),
    ):
        body = (await client.get(f"{car.address}/removal", headers={**owner.headers, "Accept-Language": language})).json()
        assert body["question"] == question
        assert len(body["consequences"]) == 5
        assert [contract["plan"] for contract in body["contracts"]] == [{"id": "connect", "name": "Connect"}]
    assert await garage_of(client, owner) == [car.name]


@pytest.mark.req("ACC-4e", "ACC-4g")
async def test_a_removed_car_is_gone_from_view_while_its_contract_and_services_go_on(client, street, platform):
    owner = await street.owner()
    car = await new_car(platform)
    await car.types((await add(client, owner, car.vin))["code"])
    before = await rows(platform, "SELECT version, open_declarations FROM car_policy WHERE vehicle_id = %s", car.vehicle_id)
    assert (await client.delete(f"/api/v1/vehicles/{car.name}", headers=owner.headers)).status_code == 204
    assert await garage_of(client, owner) == []
    for method, part in (
        ("GET", ""),
        ("GET", "/status"),
        ("GET", "/removal"),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/events"),
    ):
        response = await client.request(method, f"/api/v1/vehicles/{car.name}{part}", headers=owner.headers, json={"name": "x"})
        assert response.status_code == 404, (method, part)
    state = "SELECT t.ended_at, c.state FROM tenure t JOIN contract c USING (tenure_id) WHERE t.vehicle_id = %s"
    assert await rows(platform, state, car.vehicle_id) == [(None, "active")]
    after = await rows(platform, "SELECT version, open_declarations FROM car_policy WHERE vehicle_id = %s", car.vehicle_id)
    assert after == before


@pytest.mark.req("ENR-2d", "ENR-2e")
async def test_a_removed_car_comes_back_with_a_new_code_as_it_was_and_with_one_grant(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    old = await add(client, owner, car.vin)
    await car.types(old["code"])
    await client.patch(f"/api/v1/vehicles/{car.name}", json={"name": "Titine"}, headers=owner.headers)
    await client.delete(f"/api/v1/vehicles/{car.name}", headers=owner.headers)
    assert (await car.types(old["code"])).result == PairingResult.WRONG_CODE, "the old code does not bring it back"
    for _ in range(2):
        assert (await car.types((await add(client, owner, car.vin))["code"])).result == PairingResult.PAIRED
    assert await garage_of(client, owner) == [car.name]
    assert (await client.get(f"/api/v1/vehicles/{car.name}", headers=owner.headers)).json()["name"] == "Titine"
    grants = await rows(
        platform,
        """SELECT count(*), count(*) FILTER (WHERE g.until_at IS NULL), count(DISTINCT t.tenure_id) FROM capability_grant g
             JOIN tenure t USING (tenure_id) WHERE t.vehicle_id = %s""",
        car.vehicle_id,
    )
    assert grants == [(2, 1, 1)]
    assert (
        len(
            await rows(
                platform, "SELECT FROM contract c JOIN tenure t USING (tenure_id) WHERE t.vehicle_id = %s", car.vehicle_id
            )
        )
        == 1
    )


async def test_two_grants_at_once_are_impossible(street, platform):
    car = await street.car(await street.owner())
    with pytest.raises(psycopg.errors.ExclusionViolation):
        await rows(
            platform,
            """INSERT INTO capability_grant (grant_id, tenure_id, subject_id, capabilities, from_at)
               SELECT gen_random_uuid(), tenure_id, subject_id, capabilities, from_at + interval '1 second'
                 FROM capability_grant WHERE tenure_id = %s RETURNING 1""",
            car.tenure_id,
        )


async def test_a_car_has_the_name_that_its_owner_gives_it(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    assert (await client.get(car.address, headers=owner.headers)).json()["name"] is None
    for given, kept in (("  Titine 🚗 ", "Titine 🚗"), ("x" * 40, "x" * 40), ("  ", None), ("Été", "Été"), (None, None)):
        response = await client.patch(car.address, json={"name": given}, headers=owner.headers)
        assert response.status_code == 200
        assert response.json()["name"] == kept
        assert (await client.get("/api/v1/vehicles", headers=owner.headers)).json()["items"][0]["name"] == kept
    for bad in ("x" * 41, "a\nb", "a\0b", "\u202eenitiT", "\ud800"):
        content = msgspec.json.encode({"name": bad}) if bad != "\ud800" else b'{"name": "\\ud800"}'
        response = await client.patch(
            car.address, content=content, headers={**owner.headers, "Content-Type": "application/json"}
        )
        assert response.status_code == 422, bad
    assert (await client.get(car.address, headers=owner.headers)).json()["name"] is None


# Keeping


@pytest.mark.req("GDP-2k")
async def test_a_pairing_is_deleted_30_days_after_its_end(client, street, platform):
    owner, car = await street.owner(), await new_car(platform)
    used, void, waiting = [await add(client, owner, vin) for vin in (car.vin, a_vin(platform), a_vin(platform))]
    await car.types(used["code"])
    await client.delete(f"/api/v1/pairings/{void['pairing_id']}", headers=owner.headers)
    now = platform.clock.now()
    due = dict(await rows(platform, "SELECT about, due_at FROM timer WHERE kind = %s", TIMER))
    for made, after in ((used, timedelta(0)), (void, timedelta(0)), (waiting, timedelta(days=365))):
        assert abs(due[_uuid(made)] - (now + after + DELETED_AFTER)) < timedelta(minutes=1)
        for at, kept in ((now + after + DELETED_AFTER - timedelta(hours=1), 1), (now + after + DELETED_AFTER, 0)):
            async with platform.database.begin() as tx:
                await delete_pairing(tx, _uuid(made), at)
            assert len(await rows(platform, "SELECT FROM pairing WHERE pairing_id = %s", _uuid(made))) == kept


def _uuid(made: dict[str, Any]) -> UUID:
    return UUID(hex=made["pairing_id"])
