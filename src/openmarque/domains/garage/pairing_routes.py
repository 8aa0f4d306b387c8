"""Adding a car over HTTP: may it be connected, a code for it, the outcome of the code. REQ ENR-1, ENR-2."""

from datetime import datetime
from typing import Annotated, Final, Protocol
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from openmarque.brands.eligibility import Eligible, Ineligible, why_not
from openmarque.brands.pack import BrandPack
from openmarque.domains.garage.errors import NotEligible, PairingDone, PairingNotFound, TooManyCodes
from openmarque.domains.garage.pairing import Pairing, Pairings
from openmarque.http.bodies import Body
from openmarque.http.conditional import answer
from openmarque.http.edge import SIGNED_IN, SignedIn
from openmarque.http.errors import CursorInvalid, RequestInvalid
from openmarque.http.languages import Language
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.kit.ids import parse_wire, wire
from openmarque.kit.texts import texts

_CREATED: Final = 201
_NO_CONTENT: Final = 204
_EXAMPLE_ID: Final = "0b5e2f7a9d3e4f508a1b2c3d4e5f6071"


class VinBody(Body):
    """The number of a car that you want to add."""

    vin: str = Field(
        description="Vehicle identification number, as typed: blanks, dashes and small letters don't matter.",
        examples=["VF1AABVY0MA000042"],
        min_length=1,
        max_length=64,
    )


class ModelBody(Body):
    """A model of the brand."""

    id: str = Field(examples=["brise"])
    name: str = Field(examples=["Brise électrique"])


class EligibilityBody(Body):
    """Whether a car can be connected. The answer follows from the number alone; nobody was asked whether such a car exists."""

    eligible: bool
    model: ModelBody | None = Field(description="What the number says; null where it is of no model of the brand.")
    model_year: int | None = Field(examples=[2024])
    equipment: dict[str, str] = Field(
        description="What the number says of the equipment.", examples=[{"head_unit": "navigation"}]
    )
    reason: str | None = Field(
        description="Why not: vin_invalid, other_brand, unknown_model, year_unknown, built_too_early, no_telematics, "
        "equipment_missing, country_unknown or country_not_served.",
        examples=["country_not_served"],
    )
    message: str = Field(description="The answer in a sentence.")
    cure: str = Field(description="What you can do next.")


class PairingBody(Body):
    """A code that brings a car into your garage once it is typed on the car's screen."""

    pairing_id: str = Field(examples=[_EXAMPLE_ID])
    state: str = Field(description="waiting, paired, void or expired.", examples=["waiting"])
    code: str | None = Field(
        description="8 digits to type in the car; null when the code is no good any more.", examples=["04251387"]
    )
    vin: str | None = Field(
        description="The number as you typed it; null when the code is no good any more.", examples=["VF1AABVY0MA000042"]
    )
    model: ModelBody
    created_at: datetime
    expires_at: datetime = Field(description="Until when the code can be typed.")
    vehicle_id: str | None = Field(description="The car, once it is paired.", examples=[_EXAMPLE_ID])
    trial_ends_at: datetime | None = Field(
        description="Until when the free trial of the paired car lasts, or lasted: a car has it once in its life."
    )


class _After(msgspec.Struct, frozen=True, tag="pairings", array_like=True):
    created_at: datetime
    pairing_id: str


class _Parts(Protocol):
    """What these routes need of the wired platform."""

    @property
    def pairings(self) -> Pairings: ...

    @property
    def pack(self) -> BrandPack: ...


PairingPath = Annotated[
    str, Path(description="Id of a pairing of yours.", json_schema_extra={"pattern": "^[0-9a-f]{32}$"}, examples=[_EXAMPLE_ID])
]
"""A plain string: one that is no id is answered like an id that is nobody's."""
_OF_A_PAIRING: Final = {**SIGNED_IN, **problems(PairingNotFound)}


def add_pairing_routes(routes: APIRouter) -> None:
    """Add the routes of pairing to `routes`."""
    _add_making(routes)
    _add_looking(routes)


