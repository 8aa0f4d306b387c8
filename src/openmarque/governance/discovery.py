"""Finds the cloud half of every domain and installed service: ``CLOUD`` in its ``cloud.py``. The one place that looks.

What is wrong with a manifest is told with the place and the cure before anything runs on it. See ``docs/howto/write-a-service.md``.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from typing import Any, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter
from fastapi.routing import APIRoute

from openmarque.catalogue.declarations import Service
from openmarque.governance.platform import platform_packages
from openmarque.http.events import StreamPart
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.ids import VehicleId
from openmarque.link.ports import Accepted
from openmarque.parts.cloud import CloudPart, MessageHandler, Parts
from openmarque.protocol.messages import Hello
from openmarque.storage.roles import PLATFORM, service_role
from openmarque.storage.timers import TimerHandler
from openmarque.storage.transaction import Transaction

_IN_THE_CLOUD: Final = ("service", "routes", "tables", "timers")
"""A service with one of these files does something in the cloud, and says so in ``cloud.py``."""
_ENGINE: Final = "openmarque.governance"
"""Holds what the platform itself does at its time; found as the domains are."""
_TOLD_OTHERWISE: Final = frozenset(("snapshot", "end"))
"""Events of a stream that are no part (``http.events``)."""


class ManifestWrong(OpenMarqueError):
    """The cloud half of a service or domain is not as it has to be."""

    code = "manifest-wrong"
    cure = "Mend it there (docs/howto/write-a-service.md says what it has to be), or uninstall the package."


class ManifestsCollide(OpenMarqueError):
    """Two packages claim the same name."""

    code = "manifests-collide"
    cure = "Rename it in one of them, or uninstall one."


@dataclass(frozen=True)
class InstalledPart:
    """A manifest, the package that it is from, and the installed service that it belongs to (None: a domain)."""

    package: str
    part: CloudPart[Any]
    service: Service | None

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"{self.package}.cloud:CLOUD"


class Claim(NamedTuple):
    """One thing that a part handles: what it is, its name, the part's package, and the function, written ``module:function``."""

    what: str
    name: str
    package: str
    function: str


@dataclass(frozen=True)
class Wiring:
    """What the functions of parts are called with: services get `parts`, domains the wired platform."""

    parts: Parts
    platform: object


