"""A real Chromium for tests: the phone and the screen in the car, and a watch over all that a page must never do.

What fails a test whatever it asserts: an error in the console, an exception nobody caught, a violation of the content policy, a request
that the network failed, an answer of 500 and above, a request to any host but the platform's and the car's.
"""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Response, WebError

PHONE: Final[dict[str, Any]] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "timezone_id": "Europe/Paris",
}
"""A phone of today's most common size."""
FLAGS: Final = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --no-first-run "
    # WebGL without a graphics card, for the map.
    "--use-angle=swiftshader --enable-unsafe-swiftshader"
).split()
PATIENCE_MS: Final = 15_000
"""How long a page may take for one step: a machine of two cores runs the platform, five cars and the browser."""
_ANSWERED: Final = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
_CUT: Final = re.compile(r"net::ERR_|NetworkError|Failed to fetch|network error", re.IGNORECASE)
_TELL_VIOLATIONS: Final = """
addEventListener("securitypolicyviolation", event => console.error(
  `content policy: ${event.violatedDirective} forbids ${event.blockedURI} in ${event.sourceFile}:${event.lineNumber}`));
"""


def chromium() -> str:
    """Where Chromium is; fails, and says how to get it, when it is nowhere."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.fail(
        "The end-to-end tests need Chromium: run tools/system-packages, or `apt-get install chromium` by hand. "
        "They are part of the suite; to run everything else: make test PYTEST='--ignore tests/e2e'.",
        pytrace=False,
    )


def launch(playwright: Playwright) -> Browser:
    """A browser that talks to nobody of its own accord."""
    return playwright.chromium.launch(executable_path=chromium(), args=FLAGS)


def until(page: Page, script: str, argument: object = None, *, otherwise: str) -> None:
    """Wait until `script`, a function or an expression, is true on the page; fails with `otherwise`.

    Not `wait_for_function`: from its second look on that one evaluates in the page itself, which the platform's content policy forbids,
    and it takes a promise for true before it is kept.
    """
    end = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(script, argument):
        assert time.monotonic() < end, otherwise
        page.wait_for_timeout(100)


@dataclass
class Watch:
    """Sees everything that the contexts of one test do. `said` is what stood in the consoles; `wrong` is what must not have happened."""

    hosts: set[str]
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)
    _statuses: set[int] = field(default_factory=set)
    _is_cut: bool = False

    def over(self, context: BrowserContext) -> BrowserContext:
        """Watch over `context`, and tell the steps' patience to it."""
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("page", self._opened)
        context.on("console", self._console)
        context.on("weberror", self._uncaught)
        context.on("request", self._request)
        context.on("requestfailed", self._failed)
        context.on("response", self._response)
        return context

    @contextmanager
    def expecting(self, *statuses: int) -> Iterator[None]:
        """Meanwhile the person does what the platform refuses with one of `statuses`: Chromium writes that in the console."""
        self._statuses |= set(statuses)
        yield
        self._statuses -= set(statuses)

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Meanwhile the network is away: what then fails is no fault of the page, unless it throws."""
        self._is_cut = True
        yield
        self._is_cut = False

    def _opened(self, page: Page) -> None:
        self.pages.append(page)

    def _console(self, message: ConsoleMessage) -> None:
        line = f"{message.type}: {message.text} ({message.location.get('url', '')}:{message.location.get('lineNumber', '')})"
        self.said.append(line)
        if message.type != "error":
            return
        answered = _ANSWERED.search(message.text)
        if (answered and int(answered[1]) in self._statuses) or (self._is_cut and _CUT.search(message.text)):
            return
        self.wrong.append(f"console: {line}")

    def _uncaught(self, error: WebError) -> None:
        self.wrong.append(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.netloc not in self.hosts:
            self.wrong.append(f"asked another host: {request.url}")

    def _failed(self, request: Request) -> None:
        # Aborted: the page itself gave it up, as every page does with its event stream when it is left.
        if request.failure != "net::ERR_ABORTED" and not self._is_cut:
            self.wrong.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 500 and response.status not in self._statuses and not self._is_cut:
            self.wrong.append(f"answered {response.status}: {response.request.method} {response.url}")

    def keep(self, folder: Path) -> None:
        """Write what was seen, and a picture of each page that is still open, to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "console.txt").write_text("\n".join([*self.said, "", "wrong:", *self.wrong]) + "\n", "utf-8")
        for number, page in enumerate(page for page in self.pages if not page.is_closed()):
            page.screenshot(path=folder / f"page-{number}.png", full_page=True)
            (folder / f"page-{number}.html").write_text(page.content(), "utf-8")
