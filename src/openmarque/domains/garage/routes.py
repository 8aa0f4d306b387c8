"""The owner's garage over HTTP."""

from datetime import datetime
from typing import Final

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import Field

from openmarque.domains.garage.reading import CarView, GarageReading
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import SIGNED_IN, SignedIn
from openmarque.http.errors import CursorInvalid, RequestInvalid
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.kit.ids import wire

_garage: Final = GarageReading()


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

    return routes


def vehicle_body(car: CarView) -> VehicleBody:
    """The body that tells of `car`."""
    return VehicleBody(
        vehicle_id=wire(car.vehicle_id),
        model=NamedBody(id=car.model_id, name=car.model),
        brand=NamedBody(id=car.brand_id, name=car.brand),
        powertrain=car.powertrain,
        since=car.since,
    )
