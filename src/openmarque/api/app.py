"""The API: an ASGI application made of the platform's parts and of the routes of every domain and service."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final, Protocol

import msgspec
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.types import Lifespan

from openmarque.api import events, health, maps, web
from openmarque.api.asyncapi import asyncapi_document
from openmarque.api.docs import CONTENT_POLICY, description_page
from openmarque.api.metrics import Metrics
from openmarque.api.openapi import openapi_document
from openmarque.catalogue.register import Catalogue
from openmarque.domains.garage.reading import GarageReading
from openmarque.governance.discovery import installed_parts
from openmarque.http.conditional import fixed
from openmarque.http.edge import Edge, Holders
from openmarque.http.guard import Guard
from openmarque.http.live import LiveHub
from openmarque.http.problems import add_problems
from openmarque.kit.clock import Clock
from openmarque.kit.settings import Settings
from openmarque.link.broker import Broker
from openmarque.storage.transaction import Database

PREFIX: Final = "/api/v1"


class Api(FastAPI):
    """FastAPI whose description says what every operation has in common."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi_document(super().openapi())
        return self.openapi_schema


class Parts(Protocol):
    """What the API needs of a wired platform (``openmarque.app.Platform`` has it)."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""
        ...

    @property
    def clock(self) -> Clock:
        """The one source of time."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """Every declaration."""
        ...

    @property
    def broker(self) -> Broker:
        """Where live updates come from."""
        ...

    @property
    def database(self) -> Database:
        """Where the data are."""
        ...

    @property
    def accounts(self) -> Holders:
        """Who holds which access token."""
        ...


def create_app(parts: Parts) -> Api:
    """The application on `parts`; its lifespan keeps live updates going and ends event streams."""
    hub = LiveHub(parts.broker)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        async with hub.run():
            yield

    metrics = Metrics()
    metrics.watch(hub, parts.broker)
    app = _application(parts.catalogue, lifespan)
    app.add_middleware(Guard, hosts=host_names(parts.settings.http_hosts), observe=metrics.observe)
    app.state.parts, app.state.metrics, app.state.hub = parts, metrics, hub
    app.state.edge = Edge(parts.database, parts.clock, parts.catalogue, parts.accounts, GarageReading(), hub)
    return app


def host_names(setting: str) -> Collection[str]:
    """The names in the setting ``http_hosts``."""
    return {name.strip().lower() for name in setting.split(",") if name.strip()}


def describe(catalogue: Catalogue) -> dict[str, Any]:
    """The OpenAPI document, made without a platform."""
    return _application(catalogue, None).openapi()


def _application(catalogue: Catalogue, lifespan: Lifespan[FastAPI] | None) -> Api:
    app = Api(
        title="OpenMarque",
        version=version("openmarque"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    parts = installed_parts(catalogue.services)
    app.include_router(health.router())
    for router in (*parts.routers(), events.router(parts.stream_parts()), maps.router()):
        app.include_router(router, prefix=PREFIX)
    app.include_router(maps.files())
    app.include_router(_documents(app, catalogue), include_in_schema=False)
    app.router.routes.append(web.AppRoute())
    add_problems(app)
    return app


def _documents(app: FastAPI, catalogue: Catalogue) -> APIRouter:
    """The two machine-readable descriptions and the page for people. All are made once, at the first request for them."""
    routes = APIRouter()
    made: dict[str, bytes] = {}

    @routes.get("/api/openapi.json")
    async def openapi(request: Request) -> Response:
        if "openapi" not in made:
            made["openapi"] = msgspec.json.encode(app.openapi())
        return fixed(request, made["openapi"], "application/json")

    @routes.get("/api/asyncapi.json")
    async def asyncapi(request: Request) -> Response:
        if "asyncapi" not in made:
            made["asyncapi"] = msgspec.json.encode(asyncapi_document(catalogue.messages))
        return fixed(request, made["asyncapi"], "application/json")

    @routes.get("/api/docs")
    async def docs(request: Request) -> Response:
        if "docs" not in made:
            made["docs"] = description_page(app.openapi()).encode()
        page = fixed(request, made["docs"], "text/html; charset=utf-8")
        page.headers["Content-Security-Policy"] = CONTENT_POLICY
        return page

    return routes
