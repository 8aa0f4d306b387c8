"""The head-unit page: what the people in the car see and choose. Served on the loopback interface, in the agent's event loop.

Safety: only requests that name this loopback address are answered (DNS rebinding); a change needs a POST whose ``Origin`` is this
page and which carries the token that only this page holds (cross-site forgery); the page loads nothing from elsewhere.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Final, Protocol
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openmarque.car import headunit_commands, headunit_settings
from openmarque.car.core import CarCore
from openmarque.car.document_records import SettingRefused, SettingUnknown
from openmarque.car.headunit_forms import ROW
from openmarque.car.headunit_page import SCRIPT, STYLE, page
from openmarque.car.headunit_phones import SCRIPT as PHONES_SCRIPT
from openmarque.car.headunit_phones import STYLE as PHONES_STYLE
from openmarque.car.headunit_phones import phones_section, phones_state
from openmarque.car.headunit_settings import Draft
from openmarque.car.headunit_state import level_note, levels, link_purposes, live_state, pairing_outcome, switches
from openmarque.car.model import Now, Output, PhonesClosed, UnknownPhone, UnknownSwitch
from openmarque.car.pairing import Outcome, is_code
from openmarque.catalogue.register import Catalogue
from openmarque.kit.clock import from_ms
from openmarque.kit.languages import negotiate
from openmarque.kit.texts import ENGLISH, LANGUAGES, texts
from openmarque.protocol.levels import Level

LOOPBACK: Final = "127.0.0.1"
SET_BY: Final = "head unit"
_LONGEST_FORM: Final = 32_768
"""Four times what a settings document may have."""
_MOST_FIELDS: Final = 1_000
"""As many as that many bytes can have of a settings document's members."""
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


class CodeTaken(StrEnum):
    """What becomes of a pairing code that was typed in."""

    SENT = "sent"
    NOT_SENT = "not_sent"


_NOT_EIGHT: Final = "pairing.not_eight"
_CODE_TAKEN: Final = frozenset(f"pairing.{answer.value}" for answer in CodeTaken)
_COMMAND_GIVEN: Final = {*headunit_commands.SAID.values(), headunit_commands.NOT_GIVEN}
_SAID: Final = (
    _CODE_TAKEN | _COMMAND_GIVEN | {"changed", _NOT_EIGHT, "bad_form", "phones.removed", "phones.unknown", "phones.closed"}
)
"""What an address may have the page say: keys of texts below ``screen``."""


class PairingPort(Protocol):
    """Takes pairing codes. The platform's answer comes later, as a notice."""

    async def pair(self, code: str) -> CodeTaken:
        """Hand over a code of 8 digits."""
        ...


class Cockpit(Protocol):
    """Whoever holds the core: the agent."""

    @property
    def core(self) -> CarCore:
        """The core as it is now."""
        ...

    def now(self) -> Now:
        """The car's clock."""
        ...

    def act(self, call: Callable[[CarCore, Now], Output]) -> Output:
        """Give the core one input."""
        ...


class CorePairing:
    """Hands codes to the car's core, which sends them if the link is open."""

    def __init__(self, cockpit: Cockpit) -> None:
        """Use `cockpit`'s core."""
        self._cockpit = cockpit

    async def pair(self, code: str) -> CodeTaken:
        """See ``PairingPort``."""
        output = self._cockpit.act(lambda core, now: core.pair(now, code))
        return CodeTaken.SENT if output.frames or self._cockpit.core.pairing.outcome is Outcome.WAITING else CodeTaken.NOT_SENT


