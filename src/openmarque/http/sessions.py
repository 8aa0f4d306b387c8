"""What a request shows to be let in: a program its access token, a browser the cookie of its session. DECISIONS 0017.

Rules:
    1. A browser's session is a cookie that scripts can't read and that browsers send to our own site only (``HttpOnly``,
       ``SameSite=Strict``, ``Secure`` behind TLS). Its value is random and new at every sign-in; one that we did not make opens nothing.
       Behind TLS its name begins with ``__Host-``: browsers take such a cookie from this host alone, so that no neighbour under the
       same domain, and nobody on the way without TLS, plants his own session and has the owner pair a car with his account.
    2. A request that changes something and is let in by the cookie must say that it comes from our own pages: ``Sec-Fetch-Site:
       same-origin`` (Fetch Metadata), or from a browser that does not know it an ``Origin`` that is ours. Nothing said is no proof.
    3. Signing in and what goes before it carry no cookie; there a foreign page is refused when the browser tells of it, so that
       nobody is signed in to somebody else's account unawares.
    4. A token in the Authorization header is not sent by browsers by themselves; with it the cookie is not looked at.
"""

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import Scope

from openmarque.http.errors import CrossSiteRefused

COOKIE: Final = "om_session"
COOKIE_BEHIND_TLS: Final = f"__Host-{COOKIE}"
"""RFC 6265bis §4.1.3.2: only with Secure, Path=/ and no Domain. Without TLS browsers would not keep it."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 §9.2.1)."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request shows: a bearer token, or else the value of a session's cookie; empty texts for nothing."""

    token: str = ""
    session: str = ""


_bearer: Any = HTTPBearer(
    scheme_name="accessToken",
    auto_error=False,
    description="For programs: an access token of at most a day, in the Authorization header only.",
)
_cookie: Any = APIKeyCookie(
    name=COOKIE,
    scheme_name="session",
    auto_error=False,
    description="For browsers: the session of a signed-in person. What changes something must come from our own pages.",
)


async def _presented(  # async, as all dependencies of every request: FastAPI gives others a thread each
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    _named: Annotated[str | None, Depends(_cookie)],
) -> Presented:
    if bearer is not None:
        return Presented(token=bearer.credentials)
    cookie = session_cookie(request)
    if cookie and request.method not in _SAFE and not from_our_pages(request.scope, unsaid=False):
        raise CrossSiteRefused
    return Presented(session=cookie)


Credentials = Annotated[Presented, Depends(_presented)]
"""What the request shows. Raises ``CrossSiteRefused`` where a browser's request that changes something is not proved to be ours."""


async def _ours_or_unsaid(request: Request) -> None:
    if not from_our_pages(request.scope, unsaid=True):
        raise CrossSiteRefused


NotFromElsewhere: Any = Depends(_ours_or_unsaid)
"""For routes before anybody is signed in: refuses what a browser says to come from a page of somebody else's."""


def from_our_pages(scope: Scope, *, unsaid: bool) -> bool:
    """Whether the browser says that the request comes from our own origin; `unsaid` is the answer when it says nothing."""
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site == "same-origin"
    if origin is not None:
        return origin == f"{'https' if behind_tls(scope) else 'http'}://{headers.get('host', '')}"
    return unsaid


def behind_tls(scope: Scope) -> bool:
    """Whether the browser came by TLS. A forged forwarding header changes only the forger's own answer."""
    return scope.get("scheme") == "https" or Headers(scope=scope).get("x-forwarded-proto") == "https"


def session_cookie(request: Request) -> str:
    """The value of the session's cookie; "" without one."""
    return request.cookies.get(_name_of(request), "")


def _name_of(request: Request) -> str:
    return COOKIE_BEHIND_TLS if behind_tls(request.scope) else COOKIE


def keep_session(request: Request, response: Response, value: str, max_age_s: int) -> None:
    """Have the browser keep `value` as its session."""
    response.set_cookie(
        *(_name_of(request), value, max_age_s),
        path="/",
        secure=behind_tls(request.scope),
        httponly=True,
        samesite="strict",
    )


def forget_session(request: Request, response: Response) -> None:
    """Have the browser forget its session."""
    response.delete_cookie(_name_of(request), path="/", secure=behind_tls(request.scope), httponly=True, samesite="strict")


def client_of(request: Request, proxies: str) -> str:
    """The network address that counts as the client's: of IPv6 the first 64 bits, which is what one household has.

    `proxies` lists the reverse proxies that are believed (setting ``http_proxies``): what they append to ``X-Forwarded-For`` is taken,
    from the right, up to the first address that is none of them; what a client writes there itself is further left.
    """
    believed = {part.strip() for part in proxies.split(",") if part.strip()}
    client = request.client.host if request.client else ""
    hops = [hop.strip() for hop in ",".join(request.headers.getlist("x-forwarded-for")).split(",") if hop.strip()]
    while client in believed and hops:
        client = hops.pop()
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
