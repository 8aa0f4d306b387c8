"""The owner's garage over HTTP."""

from datetime import datetime
from typing import Final, Protocol

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field

from openmarque.brands.pack import BrandPack
from openmarque.domains.garage.errors import NameInvalid
from openmarque.domains.garage.pairing_routes import add_pairing_routes
from openmarque.domains.garage.reading import CarView, GarageReading
from openmarque.domains.garage.rules import NAME_LENGTH, car_name
from openmarque.domains.garage.service import Garage
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import OF_A_CAR, SIGNED_IN, CarVisit, OwnCar, SignedIn
from openmarque.http.errors import CursorInvalid, NotInYourGarage, RequestInvalid
from openmarque.http.languages import Language
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.kit.ids import wire
from openmarque.kit.texts import texts

_garage: Final = GarageReading()
_NO_CONTENT: Final = 204


class NamedBody(Body):
    """A thing with an id and a name."""

    id: str = Field(examples=["brise"])
    name: str = Field(examples=["Brise électrique"])


class VehicleBody(Body):
    """A car in your garage."""

    vehicle_id: str = Field(description="Opaque id of the car.", examples=["6f1c2b7a9d3e4f508a1b2c3d4e5f6071"])
    model: NamedBody
    brand: NamedBody
    powertrain: str = Field(description="As in VSS Vehicle.Powertrain.Type.", examples=["ELECTRIC"])
    since: datetime = Field(description="Since when the car is yours.")
    name: str | None = Field(description="What you call the car; null when you gave it no name.", examples=["Titine"])


class VehicleChangeBody(Body):
    """What you want to change of a car in your garage."""

    name: str | None = Field(
        description=f"What you call the car: at most {NAME_LENGTH} printable characters; null or blank for no name.",
        examples=["Titine"],
        max_length=4 * NAME_LENGTH,
    )


class RunningContractBody(Body):
    """A contract that goes on when the car leaves your garage."""

    plan: NamedBody
    state: str = Field(examples=["active"])
    ends_at: datetime


class RemovalBody(Body):
    """What removing the car means; nothing has happened yet."""

    question: str
    consequences: list[str] = Field(description="Each in a sentence, in the order to show them.")
    contracts: list[RunningContractBody]


class _Parts(Protocol):
    """What these routes need of the wired platform."""

    @property
    def garage(self) -> Garage: ...

    @property
    def pack(self) -> BrandPack: ...


class _After(msgspec.Struct, frozen=True, tag="vehicles", array_like=True):
    vehicle_id: str


def router() -> APIRouter:
    """The routes of the garage."""
    routes = APIRouter(tags=["garage"])

    @routes.get(
        "/vehicles",
        response_model=Page[VehicleBody],
        responses={**SIGNED_IN, **problems(CursorInvalid, RequestInvalid)},
        summary="Your cars",
    )
    async def list_vehicles(request: Request, visit: SignedIn, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
        """The cars that you may see, in a stable order."""
        after = read_cursor(cursor, _After)
        every = sorted(visit.cars, key=wire)
        rest = [car for car in every if after is None or wire(car) > after.vehicle_id]
        shown = rest[:limit]
        cars = await _garage.cars(visit.tx, [visit.cars[car] for car in shown]) if shown else []
        more = write_cursor(_After(wire(shown[-1]))) if len(rest) > limit else None
        return answer(request, Page[VehicleBody](items=[vehicle_body(car) for car in cars], next=more))

    add_pairing_routes(routes)
    _add_changes(routes)
    return routes


def _add_changes(routes: APIRouter) -> None:
    """Naming a car, and removing it from the garage."""

    @routes.patch(
        "/vehicles/{vehicle_id}",
        response_model=VehicleBody,
        responses={**OF_A_CAR, **problems(NameInvalid, RequestInvalid)},
        summary="Name a car",
    )
    async def change_vehicle(request: Request, visit: OwnCar, wanted: VehicleChangeBody) -> Response:
        """Give the car a name of your own. Nobody else sees it; it goes with your time with the car."""
        try:
            name = car_name(wanted.name)
        except ValueError as error:
            raise NameInvalid from error
        await _parts(request).garage.rename(visit.tx, visit.tenure_id, name)
        return Response((await _body_of(visit)).model_dump_json(), media_type="application/json")

    @routes.get(
        "/vehicles/{vehicle_id}/removal", response_model=RemovalBody, responses=OF_A_CAR, summary="What removing a car means"
    )
    async def read_removal(request: Request, visit: OwnCar, language: Language) -> Response:
        """What happens when you remove the car, and the contracts that go on; to be shown before it is confirmed."""
        plans = _parts(request).pack.plans
        running = await _garage.contracts(visit.tx, visit.tenure_id, visit.now)
        said = texts(language)
        question, consequences = said.text("removal.question"), said.paragraphs("removal.meaning")
        contracts = [
            RunningContractBody(
                plan=NamedBody(id=c.plan, name=plans[c.plan].name[language] if c.plan in plans else c.plan),
                state=c.state,
                ends_at=c.ends_at,
            )
            for c in running
        ]
        body = RemovalBody(question=question, consequences=list(consequences), contracts=contracts)
        return answer(request, body, language=language)

    @routes.delete("/vehicles/{vehicle_id}", status_code=_NO_CONTENT, responses=OF_A_CAR, summary="Remove a car")
    async def remove_vehicle(request: Request, visit: OwnCar) -> Response:
        """The car leaves your garage at once; `removal` says what that means. Adding it again takes a new code."""
        await _parts(request).garage.give_up(visit.tx, visit.tenure_id, visit.account_id, visit.now)
        return Response(status_code=_NO_CONTENT)


async def _body_of(visit: CarVisit) -> VehicleBody:
    cars = await _garage.cars(visit.tx, [visit.tenure_id])
    if not cars:
        raise NotInYourGarage
    return vehicle_body(cars[0])


def _parts(request: Request) -> _Parts:
    parts: _Parts = request.app.state.parts
    return parts


def vehicle_body(car: CarView) -> VehicleBody:
    """The body that tells of `car`."""
    return VehicleBody(
        vehicle_id=wire(car.vehicle_id),
        model=NamedBody(id=car.model_id, name=car.model),
        brand=NamedBody(id=car.brand_id, name=car.brand),
        powertrain=car.powertrain,
        since=car.since,
        name=car.name,
    )
