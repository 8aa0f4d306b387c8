"""Two owners on one platform: whatever one puts into whichever parameter, nothing of the other is there. REQ SEC, DESIGN lesson 1.

Generated from the OpenAPI document: every operation, event streams included, is called by one owner with real ids of the other in each
parameter, one at a time and all at once, and has to answer 404, with the very body that an id gets that never existed.

A new route of the platform needs one line in ``OPERATIONS``; one that stands in no line fails the first test. What kind of operation it is follows
from its parameters, and the line has to say the same; ``body`` is a valid request, so that nothing is refused for its form before it is
refused for whose it is. Routes that a service brings need none: they are about a car, and what they take is the least that their description allows.
An object of a new kind needs its id in ``belongings``.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.routing import APIRoute, _IncludedRouter

from openmarque.api.app import Api
from openmarque.app import Platform
from openmarque.brands.eligibility import sample_vin
from openmarque.governance.discovery import installed_parts
from openmarque.kit.ids import wire
from openmarque.protocol import signing
from openmarque.protocol.commands import b64url
from openmarque.storage.events import event_specs
from openmarque.storage.roles import PLATFORM
from tests.integration.api.conftest import Car, Owner, Street, unknown_id, watching

pytestmark = pytest.mark.asyncio(loop_scope="session")

PREFIX = "/api/v1"
PASSWORD = "a quiet long evening"
_numbers = count(1)


class Kind(StrEnum):
    """Whose something is that an operation is about."""

    PUBLIC = "public"
    """Everybody's; nobody is asked who they are."""
    SELF = "self"
    """The signed-in person's own account, named nowhere in the request."""
    CAR = "car"
    """A car, and perhaps something of it."""
    ACCOUNT_OBJECT = "account object"
    """Something of an account, named by its id."""


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    kind: Kind
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


_SPKI = signing.public_bytes(ec.derive_private_key(7, ec.SECP256R1()).public_key())
_VIN = {"vin": "VF1AABVY0MA000042"}
_KEYED = {"Idempotency-Key": wire(uuid4())}

