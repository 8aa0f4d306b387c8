"""Whether this process lives, whether it can serve, and what it counts: for orchestrators and monitoring, without personal data."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from openmarque.api.metrics import Metrics
from openmarque.http.bodies import Body
from openmarque.link.broker import Broker, ConnectionState
from openmarque.storage.base import import_tables
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER
from openmarque.storage.transaction import Database

_PATIENCE_S: Final = 2.0
"""Orchestrators give a probe a few seconds; one that answers late counts as failed anyway."""

_COLUMNS: Final = """
SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"""
"""The catalogue tells every role what there is; so no right on the table of migrations is needed."""


class Probed(Protocol):
    """What a probe looks at."""

    @property
    def database(self) -> Database:
        """Where the data are."""
        ...

    @property
    def broker(self) -> Broker:
        """Where live updates come from."""
        ...


class LiveBody(Body):
    """The process answers."""

    status: str = Field(examples=["alive"])


class ReadyBody(Body):
    """Whether the process can serve, and what it lacks."""

    ready: bool
    missing: list[str] = Field(description="database, migrations (run `openmarque migrate`), broker.", examples=[[]])


def router() -> APIRouter:
    """The routes for machines that look after this process."""
    routes = APIRouter(tags=["operation"])

    @routes.get("/healthz", response_model=LiveBody, summary="Does the process live?")
    async def healthz() -> LiveBody:
        """Answers as long as the process can; looks at nothing else, so that a database that is away restarts no API."""
        return LiveBody(status="alive")

    @routes.get("/readyz", response_model=ReadyBody, responses={503: {"model": ReadyBody}}, summary="Can the process serve?")
    async def readyz(request: Request, response: Response) -> ReadyBody:
        """503 with what is missing while the process can't serve."""
        missing = await _missing(request.app.state.parts)
        if missing:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return ReadyBody(ready=not missing, missing=missing)

    @routes.get(
        "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}}, summary="Figures of the process"
    )
    async def metrics(figures: Annotated[Metrics, Depends(_metrics)]) -> Response:
        """Prometheus text exposition. Workers tell theirs themselves."""
        return Response(figures.exposition(), media_type=figures.media_type)

    return routes


def _metrics(request: Request) -> Metrics:
    metrics = request.app.state.metrics
    assert isinstance(metrics, Metrics)
    return metrics


async def _missing(parts: Probed) -> list[str]:
    missing = []
    try:
        async with asyncio.timeout(_PATIENCE_S):
            there = await _columns(parts.database)
        wanted = {f"{table.name}.{column.name}" for table in import_tables().values() for column in table.columns}
        if not wanted <= there:
            missing.append("migrations")
    except (StoreUnavailable, TimeoutError):
        missing.append("database")
    if parts.broker.state is not ConnectionState.CONNECTED:
        missing.append("broker")
    return missing


async def _columns(database: Database) -> set[str]:
    async with database.begin() as tx:
        return {row[0] for row in await postgres(tx).rows(READER, _COLUMNS)}
