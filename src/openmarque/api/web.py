"""The owner's app: the files that ``make web`` built, served by the API's own process at ``/``.

Everything is read into memory at the start, with the compressed forms that the build made. Files below ``/assets`` carry a digest of their
content in their name and may be kept for ever; the page itself and the service worker are asked about each time. An address that is
no file is the app's own business and gets the page, unless it belongs to the API: there a wrong address stays an error.

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

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from openmarque.http.conditional import fixed
from openmarque.kit.errors import CallerError

FOLDER: Final = "static"
"""Beside this module; made by the build, not kept in the repository."""
PAGE: Final = "index.html"
NOT_THE_APPS: Final = ("api/", "maps/", "assets/", "icons/")
"""Below these an address that is no file is an error, not a page of the app."""
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
_PERMISSIONS: Final = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()"

_UNBUILT: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenMarque</title>
<h1>The app is not built</h1><p>Run <code>make web</code> (or <code>make setup</code>) in the checkout, then start the platform again.
The API works: <a href="/api/docs">its description</a>.</p></html>"""


class NoSuchPage(CallerError):
    """There is nothing at this address."""

    code = "page-not-found"
    cure = "Look the address up in the description of this API at /api/docs."
    http_status = 404


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the build: its bytes as they are and by content coding, and its type."""

    plain: bytes
    coded: Mapping[str, bytes]
    media_type: str

    def answer(self, request: Request, *, keep: bool) -> Response:
        """The file in the smallest form that the client takes."""
        taken = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
        coding = next((name for name, _ in _ENCODINGS if name in taken and name in self.coded), "")
        response = fixed(request, self.coded.get(coding, self.plain), self.media_type)
        if coding and response.status_code != _NOT_MODIFIED:
            response.headers["Content-Encoding"] = coding
        response.headers["Vary"] = "Accept-Encoding"
        if keep:
            response.headers["Cache-Control"] = _FOR_EVER
        return response


def router(folder: Path | None = None) -> APIRouter:
    """The routes of the app; it has to be the last router, since it takes every address that nobody else took."""
    known = _read(folder or Path(str(files(__package__).joinpath(FOLDER))))
    routes = APIRouter(include_in_schema=False)

    @routes.get("/{path:path}")
    async def app(request: Request, path: str) -> Response:
        if path != PAGE and (file := known.get(path)) is not None:
            return file.answer(request, keep=path.startswith("assets/"))
        if path.startswith(NOT_THE_APPS) or path == "api":
            raise NoSuchPage
        return _page(known)

    return routes


def _page(known: Mapping[str, _File]) -> Response:
    if PAGE not in known:
        return HTMLResponse(_UNBUILT, status_code=503)
    nonce = secrets.token_urlsafe(16)
    response = Response(known[PAGE].plain.replace(_NONCE, nonce.encode()), media_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    response.headers["Permissions-Policy"] = _PERMISSIONS
    return response


def _read(folder: Path) -> dict[str, _File]:
    """Every file of the build by its address; empty when there is no build."""
    if not folder.is_dir():
        return {}
    endings = tuple(ending for _, ending in _ENCODINGS)
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.endswith(endings)]
    return {path.relative_to(folder).as_posix(): _read_file(path) for path in paths}


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
