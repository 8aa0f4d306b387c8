"""Who is let in to what: a token opens one account, an account sees the cars of its tenures, and nothing tells whether another car exists."""

import re
import time
from datetime import timedelta
from statistics import median
from typing import Any

import httpx
import psycopg
import pytest

from openmarque.api.app import Api
from openmarque.api.openapi import operations
from openmarque.domains.accounts.service import LONGEST_LIFE
from openmarque.storage.postgres import PostgresTransaction
from tests.integration.api.conftest import unknown_id

pytestmark = pytest.mark.asyncio(loop_scope="session")

PUBLIC = {
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/api/v1/brand"),
    ("post", "/api/v1/accounts"),
    ("post", "/api/v1/accounts/confirmations"),
    ("post", "/api/v1/accounts/confirmations/resend"),
    ("post", "/api/v1/accounts/password-resets"),
    ("post", "/api/v1/accounts/password-resets/confirm"),
    ("post", "/api/v1/sessions"),
}
"""What is open to everybody: probes, and the way to an account and into it."""


def routes_of_a_person(app: Api) -> list[str]:
    """Every path that a person reads, generated from the description: a new route is tested from its first day."""
    return [path for path, methods in app.openapi()["paths"].items() if methods.get("get", {}).get("security")]


def operations_of_a_person(app: Api) -> list[tuple[str, str]]:
    """Method and path of everything that needs a person."""
    return [(m, path) for path, methods in app.openapi()["paths"].items() for m, o in methods.items() if o.get("security")]


def address_of(path: str, vehicle_id: str) -> str:
    """A path of the description with a car in it, and for whatever else it names an id that is nobody's."""
    return re.sub(r"\{(?!vehicle_id)\w+\}", unknown_id(), path).format(vehicle_id=vehicle_id)


def same(response: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """A response without what names the request."""
    body = response.json()
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", body.pop("instance"))
    headers = {name: value for name, value in response.headers.items() if name != "request-id"}
    return response.status_code, headers, body


@pytest.mark.req("LNK-8b")
async def test_every_route_of_a_person_refuses_whoever_is_not_signed_in(app, client, street):
    car = await street.car(await street.owner())
    every = operations_of_a_person(app)
    assert len(every) >= 12
    for method, path in every:
        address = address_of(path, car.name)
        for headers in (
            {},
            {"Authorization": "Bearer nonsense"},
            {"Authorization": "Basic Zm9vOmJhcg=="},
            {"Authorization": "Bearer"},
        ):
            response = await client.request(method, address, headers=headers, json={} if method != "get" else None)
            assert (response.status_code, response.json()["code"]) == (401, "not-signed-in"), (method, path)
            assert response.headers["www-authenticate"].startswith("Bearer")


async def test_every_operation_under_the_prefix_needs_a_person(app):
    document = app.openapi()
    public = {(m, path) for path, methods in document["paths"].items() for m, o in methods.items() if not o.get("security")}
    assert public - {("get", "/api/v1/maps")} == PUBLIC
    assert all("401" in operation["responses"] for operation in operations(document) if operation.get("security"))


async def test_a_token_in_the_address_is_not_accepted(client, street):
    owner = await street.owner()
    for name in ("access_token", "token", "authorization"):
        assert (await client.get(f"/api/v1/vehicles?{name}={owner.token}")).status_code == 401
    assert (await client.get("/api/v1/vehicles", headers=owner.headers)).status_code == 200


@pytest.mark.req("LNK-8c")
async def test_somebody_elses_car_is_answered_on_every_route_exactly_like_one_that_does_not_exist(app, client, street):
    owner, stranger = await street.owner(), await street.owner()
    car = await street.car(owner)
    await street.car(stranger)
    paths = [path for path in routes_of_a_person(app) if "{vehicle_id}" in path]
    assert len(paths) >= 5
    for path in paths:
        foreign = await client.get(address_of(path, car.name), headers=stranger.headers)
        unknown = await client.get(address_of(path, unknown_id()), headers=stranger.headers)
        assert foreign.status_code == 404, path
        assert same(foreign) == same(unknown)
        for no_id in ("UU1TEST0000000001", car.name.upper(), "%00", str(car.vehicle_id)):
            assert same(await client.get(address_of(path, no_id), headers=stranger.headers))[2] == same(unknown)[2]


async def test_a_foreign_and_an_unknown_car_cost_the_same_statements(client, street, monkeypatch):
    owner, stranger = await street.owner(), await street.owner()
    car = await street.car(owner)
    run: list[tuple[str, str]] = []
    execute = PostgresTransaction.execute

    async def noting(self, role, query, parameters=()):
        run.append((role, query))
        return await execute(self, role, query, parameters)

    monkeypatch.setattr(PostgresTransaction, "execute", noting)
    seen = []
    for name in (car.name, unknown_id(), "no-id"):
        run.clear()
        await client.get(f"/api/v1/vehicles/{name}/status", headers=stranger.headers)
        seen.append(list(run))
    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0]) == 2


