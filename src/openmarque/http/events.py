"""Event streams (server-sent events, WHATWG HTML §9.2): the state of a car now, then every change of it.

Theory of operation:
    The state is a dictionary of parts (status, trips, level …), each a dictionary itself; a ``StreamPart`` reads one. A stream begins
    with the event ``snapshot``, which holds all parts, and goes on with an event named after the part that changed, whose data
    are the members that are new. Every event's id is the digest of the whole state the client then has. A client that
    comes back with ``Last-Event-ID`` is told nothing when the state still has that digest, and everything when it has not; so an
    id works on any process, and across a restart of all of them.

    Live updates are at most once. So shortly after the start (a worker may not have heard yet that somebody watches), at every
    heartbeat, and when updates were dropped, the right to watch is proved again, and one statement asks for the versions of all parts:
    a value each that is another one whenever what is stored may be. Only parts whose version changed are read; when they
    differ from what was told, a snapshot is sent. A revoked token or an ended tenure ends the stream.

    Versions are read before the parts, in one transaction: what changes in between is found again at the next heartbeat. What waits to
    be told when versions are read was committed before, so it may be dropped.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import msgspec
from psycopg import sql

from openmarque.http.edge import CarVisit, Edge, at_car, enter
from openmarque.http.errors import NotInYourGarage, NotSignedIn, TooManyStreams
from openmarque.http.live import Watch
from openmarque.http.sessions import Presented
from openmarque.link.broker import BrokerDown
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER

HEARTBEAT_S: Final = 15.0
"""Proxies cut connections that are silent for 30 to 60 s; and a right that ended is noticed within it (60 s are allowed)."""
_FIRST_CHECK_S: Final = 2.0
"""By then every worker has heard that somebody watches (a message within one broker takes milliseconds)."""
_RETRY_MS: Final = 3000

MAX_STREAMS: Final = 10
"""Streams of one account at a time: several people with several open windows, not a program that forgets to close."""

State = dict[str, dict[str, Any]]
_NEVER: Final = object()
"""Is no version."""


class _Gone:
    """The type of ``GONE``."""


GONE: Final = _Gone()
"""Stands for a member that is no longer in its part: the client is told null, and the state does not have it any more."""


Read = Callable[[CarVisit], Awaitable[dict[str, Any]]]
Merge = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True)
class StreamPart:
    """One part of the state that a stream tells; all values are plain JSON.

    `read` gives the part as stored now: when the stream begins, when an update of the kind `name` or of one of `kinds` came, and
    when `version` changed: SQL of a query for one value, run as the reader of the tenure, with the parameters ``tenure``, ``vehicle``,
    ``account`` and ``now``. It has to change whenever what `read` gives does, and may change more often; it is asked for at every
    heartbeat of every stream, so it is to be found by an index. None: the part is read at every heartbeat.

    `merge_update` gives the members that an update of the kind `name` tells by itself, those older than what was told left out;
    None when the part has to be read. An update may come after a reading that held something newer: it was on its way meanwhile.
    A part that holds the newest few only gives ``GONE`` for those that a new one pushes out. Without the function an update is a hint.
    """

    name: str
    read: Read
    version: LiteralString | None = None
    merge_update: Merge | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asker:
    """Who watches what: kept for the stream's life, proved again at every reading."""

    credentials: Presented
    vehicle_id: str


async def let_in(edge: Edge, asker: Asker) -> CarVisit:
    """Prove the right to watch; the visit's transaction is over. Raises ``NotSignedIn``, ``NotInYourGarage``, ``StoreUnavailable``."""
    async with edge.database.begin() as tx:
        return at_car(await enter(edge, tx, asker.credentials), asker.vehicle_id)


Versions = dict[str, object]
"""By name of each part that has one: its version as read last."""


async def read_changed(edge: Edge, asker: Asker, parts: Sequence[StreamPart], known: Versions) -> tuple[Versions, State]:
    """The versions of `parts`, and those parts as stored whose version is not `known`, in one transaction. Errors as ``let_in``."""
    async with edge.database.begin() as tx:
        visit = at_car(await enter(edge, tx, asker.credentials), asker.vehicle_id)
        versions = await _versions(visit, parts)
        changed = [part for part in parts if part.name not in versions or known.get(part.name, _NEVER) != versions[part.name]]
        return versions, {part.name: await part.read(visit) for part in changed}


async def _versions(visit: CarVisit, parts: Sequence[StreamPart]) -> Versions:
    asked = [part for part in parts if part.version is not None]
    if not asked:
        return {}
    columns = sql.SQL(", ").join(sql.SQL("({})::text").format(sql.SQL(part.version or "")) for part in asked)
    facts = {"tenure": visit.tenure_id, "vehicle": visit.vehicle_id, "account": visit.account_id, "now": visit.now}
    await postgres(visit.tx).restrict_to(str(visit.tenure_id))
    cursor = await postgres(visit.tx).execute(READER, sql.SQL("SELECT {}").format(columns), facts)
    row = await cursor.fetchone()
    assert row is not None
    return {part.name: value for part, value in zip(asked, row, strict=True)}


