"""A car and its privacy over HTTP: the level, who set it and when; what each service may do now, and why not. REQ PRV-3, PRV-6."""

from datetime import datetime
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from openmarque.domains.consent.availability import ServiceBody, level_name, service_body
from openmarque.domains.consent.described import ServicesBody, described
from openmarque.domains.consent.reading import PRIVACY_VERSION, Privacy, PrivacyReading
from openmarque.domains.garage.reading import GarageReading
from openmarque.domains.garage.routes import VehicleBody, vehicle_body
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import OF_A_CAR, CarVisit, OwnCar
from openmarque.http.errors import NotInYourGarage
from openmarque.http.events import StreamPart
from openmarque.http.languages import Language

_privacy: Final = PrivacyReading()
_garage: Final = GarageReading()


class LevelSetBody(Body):
    """Who set the privacy level, and when."""

    by: str = Field(description="Who, as the car said it.", examples=["head unit"])
    at: datetime = Field(description="When, by the car's clock.")
    received_at: datetime = Field(description="When the platform heard of it.")


class PrivacyBody(Body):
    """What the people in the car let it say. Only the car can change it."""

    level: str = Field(description="private, data (without the place) or position.", examples=["data"])
    set: LevelSetBody | None = Field(description="Null when it comes from before your time with the car, or was never told.")
    levels: list[str] = Field(
        description="The levels to choose from in this car, strictest first.", examples=[["private", "data", "position"]]
    )
    ceiling: str = Field(description="The most that the car is built to share.", examples=["position"])
    remote_access: bool = Field(description="The car's switch for reads and commands from app and web.")


class PolicyBody(Body):
    """The rules that the car obeys, as issued by the platform and as proved by the car."""

    version: int = Field(description="Version in force on the platform.")
    accepted_version: int = Field(description="Newest version that the car proved to hold; 0: none yet.")
    issued_at: datetime
    valid_until: datetime = Field(description="From then on optional services close in a car that heard of no newer one.")


class VehicleDetailBody(VehicleBody):
    """A car in your garage with its privacy, its policy, and how each service stands."""

    privacy: PrivacyBody
    policy: PolicyBody
    services: list[ServiceBody]


async def _read_level(visit: CarVisit) -> dict[str, Any]:
    privacy = await _privacy.privacy(visit.tx, visit.tenure_id, visit.now)
    if privacy is None:
        raise NotInYourGarage
    told = privacy_body(privacy).model_dump(mode="json")
    return {**told, "open_services": sorted(s.declaration for s in privacy.services if s.refusal is None)}


LEVEL_PART: Final = StreamPart("level", _read_level, PRIVACY_VERSION)
"""What event streams tell of the privacy level, and which services are open."""


def router() -> APIRouter:
    """The routes of a car."""
    routes = APIRouter(tags=["garage"])

    @routes.get("/vehicles/{vehicle_id}", response_model=VehicleDetailBody, responses=OF_A_CAR, summary="One car")
    async def read_vehicle(request: Request, visit: OwnCar, language: Language) -> Response:
        """The car, its privacy level with who set it and when, its policy, and each service: open, or closed with reason and cure."""
        cars = await _garage.cars(visit.tx, [visit.tenure_id])
        privacy = await _privacy.privacy(visit.tx, visit.tenure_id, visit.now)
        if not cars or privacy is None:
            raise NotInYourGarage
        body = _detail(vehicle_body(cars[0]), privacy, language)
        return answer(request, body, language=language)

    @routes.get(
        "/vehicles/{vehicle_id}/services", response_model=ServicesBody, responses=OF_A_CAR, summary="What its services have"
    )
    async def list_services(request: Request, visit: OwnCar, language: Language) -> Response:
        """Each service of this car: what it is called and for, whether it runs now, and the signals, commands, notices and settings it has."""
        privacy = await _privacy.privacy(visit.tx, visit.tenure_id, visit.now)
        if privacy is None:
            raise NotInYourGarage
        declarations = visit.catalogue.declarations
        known = [s for s in privacy.services if s.declaration in declarations]  # a policy may be older than what is installed
        items = [described(standing, declarations[standing.declaration], language) for standing in known]
        return answer(request, ServicesBody(items=items), language=language)

    return routes


def privacy_body(privacy: Privacy) -> PrivacyBody:
    """The body that tells of the level."""
    by = privacy.level_set
    return PrivacyBody(
        level=level_name(privacy.level),
        set=None if by is None else LevelSetBody(by=by.by, at=by.at, received_at=by.received_at),
        levels=[level_name(level) for level in privacy.levels],
        ceiling=level_name(privacy.ceiling),
        remote_access=privacy.remote_access,
    )


def _detail(car: VehicleBody, privacy: Privacy, language: str) -> VehicleDetailBody:
    return VehicleDetailBody(
        **{name: getattr(car, name) for name in VehicleBody.model_fields},
        privacy=privacy_body(privacy),
        policy=PolicyBody(
            version=privacy.policy_version,
            accepted_version=privacy.accepted_version,
            issued_at=privacy.issued_at,
            valid_until=privacy.valid_until,
        ),
        services=[service_body(standing, language) for standing in privacy.services],
    )