async def test_a_foreign_car_takes_as_long_as_an_unknown_one(client, street):
    """A wide bound: it catches another statement or a wait, not nanoseconds; the statements are compared above."""
    owner, stranger = await street.owner(), await street.owner()
    car = await street.car(owner)

    async def once(name: str) -> float:
        started = time.perf_counter()
        await client.get(f"/api/v1/vehicles/{name}", headers=stranger.headers)
        return time.perf_counter() - started

    foreign, unknown = [], []
    for _ in range(40):
        foreign.append(await once(car.name))
        unknown.append(await once(unknown_id()))
    assert 0.5 < median(foreign) / median(unknown) < 2.0


async def test_a_token_that_ran_out_or_was_revoked_opens_nothing(client, street, platform):
    owner = await street.owner()
    now = platform.clock.now()
    async with platform.database.begin() as tx:
        old = await platform.accounts.issue_token(tx, owner.account_id, now - timedelta(hours=2), timedelta(hours=1))
        ended = await platform.accounts.issue_token(tx, owner.account_id, now)
        await platform.accounts.revoke_token(tx, ended, now)
    unknown = await client.get("/api/v1/vehicles", headers={"Authorization": "Bearer omt_unknown"})
    for token in (old, ended):
        response = await client.get("/api/v1/vehicles", headers={"Authorization": f"Bearer {token}"})
        assert same(response) == same(unknown)
        assert response.status_code == 401


async def test_a_closed_account_is_shut_out_with_its_tokens(client, street, platform):
    owner = await street.owner()
    async with platform.database.begin() as tx:
        await tx.execute(
            "om_platform", "UPDATE account SET closed_at = %s WHERE account_id = %s", (platform.clock.now(), owner.account_id)
        )
    assert (await client.get("/api/v1/vehicles", headers=owner.headers)).status_code == 401


async def test_no_token_lives_longer_than_a_day_whoever_asks(street, platform):
    owner = await street.owner()
    now = platform.clock.now()
    async with platform.database.begin() as tx:
        for life in (LONGEST_LIFE + timedelta(seconds=1), timedelta(0)):
            with pytest.raises(ValueError, match="24 hours"):
                await platform.accounts.issue_token(tx, owner.account_id, now, life)
    with pytest.raises(psycopg.errors.CheckViolation):
        async with platform.database.begin() as tx:
            await tx.execute(
                "om_platform",
                "INSERT INTO access_token (token_hash, account_id, created_at, expires_at) VALUES ('x', %s, %s, %s)",
                (owner.account_id, now, now + timedelta(days=2)),
            )


async def test_the_database_holds_no_token_that_could_be_used(street, platform):
    owner = await street.owner()
    async with platform.database.begin() as tx:
        rows = await tx.rows("om_platform", "SELECT token_hash FROM access_token WHERE account_id = %s", (owner.account_id,))
    assert len(rows) == 1
    assert len(rows[0][0]) == 32
    assert owner.token.encode() not in bytes(rows[0][0])


async def test_after_a_sale_the_seller_sees_nothing_and_the_buyer_nothing_of_the_seller(client, street, platform):
    seller, buyer = await street.owner(), await street.owner()
    car = await street.car(seller)
    await car.says({"Vehicle.Speed": 42.0})
    await car.drove(1, 5000.0)
    await car.sends_nonsense()
    assert (await client.get(f"{car.address}/refusals", headers=seller.headers)).json()["items"] != []
    now = platform.clock.now()
    async with platform.database.begin() as tx:
        await platform.garage.end_tenure(tx, car.tenure_id, now)
        await platform.garage.start_tenure(tx, car.vehicle_id, buyer.account_id, now)
    assert (await client.get("/api/v1/vehicles", headers=seller.headers)).json()["items"] == []
    for part in ("", "/status", "/trips", "/refusals", "/events"):
        assert (await client.get(f"{car.address}{part}", headers=seller.headers)).status_code == 404
    detail = (await client.get(car.address, headers=buyer.headers)).json()
    assert detail["privacy"] | {"remote_access": True} == {
        "level": "position",
        "set": None,
        "levels": ["private", "data", "position"],
        "ceiling": "position",
        "remote_access": True,
    }
    assert (await client.get(f"{car.address}/status", headers=buyer.headers)).json()["signals"] == {}
    assert (await client.get(f"{car.address}/trips", headers=buyer.headers)).json()["items"] == []
    assert (await client.get(f"{car.address}/refusals", headers=buyer.headers)).json()["items"] == []


@pytest.mark.req("LNK-8e")
async def test_a_grant_that_does_not_let_see_shows_no_car(client, street, platform):
    owner = await street.owner()
    car = await street.car(owner)
    async with platform.database.begin() as tx:
        await tx.execute(
            "om_platform", "UPDATE capability_grant SET capabilities = '{command}' WHERE tenure_id = %s", (car.tenure_id,)
        )
    assert (await client.get(car.address, headers=owner.headers)).status_code == 404
    assert (await client.get("/api/v1/vehicles", headers=owner.headers)).json()["items"] == []