async def stream(edge: Edge, asker: Asker, parts: Sequence[StreamPart], last_id: str, visit: CarVisit) -> AsyncIterator[bytes]:
    """The bytes of one stream. `visit` is one that was let in just before; its transaction is over."""
    yield b"retry: %d\n\n" % _RETRY_MS
    try:
        async with edge.hub.watch(visit.tenure_id, visit.account_id) as watch:
            if (
                edge.hub.streams(visit.account_id) > MAX_STREAMS
            ):  # asked for at the same moment as others, before any was counted
                yield _event("end", {"code": TooManyStreams.code}, "")
                return
            async for event in _Teller(edge, asker, parts, watch).events(last_id):
                yield event
    except BrokerDown as down:
        yield _event("end", {"code": down.code}, "")


class _Teller:
    """One stream: what its client has been told, and what comes next."""

    def __init__(self, edge: Edge, asker: Asker, parts: Sequence[StreamPart], watch: Watch) -> None:
        self._edge = edge
        self._asker = asker
        self._parts = parts
        self._watch = watch
        self._told: State = {}
        self._versions: Versions = {}

    async def events(self, last_id: str) -> AsyncIterator[bytes]:
        """Events until the right to watch or the process ends."""
        loop = asyncio.get_running_loop()
        due, pause_s = loop.time(), _FIRST_CHECK_S
        while not self._edge.hub.closing:
            # A reading falls due by the clock, also while updates come without a pause: a right that ended must be noticed.
            update = await self._watch.next(due - loop.time()) if due > loop.time() else None
            try:
                if update is None or self._watch.missed:
                    yield await self._checked(last_id)
                    due, pause_s = loop.time() + pause_s, HEARTBEAT_S
                elif update:
                    yield await self._changed(update)
            except StoreUnavailable:
                yield b": the database is away\n\n"
                due = loop.time() + _FIRST_CHECK_S
            except (NotSignedIn, NotInYourGarage) as ended:
                yield _event("end", {"code": ended.code}, "")
                return
        yield _event("end", {"code": "shutdown"}, "")

    async def _checked(self, last_id: str) -> bytes:
        """A snapshot when the stored state is not what was told (or what `last_id` names, at the beginning); else a comment."""
        self._watch.drop()
        self._versions, changed = await read_changed(self._edge, self._asker, self._parts, self._versions)
        known = digest(self._told) if self._told else last_id
        self._told |= changed
        return b": nothing new\n\n" if digest(self._told) == known else self._event("snapshot", self._told)

    async def _changed(self, update: Mapping[str, Any]) -> bytes:
        """What an update changed: one event for each part that it is about."""
        kind = str(update.get("kind", ""))
        changed: dict[str, dict[str, Any]] = {}
        to_read = []
        for part in self._parts:
            if kind == part.name and part.merge_update is not None:
                members = part.merge_update(update, self._told.setdefault(part.name, {}))
                if members is not None:
                    changed[part.name] = members
                    continue
            if kind == part.name or kind in part.kinds:
                to_read.append(part)
        if not changed and not to_read:
            return b": of a kind that is not shown\n\n"
        if to_read:
            versions, state = await read_changed(self._edge, self._asker, to_read, {})
            self._versions |= versions
            if any(self._told.get(name, {}).keys() - part for name, part in state.items()):
                # What is no longer shown can't be told member by member: to a client null is a value.
                self._told |= {name: {**self._told.get(name, {}), **part} for name, part in changed.items()} | state
                return self._event("snapshot", self._told)
            changed |= state
        events = [self._merged(name, members) for name, members in changed.items()]
        return b"".join(events) or b": nothing new\n\n"

    def _merged(self, name: str, members: Mapping[str, Any]) -> bytes:
        """Keep what is told of a part; empty when it was told already."""
        part = self._told.setdefault(name, {})
        if all(member in part and part[member] == value for member, value in members.items()):
            return b""
        for member, value in members.items():
            if value is GONE:
                part.pop(member, None)
            else:
                part[member] = value
        return self._event(name, {member: None if value is GONE else value for member, value in members.items()})

    def _event(self, name: str, data: Mapping[str, Any]) -> bytes:
        return _event(name, data, digest(self._told))


def digest(state: State) -> str:
    """The name of a state: 128 bits of SHA-256 over its JSON with sorted keys."""
    return hashlib.sha256(msgspec.json.encode(state, order="sorted")).hexdigest()[:32]


def _event(name: str, data: Mapping[str, Any], identifier: str) -> bytes:
    """One event. JSON has no line ends of its own, so the data fit on one line."""
    lines = [f"event: {name}".encode(), b"data: " + msgspec.json.encode(data)]
    if identifier:
        lines.insert(0, f"id: {identifier}".encode())
    return b"\n".join(lines) + b"\n\n"