class HeadUnit:
    """The page of one car; `app` is the ASGI application, good for requests to `port` on the loopback interface."""

    def __init__(
        self, cockpit: Cockpit, catalogue: Catalogue, vin: str, pairing: PairingPort | None = None, app_url: str = ""
    ) -> None:
        """Show `cockpit`'s car, whose VIN is `vin`; the owner's app, which a phone opens to be added, is at `app_url`."""
        self._cockpit = cockpit
        self._catalogue = catalogue
        self._vin = vin
        self._pairing = pairing or CorePairing(cockpit)
        self._app_url = app_url
        self._token = secrets.token_urlsafe(32)
        routes = [
            Route("/", self._page),
            Route("/state", self._state),
            Route("/style.css", _fixed(STYLE + PHONES_STYLE, "text/css")),
            Route("/refresh.js", _fixed(SCRIPT + PHONES_SCRIPT + headunit_settings.SCRIPT, "text/javascript")),
            Route("/level", self._set_level, methods=["POST"]),
            Route("/switch", self._set_switch, methods=["POST"]),
            Route("/commands", self._give_command, methods=["POST"]),
            Route("/settings", self._set_setting, methods=["POST"]),
            Route("/pairing", self._pair, methods=["POST"]),
            Route("/phones/add", self._add_phone, methods=["POST"]),
            Route("/phones/stop", self._stop_adding, methods=["POST"]),
            Route("/phones/remove", self._remove_phone, methods=["POST"]),
        ]
        self.app = Starlette(routes=routes, middleware=[Middleware(_Guard)])

    async def _page(self, request: Request) -> Response:
        language = _language(request)
        said = request.query_params.get("said", "")
        if said in _CODE_TAKEN and self._cockpit.core.pairing.outcome is not Outcome.NONE:
            # Whoever typed the code wants to know its outcome; the page goes on telling it.
            return HTMLResponse(self._render(language, pairing_outcome(self._cockpit.core, language), follows="pairing"))
        return HTMLResponse(
            self._render(
                language, texts(language).text(f"screen.{said}") if said in _SAID else "", typed_wrong=said == _NOT_EIGHT
            )
        )

    async def _state(self, request: Request) -> Response:
        now = self._cockpit.now()
        core, language = self._cockpit.core, _language(request)
        more = {"phones": phones_state(core, now, language), "settings": headunit_settings.settings_shown(core)}
        return JSONResponse(live_state(core, language, from_ms(now.ms)) | more)

    async def _set_level(self, request: Request) -> Response:
        form = await self._form(request)
        if form is None or form.get("level") not in {str(int(level)) for level in self._cockpit.core.levels}:
            return self._refused(request)
        level = Level(int(form["level"]))
        if level > self._cockpit.core.ceiling:
            return self._refused(request)
        self._cockpit.act(lambda core, now: core.set_level(now, level, SET_BY))
        return _back(form, "changed")

    async def _set_switch(self, request: Request) -> Response:
        form = await self._form(request)
        if form is None or form.get("to") not in {"on", "off"}:
            return self._refused(request)
        name, on = form.get("name", ""), form["to"] == "on"
        try:
            self._cockpit.act(lambda core, now: core.set_switch(now, name, on=on))
        except UnknownSwitch:
            return self._refused(request)
        return _back(form, "changed")

    async def _give_command(self, request: Request) -> Response:
        form = await self._form(request)
        if form is None:
            return self._refused(request)
        try:
            self._cockpit.act(lambda core, now: headunit_commands.give(core, now, form))
        except headunit_commands.REFUSED:
            return _back(form, headunit_commands.NOT_GIVEN, "#commands")
        return _back(form, headunit_commands.outcome(self._cockpit.core))

    async def _set_setting(self, request: Request) -> Response:
        form = await self._form(request)
        if form is None:
            return self._refused(request)
        language, draft = _language_of(form), headunit_settings.draft_of(self._cockpit.core, form)
        if draft is not None and ROW in form:
            return HTMLResponse(self._render(language, "", draft=draft))
        try:
            self._cockpit.act(lambda core, now: headunit_settings.set_from(core, now, form))
        except (SettingUnknown, SettingRefused) as error:
            said = headunit_settings.why_not(error, language)
            return HTMLResponse(self._render(language, said, draft=draft), status_code=409)
        return _back(form, "changed")

    async def _add_phone(self, request: Request) -> Response:
        form = await self._form(request)
        if form is None:
            return self._refused(request)
        try:
            self._cockpit.act(lambda core, now: core.show_ticket(now))
        except PhonesClosed:
            return _back(form, "phones.closed")
        return _back(form, "", "#phones")

    async def _stop_adding(self, request: Request) -> Response:
        form = await self._form(request)
        if form is None:
            return self._refused(request)
        self._cockpit.act(lambda core, now: core.hide_ticket(now))
        return _back(form, "", "#phones")

    async def _remove_phone(self, request: Request) -> Response:
        form = await self._form(request)
        if form is None:
            return self._refused(request)
        key_id = form.get("key_id", "")
        try:
            self._cockpit.act(lambda core, now: core.remove_phone(now, key_id))
        except UnknownPhone:
            return _back(form, "phones.unknown")
        return _back(form, "phones.removed")

    async def _pair(self, request: Request) -> Response:
        form = await self._form(request)
        if form is None:
            return self._refused(request)
        code = form.get("code", "").strip()
        if not is_code(code):
            return _back(form, _NOT_EIGHT, "#pairing")
        return _back(form, f"pairing.{(await self._pairing.pair(code)).value}", "#pairing")

    async def _form(self, request: Request) -> dict[str, str] | None:
        """The fields of a form that this page sent; None for any other."""
        if request.headers.get("origin") != f"http://{request.headers.get('host')}":
            return None
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LONGEST_FORM:
                return None
        try:
            fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:  # too many
            return None
        form = {name: values[0] for name, values in fields.items()}
        return form if secrets.compare_digest(form.get("token", "").encode(), self._token.encode()) else None

    def _refused(self, request: Request) -> Response:
        language = _language(request)
        return HTMLResponse(self._render(language, texts(language).text("screen.bad_form")), status_code=403)

    def _render(
        self, language: str, said: str, follows: str = "", *, typed_wrong: bool = False, draft: Draft | None = None
    ) -> str:
        """The page; `said` answers the last action, see ``page`` for `follows`. `typed_wrong`: it is told beside the code, too.

        `draft` is what was typed into the form of a setting and is not set.
        """
        core, now = self._cockpit.core, self._cockpit.now()
        ceiling, words = core.ceiling, texts(language)
        view = {
            "live": live_state(core, language, from_ms(now.ms)),
            "levels": levels(core, self._catalogue, language),
            "switches": switches(core, self._catalogue, language),
            "note": level_note(core, language),
            "link": link_purposes(),
            "ceiling": words.text("screen.level.ceiling", level=words.text(f"screen.level.{int(ceiling)}.name"))
            if ceiling < core.levels[-1]
            else "",
            "commands": lambda hidden: headunit_commands.commands_section(core, language, hidden),
            "settings": lambda hidden: headunit_settings.settings_section(core, language, hidden, draft),
            "phones": lambda hidden: phones_section(core, now, language, self._app_url, hidden),
        }
        return page(language, self._vin, self._token, said, view, follows, said if typed_wrong else "")


