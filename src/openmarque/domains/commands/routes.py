"""Remote commands, phones and the safety code over HTTP. REQ RC-1, RC-4, RC-5, RC-6, RC-7."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Path, Request, Response

from openmarque.catalogue.command_arguments import ArgumentInvalid, ArgumentUnknown
from openmarque.domains.accounts.entry import entry_of
from openmarque.domains.accounts.errors import PasswordsBusy, PasswordWrong, TooManyTries
from openmarque.domains.commands import bodies as b
from openmarque.domains.commands import errors as e
from openmarque.domains.commands.bundle import Commands
from openmarque.domains.commands.dispatcher import CommandDispatcher
from openmarque.domains.commands.postgres import PostgresCommands
from openmarque.domains.commands.requests import Approval, Asked, CommandReceipt, Signed
from openmarque.domains.commands.rules import IDEMPOTENCY_KEY
from openmarque.domains.commands.store import CodeRow
from openmarque.http.conditional import answer
from openmarque.http.edge import (
    OF_A_CAR,
    CarVisit,
    CheckedCredentials,
    OpenSession,
    OwnCar,
    RequestSession,
    VehiclePath,
    edge_of,
)
from openmarque.http.errors import CursorInvalid, NotInYourGarage, NotSignedIn, RequestInvalid
from openmarque.http.languages import Language
from openmarque.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, read_cursor, write_cursor
from openmarque.http.problems import problems
from openmarque.kit.clock import from_ms
from openmarque.kit.errors import CallerError
from openmarque.kit.ids import parse_wire, wire
from openmarque.link.broker import BrokerDown
from openmarque.link.challenges import CarOffline, CarSilent, TooManyChallenges
from openmarque.protocol.commands import CHALLENGE_LIVES_MS, MalformedCommand, b64url, from_b64url
from openmarque.protocol.digital_keys import UnfitDigitalKey
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.transaction import Transaction

_CODE: Final = (e.SafetyCodeNeeded, e.SafetyCodeNotSet, e.WrongSafetyCode, e.SafetyCodeLocked)
_CAR: Final = (NotSignedIn, NotInYourGarage, StoreUnavailable)
_SIGNED: Final = (
    MalformedCommand,
    e.CommandMismatch,
    e.DigitalKeyNotActive,
    e.DigitalKeySignatureWrong,
    e.CounterUsed,
    e.CommandRefused,
)
_PREFIX: Final = "/api/v1"
_Instant = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]
"""Microseconds since the epoch, as exact as PostgreSQL keeps an instant, up to the year 9999."""
IdempotencyKey = Annotated[
    str,
    Header(
        pattern=IDEMPOTENCY_KEY,
        description="A fresh random name of this request. The same request again, with the same name, is the same command.",
    ),
]
CommandPath = Annotated[
    str, Path(description="Opaque id of a remote command.", json_schema_extra={"pattern": "^[0-9a-f]{32}$"})
]
KeyPath = Annotated[str, Path(description="Id of a digital key.", json_schema_extra={"pattern": "^[0-9a-f]{32}$"})]

_US: Final = timedelta(microseconds=1)
_store: Final = PostgresCommands()


class _After(msgspec.Struct, frozen=True, tag="remote_commands", array_like=True):
    requested_us: _Instant
    command_id: str


def dispatcher_of(request: Request, opened: RequestSession, vehicle_id: str) -> CommandDispatcher:
    """The dispatcher of the application that serves `request`, for the car in its address."""
    parts = request.app.state.parts
    assert isinstance(parts.commands, Commands)
    return CommandDispatcher(edge_of(request), parts.commands, parts.broker, opened, vehicle_id)


def router() -> APIRouter:
    """The routes of commands, phones and the safety code."""
    routes = APIRouter()
    _commands(routes)
    _challenge(routes)
    _remote_command(routes)
    _approve(routes)
    _look(routes)
    _phones(routes)
    _code(routes)
    return routes


def _commands(routes: APIRouter) -> None:
    @routes.get(
        "/vehicles/{vehicle_id}/commands",
        response_model=b.CommandsBody,
        responses=OF_A_CAR,
        tags=["remote_commands"],
        summary="What this car can be told to do",
    )
    async def list_offers(request: Request, visit: OwnCar, language: Language) -> Response:
        """Each command of this car: what it is called, who signs it, its arguments and times, and whether you could give it now."""
        commands = request.app.state.parts.commands
        assert isinstance(commands, Commands)
        offers = await commands.remote_commands.offers(visit.tx, visit.tenure_id, visit.vehicle_id, visit.account_id, visit.now)
        return answer(request, b.CommandsBody(items=[b.offer_body(offer, language) for offer in offers]), language=language)


def _challenge(routes: APIRouter) -> None:
    @routes.post(
        "/vehicles/{vehicle_id}/challenges",
        status_code=201,
        response_model=b.ChallengeBody,
        responses=problems(*_CAR, e.CommandRefused, CarOffline, CarSilent, TooManyChallenges, BrokerDown),
        tags=["remote_commands"],
        summary="Ask the car for a challenge",
    )
    async def ask_challenge(request: Request, opened: OpenSession, vehicle_id: VehiclePath) -> b.ChallengeBody:
        """What a remote command that a phone signs has to name. It wakes no car: one that is not connected is told so at once."""
        challenge = await dispatcher_of(request, opened, vehicle_id).challenge()
        return b.ChallengeBody(challenge=b64url(challenge), lives_s=CHALLENGE_LIVES_MS // 1000)


def _remote_command(routes: APIRouter) -> None:
    @routes.post(
        "/vehicles/{vehicle_id}/remote-commands",
        status_code=202,
        response_model=b.RemoteCommandBody,
        responses=problems(
            *(
                *_CAR,
                e.CommandUnknown,
                ArgumentInvalid,
                ArgumentUnknown,
                e.IdempotencyKeyReused,
                e.CommandIdTaken,
                e.TooManyCommands,
                RequestInvalid,
                *_SIGNED,
                *_CODE,
            )
        ),
        tags=["remote_commands"],
        summary="Send the car a remote command",
    )
    async def send_command(
        request: Request,
        response: Response,
        opened: OpenSession,
        vehicle_id: VehiclePath,
        body: b.CommandRequestBody,
        idempotency_key: IdempotencyKey,
        language: Language,
    ) -> b.RemoteCommandBody:
        """The command with its address; each further step is told on the car's event stream.

        What the rules do not permit, and what the car can't get because it is not connected, is a remote command in the state `refused`, with
        reason and cure. What only a phone may command is `awaiting_phone` when it comes unsigned.
        """
        dispatcher, signed = dispatcher_of(request, opened, vehicle_id), _signed(body.payload, body.signature)
        requested_at = dispatcher.edge.clock.now()  # the time that the hash takes is the command's, not the owner's
        code = None if body.safety_code is None else await dispatcher.counted_code(body.safety_code)

        async def place(visit: CarVisit) -> CommandReceipt:
            asked = Asked(
                *(visit.vehicle_id, visit.tenure_id, visit.account_id, idempotency_key, body.command, body.arguments, signed),
                code_right=code is not None,
                requested_at=requested_at,
            )
            return await dispatcher.commands.remote_commands.place(visit.tx, asked, visit.now)

        return await _kept(dispatcher, response, code, place, language)


def _approve(routes: APIRouter) -> None:
    @routes.post(
        "/vehicles/{vehicle_id}/remote-commands/{command_id}/approval",
        status_code=202,
        response_model=b.RemoteCommandBody,
        responses=problems(*_CAR, e.RemoteCommandUnknown, e.CommandStepImpossible, RequestInvalid, *_SIGNED, *_CODE),
        tags=["remote_commands"],
        summary="Approve a remote command on a phone",
    )
    async def approve_command(
        request: Request,
        response: Response,
        opened: OpenSession,
        vehicle_id: VehiclePath,
        command_id: CommandPath,
        body: b.ApprovalBody,
        language: Language,
    ) -> b.RemoteCommandBody:
        """Sign a remote command that awaits a phone; the same approval again is the same command."""
        dispatcher, signed = dispatcher_of(request, opened, vehicle_id), _signed(body.payload, body.signature)
        assert signed is not None
        requested_at = dispatcher.edge.clock.now()
        code = None if body.safety_code is None else await dispatcher.counted_code(body.safety_code)

        async def approve(visit: CarVisit) -> CommandReceipt:
            whose = (visit.tenure_id, visit.account_id)
            approval = Approval(_command_id(command_id), *whose, signed, code is not None, requested_at)
            return await dispatcher.commands.remote_commands.approve(visit.tx, approval, visit.now)

        return await _kept(dispatcher, response, code, approve, language)


def _look(routes: APIRouter) -> None:
    @routes.get(
        "/vehicles/{vehicle_id}/remote-commands",
        response_model=Page[b.RemoteCommandBody],
        responses={**OF_A_CAR, **problems(CursorInvalid, RequestInvalid)},
        tags=["remote_commands"],
        summary="Remote commands",
    )
    async def list_commands(
        request: Request, visit: OwnCar, language: Language, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Response:
        """What you asked of this car and its outcome, newest first."""
        after = read_cursor(cursor, _After)
        before = None if after is None else _key(after)
        found = await _store.command_views(visit.tx, visit.tenure_id, before, limit + 1)
        shown = found[:limit]
        more = None
        if len(found) > limit:
            more = write_cursor(_After((shown[-1].requested_at - from_ms(0)) // _US, wire(shown[-1].command_id)))
        page = Page[b.RemoteCommandBody](items=[b.command_body(view, language) for view in shown], next=more)
        return answer(request, page, language=language)

    @routes.get(
        "/vehicles/{vehicle_id}/remote-commands/{command_id}",
        response_model=b.RemoteCommandBody,
        responses=problems(*_CAR, e.RemoteCommandUnknown),
        tags=["remote_commands"],
        summary="One command",
    )
    async def read_command(request: Request, visit: OwnCar, command_id: CommandPath, language: Language) -> Response:
        """The command and every step of its life so far."""
        return answer(request, await _body(visit.tx, visit, _command_id(command_id), language), language=language)


def _phones(routes: APIRouter) -> None:
    @routes.get(
        "/vehicles/{vehicle_id}/digital-keys",
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
        "/vehicles/{vehicle_id}/digital-keys",
        status_code=202,
        response_model=b.PhoneBody,
        responses=problems(
            *(*_CAR, UnfitDigitalKey, e.CommandRefused, e.DigitalKeyRevoked, e.TooManyPhoneRequests),
            *(CarOffline, BrokerDown, RequestInvalid),
        ),
        tags=["phones"],
        summary="Offer a phone to the car",
    )
    async def offer_phone(
        request: Request, opened: OpenSession, vehicle_id: VehiclePath, body: b.PhoneRequestBody
    ) -> b.PhoneBody:
        """The car checks the proof with the secret that its screen shows, and says the outcome on the event stream."""
        dispatcher = dispatcher_of(request, opened, vehicle_id)
        if not body.label.isprintable():
            raise RequestInvalid
        return b.phone_body(await dispatcher.offer_phone(_bytes(body.public_key), body.label, _bytes(body.mac)))

    @routes.delete(
        "/vehicles/{vehicle_id}/digital-keys/{key_id}",
        status_code=204,
        response_class=Response,
        responses=problems(*_CAR, e.DigitalKeyUnknown),
        tags=["phones"],
        summary="Remove a phone",
    )
    async def remove_phone(request: Request, visit: OwnCar, key_id: KeyPath) -> Response:
        """From now on the platform takes no command of it; the car hears of it at once, or before the next command."""
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
    async def choose_code(request: Request, presented: CheckedCredentials, body: b.SafetyCodeBody) -> Response:
        """Your password proves that it is you. A lock after wrong codes ends."""
        commands, edge = request.app.state.parts.commands, edge_of(request)
        assert isinstance(commands, Commands)
        account_id = await entry_of(request).prove_password(presented, body.password)
        row = await commands.codes.hashed(account_id, body.code, edge.clock.now())
        async with edge.database.begin() as tx:
            await commands.codes.choose(tx, row)
            await commands.mailer.post(tx, account_id, "safety_code_changed", {}, edge.clock.now())
        return Response(status_code=204)


_Use = Callable[[CarVisit], Awaitable[CommandReceipt]]


async def _kept(
    dispatcher: CommandDispatcher, response: Response, code: CodeRow | None, use: _Use, language: str
) -> b.RemoteCommandBody:
    """Keep a remote command by `use`, bring it on its way after the commit, and tell how it stands then."""
    try:
        async with dispatcher.visit() as visit:
            if code is not None:
                await dispatcher.commands.codes.passed(visit.tx, code)
            receipt = await use(visit)
            body = (
                await _body(visit.tx, visit, receipt.command_id, language)
                if receipt.view is None
                else b.command_body(receipt.view, language)
            )
    except CallerError:
        if code is not None:
            await dispatcher.take_back(code)
        raise
    if not await dispatcher.hand_over(visit.vehicle_id, receipt):
        async with dispatcher.edge.database.begin() as tx:
            body = await _body(tx, visit, receipt.command_id, language)
    response.headers["Location"] = f"{_PREFIX}/vehicles/{wire(visit.vehicle_id)}/remote-commands/{body.command_id}"
    response.headers["Content-Language"] = language
    return body


async def _body(tx: Transaction, visit: CarVisit, command_id: UUID, language: str) -> b.RemoteCommandBody:
    view = await _store.command_view(tx, visit.tenure_id, command_id)
    if view is None:
        raise e.RemoteCommandUnknown
    return b.command_body(view, language)


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
        return from_ms(0) + after.requested_us * _US, parse_wire(after.command_id)
    except ValueError:
        raise CursorInvalid from None


def _command_id(text: str) -> UUID:
    """The id in an address; whatever is none is answered as one that is nobody's."""
    try:
        return parse_wire(text)
    except ValueError:
        raise e.RemoteCommandUnknown from None
