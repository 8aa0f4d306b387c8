"""Refusals over HTTP. REQ PRV-5."""

from datetime import datetime
from typing import Final

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field

from openmarque.domains.audit.reading import RefusalReading, RefusalView
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import OF_A_CAR, OwnCar
from openmarque.http.errors import CursorInvalid, RequestInvalid
from openmarque.http.languages import Language
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.kit.texts import texts

_refusals: Final = RefusalReading()


class RefusalBody(Body):
    """Something that the car sent and the platform did not store."""

    reason: str = Field(description="Why: a stable code.", examples=["level_too_low"])
    what: str = Field(
        description="The type of message or VSS path; ? for what has no name known here.",
        examples=["Vehicle.CurrentLocation.Latitude"],
    )
    message: str = Field(description="Why, in a sentence.", examples=["The car's privacy level does not allow it."])
    count: int = Field(description="How often since the car is yours.", ge=1)
    last_at: datetime


class _After(msgspec.Struct, frozen=True, tag="refusals", array_like=True):
    reason: str
    what: str


def router() -> APIRouter:
    """The routes of refusals."""
    routes = APIRouter(tags=["privacy"])

    @routes.get(
        "/vehicles/{vehicle_id}/refusals",
        response_model=Page[RefusalBody],
        responses={**OF_A_CAR, **problems(CursorInvalid, RequestInvalid)},
        summary="What was not stored",
    )
    async def list_refusals(
        request: Request, visit: OwnCar, language: Language, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Response:
        """What the car sent although it may not, and what could not be believed: counted, never kept."""
        after = read_cursor(cursor, _After) or _After("", "")
        start = (after.reason.replace("\0", ""), after.what.replace("\0", ""))
        found = await _refusals.refusals(visit.tx, visit.vehicle_id, visit.tenure_id, start, limit + 1)
        shown = found[:limit]
        more = write_cursor(_After(shown[-1].reason, shown[-1].what)) if len(found) > limit else None
        return answer(request, Page[RefusalBody](items=[_body(f, language) for f in shown], next=more), language=language)

    return routes


def _body(found: RefusalView, language: str) -> RefusalBody:
    return RefusalBody(
        reason=found.reason,
        what=found.what,
        message=why_refused(found.reason, language),
        count=found.count,
        last_at=found.last_at,
    )


def why_refused(reason: str, language: str) -> str:
    """Why a message was not stored, in a sentence: the words of who takes it, else those of the reason anywhere."""
    said = texts(language)
    key = f"message_refused.{reason}"
    if said.has(key):
        return said.text(key)
    return said.text_or(f"reason.{reason}.message", said.text("message_refused.other"))
