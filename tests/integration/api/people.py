"""People at their browsers, for the tests of accounts: each with a network address of their own, a cookie jar, and a clock that moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx

from openmarque.api.app import Api, create_app
from openmarque.app import Platform
from openmarque.domains.notifications.service import Letter, Seal
from openmarque.kit.clock import ManualClock

PASSWORD = "correct horse battery"
OURS = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says of a request that a page of ours makes."""
_addresses = count(1)
_names = count(1)


def new_address() -> str:
    return f"ada.{next(_names)}@example.com"


def person(email: str, /, **changes: Any) -> dict[str, Any]:
    """What somebody types to sign up."""
    said = {"email": email, "password": PASSWORD, "given_name": "Ada", "family_name": "Lovelace"}
    return {**said, "language": "en", "country": "FR", "time_zone": "Europe/Paris", **changes}


class TickingClock(ManualClock):
    """Stands still but for a millisecond with each reading, so that what came later is later."""

    def now(self) -> datetime:
        self.advance(timedelta(milliseconds=1))
        return super().now()


@dataclass
class Browser:
    """A browser at one network address."""

    http: httpx.AsyncClient

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.http.post(f"/api/v1{path}", json=body, headers={**OURS, **headers})

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(f"/api/v1{path}")

    async def request(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.http.request(method, f"/api/v1{path}", json=body, headers={**OURS, **headers})

    async def sign_in(self, email: str, password: str = PASSWORD) -> httpx.Response:
        return await self.post("/sessions", {"email": email, "password": password})

    @property
    def cookie(self) -> str:
        return self.http.cookies["om_session"]


@dataclass
class Town:
    """The platform as people meet it, at an hour of its own."""

    platform: Platform
    clock: ManualClock
    app: Api
    open: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self, address: str | None = None) -> Browser:
        number = next(_addresses)
        transport = httpx.ASGITransport(self.app, client=(address or f"198.51.{number // 200}.{number % 200 + 1}", 40000))
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
        self.open.append(client)
        return Browser(client)

    async def mails(self, email: str) -> list[tuple[str, Letter]]:
        """Template and letter of each mail that waits for `email`, the oldest first."""
        seal = Seal(self.platform.keys)
        async with self.platform.database.begin() as tx:
            rows = await tx.rows("om_platform", "SELECT mail_id, template, sealed, key_id FROM mail ORDER BY created_at")
        letters = [(template, seal.open(mail_id, bytes(sealed), key_id)) for mail_id, template, sealed, key_id in rows]
        return [(template, letter) for template, letter in letters if letter.email.lower() == email.lower()]

    async def token(self, email: str, template: str = "confirm") -> str:
        """The token in the newest link of that kind."""
        return [letter.fields["token"] for name, letter in await self.mails(email) if name == template][-1]

    async def settle(self, browser: Browser, email: str, **changes: Any) -> None:
        """Sign up and follow the link."""
        assert (await browser.post("/accounts", person(email, **changes))).status_code == 202
        assert (await browser.post("/accounts/confirmations", {"token": await self.token(email)})).status_code == 204

    async def rows(self, query: str, *parameters: Any) -> list[Any]:
        async with self.platform.database.begin() as tx:
            return await tx.rows("om_platform", query, parameters)


@asynccontextmanager
async def town_of(platform: Platform) -> AsyncIterator[Town]:
    clock = TickingClock(platform.clock.now())
    app = create_app(replace(platform, clock=clock))
    town = Town(platform, clock, app)
    async with app.router.lifespan_context(app):
        try:
            yield town
        finally:
            for client in town.open:
                await client.aclose()