class _Handler:
    """``link.ports.Handler`` of one entry of a manifest."""

    def __init__(self, handler: MessageHandler[Any], types: Iterable[str], wired: object, role: str) -> None:
        self.types = frozenset(types)
        self.role = role
        self._apply = handler.apply
        self._wired = wired

    async def apply(self, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
        return await self._apply(self._wired, tx, messages)


class CloudParts:
    """Every cloud part of an installation, checked as a whole."""

    def __init__(self, found: Iterable[InstalledPart]) -> None:
        """Raises ``ManifestsCollide`` where two claim the same name, message, timer or part of the event stream."""
        self.installed = tuple(found)
        _each_once("parts are called", ((i.part.name, i) for i in self.installed))
        listed = ((t, i) for i in self.installed for h in i.part.handlers if isinstance(h.types, tuple) for t in h.types)
        _each_once("parts handle the message", listed)
        _each_once("parts have the timer", ((kind, i) for i in self.installed for kind in i.part.timers))
        _each_once("parts of the event stream are called", ((p.name, i) for i in self.installed for p in i.part.stream_parts))

    def claims(self) -> Iterator["Claim"]:
        """Who handles what, for people."""
        for i in self.installed:
            for handler in i.part.handlers:
                names = handler.types if isinstance(handler.types, tuple) else (address_of(handler.types),)
                yield from (_claim(i, "message", name, handler.apply) for name in names)
            for kind, run in i.part.timers.items():
                pause = i.part.recurring.get(kind)
                yield _claim(i, "timer", kind if pause is None else f"{kind} (every {pause})", run)
            yield from (_claim(i, "stream part", part.name, part.read) for part in i.part.stream_parts)
            if i.part.greeted is not None:
                yield _claim(i, "greeting", i.part.name, i.part.greeted)
            if i.part.routes is not None:
                yield _claim(i, "routes", i.part.name, i.part.routes)

    def handlers(self, wiring: Wiring) -> list[_Handler]:
        """What the workers call with messages."""
        of_domains = (i for i in self.installed if i.service is None)
        return [
            *(
                _Handler(handler, handler.names(wiring.parts.catalogue), wiring.platform, PLATFORM)
                for i in of_domains
                for handler in i.part.handlers
            ),
            *self.service_handlers(wiring.parts),
        ]

    def service_handlers(self, parts: Parts) -> list[_Handler]:
        """What takes the messages of services alone: all that the deterministic world takes of a manifest."""
        of_services = ((i, i.service) for i in self.installed if i.service is not None)
        return [
            _Handler(handler, handler.names(parts.catalogue), parts, service_role(service.name))
            for i, service in of_services
            for handler in i.part.handlers
        ]

    def timers(self, wiring: Wiring) -> dict[str, TimerHandler]:
        """What the schedulers call when a timer is due, by kind."""
        return {kind: _timer(run, _wired(i, wiring)) for i in self.installed for kind, run in i.part.timers.items()}

    def recurring(self) -> dict[str, timedelta]:
        """The kinds of timer that recur, and after what time."""
        return {kind: every for i in self.installed for kind, every in i.part.recurring.items()}

    def greeted(self, wiring: Wiring) -> list["_Greeted"]:
        """What has something to tell a car that came back."""
        return [_Greeted(i.part.greeted, _wired(i, wiring)) for i in self.installed if i.part.greeted is not None]

    def routers(self) -> list[APIRouter]:
        """The routers of all parts. Raises ``ManifestWrong`` for one that is none, ``ManifestsCollide`` where two serve one address."""
        found, served = [], list[tuple[str, InstalledPart]]()
        for i in self.installed:
            if i.part.routes is not None:
                router = i.part.routes()
                if not isinstance(router, APIRouter):
                    raise ManifestWrong(f"{i.place}: routes gives {type(router).__name__}, not an APIRouter.")
                found.append(router)
                served += [(address, i) for address in _addresses(router)]
        _each_once("parts serve", served)
        return found

    def stream_parts(self) -> tuple[StreamPart, ...]:
        """What event streams tell of a car."""
        return tuple(part for i in self.installed for part in i.part.stream_parts)


class _Greeted:
    """``link.ports.AfterWelcome`` of a manifest."""

    def __init__(self, greeted: Any, wired: object) -> None:
        self._greeted = greeted
        self._wired = wired

    async def greeted(self, tx: Transaction, vehicle_id: VehicleId, hello: Hello, now: datetime) -> None:
        await self._greeted(self._wired, tx, vehicle_id, hello, now)


def installed_parts(services: Iterable[Service]) -> CloudParts:
    """The cloud halves of the platform's domains and of `services`. Raises ``ManifestWrong``, ``ManifestsCollide``."""
    return CloudParts((*_of_domains(), *(part for service in services if (part := _of_service(service)) is not None)))


def _of_domains() -> Iterator[InstalledPart]:
    for package in (_ENGINE, *(p for p in platform_packages() if p.startswith("openmarque.domains."))):
        if find_spec(f"{package}.cloud") is not None:
            yield _checked(package, None)


def _of_service(service: Service) -> InstalledPart | None:
    if not service.package and not service.message_types:
        return None  # declarations alone, without a folder
    if find_spec(f"{service.package}.cloud") is not None:
        return _checked(service.package, service)
    for file in _IN_THE_CLOUD:
        if find_spec(f"{service.package}.{file}") is not None:
            raise ManifestWrong(f"{service.package} has {file}.py and no cloud.py that says what the platform calls of it.")
    if service.message_types:
        raise ManifestWrong(f"{service.package} sends {service.message_types[0].name} and has no cloud.py with who takes it.")
    return None


def _checked(package: str, service: Service | None) -> InstalledPart:
    """The manifest of `package`, each of its fields of the right kind."""
    try:
        module = import_module(f"{package}.cloud")
    except Exception as error:
        raise ManifestWrong(f"{package}.cloud can't be imported: {type(error).__name__}: {error}") from error
    part = getattr(module, "CLOUD", None)
    if not isinstance(part, CloudPart):
        raise ManifestWrong(f"{package}.cloud:CLOUD is {type(part).__name__}, not a CloudPart.")
    found = InstalledPart(package, part, service)
    for problem in chain(_wrong_name(found), _wrong_fields(part), _wrong_messages(found)):
        raise ManifestWrong(f"{found.place}: {problem}.")  # the first one: what follows goes by what it is about
    return found


def _wrong_name(found: InstalledPart) -> Iterator[str]:
    wanted = found.package.rpartition(".")[2] if found.service is None else found.service.name
    if found.part.name != wanted:
        yield f"its name is {found.part.name!r}, and has to be {wanted!r}"


def _wrong_fields(part: Any) -> Iterator[str]:
    """What a type checker would have found, had anybody asked it."""
    if not _is_tuple_of(part.handlers, MessageHandler):
        yield "handlers has to be a tuple of MessageHandler"
        return
    for handler in part.handlers:
        if not (_is_tuple_of(handler.types, str) or callable(handler.types)) or not callable(handler.apply):
            yield "a MessageHandler takes a tuple of names of messages, and a function"
    if not isinstance(part.timers, Mapping) or not all(map(callable, part.timers.values())):
        yield "timers has to give a function for each kind"
    elif not isinstance(part.recurring, Mapping) or not all(_is_pause(every) for every in part.recurring.values()):
        yield "recurring has to give a time above zero for each kind"
    elif unknown := sorted(map(str, part.recurring.keys() - part.timers.keys())):
        yield f"{unknown[0]!r} recurs, and timers has no such kind"
    if not _is_tuple_of(part.stream_parts, StreamPart):
        yield "stream_parts has to be a tuple of StreamPart"
    elif told := _TOLD_OTHERWISE.intersection(stream_part.name for stream_part in part.stream_parts):
        yield f"no part of the event stream can be called {min(told)!r}"
    if part.routes is not None and not callable(part.routes):
        yield "routes has to be a function that gives an APIRouter"
    if part.greeted is not None and not callable(part.greeted):
        yield "greeted has to be a function"


def _wrong_messages(found: InstalledPart) -> Iterator[str]:
    """A service takes its own messages, each by one function, and nobody else's."""
    if found.service is None:
        return
    own = {message_type.name for message_type in found.service.message_types}
    if any(not isinstance(handler.types, tuple) for handler in found.part.handlers):
        yield "a service lists the messages that it handles"
        return
    taken = [name for handler in found.part.handlers if isinstance(handler.types, tuple) for name in handler.types]
    for name in taken:
        if name not in own:
            yield f"it handles the message {name!r}, which {found.service.name} does not declare"
        elif taken.count(name) > 1:
            yield f"it handles the message {name!r} twice"
    yield from (f"nothing handles the message {name!r}, which {found.service.name} declares" for name in own.difference(taken))


def _addresses(router: APIRouter) -> Iterator[str]:
    """Method and path of each route; parameters without their names, since one path answers for whatever they are called."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            path = re.sub(r"\{[^}]*\}", "{}", route.path)
            yield from (f"{method} {path}" for method in sorted(route.methods or ()))


def _is_tuple_of(value: object, kind: type) -> bool:
    return isinstance(value, tuple) and all(isinstance(each, kind) for each in value)


def _is_pause(value: object) -> bool:
    return isinstance(value, timedelta) and value > timedelta(0)


def _each_once(what: str, claims: Iterable[tuple[str, InstalledPart]]) -> None:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for name, claimant in claims:
        places[name].append(claimant.place)
    for name, claimed in sorted(places.items()):
        if len(claimed) > 1:
            raise ManifestsCollide(f"Two {what} {name!r}: {' and '.join(claimed)}.")


def address_of(function: Any) -> str:
    """Where a function is, written ``module:function``."""
    return f"{getattr(function, '__module__', '?')}:{getattr(function, '__qualname__', function)}"


def _claim(installed: InstalledPart, what: str, name: str, function: Any) -> Claim:
    return Claim(what, name, installed.package, address_of(function))


def _wired(installed: InstalledPart, wiring: Wiring) -> object:
    return wiring.platform if installed.service is None else wiring.parts


def _timer(run: Any, wired: object) -> TimerHandler:
    async def look(tx: Transaction, about: UUID, now: datetime, /) -> None:
        await run(wired, tx, about, now)

    return look
