"""Accounts over HTTP: sign-up, confirmation, sign-in, sessions, passwords, profile. REQ ACC-1, ACC-2, ACC-3."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Request, Response

from openmarque.domains.accounts import bodies as b
from openmarque.domains.accounts import errors as e
from openmarque.domains.accounts.agents import agent_of
from openmarque.domains.accounts.entry import entry_of
from openmarque.domains.accounts.names import NameKind, OtherName, read_mobile, read_user_name
from openmarque.domains.accounts.registration import Person
from openmarque.domains.accounts.rules import SESSION_LIFE, MailAddress, read_address, read_password, require_fit
from openmarque.domains.accounts.service import Accounts
from openmarque.http.conditional import answer
from openmarque.http.edge import SIGNED_IN, CheckedCredentials, SignedIn
from openmarque.http.errors import NotSignedIn, RequestInvalid
from openmarque.http.problems import problems
from openmarque.http.sessions import NotFromElsewhere, forget_session, keep_session, session_cookie
from openmarque.kit.ids import AccountId, parse_wire
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.transaction import Transaction

_FOR_ALL: Final = (StoreUnavailable, RequestInvalid)
_WITH_PASSWORD: Final = (e.TooManyTries, e.PasswordsBusy, *_FOR_ALL)
SessionPath = Annotated[str, Path(description="Id of a session.", json_schema_extra={"pattern": "^[0-9a-f]{32}$"})]
UserAgent = Annotated[str, Header(description="Of it only the family of browser and system is kept.", include_in_schema=False)]


def router() -> APIRouter:
    """The routes of accounts."""
    routes = APIRouter(tags=["account"])
    _register(routes)
    _recover(routes)
    _sign_in(routes)
    _own(routes)
    return routes


def _register(routes: APIRouter) -> None:
    @routes.get("/brand", response_model=b.BrandBody, summary="The brand")
    async def read_brand(request: Request) -> Response:
        """What an app has to know before anybody is signed in."""
        accounts = entry_of(request).accounts
        return answer(request, b.BrandBody(name=accounts.brand_name, user_names=accounts.names.has_user_names))

    @routes.post(
        "/accounts",
        status_code=202,
        response_class=Response,
        dependencies=[NotFromElsewhere],
        responses=problems(e.PasswordUnfit, *_WITH_PASSWORD),
        summary="Sign up",
    )
    async def sign_up(request: Request, body: b.SignUpBody) -> Response:
        """The address is sent a mail: a link to activate the account, or that it has one. The answer is the same."""
        entry, address, secret = entry_of(request), read_address(body.email), read_password(body.password)
        require_fit(secret, address)
        async with entry.edge.database.begin() as tx:
            await entry.registration.admit(tx, address, entry.client, entry.edge.clock.now())
        hashed = await entry.passwords.hash(secret)
        person = Person(body.given_name, body.family_name, body.language, body.country, body.time_zone)
        async with entry.edge.database.begin() as tx:
            await entry.registration.sign_up(tx, address, hashed, person, entry.edge.clock.now())
        return Response(status_code=202)

    @routes.post(
        "/accounts/confirmations",
        status_code=204,
        response_class=Response,
        dependencies=[NotFromElsewhere],
        responses=problems(e.LinkUnusable, *_FOR_ALL),
        summary="Activate an account",
    )
    async def confirm(request: Request, body: b.TokenBody) -> Response:
        """Follow the link of the mail. It works once, within 24 hours."""
        entry = entry_of(request)
        async with entry.edge.database.begin() as tx:
            await entry.registration.confirm(tx, body.token, entry.edge.clock.now())
        return Response(status_code=204)

    @routes.post(
        "/accounts/confirmations/resend",
        status_code=202,
        response_class=Response,
        dependencies=[NotFromElsewhere],
        responses=problems(e.TooManyTries, *_FOR_ALL),
        summary="Have the link sent again",
    )
    async def resend(request: Request, body: b.AddressBody) -> Response:
        """A new link, if an account that is not active has this address. The answer is always the same."""
        entry = entry_of(request)
        async with entry.edge.database.begin() as tx:
            await entry.registration.resend(tx, read_address(body.email), entry.client, entry.edge.clock.now())
        return Response(status_code=202)


def _recover(routes: APIRouter) -> None:
    @routes.post(
        "/accounts/password-resets",
        status_code=202,
        response_class=Response,
        dependencies=[NotFromElsewhere],
        responses=problems(e.TooManyTries, e.MobileInvalid, *_FOR_ALL),
        summary="Forgotten password",
    )
    async def request_reset(request: Request, body: b.ForgottenBody) -> Response:
        """A link to set a new password, by mail, if an account has this address, user name or number. The answer is always the same."""
        entry, who = entry_of(request), _named(body)
        if who is not None:
            async with entry.edge.database.begin() as tx:
                await entry.registration.request_reset(tx, who, entry.client, entry.edge.clock.now())
        return Response(status_code=202)

    @routes.post(
        "/accounts/password-resets/confirm",
        status_code=204,
        response_class=Response,
        dependencies=[NotFromElsewhere],
        responses=problems(e.LinkUnusable, e.PasswordUnfit, e.PasswordsBusy, *_FOR_ALL),
        summary="Set a new password by a link",
    )
    async def reset(request: Request, body: b.ResetBody) -> Response:
        """Every session and every token of the account ends. The link works once, within an hour."""
        entry, secret = entry_of(request), read_password(body.new_password)
        async with entry.edge.database.begin() as tx:
            address = await entry.registration.reset_address(tx, body.token, entry.edge.clock.now())
        require_fit(secret, address)
        hashed = await entry.passwords.hash(secret)
        async with entry.edge.database.begin() as tx:
            await entry.registration.reset(tx, body.token, hashed, address, entry.client, entry.edge.clock.now())
        return Response(status_code=204)


def _sign_in(routes: APIRouter) -> None:
    @routes.post(
        "/sessions",
        status_code=201,
        response_model=b.AccountBody,
        dependencies=[NotFromElsewhere],
        responses=problems(e.SignInRefused, e.NotConfirmed, *_WITH_PASSWORD),
        summary="Sign in",
    )
    async def sign_in(request: Request, response: Response, body: b.SignInBody, user_agent: UserAgent = "") -> b.AccountBody:
        """The browser is given the cookie of a new session. A wrong password and an unknown address get the same answer."""
        entry = entry_of(request)
        former = session_cookie(request)
        who = _address(body.email) if body.email is not None else _user_name(body.user_name or "")
        account_id, value = await entry.sign_in(who, body.password, agent_of(user_agent), former)
        async with entry.edge.database.begin() as tx:
            told = await _told(tx, entry.accounts, account_id)
        keep_session(request, response, value, int(SESSION_LIFE.total_seconds()))
        return told

    @routes.delete(
        "/sessions/current",
        status_code=204,
        response_class=Response,
        responses={**SIGNED_IN, **problems(e.SessionNotFound)},
        summary="Sign out",
    )
    async def sign_out(request: Request, visit: SignedIn) -> Response:
        """End the session of the cookie; the browser forgets it."""
        if visit.session_id is None:
            raise e.SessionNotFound
        await entry_of(request).sessions.end(visit.tx, visit.account_id, visit.session_id, visit.now)
        response = Response(status_code=204)
        forget_session(request, response)
        return response

    @routes.get("/sessions", response_model=b.SessionsBody, responses=SIGNED_IN, summary="Where you are signed in")
    async def list_sessions(request: Request, visit: SignedIn) -> Response:
        """Every browser that is signed in, the one used last first."""
        living = await entry_of(request).sessions.living(visit.tx, visit.account_id, visit.now)
        return answer(request, b.SessionsBody(items=[b.session_body(view, visit.session_id) for view in living]))

    @routes.delete(
        "/sessions/{session_id}",
        status_code=204,
        response_class=Response,
        responses={**SIGNED_IN, **problems(e.SessionNotFound)},
        summary="Sign a browser out",
    )
    async def end_session(request: Request, visit: SignedIn, session_id: SessionPath) -> Response:
        """End one session of yours; a page that is open in it ends within seconds."""
        try:
            wanted = parse_wire(session_id)
        except ValueError:
            raise e.SessionNotFound from None
        await entry_of(request).sessions.end(visit.tx, visit.account_id, wanted, visit.now)
        return Response(status_code=204)


def _own(routes: APIRouter) -> None:
    @routes.get("/account", response_model=b.AccountBody, responses=SIGNED_IN, summary="Your account")
    async def read_account(request: Request, visit: SignedIn) -> Response:
        """Who you are to the platform."""
        return answer(request, await _told(visit.tx, entry_of(request).accounts, visit.account_id))

    @routes.patch(
        "/account",
        response_model=b.AccountBody,
        responses={**SIGNED_IN, **problems(RequestInvalid, e.UserNameTaken, e.UserNamesNotOffered)},
        summary="Change your account",
    )
    async def change_account(request: Request, visit: SignedIn, body: b.ProfileChangeBody) -> b.AccountBody:
        """Language, country of use, time zone, user name and mobile number; what is left out stays."""
        accounts = entry_of(request).accounts
        await accounts.change_profile(visit.tx, visit.account_id, body.language, body.country, body.time_zone)
        for kind, text, read in (
            (NameKind.USER_NAME, body.user_name, read_user_name),
            (NameKind.MOBILE, body.mobile, read_mobile),
        ):
            if text:
                await accounts.names.put(visit.tx, visit.account_id, read(text))
            elif text is not None:
                await accounts.names.drop(visit.tx, visit.account_id, kind)
        return await _told(visit.tx, accounts, visit.account_id)

    @routes.put(
        "/account/password",
        status_code=204,
        response_class=Response,
        responses=problems(NotSignedIn, e.PasswordWrong, e.PasswordUnfit, *_WITH_PASSWORD),
        summary="Change your password",
    )
    async def change_password(request: Request, presented: CheckedCredentials, body: b.PasswordBody) -> Response:
        """All other sessions and every access token end; you are told by mail."""
        await entry_of(request).change_password(presented, body.current_password, body.new_password)
        return Response(status_code=204)


def _address(text: str) -> MailAddress | None:
    try:
        return read_address(text)
    except e.AddressInvalid:
        return None


def _user_name(text: str) -> OtherName | None:
    try:
        return read_user_name(text)
    except e.UserNameInvalid:
        return None


def _named(body: b.ForgottenBody) -> MailAddress | OtherName | None:
    """Whom the body names; None for a text that can be nobody's name. A number that is none is said to be so: it finds nobody."""
    if body.email is not None:
        return read_address(body.email)
    if body.user_name is not None:
        return _user_name(body.user_name)
    return read_mobile(body.mobile or "")


async def _told(tx: Transaction, accounts: Accounts, account_id: AccountId) -> b.AccountBody:
    return b.account_body(await accounts.profile(tx, account_id))
