"""The history of tyre warnings over HTTP."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field

from openmarque.catalogue.events import Event
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import OF_A_CAR, OwnCar
from openmarque.http.errors import CursorInvalid, RequestInvalid
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.kit.clock import from_ms
from openmarque.protocol.signals import TYRES_LOW
from openmarque.storage.events import PostgresEvents
from tyre_watch.declaration import WARNINGS
from tyre_watch.messages import TyreWarning
from tyre_watch.service import history

_events: Final = PostgresEvents()


class TyreWarningBody(Body):
    """A warning of a tyre came or went."""

    at: datetime = Field(description="By the car's clock.")
    wheel: str = Field(description="VSS path of its sensor.", examples=[TYRES_LOW[0]])
    is_low: bool = Field(description="Whether it came; false when it went.")


class _After(msgspec.Struct, frozen=True, tag="tyre_warnings", array_like=True):
    at: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    wheel: Annotated[str, msgspec.Meta(max_length=100)]


def router() -> APIRouter:
    """The routes of the service."""
    routes = APIRouter(tags=["tyre_watch"])

    @routes.get(
        "/vehicles/{vehicle_id}/tyre-warnings",
        response_model=Page[TyreWarningBody],
        responses={**OF_A_CAR, **problems(CursorInvalid, RequestInvalid)},
        summary="Tyre warnings",
    )
    async def list_warnings(request: Request, visit: OwnCar, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
        """When warnings of the tyres came and went, newest first."""
        after = read_cursor(cursor, _After)
        key = None if after is None else (after.at, after.wheel)
        found = await history(_events, visit.tx, visit.tenure_id, limit + 1, key)
        more = write_cursor(_After(*WARNINGS.place_of(found[limit - 1]))) if len(found) > limit else None
        return answer(request, Page[TyreWarningBody](items=[_body(event) for event in found[:limit]], next=more))

    return routes


def _body(event: Event[TyreWarning]) -> TyreWarningBody:
    warning = event.body
    return TyreWarningBody(at=from_ms(warning.at), wheel=warning.wheel, is_low=warning.is_low)
