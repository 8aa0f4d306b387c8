"""The status of a car over HTTP: the newest value of each signal with its age. REQ STA-1, STA-2."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from openmarque.domains.consent.availability import ServiceBody, service_body
from openmarque.domains.consent.reading import PRIVACY_VERSION, PrivacyReading, ServiceAvailability
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import OF_A_CAR, CarVisit, OwnCar
from openmarque.http.errors import NotInYourGarage
from openmarque.http.events import StreamPart
from openmarque.http.languages import Language
from openmarque.link.newest import VALUES_VERSION, SignalView, newest_values, views
from openmarque.protocol.signals import Value
from openmarque.services.status.declaration import SERVICE

_privacy: Final = PrivacyReading()


class SignalValueBody(Body):
    """The newest value of a signal."""

    value: Value = Field(description="In the unit beside it.", examples=[81.5])
    unit: str = Field(description="Unit as in VSS; empty for a value without one.", examples=["percent"])
    car_time: datetime | None = Field(description="When it was so, by the car's clock; null when that was never set.")
    received_at: datetime = Field(description="When the platform received it.")


class SignalBody(SignalValueBody):
    """The newest value of a signal, with its age."""

    age_s: float = Field(
        description="Seconds since it was so, and never less than since it was received: a car's clock may be ahead.",
        ge=0,
        examples=[12.3],
    )


class StatusBody(Body):
    """How the car is, as far as it said so. The new overwrites the old; there is no history."""

    signals: dict[str, SignalBody] = Field(
        description="By VSS path. Signals of a service that is closed to you are left out; `services` says why."
    )
    services: list[ServiceBody]


async def _read(visit: CarVisit) -> dict[str, Any]:
    newest, _ = await _shown(visit)
    return {path: _value(view) for path, view in newest.items()}


def _merge(update: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """The values that a worker stored just now, but for those older than what was told."""
    fresh = {path: _value(view) for path, view in views(update.get("signals", {})).items()}
    return {path: value for path, value in fresh.items() if path not in told or _received(told[path]) <= _received(value)}


STATUS_PART: Final = StreamPart(
    "status", _read, f"SELECT concat_ws(' ', ({VALUES_VERSION}), ({PRIVACY_VERSION}))", _merge, kinds=("level",)
)
"""What event streams tell: values by VSS path, without ages, which change by themselves. The level decides which are shown."""


def router() -> APIRouter:
    """The routes of the service."""
    routes = APIRouter(tags=["status"])

    @routes.get("/vehicles/{vehicle_id}/status", response_model=StatusBody, responses=OF_A_CAR, summary="How the car is")
    async def read_status(request: Request, visit: OwnCar, language: Language) -> Response:
        """The newest value of each signal with its age. The ``ETag`` changes with values, not with ages."""
        newest, standings = await _shown(visit)
        services = [service_body(standing, language) for standing in standings]
        signals = {path: SignalBody(**_fields(view), age_s=_age_s(view, visit.now)) for path, view in newest.items()}
        body = StatusBody(signals=signals, services=services)
        version = [{path: _value(view) for path, view in newest.items()}, [service.model_dump() for service in services]]
        return answer(request, body, version=version, language=language)

    return routes


async def _shown(visit: CarVisit) -> tuple[dict[str, SignalView], list[ServiceAvailability]]:
    """The values that the owner may see now, and how the service's declarations stand."""
    privacy = await _privacy.privacy(visit.tx, visit.tenure_id, visit.now)
    if privacy is None:
        raise NotInYourGarage
    standings = [privacy.availability(declaration.name) for declaration in SERVICE.declarations]
    levels = {d.name: d.signal_levels() for d in SERVICE.declarations}
    paths = {path for standing in standings if standing.shows_kept for path in levels[standing.declaration]}
    newest = await newest_values(visit.tx, visit.tenure_id)
    return {path: view for path, view in newest.items() if path in paths}, standings


def _received(value: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(value["received_at"])


def _age_s(view: SignalView, now: datetime) -> float:
    """Seconds since the value was so. It can't be younger than its receipt, whatever the car's clock says."""
    since = min(view.car_time or view.received_at, view.received_at)
    return max(0.0, round((now - since).total_seconds(), 3))


def _fields(view: SignalView) -> dict[str, Any]:
    return {"value": view.value, "unit": view.unit, "car_time": view.car_time, "received_at": view.received_at}


def _value(view: SignalView) -> dict[str, Any]:
    return SignalValueBody(**_fields(view)).model_dump(mode="json")