def _add_making(routes: APIRouter) -> None:
    @routes.post(
        "/vehicles/eligibility",
        response_model=EligibilityBody,
        responses={**SIGNED_IN, **problems(RequestInvalid)},
        summary="Can this car be connected?",
    )
    async def check_eligibility(request: Request, visit: SignedIn, asked: VinBody, language: Language) -> Response:
        """Whether the car with this number can be connected in your country, and why not."""
        parts = _parts(request)
        found = await parts.pairings.eligible(visit.tx, visit.account_id, asked.vin)
        return _json(_eligibility_body(found, parts.pack, language))

    @routes.post(
        "/pairings",
        status_code=_CREATED,
        response_model=PairingBody,
        responses={**SIGNED_IN, **problems(NotEligible, TooManyCodes, RequestInvalid)},
        summary="Add a car",
    )
    async def create_pairing(request: Request, visit: SignedIn, asked: VinBody, language: Language) -> Response:
        """A code for this car, good for a year. Asking again gives a new code and makes the old one void."""
        parts = _parts(request)
        made = await parts.pairings.add(visit.tx, visit.account_id, asked.vin, visit.now)
        if isinstance(made, Ineligible):
            message, cure = why_not(made, language)
            raise NotEligible(message, cure=cure, reason=made.reason)
        body = _pairing_body(made, parts.pack)
        where = f"{request.url.path}/{body.pairing_id}"
        return _json(body, _CREATED, {"Location": where})


def _add_looking(routes: APIRouter) -> None:
    @routes.get(
        "/pairings",
        response_model=Page[PairingBody],
        responses={**SIGNED_IN, **problems(CursorInvalid, RequestInvalid)},
        summary="Your pairing codes",
    )
    async def list_pairings(request: Request, visit: SignedIn, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response:
        """Codes that wait, and the outcome of others within the last 30 days; the newest first."""
        parts, after = _parts(request), read_cursor(cursor, _After)
        every = await parts.pairings.all(visit.tx, visit.account_id, visit.now)
        rest = [one for one in every if after is None or _place(one) > (-after.created_at.timestamp(), after.pairing_id)]
        shown = rest[:limit]
        more = write_cursor(_After(shown[-1].created_at, wire(shown[-1].pairing_id))) if len(rest) > limit else None
        return answer(request, Page[PairingBody](items=[_pairing_body(one, parts.pack) for one in shown], next=more))

    @routes.get("/pairings/{pairing_id}", response_model=PairingBody, responses=_OF_A_PAIRING, summary="One pairing code")
    async def read_pairing(request: Request, visit: SignedIn, pairing_id: PairingPath) -> Response:
        """The code and its outcome; poll it while the code is typed in the car."""
        parts = _parts(request)
        found = await parts.pairings.one(visit.tx, visit.account_id, _id(pairing_id), visit.now)
        return answer(request, _pairing_body(found, parts.pack))

    @routes.delete(
        "/pairings/{pairing_id}",
        status_code=_NO_CONTENT,
        responses={**_OF_A_PAIRING, **problems(PairingDone)},
        summary="Take a pairing code back",
    )
    async def delete_pairing(request: Request, visit: SignedIn, pairing_id: PairingPath) -> Response:
        """The code is void at once. A car that is paired already stays in your garage."""
        await _parts(request).pairings.take_back(visit.tx, visit.account_id, _id(pairing_id), visit.now)
        return Response(status_code=_NO_CONTENT)


def _json(body: Body, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body.model_dump_json(), status, headers, "application/json")


def _parts(request: Request) -> _Parts:
    parts: _Parts = request.app.state.parts
    return parts


def _id(text: str) -> UUID:
    try:
        return parse_wire(text)
    except ValueError:
        raise PairingNotFound from None


def _place(one: Pairing) -> tuple[float, str]:
    """The newest first; of the same instant, by id."""
    return -one.created_at.timestamp(), wire(one.pairing_id)


def _model(model_id: str, pack: BrandPack) -> ModelBody:
    """The model; one that a newer pack has dropped goes by its id."""
    return ModelBody(id=model_id, name=pack.models[model_id].name if model_id in pack.models else model_id)


def _eligibility_body(found: Eligible | Ineligible, pack: BrandPack, language: str) -> EligibilityBody:
    model = None if found.model_id is None else _model(found.model_id, pack)
    if isinstance(found, Ineligible):
        message, cure = why_not(found, language)
        return EligibilityBody(
            eligible=False, model=model, model_year=None, equipment={}, reason=found.reason, message=message, cure=cure
        )
    message, cure = texts(language).told("eligibility.eligible", model="" if model is None else model.name)
    return EligibilityBody(
        eligible=True,
        model=model,
        model_year=found.model_year,
        equipment=dict(found.equipment),
        reason=None,
        message=message,
        cure=cure,
    )


def _pairing_body(pairing: Pairing, pack: BrandPack) -> PairingBody:
    shown = pairing.open
    return PairingBody(
        pairing_id=wire(pairing.pairing_id),
        state=pairing.state,
        code=shown.code if shown else None,
        vin=shown.vin if shown else None,
        model=_model(pairing.model_id, pack),
        created_at=pairing.created_at,
        expires_at=pairing.expires_at,
        vehicle_id=wire(pairing.vehicle_id) if pairing.vehicle_id else None,
        trial_ends_at=pairing.trial_ends_at,
    )
