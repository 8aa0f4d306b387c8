"""Who is asking, and about which car: the dependencies that every route about a person or a car takes.

Rules:
    1. A request is signed in by an access token in the Authorization header or by the cookie of a browser's session, and in no other
       way: what stands in an address ends in logs. Both lead to the same visit. What the cookie needs beside it: ``http.sessions``.
    2. A car is seen only through a tenure that the account may see. Whatever else is asked for, an unknown car, somebody else's, a
       name that is no id, gets the same answer after the same statements (a VIN or an id must not tell whether a car exists).
    3. A signed-in request is one transaction: it commits before the answer leaves. Owners' reads run in the role that sees the named
       tenures only, so a forgotten condition in a statement shows nothing of anybody else.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Protocol
from uuid import UUID

from fastapi import Depends, Path, Request

from openmarque.catalogue.register import Catalogue
from openmarque.http.errors import NotInYourGarage, NotSignedIn
from openmarque.http.live import LiveHub
from openmarque.http.problems import problems
from openmarque.http.sessions import Credentials, Presented
from openmarque.kit.clock import Clock
from openmarque.kit.ids import AccountId, TenureId, VehicleId, parse_wire
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.transaction import Database, Transaction

SIGNED_IN: Final = problems(NotSignedIn, StoreUnavailable)
"""What every route that needs a signed-in person may answer with. ``api.openapi`` adds what all that change something have."""
OF_A_CAR: Final = problems(NotSignedIn, NotInYourGarage, StoreUnavailable)
"""What every route about one car may answer with."""
_EXAMPLE_ID: Final = "6f1c2b7a9d3e4f508a1b2c3d4e5f6071"


class Holders(Protocol):
    """Knows who holds an access token or a session."""

    async def holder(self, tx: Transaction, token: str, now: datetime) -> AccountId | None:
        """The account that `token` was given to; None for one that is unknown, run out, revoked, or of a closed account."""
        ...

    async def session_holder(self, tx: Transaction, value: str, now: datetime) -> tuple[AccountId, UUID] | None:
        """The account whose session's cookie holds `value`, and the session's id; None as for tokens. Counts as a use of it."""
        ...


class Sight(Protocol):
    """Knows which cars an account may see."""

    async def visible(self, tx: Transaction, account_id: AccountId, now: datetime) -> Mapping[VehicleId, TenureId]:
        """The cars that the account may see at `now`, each with the tenure by which it may."""
        ...


@dataclass(frozen=True)
class Edge:
    """What routes need of the platform; the application carries it as ``state.edge``."""

    database: Database
    clock: Clock
    catalogue: Catalogue
    holders: Holders
    sight: Sight
    hub: LiveHub


@dataclass(frozen=True, slots=True)
class Visit:
    """A signed-in request: its transaction, its instant, the account, and the cars it may see."""

    tx: Transaction
    now: datetime
    account_id: AccountId
    cars: Mapping[VehicleId, TenureId]
    catalogue: Catalogue
    session_id: UUID | None = None
    """The browser's session; None when a program's token let the request in."""


@dataclass(frozen=True, slots=True)
class CarVisit:
    """A signed-in request about one car that the account may see."""

    tx: Transaction
    now: datetime
    account_id: AccountId
    vehicle_id: VehicleId
    tenure_id: TenureId
    catalogue: Catalogue


VehiclePath = Annotated[
    str,
    Path(description="Opaque id of a car.", json_schema_extra={"pattern": "^[0-9a-f]{32}$"}, examples=[_EXAMPLE_ID]),
]
"""A plain string: one that is no id is answered like an id that is nobody's."""


def edge_of(request: Request) -> Edge:
    """The edge of the application that serves `request`."""
    edge = request.app.state.edge
    assert isinstance(edge, Edge)
    return edge


async def enter(edge: Edge, tx: Transaction, presented: Presented) -> Visit:
    """The visit that a token or a session opens; raises ``NotSignedIn``, after the same statements for everything that is neither."""
    now, session_id = edge.clock.now(), None
    if presented.session:
        found = await edge.holders.session_holder(tx, presented.session, now)
        account_id, session_id = found or (None, None)
    else:
        account_id = await edge.holders.holder(tx, presented.token, now)
    if account_id is None:
        raise NotSignedIn
    return Visit(tx, now, account_id, await edge.sight.visible(tx, account_id, now), edge.catalogue, session_id)


def at_car(visit: Visit, vehicle_id: str) -> CarVisit:
    """The visit to one car; raises ``NotInYourGarage`` for whatever is not the id of a car that the account may see."""
    try:
        wanted = VehicleId(parse_wire(vehicle_id))
        tenure_id = visit.cars[wanted]
    except (ValueError, KeyError):
        raise NotInYourGarage from None
    return CarVisit(visit.tx, visit.now, visit.account_id, wanted, tenure_id, visit.catalogue)


async def _signed_in(request: Request, credentials: Credentials) -> AsyncIterator[Visit]:
    edge = edge_of(request)
    async with edge.database.begin() as tx:
        yield await enter(edge, tx, credentials)


async def _own_car(request: Request, credentials: Credentials, vehicle_id: VehiclePath) -> AsyncIterator[CarVisit]:
    edge = edge_of(request)
    async with edge.database.begin() as tx:
        yield at_car(await enter(edge, tx, credentials), vehicle_id)


class RequestSession:
    """A signed-in request that needs several transactions, or has something to do after one: the first is open already."""

    def __init__(self, presented: Presented, visit: Visit, transaction: AsyncExitStack) -> None:
        """`transaction` ends the one that `visit` is in."""
        self.presented = presented
        self._visit: Visit | None = visit
        self._transaction = transaction

    @asynccontextmanager
    async def visit(self, edge: Edge) -> AsyncIterator[Visit]:
        """A visit in a transaction that commits when the block ends normally: the first time in the one that proved the right, then in new ones."""
        visit, self._visit = self._visit, None
        if visit is not None:
            async with self._transaction:
                yield visit
            return
        async with edge.database.begin() as tx:
            yield await enter(edge, tx, self.presented)


async def _opened(request: Request, credentials: Credentials) -> AsyncIterator[RequestSession]:
    edge = edge_of(request)
    async with AsyncExitStack() as transaction:
        tx = await transaction.enter_async_context(edge.database.begin())
        yield RequestSession(credentials, await enter(edge, tx, credentials), transaction)


async def _admitted(request: Request, credentials: Credentials) -> Presented:
    edge = edge_of(request)
    async with edge.database.begin() as tx:
        await enter(edge, tx, credentials)
    return credentials


CheckedCredentials = Annotated[Presented, Depends(_admitted)]
"""What a signed-in person shows, for routes that open their transactions themselves (``enter``): no connection is held meanwhile."""
OpenSession = Annotated[RequestSession, Depends(_opened, scope="function")]
"""As ``CheckedCredentials``, for routes whose first transaction follows at once: it is the one in which the right was proved."""
SignedIn = Annotated[Visit, Depends(_signed_in, scope="function")]
"""The visit of a signed-in person."""
OwnCar = Annotated[CarVisit, Depends(_own_car, scope="function")]
"""The visit of a signed-in person to the car in the address."""
