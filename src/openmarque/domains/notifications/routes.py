"""Notices over HTTP, and on event streams. REQ NOT-1, NOT-2."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, Field

from openmarque.domains.notifications import reading
from openmarque.domains.notifications.errors import NoticeNotFound
from openmarque.domains.notifications.notices import LIVE_PART
from openmarque.domains.notifications.reading import NoticeView, Whose
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import SIGNED_IN, CarVisit, SignedIn, Visit
from openmarque.http.errors import CursorInvalid, RequestInvalid
from openmarque.http.events import StreamPart
from openmarque.http.languages import Language
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.kit.ids import TenureId, VehicleId, parse_wire, wire
from openmarque.kit.texts import texts
from openmarque.link.live import LiveUpdates

_NO_CONTENT: Final = 204
_EXAMPLE_ID: Final = "0b5e2f7a9d3e4f508a1b2c3d4e5f6071"
_FIRST: Final = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
_NEWEST: Final = 3
"""Notices that an event stream tells whole: as many as a page shows at once."""


class NoticeBody(Body):
    """Something that you were told about a car of yours."""

    notice_id: str = Field(examples=[_EXAMPLE_ID])
    vehicle_id: str = Field(description="The car that it is about.", examples=[_EXAMPLE_ID])
    kind: str = Field(description="What it tells: a stable code.", examples=["phone_added"])
    security: bool = Field(description="Whether it is about the security of the car: such a notice is never silenced.")
    title: str = Field(description="In one line.", examples=["A phone can now open Titine"])
    message: str = Field(description="What happened.")
    action: str | None = Field(description="What you may do about it.")
    at: datetime = Field(description="When that was.")
    told_at: datetime = Field(description="When you were told.")
    read_at: datetime | None = Field(description="When you read it, on whichever device; null: not yet.")
    further: int = Field(description="How many more of this kind came within the hour; they are only counted.", ge=0)


class NoticesBody(Page[NoticeBody]):
    """One page of your notices, the newest first."""

    unread: int = Field(description="How many you have not read, on all pages.", ge=0)


class ReadBody(Body):
    """Up to when you have read your notices."""

    until: AwareDatetime = Field(description="`told_at` of the newest one that you saw.")


class _After(msgspec.Struct, frozen=True, tag="notices", array_like=True):
    told_at: datetime
    notice_id: str


NoticePath = Annotated[
    str, Path(description="Id of a notice of yours.", json_schema_extra={"pattern": "^[0-9a-f]{32}$"}, examples=[_EXAMPLE_ID])
]
"""A plain string: one that is no id is answered like an id that is nobody's."""
Unread = Annotated[bool, Query(description="Only those that you have not read.")]


def router() -> APIRouter:
    """The routes of notices."""
    routes = APIRouter(tags=["notices"])
    _look(routes)
    _mark(routes)
    return routes


def _look(routes: APIRouter) -> None:
    @routes.get(
        "/notices",
        response_model=NoticesBody,
        responses={**SIGNED_IN, **problems(CursorInvalid, RequestInvalid)},
        summary="Your notices",
    )
    async def list_notices(
        request: Request,
        visit: SignedIn,
        language: Language,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
        unread: Unread = False,  # noqa: FBT002 - a query parameter is told by its name
    ) -> Response:
        """What you were told about your cars. Each kind is kept for as long as its service says."""
        after, whose = read_cursor(cursor, _After), _whose(visit)
        before = _FIRST if after is None else (after.told_at, _identifier(after.notice_id))
        found = await reading.page(visit.tx, whose, before, limit + 1, unread=unread)
        shown = found[:limit]
        zone, _ = await reading.zone_and_language(visit.tx, visit.account_id)
        cars = {tenure_id: vehicle_id for vehicle_id, tenure_id in visit.cars.items()}
        body = NoticesBody(
            items=[notice_body(notice, cars, visit.catalogue.notices(), language, zone) for notice in shown],
            next=write_cursor(_After(shown[-1].created_at, wire(shown[-1].notice_id))) if len(found) > limit else None,
            unread=await reading.unread(visit.tx, whose),
        )
        return answer(request, body, language=language)


def _mark(routes: APIRouter) -> None:
    @routes.put(
        "/notices/read",
        status_code=_NO_CONTENT,
        responses={**SIGNED_IN, **problems(RequestInvalid)},
        summary="You have read your notices",
    )
    async def read_notices(visit: SignedIn, body: ReadBody) -> Response:
        """All that you were told until then count as read, on every device."""
        for tenure_id in await reading.mark_all_read(visit.tx, _whose(visit), body.until, visit.now):
            LiveUpdates.tell(visit.tx, tenure_id, LIVE_PART)
        return Response(status_code=_NO_CONTENT)

    @routes.put(
        "/notices/{notice_id}/read",
        status_code=_NO_CONTENT,
        responses={**SIGNED_IN, **problems(NoticeNotFound)},
        summary="You have read a notice",
    )
    async def read_notice(visit: SignedIn, notice_id: NoticePath) -> Response:
        """It counts as read, on every device. When it was read first stays."""
        tenure_id = await reading.mark_read(visit.tx, _whose(visit), _identifier(notice_id), visit.now)
        if tenure_id is None:
            raise NoticeNotFound
        LiveUpdates.tell(visit.tx, tenure_id, LIVE_PART)
        return Response(status_code=_NO_CONTENT)


def notice_body(
    notice: NoticeView, cars: dict[TenureId, VehicleId], known: dict[str, Any], language: str, zone: str
) -> NoticeBody:
    """The body that tells of a notice in `language`, with instants of `zone` in its words. One whose service is gone is told by its kind."""
    at = notice.at.astimezone(ZoneInfo(zone))
    said = texts(language).notice(notice.kind, **{**notice.arguments, "car": notice.car, "at": at})
    return NoticeBody(
        notice_id=wire(notice.notice_id),
        vehicle_id=wire(cars[notice.tenure_id]),
        kind=notice.kind,
        security=notice.kind in known and known[notice.kind][1].security,
        title=said.title,
        message=said.body,
        action=said.action or None,
        at=notice.at,
        told_at=notice.created_at,
        read_at=notice.read_at,
        further=notice.further,
    )


async def _read(visit: CarVisit) -> dict[str, Any]:
    whose = Whose(visit.account_id, (visit.tenure_id,))
    zone, language = await reading.zone_and_language(visit.tx, visit.account_id)
    newest = await reading.page(visit.tx, whose, _FIRST, _NEWEST, unread=True)
    cars, known = {visit.tenure_id: visit.vehicle_id}, visit.catalogue.notices()
    return {
        "unread": await reading.unread(visit.tx, whose),
        "newest": [notice_body(notice, cars, known, language, zone).model_dump(mode="json") for notice in newest],
    }


NOTICES: Final = StreamPart(LIVE_PART, _read, version=reading.VERSION)
"""The part ``notices`` of a car's event stream: how many the account has not read, and the newest of those, in its language."""


def _whose(visit: Visit) -> Whose:
    return Whose(visit.account_id, tuple(visit.cars.values()))


def _identifier(text: str) -> UUID:
    """The id, or one that nothing has."""
    try:
        return parse_wire(text)
    except ValueError:
        return UUID(int=0)