class _Guard:
    """Answers only who asked for this machine by its loopback name, and tells browsers what the page may do."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        host = Headers(scope=scope).get("host", "").rpartition(":")[0] or Headers(scope=scope).get("host", "")
        if host not in {LOOPBACK, "localhost", "[::1]"}:
            await PlainTextResponse("This page is for the car itself.", status_code=421)(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, send_guarded)


_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    # Not no-referrer: with it browsers send "Origin: null" with a form, and no form of this page would be taken. Nothing goes elsewhere.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(unit: HeadUnit, port: int, on_ready: Callable[[int], None] = lambda _port: None) -> None:
    """Serve the page on the loopback interface until cancelled; `on_ready` hears the port (0 takes a free one)."""
    config = uvicorn.Config(
        unit.app, host=LOOPBACK, port=port, log_config=None, access_log=False, lifespan="off", server_header=False
    )
    listening = config.bind_socket()
    listening.listen()  # whoever hears the port may connect at once; the queue holds them until the server is up
    on_ready(int(listening.getsockname()[1]))
    try:
        await _Server(config).serve(sockets=[listening])
    finally:
        listening.close()


def _language(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else negotiate(request.headers.get("accept-language", ""), LANGUAGES)


def _back(form: dict[str, str], said: str, place: str = "") -> Response:
    """To the page again, to `place` on it, so that reloading it repeats nothing."""
    return RedirectResponse(f"/?lang={_language_of(form)}&said={said}{place}", status_code=303)


def _language_of(form: dict[str, str]) -> str:
    language = form.get("lang", "")
    return language if language in LANGUAGES else ENGLISH


def _fixed(content: str, media_type: str) -> Callable[[Request], Response]:
    def answer(_request: Request) -> Response:
        return Response(content, media_type=media_type)

    return answer
