"""What holds for every answer: problems instead of internals, headers, names, sizes, health and the page that explains it all."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import Request
from sqlalchemy import Column, Text
from structlog.testing import capture_logs

from openmarque.api.app import Api, create_app
from openmarque.http.guard import MAX_BODY_BYTES, SECURITY_HEADERS
from openmarque.link.broker import ConnectionState
from openmarque.parts.cloud import parts_of
from openmarque.storage.base import import_tables
from openmarque.storage.errors import StoreUnavailable
from tools.requirements import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="session")


def assert_problem(app: Api, response: httpx.Response, status: int, code: str) -> Any:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    body = response.json()
    schemas = app.openapi()["components"]["schemas"]
    jsonschema.validate(body, {**schemas["Problem"], "components": {"schemas": schemas}})
    assert (body["code"], body["status"], body["type"]) == (code, status, f"/api/docs#problem-{code}")
    assert body["instance"] == f"urn:uuid:{response.headers['request-id']}"
    return body


async def test_an_unknown_address_and_a_wrong_method_are_problems(app, client):
    assert_problem(app, await client.get("/nothing"), 404, "not-found")
    assert_problem(app, await client.get("/api/v1/vehicles/"), 404, "not-found")
    response = await client.delete("/api/v1/vehicles")
    assert_problem(app, response, 405, "method-not-allowed")
    assert response.headers["allow"] == "GET"


async def test_a_fault_of_ours_tells_nothing_of_it_but_a_name_under_which_the_log_tells_all(platform, app, street):
    owner = await street.owner()
    broken = create_app(platform)

    @broken.get("/broken")
    async def fails():
        raise RuntimeError("password=hunter2 in /etc/secret")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(broken), base_url="http://localhost") as client:
        with capture_logs() as logged:
            response = await client.get("/broken", headers=owner.headers)
    body = assert_problem(app, response, 500, "internal-error")
    assert "hunter2" not in response.text
    assert "RuntimeError" not in response.text
    assert [(entry["request"], entry["error"], entry["exc_info"]) for entry in logged] == [
        (body["instance"], "RuntimeError", True)
    ]


async def test_a_database_that_is_away_is_told_as_worth_another_try(platform, app, street, monkeypatch):
    owner = await street.owner()

    class Away:
        def begin(self):
            raise StoreUnavailable("(OperationalError at 10.1.2.3)")

    other = create_app(platform)
    monkeypatch.setattr(other.state, "edge", type(other.state.edge)(**{**vars(other.state.edge), "database": Away()}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="http://localhost") as client:
        response = await client.get("/api/v1/vehicles", headers=owner.headers)
    body = assert_problem(app, response, 503, "store-unavailable")
    assert body["retryable"] is True
    assert "detail" not in body
    assert int(response.headers["retry-after"]) > 0


async def test_every_answer_carries_the_security_headers_and_opens_itself_to_no_other_site(client, street):
    owner = await street.owner()
    for address in ("/api/v1/vehicles", "/nothing", "/healthz", "/api/openapi.json", "/api/docs"):
        response = await client.get(address, headers={**owner.headers, "Origin": "http://elsewhere.example"})
        for name in SECURITY_HEADERS:
            assert name in response.headers, (address, name)
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert not [name for name in response.headers if name.startswith("access-control-")]
        assert "strict-transport-security" not in response.headers
    personal = await client.get("/api/v1/vehicles", headers=owner.headers)
    assert personal.headers["cache-control"] == "no-store"
    behind_tls = await client.get("/healthz", headers={"X-Forwarded-Proto": "https"})
    assert "max-age=63072000" in behind_tls.headers["strict-transport-security"]


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "localhost.elsewhere.example", "", "localhost:x", "127.0.0.1.example:8480"]
)
async def test_under_a_foreign_name_nothing_is_answered(app, client, street, host):
    owner = await street.owner()
    response = await client.get("/api/v1/vehicles", headers={**owner.headers, "Host": host})
    assert_problem(app, response, 421, "host-not-allowed")
    assert (await client.get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8480", "127.0.0.1:1", "[::1]:8480", "[::1]"])
async def test_under_its_own_names_it_answers_on_any_port(client, host):
    assert (await client.get("/api/openapi.json", headers={"Host": host})).status_code == 200


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(app, client):
    response = await client.request("GET", "/healthz", content=b"x" * (MAX_BODY_BYTES + 1))
    assert_problem(app, response, 413, "body-too-large")
    assert (await client.get("/healthz", headers={"Content-Length": "many"})).status_code == 413


async def test_a_body_without_a_stated_length_is_cut_off_at_the_limit(platform, app):
    reading = create_app(platform)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 4096

    async def swallow(request: Request):
        return {"read": len(await request.body())}

    reading.add_api_route("/swallow", swallow, methods=["POST"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(reading), base_url="http://localhost") as client:
        assert_problem(app, await client.post("/swallow", content=endless()), 413, "body-too-large")
        assert (await client.post("/swallow", content=b"x" * 100)).json() == {"read": 100}


async def test_health_and_readiness(client, platform):
    assert (await client.get("/healthz")).json() == {"status": "alive"}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "missing": []})

    class Lost:
        state = ConnectionState.RECONNECTING

    class Parts:
        database = platform.database
        broker = Lost()

    other = create_app(platform)
    other.state.parts = Parts()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="http://localhost") as asking:
        lost = await asking.get("/readyz")
    assert (lost.status_code, lost.json()) == (503, {"ready": False, "missing": ["broker"]})


async def test_readiness_notices_a_database_that_lacks_a_column(client):
    account = import_tables()["account"]
    account.append_column(Column("not_there_yet", Text))
    try:
        missing = await client.get("/readyz")
    finally:
        account._columns.remove(account.c.not_there_yet)
    assert (missing.status_code, missing.json()["missing"]) == (503, ["migrations"])


async def test_metrics_count_by_route_and_never_name_a_car(client, street):
    owner = await street.owner()
    car = await street.car(owner)
    await client.get(f"{car.address}/status", headers=owner.headers)
    await client.get("/nothing/at/all")
    text = (await client.get("/metrics")).text
    assert re.search(
        r'openmarque_http_requests_total\{method="GET",route="/api/v1/vehicles/\{vehicle_id\}/status",status="200"\} \d', text
    )
    assert 'route="(none)",status="404"' in text
    assert "openmarque_broker_connected 1.0" in text
    assert car.name not in text
    assert "/nothing/at/all" not in text


async def test_the_description_is_openapi_3_1_with_problems_and_examples(client, app):
    response = await client.get("/api/openapi.json")
    document = response.json()
    assert document["openapi"].startswith("3.1")
    assert (await client.get("/api/openapi.json", headers={"If-None-Match": response.headers["etag"]})).status_code == 304
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and status != "503":
                    assert "application/problem+json" in answer["content"], (path, status)
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', response.text)) <= set(document["components"]["schemas"])
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name


async def test_the_page_that_explains_the_api_loads_nothing_and_explains_every_problem(client, app):
    response = await client.get("/api/docs")
    page = response.text
    assert not re.findall(r"https?://|<script|<img|<link|@import|url\(|style=\"", page)
    assert "default-src 'none'; style-src 'sha256-" in response.headers["content-security-policy"]
    for path in app.openapi()["paths"]:
        assert path in page
    codes = set(re.findall(r'"code":\s*"([a-z-]+)"', (await client.get("/api/openapi.json")).text))
    assert codes
    for code in codes:
        assert f'id="problem-{code}"' in page


async def test_two_requests_at_once_have_names_of_their_own(client):
    responses = await asyncio.gather(*(client.get("/healthz") for _ in range(5)))
    assert len({response.headers["request-id"] for response in responses}) == 5


async def test_the_page_on_the_api_names_every_address(app):
    page = (ROOT / "docs/reference/api.md").read_text("utf-8")
    for path in app.openapi()["paths"]:
        assert path in page or f"…{path.removeprefix('/api/v1/vehicles/{vehicle_id}')}`" in page, path


async def test_a_route_of_a_service_finds_what_its_service_may_use_of_the_platform(app, platform):
    parts = parts_of(Request({"type": "http", "app": app}))
    assert (parts.clock, parts.catalogue, parts.live) == (platform.clock, platform.catalogue, platform.live)
