"""The map over HTTP: read in ranges by anybody, never a file that is not the region in force."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openmarque.api import maps
from openmarque.engines.tiles.regions import ATTRIBUTION, Region, archive, maps_folder, present_region, put_in_force
from openmarque.http.problems import add_problems

CONTENT = bytes(range(256)) * 4
REGION = Region("valley", (1.4, 42.4, 1.8, 42.7), ATTRIBUTION, datetime(2026, 11, 22, tzinfo=UTC), len(CONTENT))
WHERE = "/maps/valley.pmtiles"


def put(home: Path, region: Region = REGION, content: bytes = CONTENT) -> None:
    maps_folder(home).mkdir(exist_ok=True)
    made = maps_folder(home) / "made"
    made.write_bytes(content)
    put_in_force(home, region, made)


@dataclass(frozen=True)
class Client:
    """Asks the application one thing at a time."""

    app: FastAPI

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(asked())

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.ask("GET", path, headers)


def client_of(home: Path) -> Client:
    app = FastAPI()
    app.state.parts = SimpleNamespace(settings=SimpleNamespace(home=home))
    app.include_router(maps.router(), prefix="/api/v1")
    app.include_router(maps.files())
    add_problems(app)
    return Client(app)


@pytest.fixture
def client(tmp_path: Path) -> Client:
    put(tmp_path)
    return client_of(tmp_path)


def test_without_an_import_there_is_no_region_and_no_archive(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    assert client.get("/api/v1/maps").json() == {"region": None}
    assert client.get(WHERE).status_code == 404


def test_the_region_in_force_is_told_to_anybody_with_whom_to_thank(client: Client) -> None:
    region = client.get("/api/v1/maps").json()["region"]
    assert region["url"] == WHERE
    assert region["bbox"] == [1.4, 42.4, 1.8, 42.7]
    assert region["attribution"] == "© OpenStreetMap contributors"


@given(st.integers(0, 2000), st.integers(0, 2000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_range_is_exactly_these_bytes(client: Client, first: int, last: int) -> None:
    answer = client.get(WHERE, headers={"Range": f"bytes={first}-{last}"})
    if first >= len(CONTENT) and last >= first:
        assert answer.status_code == 416
        assert answer.json()["code"] == "range-not-satisfiable"
    elif last < first:
        assert (answer.status_code, answer.content) == (200, CONTENT)
    else:
        assert answer.status_code == 206
        assert answer.content == CONTENT[first : last + 1]
        assert answer.headers["content-range"] == f"bytes {first}-{min(last, len(CONTENT) - 1)}/{len(CONTENT)}"
        assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    ("wanted", "part"), [("bytes=1000-", CONTENT[1000:]), ("bytes=-24", CONTENT[-24:]), ("bytes=-99999", CONTENT)]
)
def test_open_ranges_reach_to_the_end(client: Client, wanted: str, part: bytes) -> None:
    answer = client.get(WHERE, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, part)


@pytest.mark.parametrize("wanted", ["bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5", "bytes=" + "0-0," * 4000 + "0-0", ""])
def test_what_is_no_single_range_gets_the_whole(client: Client, wanted: str) -> None:
    answer = client.get(WHERE, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_suffix_of_nothing_can_not_be_satisfied(client: Client) -> None:
    assert client.get(WHERE, headers={"Range": "bytes=-0"}).status_code == 416


def test_an_archive_that_was_replaced_has_another_tag_and_old_ranges_begin_anew(client: Client, tmp_path: Path) -> None:
    tag = client.get(WHERE).headers["etag"]
    assert client.get(WHERE, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(WHERE, headers={"Range": "bytes=0-9", "If-Range": tag}).status_code == 206
    put(tmp_path, content=CONTENT[::-1])
    assert client.get(WHERE).headers["etag"] != tag
    assert client.get(WHERE, headers={"Range": "bytes=0-9", "If-Range": tag}).content == CONTENT[::-1]


def test_head_tells_the_size_and_sends_nothing(client: Client) -> None:
    answer = client.ask("HEAD", WHERE)
    assert (answer.headers["content-length"], answer.headers["accept-ranges"]) == (str(len(CONTENT)), "bytes")
    assert answer.content == b""


@pytest.mark.parametrize(
    "path",
    [
        "/maps/other.pmtiles",
        "/maps/region.json",
        "/maps/valley",
        "/maps/..%2Fvalley.pmtiles",
        "/maps/..%2f..%2fkeys%2fdatabase-login.pmtiles",
        "/maps/%2e%2e/secret.pmtiles",
        "/maps/valley.pmtiles%00.pmtiles",
        "/maps/VALLEY.pmtiles",
        "/maps/.pmtiles",
    ],
)
def test_no_other_file_can_be_read(client: Client, tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.pmtiles").write_text("secret")
    (maps_folder(tmp_path) / "other.pmtiles").write_text("secret")
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"secret" not in answer.content


def test_a_region_file_that_was_tampered_with_leads_nowhere(tmp_path: Path) -> None:
    put(tmp_path)
    (tmp_path / "secret.pmtiles").write_text("secret")
    text = (maps_folder(tmp_path) / "region.json").read_text()
    (maps_folder(tmp_path) / "region.json").write_text(text.replace('"valley"', '"../secret"'))
    assert present_region(tmp_path) is None


def test_a_new_region_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path, Region("plain", (0, 0, 1, 1), ATTRIBUTION, REGION.imported_at, 3), b"new")
    present = present_region(tmp_path)
    assert present is not None
    assert present.name == "plain"
    assert archive(tmp_path, "plain").read_bytes() == b"new"
    assert not archive(tmp_path, "valley").exists()
