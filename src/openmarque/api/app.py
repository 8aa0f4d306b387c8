"""The API: an ASGI application made of the platform's parts and of the routes of every domain and service."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, Protocol

import msgspec
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.types import Lifespan

from openmarque import __version__
from openmarque.api import events, health
from openmarque.api.asyncapi import asyncapi_document
from openmarque.api.docs import CONTENT_POLICY, description_page
from openmarque.api.metrics import Metrics
from openmarque.api.openapi import openapi_document
from openmarque.api.routers import live_sources, route_modules, routers
from openmarque.catalogue.register import Catalogue
from openmarque.domains.garage.reading import GarageReading
from openmarque.http.conditional import matches
from openmarque.http.edge import Edge, Holders
from openmarque.http.guard import Guard
from openmarque.http.live import LiveHub
from openmarque.http.problems import add_problems
from openmarque.kit.clock import Clock
from openmarque.kit.settings import Settings
from openmarque.link.broker import Broker
from openmarque.storage.transaction import Database

PREFIX: Final = "/api/v1"
_REVALIDATE: Final = "no-cache"
"""Documents may be kept, if their tag is asked about."""


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


def create_app(parts: Parts) -> FastAPI:
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


def _application(catalogue: Catalogue, lifespan: Lifespan[FastAPI] | None) -> FastAPI:
    app = FastAPI(
        title="OpenMarque",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    modules = list(route_modules(catalogue.services))
    app.include_router(health.router())
    for router in (*routers(modules), events.router(live_sources(modules))):
        app.include_router(router, prefix=PREFIX)
    app.include_router(_documents(app, catalogue), include_in_schema=False)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]  # the framework's documented way to extend it
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
        return _document(request, made["openapi"], "application/vnd.oai.openapi+json;version=3.1")

    @routes.get("/api/asyncapi.json")
    async def asyncapi(request: Request) -> Response:
        if "asyncapi" not in made:
            made["asyncapi"] = msgspec.json.encode(asyncapi_document(catalogue))
        return _document(request, made["asyncapi"], "application/vnd.aai.asyncapi+json;version=3.0.0")

    @routes.get("/api/docs")
    async def docs() -> HTMLResponse:
        if "docs" not in made:
            made["docs"] = description_page(app.openapi()).encode()
        return HTMLResponse(made["docs"], headers={"Content-Security-Policy": CONTENT_POLICY, "Cache-Control": _REVALIDATE})

    return routes


def _document(request: Request, content: bytes, media_type: str) -> Response:
    tag = f'"{hash_of(content)}"'
    headers = {"ETag": tag, "Cache-Control": _REVALIDATE}
    if matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
