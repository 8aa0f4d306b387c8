"""The cloud half of a connected service or domain: one manifest, and what it may use of the platform. See decision 0026.

``cloud.py`` of a package gives ``CLOUD = CloudPart(...)``: data and functions, found and checked by ``governance.discovery``. Every
function takes as its first argument what it needs of the platform: for a service ``Parts``, for a domain a protocol of its own that
the wired platform fulfils. A function never commits; who calls it does.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from fastapi import APIRouter, Request

from openmarque.brands.pack import BrandPack
from openmarque.catalogue.register import Catalogue
from openmarque.http.events import StreamPart
from openmarque.kit.clock import Clock
from openmarque.kit.ids import VehicleId
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import Accepted
from openmarque.parts.commands import Commands
from openmarque.parts.documents import Documents
from openmarque.parts.notices import Notices
from openmarque.protocol.messages import Hello
from openmarque.storage.events import EventStore
from openmarque.storage.timers import TimerStore
from openmarque.storage.transaction import Database, Transaction

Platform = TypeVar("Platform")
"""What the functions of a part need."""


@dataclass(frozen=True)
class Parts:
    """What a service may use of the platform; each is a port, with a twin in memory where the deterministic world needs one."""

    clock: Clock
    database: Database
    catalogue: Catalogue
    pack: BrandPack
    live: LiveUpdates
    """Tells open event streams that something has changed."""
    notices: Notices
    """Tells whoever may see a car of something that happened."""
    events: EventStore
    """Keeps what happens and is looked at by time (``EventSpec``)."""
    documents: Documents
    """What owners set and cars keep."""
    commands: Commands
    """Gives remote commands of the platform's own."""
    timers: TimerStore
    """Has a timer of ``CloudPart.timers`` run at an instant."""


Apply = Callable[[Platform, Transaction, Sequence[Accepted]], Awaitable[Mapping[int, str]]]
"""Applies messages in the order of their lane; gives a refusal reason by index for those that it can't accept.

Raising rolls the whole batch back; the cars send it again.
"""
Run = Callable[[Platform, Transaction, UUID, datetime], Awaitable[None]]
"""Looks at what a due timer is about, under its lock, and does what its state asks for (``storage.timers.TimerHandler``)."""
Greeted = Callable[[Platform, Transaction, VehicleId, Hello, datetime], Awaitable[None]]
"""A known car has come back and said this of itself; what is published after the commit follows the answer to its greeting."""


@dataclass(frozen=True)
class MessageHandler(Generic[Platform]):
    """`apply` takes the messages of `types`, which a domain that serves services may read off the catalogue.

    It runs in the part's own database role: the service's, or the platform's for a domain.
    """

    types: tuple[str, ...] | Callable[[Catalogue], Iterable[str]]
    apply: Apply[Platform]

    def names(self, catalogue: Catalogue) -> tuple[str, ...]:
        """The types that it takes of those in `catalogue`."""
        return self.types if isinstance(self.types, tuple) else tuple(self.types(catalogue))


@dataclass(frozen=True)
class CloudPart(Generic[Platform]):
    """What one service or domain does in the cloud. `name` is the service's, or the last part of the domain's package.

    `timers` by kind; those in `recurring` run again and again, each that time after the last. `routes` gives a router whose paths begin
    below ``/api/v1``; a route gets what it needs from its request (``http.edge``, `parts_of`). Names of stream parts, kinds of
    timers and handled messages belong to one part each.
    """

    name: str
    handlers: tuple[MessageHandler[Platform], ...] = ()
    routes: Callable[[], APIRouter] | None = None
    timers: Mapping[str, Run[Platform]] = field(default_factory=dict)
    recurring: Mapping[str, timedelta] = field(default_factory=dict)
    stream_parts: tuple[StreamPart, ...] = ()
    greeted: Greeted[Platform] | None = None


def parts_of(request: Request) -> Parts:
    """What the service whose route serves `request` may use of the platform."""
    parts = request.app.state.parts.parts
    assert isinstance(parts, Parts)
    return parts
