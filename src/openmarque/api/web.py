"""The owner's app: the files that ``make web`` built, served by the API's own process at ``/``.

Everything is read into memory at the start, with the compressed forms that the build made. Files below ``/assets`` carry a digest of their
content in their name and may be kept for ever; the page itself and the service worker are asked about each time.

An address that is no file is a page of the app when a person goes there (a navigation names ``text/html`` in ``Accept``) and when it
stands below none of the addresses that are not the app's; what is neither is left to the router, so that a program that mistyped an
address of the API hears a problem and not a page.

The page's content policy allows scripts and styles of our own only. The component library writes one style element with the colours of
the chosen scheme; it carries a nonce that is new in each answer. The map's worker is made from our own script as a ``blob:``.
"""

import mimetypes
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import Headers
from starlette.routing import Match, Route
from starlette.types import Scope

from openmarque.http.conditional import fixed

FOLDER: Final = "static"
"""Beside this module; made by the build, not kept in the repository."""
PAGE: Final = "index.html"
NOT_THE_APPS: Final = ("api", "maps", "assets", "icons")
"""At and below these an address that is no file is an error, not a page of the app."""
_NONCE: Final = b"__STYLE_NONCE__"
"""Stands in the page where the nonce goes."""
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"))
_NOT_MODIFIED: Final = 304

_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_SCRIPT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""A worker lives under the policy of its own script, not of the page: without it the service worker might fetch nothing, and keep nothing."""
_PERMISSIONS: Final = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()"

_UNBUILT: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenMarque</title>
<h1>The app is not built</h1><p>Run <code>make web</code> (or <code>make setup</code>) in the checkout, then start the platform again.
The API works: <a href="/api/docs">its description</a>.</p></html>"""


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the build: its bytes as they are and by content coding, and its type."""

    plain: bytes
    coded: Mapping[str, bytes]
    media_type: str

    def answer(self, request: Request, *, keep: bool) -> Response:
        """The file in the smallest form that the client takes."""
        taken = _codings(request.headers.get("accept-encoding", ""))
        coding = next((name for name, _ in _ENCODINGS if name in taken and name in self.coded), "")
        response = fixed(request, self.coded.get(coding, self.plain), self.media_type)
        if coding and response.status_code != _NOT_MODIFIED:
            response.headers["Content-Encoding"] = coding
        response.headers["Vary"] = "Accept-Encoding"
        if "javascript" in self.media_type:
            response.headers["Content-Security-Policy"] = _SCRIPT_POLICY
        if keep:
            response.headers["Cache-Control"] = _FOR_EVER
        return response


class AppRoute(Route):
    """The files and the page. It has to be the last route, since it takes every navigation that nobody else took."""

    def __init__(self, folder: Path | None = None) -> None:
        """Serve the build in `folder`, by default the one beside this module."""
        self._known = _read(folder or Path(str(files(__package__).joinpath(FOLDER))))
        super().__init__("/{path:path}", self._answer, methods=["GET", "HEAD"], name="app", include_in_schema=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route, but nothing where there is neither a file nor a page."""
        match, child = super().matches(scope)
        if match is Match.NONE or not self._has(child["path_params"]["path"], Headers(scope=scope)):
            return Match.NONE, {}
        return match, child

    def _has(self, path: str, headers: Headers) -> bool:
        if path in self._known or path in ("", PAGE):
            return True
        return path.partition("/")[0] not in NOT_THE_APPS and "text/html" in headers.get("accept", "").lower()

    async def _answer(self, request: Request) -> Response:
        path = request.path_params["path"]
        file = self._known.get(path) if path != PAGE else None
        response = _page(self._known) if file is None else file.answer(request, keep=path.startswith("assets/"))
        if file is None and path not in ("", PAGE):
            # Not for the page's own address: the service worker, which asked with another Accept, would not find it in its cache.
            response.headers["Vary"] = "Accept"
        if request.method == "HEAD":
            response.body = b""  # the headers are made: Content-Length tells the size that GET would send
        return response


def _page(known: Mapping[str, _File]) -> Response:
    if PAGE not in known:
        return HTMLResponse(_UNBUILT, status_code=503)
    nonce = secrets.token_urlsafe(16)
    response = Response(known[PAGE].plain.replace(_NONCE, nonce.encode()), media_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    response.headers["Permissions-Policy"] = _PERMISSIONS
    return response


def _read(folder: Path) -> dict[str, _File]:
    """Every file of the build by its address; empty when there is no build. Names with a dot in front are the build's own notes."""
    if not folder.is_dir():
        return {}
    endings = tuple(ending for _, ending in _ENCODINGS)
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(endings)]
    addresses = {path.relative_to(folder).as_posix(): path for path in paths}
    return {address: _read_file(path) for address, path in addresses.items() if not f"/{address}".count("/.")}


def _codings(accepted: str) -> set[str]:
    """The content codings that an ``Accept-Encoding`` names, those of weight 0 aside (RFC 9110 §12.5.3)."""
    taken = set()
    for part in accepted.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if weight.strip("0.") or not weight:
            taken.add(name)
    return taken


def _read_file(path: Path) -> _File:
    coded = {}
    for name, ending in _ENCODINGS:
        other = path.with_name(path.name + ending)
        if other.is_file():
            coded[name] = other.read_bytes()
    guessed = "application/manifest+json" if path.suffix == ".webmanifest" else mimetypes.guess_type(path.name)[0]
    media_type = guessed or "application/octet-stream"
    if media_type.startswith("text/") or media_type.endswith(("javascript", "json")):
        media_type += "; charset=utf-8"
    return _File(path.read_bytes(), coded, media_type)
