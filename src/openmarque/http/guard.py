"""The outermost layer of the API: what holds for every request and every answer, whatever route it is for.

In order: an id for the request; the Host header against the list of names we answer under (a page that rebinds a name of its own to
our address gets nothing); the size of the body; the headers that keep browsers from guessing, framing, caching and telling on;
and the last resort for an exception that nobody foresaw, which is logged in full and answered without internals. There are no CORS
headers: no other site may read this API from a browser.
"""

import time
from collections.abc import Callable, Collection
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openmarque.http.errors import BodyTooLarge, HostNotAllowed, InternalError
from openmarque.http.problems import instance_of, respond
from openmarque.http.sessions import behind_tls
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.ids import new_uuid

MAX_BODY_BYTES: Final = 65_536
"""No request of this API needs more; large objects have their own way."""
PROBES: Final = frozenset({"/healthz", "/readyz"})
"""Asked by address, by orchestrators that know no name; they tell nothing worth a rebinding."""

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Set where the route has not set its own."""
HSTS: Final = "max-age=63072000; includeSubDomains"
"""Two years, what the browsers' preload list asks for."""

Observe = Callable[[Scope, int, float], None]
"""Is told the scope, status and seconds of every answer."""

_log = structlog.get_logger("openmarque.http")


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], observe: Observe) -> None:
        """Answer under `hosts` (names without port, lower case); tell `observe` of every answer."""
        self._app = app
        self._hosts = frozenset(hosts)
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of scope pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = str(new_uuid())
        answer = _Answer(scope, send)
        started = time.perf_counter()
        try:
            await self._serve(scope, receive, answer)
        finally:
            self._observe(scope, answer.status, time.perf_counter() - started)

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        refusal = self._refusal(scope)
        if refusal is not None:
            await respond(refusal, scope)(scope, receive, answer.send)
            return
        try:
            await self._app(scope, _limited(receive), answer.send)
        except BodyTooLarge as error:
            await answer.instead(error, receive)
        except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, it is logged and told as a problem
            _log.error("unforeseen_error", request=instance_of(scope), error=type(error).__name__, exc_info=True)
            await answer.instead(InternalError(), receive)

    def _refusal(self, scope: Scope) -> OpenMarqueError | None:
        headers = Headers(scope=scope)
        if scope["path"] not in PROBES and _name_of(headers.get("host", "")) not in self._hosts:
            return HostNotAllowed()
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return BodyTooLarge(limit=MAX_BODY_BYTES)
        return None


class _Answer:
    """What has been sent so far, with the headers that every answer has."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        """Send on, with our headers added where the answer starts."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers["Request-Id"] = self._scope["state"]["request_id"]
            if behind_tls(self._scope):
                headers["Strict-Transport-Security"] = HSTS
        await self._send(message)

    async def instead(self, error: OpenMarqueError, receive: Receive) -> None:
        """Answer with a problem, unless an answer has begun: then the connection just ends."""
        if not self.status:
            await respond(error, self._scope)(self._scope, receive, self.send)


def _limited(receive: Receive) -> Receive:
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            raise BodyTooLarge(limit=MAX_BODY_BYTES)
        return message

    return limited


def _name_of(host: str) -> str:
    """The name in a Host header, without the port; an IPv6 address keeps its brackets."""
    name, found, port = host.lower().rpartition(":")
    return name if found and port.isdigit() else host.lower()
