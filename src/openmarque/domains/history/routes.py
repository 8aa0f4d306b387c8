"""Histories over HTTP: what happened to a car, newest first, in the words of the service that keeps it."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from math import isfinite
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from openmarque.catalogue.events import Event, EventSpec
from openmarque.catalogue.records import ColumnSpec, Kind, columns_of, values_of
from openmarque.domains.consent.availability import ServiceBody, service_body
from openmarque.domains.consent.described import history_label
from openmarque.domains.consent.reading import PrivacyReading
from openmarque.domains.history.errors import HistoryUnknown
from openmarque.domains.history.reading import History, HistoryReading, history_of
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import OwnCar
from openmarque.http.errors import CursorInvalid, NotInYourGarage, NotSignedIn, RequestInvalid
from openmarque.http.languages import Language
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.kit.clock import from_ms, iso
from openmarque.kit.texts import Texts, texts
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.events import PostgresEvents

_privacy: Final = PrivacyReading()
_reading: Final = HistoryReading(PostgresEvents())
KindPath = Annotated[str, Path(description="Kind of a history.", json_schema_extra={"pattern": "^[a-z][a-z0-9_]*$"})]


class HistoryFieldBody(Body):
    """Something that is known of each event."""

    name: str = Field(examples=["is_low"])
    label: str = Field(description="What it is called.", examples=["Pressure low"])
    kind: Literal["boolean", "number", "text", "choice", "instant"]
    unit: str = Field(description="Of a number; empty where it has none.", examples=["km/h"])
    choices: dict[str, str] = Field(description="Of a choice: what each value is called.", examples=[{"front": "At the front"}])


class HistoryEventBody(Body):
    """Something that happened."""

    at: datetime | None = Field(description="When, by the car's clock; null where that is no instant.")
    received_at: datetime = Field(description="When the platform received it.")
    values: dict[str, bool | int | float | str | None] = Field(
        description="By the name of the field; instants as in RFC 3339.", examples=[{"is_low": True}]
    )


class HistoryBody(Body):
    """One page of a history."""

    kind: str = Field(examples=["limit_passed"])
    label: str = Field(description="What it is called.", examples=["Limit passed"])
    service: ServiceBody = Field(description="How the service stands that keeps it.")
    kept_days: int | None = Field(
        description="For how many days from its receipt an event is kept; null: as long as the car is yours.", examples=[365]
    )
    fields: list[HistoryFieldBody] = Field(
        description="What is shown of each event. What belongs to a service that is closed to you is left out."
    )
    items: list[HistoryEventBody] = Field(description="Newest first.")
    next: str | None = Field(description="Cursor of the next page; null when this is the last.")


def router() -> APIRouter:
    """The route of histories."""
    routes = APIRouter(tags=["history"])

    @routes.get(
        "/vehicles/{vehicle_id}/history/{event_kind}",
        response_model=HistoryBody,
        responses=problems(NotSignedIn, NotInYourGarage, StoreUnavailable, HistoryUnknown, CursorInvalid, RequestInvalid),
        summary="What happened",
    )
    async def read_history(
        request: Request,
        visit: OwnCar,
        event_kind: KindPath,
        language: Language,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Response:
        """What a service keeps of what happened to the car since it is yours, newest first. `histories` of a service names its kinds."""
        privacy = await _privacy.privacy(visit.tx, visit.tenure_id, visit.now)
        if privacy is None:
            raise NotInYourGarage
        history = history_of(event_kind, visit.catalogue, privacy)
        if history is None:
            raise HistoryUnknown
        after: Any = read_cursor(cursor, _after(history.spec))
        place = None if after is None else after.place
        found = await _reading.page(visit.tx, history, visit.tenure_id, place, limit + 1)
        more = (
            write_cursor(_after(history.spec)(event_kind, history.spec.place_of(found[limit - 1])))
            if len(found) > limit
            else None
        )
        return answer(request, _body(history, found[:limit], more, language), language=language)

    return routes


_TYPES: Final[Mapping[Kind, Any]] = {
    Kind.BOOLEAN: bool,
    Kind.BIGINT: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    Kind.SMALLINT: Annotated[int, msgspec.Meta(ge=-(2**15), le=2**15 - 1)],
    Kind.INTEGER: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)],
    Kind.DOUBLE: float,
    Kind.TEXT: Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")],
    Kind.BYTES: bytes,
    Kind.INSTANT: datetime,
    Kind.UUID: UUID,
}
"""What a cursor may hold for a column: what PostgreSQL can compare with it."""


@cache
def _after(spec: EventSpec[msgspec.Struct]) -> type[msgspec.Struct]:
    """What a cursor of this history holds: its kind, and the place of an event."""
    kinds = {column.name: column.kind for column in columns_of(spec.body)}
    place: Any = tuple[tuple(_TYPES[kinds[name]] for name in spec.order)]  # type: ignore[misc]
    fields = [("kind", Literal[spec.table]), ("place", place)]
    return msgspec.defstruct("HistoryAfter", fields, frozen=True, array_like=True, tag="history")


def _body(history: History, events: list[Event[Any]], more: str | None, language: str) -> HistoryBody:
    say, spec = texts(language), history.spec
    every, values = columns_of(spec.body), values_of(spec.body)
    when = [column.name for column in every].index(spec.at)

    def told(event: Event[Any]) -> HistoryEventBody:
        said = values(event.body)
        known = {column.name: _plain(column, value) for column, value in zip(every, said, strict=True)}
        return HistoryEventBody(
            at=_instant(said[when]),
            received_at=event.received_at,
            values={column.name: known[column.name] for column in history.columns},
        )

    return HistoryBody(
        kind=spec.table,
        label=history_label(spec.table, say),
        service=service_body(history.standing, language),
        kept_days=history.kept_days,
        fields=[_field(spec.table, column, say) for column in history.columns],
        items=[told(event) for event in events],
        next=more,
    )


def _field(kind: str, column: ColumnSpec, say: Texts) -> HistoryFieldBody:
    return HistoryFieldBody(
        name=column.name,
        label=say.text_or(f"field.{kind}.{column.name}", column.name.replace("_", " ")),
        kind=_kind(column),
        unit=column.unit,
        choices={str(value): say.text_or(f"choice.{kind}.{column.name}.{name}", name) for value, name in column.choices},
    )


def _kind(column: ColumnSpec) -> Literal["boolean", "number", "text", "choice", "instant"]:
    if column.choices:
        return "choice"
    if column.kind is Kind.INSTANT or (column.kind is Kind.BIGINT and f"_{column.name}".endswith("_at")):
        return "instant"
    if column.kind is Kind.BOOLEAN:
        return "boolean"
    return "text" if column.kind is Kind.TEXT else "number"


def _plain(column: ColumnSpec, value: Any) -> bool | int | float | str | None:
    """A value as JSON has it. What a car sent and no clock or number can be is told as not known."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return None
    if _kind(column) != "instant":
        plain: bool | int | float | str = getattr(value, "value", value)
        return plain
    at = _instant(value)
    return None if at is None else iso(at)


def _instant(value: Any) -> datetime | None:
    try:
        return value if isinstance(value, datetime) else from_ms(value)
    except OverflowError:
        return None
