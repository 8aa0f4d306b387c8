"""Orders, phones and the safety code over HTTP. REQ RC-1, RC-4, RC-5, RC-6, RC-7."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Path, Request, Response

from openmarque.domains.accounts.entry import entry_of
from openmarque.domains.accounts.errors import PasswordsBusy, PasswordWrong, TooManyTries
from openmarque.domains.commands import bodies as b
from openmarque.domains.commands import errors as e
from openmarque.domains.commands.bundle import Commands
from openmarque.domains.commands.desk import Desk
from openmarque.domains.commands.postgres import PostgresCommands
from openmarque.domains.commands.requests import Approval, Asked, Placed, Signed
from openmarque.domains.commands.rules import IDEMPOTENCY_KEY
from openmarque.domains.commands.sources import live_sources
from openmarque.domains.commands.store import CodeRow
from openmarque.http.conditional import answer
from openmarque.http.edge import OF_A_CAR, Admitted, CarVisit, Opened, Opening, OwnCar, VehiclePath, edge_of
from openmarque.http.errors import CursorInvalid, NotInYourGarage, NotSignedIn, RequestInvalid
from openmarque.http.languages import Language
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.kit.clock import from_ms
from openmarque.kit.errors import CallerError
from openmarque.kit.ids import parse_wire, wire
from openmarque.link.broker import BrokerDown
from openmarque.link.challenges import CarOffline, CarSilent, TooManyChallenges
from openmarque.protocol.orders import CHALLENGE_LIVES_MS, MalformedOrder, b64url, from_b64url
from openmarque.protocol.phone_keys import UnfitPhoneKey
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.transaction import Transaction

__all__ = ["live_sources", "router"]

_CODE: Final = (e.SafetyCodeNeeded, e.SafetyCodeNotSet, e.WrongSafetyCode, e.SafetyCodeLocked)
_CAR: Final = (NotSignedIn, NotInYourGarage, StoreUnavailable)
_SIGNED: Final = (MalformedOrder, e.OrderMismatch, e.PhoneKeyNotActive, e.PhoneSignatureWrong, e.CounterUsed, e.OrderRefused)
_PREFIX: Final = "/api/v1"
_Instant = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]
"""Microseconds since the epoch, as exact as PostgreSQL keeps an instant, up to the year 9999."""
IdempotencyKey = Annotated[
    str,
    Header(
        pattern=IDEMPOTENCY_KEY,
        description="A fresh random name of this request. The same request again, with the same name, is the same order.",
    ),
]
OrderPath = Annotated[str, Path(description="Opaque id of an order.", json_schema_extra={"pattern": "^[0-9a-f]{32}$"})]
KeyPath = Annotated[str, Path(description="Id of a phone's key.", json_schema_extra={"pattern": "^[0-9a-f]{32}$"})]

_US: Final = timedelta(microseconds=1)
_store: Final = PostgresCommands()


class _After(msgspec.Struct, frozen=True, tag="orders", array_like=True):
    requested_us: _Instant
    order_id: str


def desk_of(request: Request, opened: Opened, vehicle_id: str) -> Desk:
    """The desk of the application that serves `request`, for the car in its address."""
    parts = request.app.state.parts
    assert isinstance(parts.commands, Commands)
    return Desk(edge_of(request), parts.commands, parts.broker, opened, vehicle_id)


def router() -> APIRouter:
    """The routes of orders, phones and the safety code."""
    routes = APIRouter()
    _challenge(routes)
    _order(routes)
    _approve(routes)
    _look(routes)
    _phones(routes)
    _code(routes)
    return routes


def _challenge(routes: APIRouter) -> None:
    @routes.post(
        "/vehicles/{vehicle_id}/challenges",
        status_code=201,
        response_model=b.ChallengeBody,
        responses=problems(*_CAR, e.OrderRefused, CarOffline, CarSilent, TooManyChallenges, BrokerDown),
        tags=["orders"],
        summary="Ask the car for a challenge",
    )
    async def ask_challenge(request: Request, opened: Opening, vehicle_id: VehiclePath) -> b.ChallengeBody:
        """What an order that a phone signs has to name. It wakes no car: one that is not connected is told so at once."""
        challenge = await desk_of(request, opened, vehicle_id).challenge()
        return b.ChallengeBody(challenge=b64url(challenge), lives_s=CHALLENGE_LIVES_MS // 1000)


def _order(routes: APIRouter) -> None:
    @routes.post(
        "/vehicles/{vehicle_id}/orders",
        status_code=202,
        response_model=b.OrderBody,
        responses=problems(
            *(
                *_CAR,
                e.CommandUnknown,
                e.IdempotencyKeyReused,
                e.OrderIdTaken,
                e.TooManyOrders,
                RequestInvalid,
                *_SIGNED,
                *_CODE,
            )
        ),
        tags=["orders"],
        summary="Order something of the car",
    )
    async def place_order(
        request: Request,
        response: Response,
        opened: Opening,
        vehicle_id: VehiclePath,
        body: b.OrderRequestBody,
        idempotency_key: IdempotencyKey,
        language: Language,
    ) -> b.OrderBody:
        """The order with its address; each further step is told on the car's event stream.

        What the rules do not permit, and what the car can't get because it is not connected, is an order in the state `refused`, with
        reason and cure. What only a phone may order is `awaiting_phone` when it comes unsigned.
        """
        desk, signed = desk_of(request, opened, vehicle_id), _signed(body.payload, body.signature)
        code = None if body.safety_code is None else await desk.counted_code(body.safety_code)

        async def place(visit: CarVisit) -> Placed:
            asked = Asked(
                *(visit.vehicle_id, visit.tenure_id, visit.account_id, idempotency_key, body.command, signed),
                code_right=code is not None,
            )
            return await desk.commands.orders.place(visit.tx, asked, visit.now)

        return await _kept(desk, response, code, place, language)


def _approve(routes: APIRouter) -> None:
    @routes.post(
        "/vehicles/{vehicle_id}/orders/{order_id}/approval",
        status_code=202,
        response_model=b.OrderBody,
        responses=problems(*_CAR, e.OrderUnknown, e.OrderStepImpossible, RequestInvalid, *_SIGNED, *_CODE),
        tags=["orders"],
        summary="Approve an order on a phone",
    )
    async def approve_order(
        request: Request,
        response: Response,
        opened: Opening,
        vehicle_id: VehiclePath,
        order_id: OrderPath,
        body: b.ApprovalBody,
        language: Language,
    ) -> b.OrderBody:
        """Sign an order that awaits a phone; the same approval again is the same order."""
        desk, signed = desk_of(request, opened, vehicle_id), _signed(body.payload, body.signature)
        assert signed is not None
        code = None if body.safety_code is None else await desk.counted_code(body.safety_code)

        async def approve(visit: CarVisit) -> Placed:
            approval = Approval(_order_id(order_id), visit.tenure_id, visit.account_id, signed, code_right=code is not None)
            return await desk.commands.orders.approve(visit.tx, approval, visit.now)

        return await _kept(desk, response, code, approve, language)


def _look(routes: APIRouter) -> None:
    @routes.get(
        "/vehicles/{vehicle_id}/orders",
        response_model=Page[b.OrderBody],
        responses={**OF_A_CAR, **problems(CursorInvalid, RequestInvalid)},
        tags=["orders"],
        summary="Orders",
    )
    async def list_orders(
        request: Request, visit: OwnCar, language: Language, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Response:
        """What you ordered of this car and what became of it, newest first."""
        after = read_cursor(cursor, _After)
        before = None if after is None else _key(after)
        found = await _store.order_views(visit.tx, visit.tenure_id, before, limit + 1)
        shown = found[:limit]
        more = None
        if len(found) > limit:
            more = write_cursor(_After((shown[-1].requested_at - from_ms(0)) // _US, wire(shown[-1].order_id)))
        page = Page[b.OrderBody](items=[b.order_body(view, language) for view in shown], next=more)
        return answer(request, page, language=language)

    @routes.get(
        "/vehicles/{vehicle_id}/orders/{order_id}",
        response_model=b.OrderBody,
        responses=problems(*_CAR, e.OrderUnknown),
        tags=["orders"],
        summary="One order",
    )
    async def read_order(request: Request, visit: OwnCar, order_id: OrderPath, language: Language) -> Response:
        """The order and every step of its life so far."""
        return answer(request, await _body(visit.tx, visit, _order_id(order_id), language), language=language)


def _phones(routes: APIRouter) -> None:
    @routes.get(
        "/vehicles/{vehicle_id}/phone-keys",
        response_model=b.PhonesBody,
        responses=OF_A_CAR,
        tags=["phones"],
        summary="Phones of the car",
    )
    async def list_phones(request: Request, visit: OwnCar) -> Response:
        """The phones whose keys the car knows, and those that wait for its answer."""
        rows = await _store.owner_phones(visit.tx, visit.tenure_id)
        return answer(request, b.PhonesBody(items=[b.phone_body(row) for row in rows if row.state in b.SHOWN]))

    @routes.post(
        "/vehicles/{vehicle_id}/phone-keys",
        status_code=202,
        response_model=b.PhoneBody,
        responses=problems(
            *(*_CAR, UnfitPhoneKey, e.OrderRefused, e.PhoneKeyRevoked, e.TooManyPhoneRequests),
            *(CarOffline, BrokerDown, RequestInvalid),
        ),
        tags=["phones"],
        summary="Offer a phone to the car",
    )
    async def offer_phone(request: Request, opened: Opening, vehicle_id: VehiclePath, body: b.PhoneRequestBody) -> b.PhoneBody:
        """The car checks the proof with the secret that its screen shows, and says on the event stream what became of it."""
        desk = desk_of(request, opened, vehicle_id)
        if not body.label.isprintable():
            raise RequestInvalid
        return b.phone_body(await desk.offer_phone(_bytes(body.public_key), body.label, _bytes(body.mac)))

    @routes.delete(
        "/vehicles/{vehicle_id}/phone-keys/{key_id}",
        status_code=204,
        response_class=Response,
        responses=problems(*_CAR, e.PhoneKeyUnknown),
        tags=["phones"],
        summary="Remove a phone",
    )
    async def remove_phone(request: Request, visit: OwnCar, key_id: KeyPath) -> Response:
        """From now on the platform takes no order of it; the car hears of it at once, or before the next order."""
        commands = request.app.state.parts.commands
        assert isinstance(commands, Commands)
        await commands.phones.revoke(visit.tx, visit.tenure_id, key_id.replace("\0", ""), visit.now)
        return Response(status_code=204)


def _code(routes: APIRouter) -> None:
    @routes.put(
        "/account/safety-code",
        status_code=204,
        response_class=Response,
        responses=problems(
            *(NotSignedIn, StoreUnavailable, PasswordWrong, TooManyTries, PasswordsBusy, e.SafetyCodeUnfit, RequestInvalid)
        ),
        tags=["account"],
        summary="Choose the safety code",
    )
    async def choose_code(request: Request, presented: Admitted, body: b.SafetyCodeBody) -> Response:
        """Your password proves that it is you. A lock after wrong codes ends."""
        commands, edge = request.app.state.parts.commands, edge_of(request)
        assert isinstance(commands, Commands)
        account_id = await entry_of(request).prove_password(presented, body.password)
        row = await commands.codes.hashed(account_id, body.code, edge.clock.now())
        async with edge.database.begin() as tx:
            await commands.codes.choose(tx, row)
            await commands.bell.code_changed(tx, account_id, edge.clock.now())
        return Response(status_code=204)


_Use = Callable[[CarVisit], Awaitable[Placed]]


async def _kept(desk: Desk, response: Response, code: CodeRow | None, use: _Use, language: str) -> b.OrderBody:
    """Keep an order by `use`, bring it on its way after the commit, and tell how it stands then."""
    try:
        async with desk.visit() as visit:
            if code is not None:
                await desk.commands.codes.passed(visit.tx, code)
            placed = await use(visit)
            body = (
                await _body(visit.tx, visit, placed.order_id, language)
                if placed.view is None
                else b.order_body(placed.view, language)
            )
    except CallerError:
        if code is not None:
            await desk.take_back(code)
        raise
    if not await desk.hand_over(visit.vehicle_id, placed):
        async with desk.edge.database.begin() as tx:
            body = await _body(tx, visit, placed.order_id, language)
    response.headers["Location"] = f"{_PREFIX}/vehicles/{wire(visit.vehicle_id)}/orders/{body.order_id}"
    response.headers["Content-Language"] = language
    return body


async def _body(tx: Transaction, visit: CarVisit, order_id: UUID, language: str) -> b.OrderBody:
    view = await _store.order_view(tx, visit.tenure_id, order_id)
    if view is None:
        raise e.OrderUnknown
    return b.order_body(view, language)


def _signed(payload: str | None, signature: str | None) -> Signed | None:
    """What a phone signed; ``RequestInvalid`` for one without the other, or a spelling that base64url has not."""
    if payload is None and signature is None:
        return None
    if payload is None or signature is None:
        raise RequestInvalid
    return Signed(_bytes(payload), _bytes(signature))


def _bytes(text: str) -> bytes:
    try:
        return from_b64url(text)
    except ValueError:
        raise RequestInvalid from None


def _key(after: _After) -> tuple[datetime, UUID]:
    try:
        return from_ms(0) + after.requested_us * _US, parse_wire(after.order_id)
    except ValueError:
        raise CursorInvalid from None


def _order_id(text: str) -> UUID:
    """The id in an address; whatever is none is answered as one that is nobody's."""
    try:
        return parse_wire(text)
    except ValueError:
        raise e.OrderUnknown from None