OPERATIONS: dict[tuple[str, str], Line] = {
    # The program
    ("get", "/healthz"): Line(Kind.PUBLIC),
    ("get", "/readyz"): Line(Kind.PUBLIC),
    ("get", "/metrics"): Line(Kind.PUBLIC),
    ("get", "/maps"): Line(Kind.PUBLIC),
    ("get", "/brand"): Line(Kind.PUBLIC),
    # The way into an account
    ("post", "/accounts"): Line(Kind.PUBLIC),
    ("post", "/accounts/confirmations"): Line(Kind.PUBLIC),
    ("post", "/accounts/confirmations/resend"): Line(Kind.PUBLIC),
    ("post", "/accounts/password-resets"): Line(Kind.PUBLIC),
    ("post", "/accounts/password-resets/confirm"): Line(Kind.PUBLIC),
    ("post", "/sessions"): Line(Kind.PUBLIC),
    # One's own account
    ("get", "/sessions"): Line(Kind.SELF),
    ("delete", "/sessions/current"): Line(Kind.SELF),
    ("delete", "/sessions/{session_id}"): Line(Kind.ACCOUNT_OBJECT),
    ("get", "/account"): Line(Kind.SELF),
    ("patch", "/account"): Line(Kind.SELF, {"language": "fr"}),
    ("put", "/account/password"): Line(Kind.SELF, {"current_password": "x" * 12, "new_password": "y" * 12}),
    ("put", "/account/safety-code"): Line(Kind.SELF, {"code": "1234", "password": "x" * 12}),
    # Notices
    ("get", "/notices"): Line(Kind.SELF),
    ("put", "/notices/read"): Line(Kind.SELF, {"until": "2026-11-30T00:00:00Z"}),
    ("put", "/notices/{notice_id}/read"): Line(Kind.ACCOUNT_OBJECT),
    # The garage
    ("get", "/vehicles"): Line(Kind.SELF),
    ("post", "/vehicles/eligibility"): Line(Kind.SELF, _VIN),
    ("post", "/pairings"): Line(Kind.SELF, _VIN),
    ("get", "/pairings"): Line(Kind.SELF),
    ("get", "/pairings/{pairing_id}"): Line(Kind.ACCOUNT_OBJECT),
    ("delete", "/pairings/{pairing_id}"): Line(Kind.ACCOUNT_OBJECT),
    # A car
    ("get", "/vehicles/{vehicle_id}"): Line(Kind.CAR),
    ("patch", "/vehicles/{vehicle_id}"): Line(Kind.CAR, {"name": "Mine"}),
    ("delete", "/vehicles/{vehicle_id}"): Line(Kind.CAR),
    ("get", "/vehicles/{vehicle_id}/services"): Line(Kind.CAR),
    ("get", "/vehicles/{vehicle_id}/removal"): Line(Kind.CAR),
    ("get", "/vehicles/{vehicle_id}/refusals"): Line(Kind.CAR),
    ("get", "/vehicles/{vehicle_id}/events"): Line(Kind.CAR),
    ("get", "/vehicles/{vehicle_id}/history/{event_kind}"): Line(Kind.CAR),
    # Settings documents
    ("get", "/vehicles/{vehicle_id}/documents"): Line(Kind.CAR),
    ("get", "/vehicles/{vehicle_id}/documents/{kind}"): Line(Kind.CAR),
    ("put", "/vehicles/{vehicle_id}/documents/{kind}"): Line(Kind.CAR, {"limit_kmh": 90}, {"If-Match": '"0"'}),
    ("get", "/vehicles/{vehicle_id}/documents/{kind}/schema"): Line(Kind.CAR),
    # Remote commands and phones
    ("get", "/vehicles/{vehicle_id}/commands"): Line(Kind.CAR),
    ("post", "/vehicles/{vehicle_id}/challenges"): Line(Kind.CAR),
    ("get", "/vehicles/{vehicle_id}/remote-commands"): Line(Kind.CAR),
    ("post", "/vehicles/{vehicle_id}/remote-commands"): Line(Kind.CAR, {"command": "refresh"}, _KEYED),
    ("get", "/vehicles/{vehicle_id}/remote-commands/{command_id}"): Line(Kind.CAR),
    ("post", "/vehicles/{vehicle_id}/remote-commands/{command_id}/approval"): Line(
        Kind.CAR, {"payload": b64url(b"{}"), "signature": b64url(bytes(64))}
    ),
    ("get", "/vehicles/{vehicle_id}/digital-keys"): Line(Kind.CAR),
    ("post", "/vehicles/{vehicle_id}/digital-keys"): Line(
        Kind.CAR, {"public_key": b64url(_SPKI), "label": "Mine", "mac": b64url(bytes(32))}
    ),
    ("delete", "/vehicles/{vehicle_id}/digital-keys/{key_id}"): Line(Kind.CAR),
}
"""Every operation of the API that no service brings: (method, path below the prefix)."""

HIDDEN: Final = (
    *("/api/openapi.json", "/api/asyncapi.json", "/api/docs"),
    *("/maps/{name}.pmtiles", "/{path:path}"),
)
"""Routes that the document leaves out: files that are everybody's. None of them knows an owner."""

EVERYBODYS: Final = frozenset({"kind", "event_kind"})
"""Parameters that name a sort of thing and no object: everybody may know them."""
IDEMPOTENT: frozenset[tuple[str, str]] = frozenset()
"""Operations on an object that say nothing about whether it is there (they answer 204 for every id)."""


def brought(app: Api) -> dict[tuple[str, str], Line]:
    """A line for each operation that a service brings."""
    document = app.openapi()
    theirs = {service.name for service in app.state.parts.catalogue.services}
    lines = {}
    for one in installed_parts(app.state.parts.catalogue.services).installed:
        if one.part.name in theirs and one.part.routes is not None:
            for route in one.part.routes().routes:
                assert isinstance(route, APIRoute)
                for method in (name.lower() for name in route.methods or ()):
                    operation = document["paths"][PREFIX + route.path][method]
                    lines[method, route.path] = Line(kind_of(operation), least_body(document, operation))
    return lines


def kind_of(operation: dict[str, Any]) -> Kind:
    """Whose something is that an operation is about, as its parameters say."""
    named = parameters(operation, "path")
    if not operation.get("security"):
        return Kind.PUBLIC
    return Kind.CAR if "vehicle_id" in named else Kind.ACCOUNT_OBJECT if named else Kind.SELF


