"""The owner's app over HTTP: its files as the build made them, its page wherever a person goes, and nothing else of the disk."""

import asyncio
import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from openmarque.api.metrics import Metrics
from openmarque.api.web import NOT_THE_APPS, AppRoute
from openmarque.http.guard import SECURITY_HEADERS, Guard

PAGE = '<!doctype html><meta name="style-nonce" content="__STYLE_NONCE__"><script src="/assets/app-3f9a.js"></script>'
SCRIPT = "export const price = 5;"
SCRIPT_ADDRESS = "/assets/app-3f9a.js"
NAVIGATION = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@dataclass(frozen=True)
class Browser:
    """Asks the application one thing at a time; the answer's bytes are kept as they came, undecoded."""

    app: Guard

    def ask(self, method: str, path: str, **headers: str) -> tuple[httpx.Response, bytes]:
        sent = {"Accept": "*/*", "Accept-Encoding": "identity"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }

        async def asked() -> tuple[httpx.Response, bytes]:
            async with (
                httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://localhost") as client,
                client.stream(method, path, headers=sent) as response,
            ):
                return response, b"".join([part async for part in response.aiter_raw()])

        return asyncio.run(asked())

    def go(self, path: str) -> tuple[httpx.Response, bytes]:
        """As when the address bar says `path`."""
        return self.ask("GET", path, Accept=NAVIGATION)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "sw.js").write_text("self.skipWaiting();")
    (folder / "manifest.webmanifest").write_text("{}")
    (folder / ".vite/manifest.json").write_text("{}")
    (folder / SCRIPT_ADDRESS[1:]).write_text(SCRIPT)
    (folder / f"{SCRIPT_ADDRESS[1:]}.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (folder / f"{SCRIPT_ADDRESS[1:]}.br").write_bytes(b"as brotli would have it")
    (tmp_path / "secret.txt").write_text("not for the web")
    return folder


@pytest.fixture
def browser(build: Path) -> Browser:
    return Browser(Guard(Starlette(routes=[AppRoute(build)]), ["localhost"], Metrics().observe))


@pytest.mark.parametrize("path", ["/", "/vehicles/0190/trips", "/phone", "/sign-in?next=/garage"])
def test_a_person_gets_the_page_wherever_they_go_in_the_app(browser, path):
    response, body = browser.go(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert body.startswith(b"<!doctype html>")


@pytest.mark.parametrize("path", [f"/{folder}/mistyped" for folder in NOT_THE_APPS])
def test_nobody_gets_a_page_where_the_app_has_none(browser, path):
    assert browser.go(path)[0].status_code == 404


def test_a_program_that_mistyped_an_address_gets_no_page(browser):
    assert browser.ask("GET", "/vehicles", Accept="application/json")[0].status_code == 404
    assert browser.ask("GET", "/vehicles")[0].status_code == 404


def test_each_page_has_a_nonce_of_its_own_and_a_policy_that_names_only_that(browser):
    pages = [browser.go("/garage") for _ in range(2)]
    nonces = [nonce for _, body in pages for nonce in re.findall(r'content="([\w-]{22})"', body.decode())]
    assert len(set(nonces)) == 2
    for (response, _), nonce in zip(pages, nonces, strict=True):
        policy = response.headers["Content-Security-Policy"]
        assert f"style-src 'self' 'nonce-{nonce}';" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "microphone=()" in response.headers["Permissions-Policy"]
        assert response.headers["Cache-Control"] == SECURITY_HEADERS["Cache-Control"], "a nonce must not be used twice"


def test_files_with_a_digest_in_their_name_are_kept_for_ever_and_others_asked_about(browser):
    assert "immutable" in browser.ask("GET", SCRIPT_ADDRESS)[0].headers["Cache-Control"]
    worker, _ = browser.ask("GET", "/sw.js")
    assert worker.headers["Cache-Control"] == "no-cache"
    again, body = browser.ask("GET", "/sw.js", If_None_Match=worker.headers["ETag"])
    assert (again.status_code, body) == (304, b"")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.0, gzip;q=0", None),
        ("identity", None),
        ("zstd", None),
    ],
)
def test_a_file_comes_in_the_smallest_form_the_client_takes(browser, accepted, coding):
    response, body = browser.ask("GET", SCRIPT_ADDRESS, Accept_Encoding=accepted)
    assert response.headers.get("Content-Encoding") == coding
    assert response.headers["Vary"] == "Accept-Encoding"
    assert body == {"br": b"as brotli would have it", "gzip": body, None: SCRIPT.encode()}[coding]
    if coding == "gzip":
        assert gzip.decompress(body) == SCRIPT.encode()


def test_each_form_of_a_file_has_a_tag_of_its_own(browser):
    tags = {
        browser.ask("GET", SCRIPT_ADDRESS, Accept_Encoding=coding)[0].headers["ETag"] for coding in ("br", "gzip", "identity")
    }
    assert len(tags) == 3


def test_the_service_worker_may_fetch_from_us_and_from_nobody_else(browser):
    policy = browser.ask("GET", "/sw.js")[0].headers["Content-Security-Policy"]
    assert "connect-src 'self'" in policy
    assert "default-src 'none'" in policy


def test_a_head_tells_what_a_get_would_send_and_sends_nothing(browser):
    full, content = browser.ask("GET", SCRIPT_ADDRESS)
    head, nothing = browser.ask("HEAD", SCRIPT_ADDRESS)
    assert nothing == b""
    assert int(head.headers["Content-Length"]) == len(content) == len(SCRIPT)
    assert head.headers["ETag"] == full.headers["ETag"]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/.vite/manifest.json",
    ],
)
def test_nothing_outside_the_build_and_none_of_its_notes_is_served(browser, path):
    response, body = browser.ask("GET", path)
    assert response.status_code == 404
    assert b"not for the web" not in body


def test_types_are_told_so_that_no_browser_has_to_guess(browser):
    types = {path: browser.ask("GET", path)[0].headers["Content-Type"] for path in (SCRIPT_ADDRESS, "/manifest.webmanifest")}
    assert types[SCRIPT_ADDRESS] == "text/javascript; charset=utf-8"
    assert types["/manifest.webmanifest"] == "application/manifest+json; charset=utf-8"


def test_without_a_build_the_page_says_how_to_make_one_and_the_api_lives(tmp_path):
    browser = Browser(Guard(Starlette(routes=[AppRoute(tmp_path / "none")]), ["localhost"], Metrics().observe))
    response, body = browser.go("/")
    assert response.status_code == 503
    assert b"make web" in body
    assert b"/api/docs" in body