def least_body(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    """The least that an operation takes as its body, by its description; None where it takes none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else _least(document, content["schema"])


def _least(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _least(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return _least(document, several[0])
    for told in ("examples", "enum"):
        if schema.get(told):
            return schema[told][0]
    match schema.get("type"):
        case "object":
            members = schema.get("properties", {})
            return {name: _least(document, members[name]) for name in schema.get("required", ())}
        case "array":
            return [_least(document, schema["items"])] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "string":
            return "a" * schema.get("minLength", 1)
        case kind:
            return {"boolean": True}.get(str(kind))


@dataclass(frozen=True)
class Side:
    """One owner with real things: the ids that parameters take, by the parameter's name."""

    owner: Owner
    car: Car
    ids: dict[str, str]
    secrets: tuple[str, ...]
    """What must never stand in an answer to anybody else."""
    lines: dict[tuple[str, str], Line]
    """How each operation is called."""


def operations(app: Api) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path below the prefix, description of every operation."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method, path.removeprefix(PREFIX), operation


def hidden(routes: Iterable[Any], prefix: str = "", *, shown: bool = True) -> Iterator[str]:
    """The address of every route that the document leaves out, by itself or by the router that it stands in."""
    for route in routes:
        if isinstance(route, _IncludedRouter):
            context = route.include_context
            below = (prefix + context.prefix, shown and context.include_in_schema)
            yield from hidden(route.original_router.routes, below[0], shown=below[1])
        elif not (shown and getattr(route, "include_in_schema", False)):
            yield prefix + route.path


def parameters(operation: dict[str, Any], place: str) -> list[str]:
    return [p["name"] for p in operation.get("parameters", []) if p["in"] == place]


def address(path: str, ids: dict[str, str]) -> str:
    return PREFIX + path.format(**ids)


async def belongings(platform: Platform, street: Street, client: httpx.AsyncClient, app: Api) -> Side:
    """An owner with a car and one real thing of every kind that a parameter can name."""
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({"Vehicle.Speed": 50.0})
    await car.drove(1, 1000.0)
    await car.sends_nonsense()
    ids = {"vehicle_id": car.name}
    email = f"isolated{next(_numbers)}@example.org"
    async with platform.database.begin() as tx:
        await platform.accounts.create_with_password(tx, owner.account_id, email, PASSWORD, platform.clock.now())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as browser:
        signed_in = await browser.post(f"{PREFIX}/sessions", json={"email": email, "password": PASSWORD})
        assert signed_in.status_code == 201, signed_in.text
    sessions = await client.get(f"{PREFIX}/sessions", headers=owner.headers)
    ids["session_id"] = sessions.json()["items"][0]["session_id"]
    vin = sample_vin(platform.pack, "brise", 900_000 + next(_numbers))
    pairing = (await client.post(f"{PREFIX}/pairings", json={"vin": vin}, headers=owner.headers)).json()
    ids["pairing_id"] = pairing["pairing_id"]
    headers = {**owner.headers, "Idempotency-Key": wire(uuid4())}
    remote_command = await client.post(
        address("/vehicles/{vehicle_id}/remote-commands", ids), json={"command": "unlock"}, headers=headers
    )
    assert remote_command.status_code == 202, remote_command.text
    ids["command_id"] = remote_command.json()["command_id"]
    ids["key_id"] = wire(uuid4())
    ids["event_kind"] = min(kind for kind, spec in event_specs().items() if spec.at)
    ids["kind"] = min(platform.catalogue.documents(), default="none_installed")
    now = platform.clock.now()
    async with platform.database.begin() as tx:
        await tx.execute(
            PLATFORM,
            """INSERT INTO digital_key (tenure_id, key_id, vehicle_id, public_key, label, state, reason, counter, requested_at, changed_at)
               VALUES (%s, %s, %s, %s, 'A phone', 'active', '', 0, %s, %s)""",
            (car.tenure_id, ids["key_id"], car.vehicle_id, _SPKI, now, now),
        )
        assert await platform.notices.notify(tx, car.tenure_id, "phone_added", {"phone": "A phone"}, now)
    notices = (await client.get(f"{PREFIX}/notices", headers=owner.headers)).json()["items"]
    ids["notice_id"] = notices[0]["notice_id"]
    own = [value for name, value in ids.items() if name not in EVERYBODYS]
    return Side(owner, car, ids, (*own, pairing["code"], vin, email), OPERATIONS | brought(app))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sides(platform: Platform, street: Street, client: httpx.AsyncClient, app: Api) -> AsyncIterator[tuple[Side, Side]]:
    yield await belongings(platform, street, client, app), await belongings(platform, street, client, app)


async def call(client: httpx.AsyncClient, who: Side, method: str, path: str, ids: dict[str, str]) -> httpx.Response:
    line = who.lines[method, path]
    return await client.request(method, address(path, ids), json=line.body, headers={**who.owner.headers, **line.headers})


def told(response: httpx.Response) -> tuple[int, dict[str, str], Any]:
    """A response without what names the request."""
    body = response.json()
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", body.pop("instance"))
    return response.status_code, {k: v for k, v in response.headers.items() if k != "request-id"}, body


async def test_the_table_classifies_every_operation_of_the_api(app):
    described = {(method, path) for method, path, _ in operations(app)}
    theirs = brought(app)
    assert described - theirs.keys() - OPERATIONS.keys() == set(), "add a line for each new operation"
    assert OPERATIONS.keys() - described == set(), "these operations are no more"
    assert OPERATIONS.keys().isdisjoint(theirs), "what a service brings has its line already"
    assert {line.kind for line in theirs.values()} <= {Kind.CAR}, "a service's routes are about a car"


async def test_no_route_hides_from_the_table_by_being_left_out_of_the_document(app):
    assert sorted(hidden(app.routes)) == sorted(HIDDEN)


async def test_each_operation_is_of_the_kind_that_its_parameters_say(app):
    lines = OPERATIONS | brought(app)
    for method, path, operation in operations(app):
        assert lines[method, path].kind is kind_of(operation), (method, path)
        has_body = lines[method, path].body is not None
        assert has_body or kind_of(operation) is Kind.PUBLIC or "requestBody" not in operation


async def test_every_parameter_of_an_object_has_a_real_id_to_be_tried_with(app, sides):
    named = {name for _, _, operation in operations(app) for name in parameters(operation, "path")}
    assert named <= sides[0].ids.keys(), "give the belongings one of each"


async def test_with_ones_own_ids_every_reading_operation_answers(app, client, sides):
    """Else the test below would prove nothing: the ids are real and the requests well formed."""
    mine, _ = sides
    for method, path, operation in operations(app):
        if "{kind}" in path and not app.state.parts.catalogue.documents():
            continue
        if method == "get" and operation.get("security") and not path.endswith("/events"):
            response = await call(client, mine, method, path, mine.ids)
            assert response.status_code == 200, (path, response.text)


@pytest.mark.req("LNK-8c")
async def test_with_an_id_of_another_owner_in_any_parameter_nothing_is_there(app, client, sides):
    mine, theirs = sides
    tried = 0
    for method, path, operation in operations(app):
        named = parameters(operation, "path")
        if not named or (method, path) in IDEMPOTENT:
            continue
        for foreign in [*({name} for name in named if name not in EVERYBODYS), set(named)]:
            ids = {name: (theirs if name in foreign else mine).ids[name] for name in named}
            never = {name: unknown_id() if name in foreign else mine.ids[name] for name in named}
            got = told(await call(client, mine, method, path, ids))
            assert got[0] == 404, (method, path, foreign, got)
            assert got == told(await call(client, mine, method, path, never)), (method, path, foreign)
            tried += 1
    assert tried >= len([o for o in mine.lines.values() if o.kind in {Kind.CAR, Kind.ACCOUNT_OBJECT}])


async def test_what_is_no_id_at_all_gets_the_same_answer(app, client, sides):
    mine, _ = sides
    for method, path, operation in operations(app):
        for name in parameters(operation, "path"):
            never = told(await call(client, mine, method, path, {**mine.ids, name: unknown_id()}))
            for odd in ("x", mine.ids[name].upper(), "%00", f"{unknown_id()}0", "%F0%9F%9A%97", "'--"):
                assert told(await call(client, mine, method, path, {**mine.ids, name: odd})) == never, (method, path, odd)


async def test_nothing_of_the_other_was_changed_by_all_that(app, client, sides):
    _, theirs = sides
    for path in ("/vehicles/{vehicle_id}", "/vehicles/{vehicle_id}/digital-keys", "/pairings/{pairing_id}", "/sessions"):
        response = await call(client, theirs, "get", path, theirs.ids)
        assert response.status_code == 200, path
    assert (await call(client, theirs, "get", "/vehicles/{vehicle_id}", theirs.ids)).json()["name"] is None
    assert (await call(client, theirs, "get", "/pairings/{pairing_id}", theirs.ids)).json()["state"] == "waiting"
    phones = (await call(client, theirs, "get", "/vehicles/{vehicle_id}/digital-keys", theirs.ids)).json()["items"]
    assert [phone["state"] for phone in phones] == ["active"]
    assert (await call(client, theirs, "get", "/notices", theirs.ids)).json()["unread"] == 1


async def test_what_one_reads_of_oneself_names_nothing_of_another(app, client, sides):
    mine, theirs = sides
    for method, path, operation in operations(app):
        if method != "get" or not operation.get("security") or path.endswith("/events"):
            continue
        answer = (await call(client, mine, method, path, mine.ids)).text
        assert not [secret for secret in theirs.secrets if secret in answer], path


async def test_a_cursor_of_another_owner_shows_ones_own_things_only(app, client, sides):
    mine, theirs = sides
    tried = 0
    for _, path, operation in operations(app):
        if "cursor" not in parameters(operation, "query"):
            continue
        first = await client.get(f"{address(path, theirs.ids)}?limit=1", headers=theirs.owner.headers)
        cursor = first.json()["next"] or await _cursor_after_one_more(client, theirs, path)
        if cursor is None:
            continue
        tried += 1
        response = await client.get(f"{address(path, mine.ids)}?cursor={cursor}", headers=mine.owner.headers)
        assert response.status_code == 200, (path, response.text)
        assert not [secret for secret in theirs.secrets if secret in response.text], path
    assert tried >= 1


async def _cursor_after_one_more(client: httpx.AsyncClient, who: Side, path: str) -> str | None:
    """The cursor of the list after something was added, where adding is one request."""
    if path == "/pairings":
        await client.post(f"{PREFIX}/pairings", json=_VIN, headers=who.owner.headers)
    page = (await client.get(f"{address(path, who.ids)}?limit=1", headers=who.owner.headers)).json()
    cursor: str | None = page["next"]
    return cursor


@pytest.mark.req("LNK-8c")
async def test_an_event_stream_of_another_owners_car_does_not_begin(app, client, sides):
    mine, theirs = sides
    own = address("/vehicles/{vehicle_id}/events", mine.ids)
    async with watching(app, own, mine.owner.headers) as stream:
        assert stream.status == 200
        _, last_id, _ = await stream.event()
    foreign = address("/vehicles/{vehicle_id}/events", theirs.ids)
    never = address("/vehicles/{vehicle_id}/events", {"vehicle_id": unknown_id()})
    answers = [
        told(await client.get(path, headers={**mine.owner.headers, **headers}))
        for path in (foreign, never)
        for headers in ({}, {"Last-Event-ID": last_id})
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 404


@pytest.mark.req("ACC-4g")
async def test_a_stream_ends_at_once_when_its_owner_removes_the_car_or_another_takes_it_over(
    app, client, street, platform, monkeypatch
):
    # It would not look by itself while the test waits.
    monkeypatch.setattr("openmarque.http.events._FIRST_CHECK_S", 60.0)
    for removed in (True, False):
        owner = await street.owner()
        car = await street.car(owner)
        async with watching(app, f"{car.address}/events", owner.headers) as stream:
            assert (await stream.event())[0] == "snapshot"
            if removed:
                assert (await client.delete(car.address, headers=owner.headers)).status_code == 204
            else:
                async with platform.database.begin() as tx:
                    await platform.garage.end_tenure(tx, car.tenure_id, platform.clock.now())
            async with asyncio.timeout(10):
                name, _, data = await stream.event()
                while name != "end":
                    name, _, data = await stream.event()
            assert data == {"code": "vehicle-not-found"}
