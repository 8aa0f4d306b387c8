"""The shape of a declaration: what a connected service says of itself, as frozen data. REQ GDP-1.

A declaration is the only source for what is enforced (``decide``, the policy in the car, PostgreSQL's roles and row policies)
and for what is told (notice, store page, access export). Nothing here has behaviour beyond looking things up in itself.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal

import msgspec

from openmarque.protocol.commands import NoArguments
from openmarque.protocol.documents import Maker, report_name
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType
from openmarque.protocol.signals import PLACE_SIGNALS


class LegalBasis(StrEnum):
    """GDPR article 6(1)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_DUTY = "legal_duty"
    LEGITIMATE_INTEREST = "legitimate_interest"


class Authority(StrEnum):
    """Who has to sign a remote command before the car runs it (DESIGN, "A remote command"). From the least demanding to the strictest."""

    PLATFORM = "platform"
    DIGITAL_KEY = "digital_key"
    """The digital key of a phone, which the platform does not hold."""
    DIGITAL_KEY_AND_CODE = "digital_key_and_code"
    """The digital key of a phone, and the safety code typed just before."""
    LOCAL = "local"
    """Nobody outside the car."""

    @property
    def by_digital_key(self) -> bool:
        """Whether the digital key of a phone has to sign."""
        return self in (Authority.DIGITAL_KEY, Authority.DIGITAL_KEY_AND_CODE)

    @property
    def needs_code(self) -> bool:
        """Whether the safety code has to be typed."""
        return self is Authority.DIGITAL_KEY_AND_CODE

    def stricter(self, other: "Authority") -> "Authority":
        """The one of the two that asks for more."""
        return max(self, other, key=list(Authority).index)


class Scope(StrEnum):
    """Whose declaration it is."""

    SERVICE = "service"
    """A connected service that an owner can have or not have."""
    PLATFORM = "platform"
    """What the platform itself needs to run: accounts, contracts, the link. Not subject to plan or switch."""


class Until(StrEnum):
    """What ends the keeping of an item. REQ GDP-2."""

    OVERWRITTEN = "overwritten"
    """The next value replaces it; no history."""
    REQUEST_DONE = "request_done"
    AGE = "age"
    """A fixed time after creation."""
    UNUSED = "unused"
    """A fixed time after the last use."""
    ACCOUNT_CLOSED = "account_closed"
    TENURE_ENDED = "tenure_ended"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long an item is kept. `days` belongs to ``AGE`` and ``UNUSED`` and to nothing else; everything ends with the account."""

    until: Until
    days: int | None = None

    def __post_init__(self) -> None:
        """Refuse a retention that says both or neither."""
        if (self.days is not None) != (self.until in (Until.AGE, Until.UNUSED)):
            raise ValueError(f"{self.until} {'needs a' if self.days is None else 'takes no'} number of days")

    @property
    def lasts(self) -> timedelta:
        """For how long, from creation (``AGE``) or the last use (``UNUSED``): what sweeps go by. ``ValueError`` where an event ends it."""
        if self.days is None:
            raise ValueError(f"{self.until} is no number of days")
        return timedelta(days=self.days)


OVERWRITTEN: Final = Retention(Until.OVERWRITTEN)
REQUEST_DONE: Final = Retention(Until.REQUEST_DONE)
LIFE_OF_ACCOUNT: Final = Retention(Until.ACCOUNT_CLOSED)
LIFE_OF_TENURE: Final = Retention(Until.TENURE_ENDED)
DAYS_30: Final = Retention(Until.AGE, 30)
MONTHS_2: Final = Retention(Until.AGE, 61)
"""Two months: the longest pair of neighbouring months but for July and August has 61 days."""
MONTHS_12: Final = Retention(Until.AGE, 365)
YEARS_10: Final = Retention(Until.AGE, 3652)
LIFE_OF_CAR: Final = Retention(Until.AGE, 10_957)
"""Thirty years, the most that product liability asks for; only what names the car itself (REQ GDP-2)."""


CARRIERS: Final = ("wire", "log", "header", "object", "mail", "document")
"""Where data pass or rest outside tables: ``wire:type.field`` (body of a message), ``log:field``, ``header:Name`` (NATS or HTTP),
``object:bucket/name`` (object store), ``mail:field`` (template field of a mail), ``document:kind`` (a settings document, in the car and in the
platform, with every key of its body)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of personal data that a service takes.

    `signals` are VSS paths; `fields` are places in storage, written ``table.column`` or ``table.column[key]`` for a key inside
    JSON. `carried` are places that data pass or rest in outside tables, written ``kind:name`` with a kind of ``CARRIERS``.
    Columns that only identify or command a row are declared like any other; by convention they stand in one item named "keys".

    `retention` None means that the documents state none: the brand pack has to set one, else the service is refused
    (REQ GDP-12). `level` raises the declaration's own level for this item.
    """

    name: str
    retention: Retention | None
    signals: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    level: Level = Level.PRIVATE
    carried: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Processor:
    """Who else gets data, in which country (ISO 3166-1 alpha-2), under which guarantee outside EU and EEA (GDP-8).

    What for is the text ``recipient.<role>``.
    """

    name: str
    role: str
    country: str
    guarantee: str = ""


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """A remote command as data: from it derive the API, what is signed, the forms, and what the car checks.

    `arguments` is a frozen ``msgspec.Struct`` whose fields a signed payload can spell (``catalogue.command_arguments`` says which);
    a field with a default may be left out. `confirm`: the app asks before it sends (RC-8). `in_car`: the car's own screen offers it too; what
    only that may give has the authority ``local``. `reasons` are the codes, beside those of
    every command, for which the car may refuse it or let it fail.

    Times count from the owner's request, in whole seconds, and grow:

    - `begins_within_s`: the car is at it (RC-1, RC-2, RC-3). What comes to the car later is refused as late: the signed payload says so.
    - `outcome_within_s`: the car says what came of it. What its sensors do not show by then has failed.
    - `lifetime_s`: the owner has the last word (RC-4). Of what was not heard of by then the platform says that it is over.
    """

    name: str
    authority: Authority
    arguments: type[msgspec.Struct] = NoArguments
    begins_within_s: int = 8
    outcome_within_s: int = 15
    lifetime_s: int = 20
    confirm: bool = True
    reasons: tuple[str, ...] = ()
    in_car: bool = False


@dataclass(frozen=True, slots=True)
class NoticeSpec:
    """Something that a service tells its owner. `arguments` name what its texts have places for.

    `security`: it goes out at every privacy level, whatever the owner switched off. Every notice stands in the centre. `retention` is how
    long it is kept there, from the moment it was told. What it stores follows from it (``catalogue.notices``): nothing else is declared.
    """

    kind: str
    security: bool = False
    channels: tuple[Literal["centre", "mail"], ...] = ("centre", "mail")
    arguments: tuple[str, ...] = ()
    retention: Retention = DAYS_30


class DocumentScope(StrEnum):
    """Whose a settings document is."""

    TENURE = "tenure"
    """The owner's: with another one it is gone, in the platform and in the car."""
    VEHICLE = "vehicle"
    """The car's: it stays, whoever has the car. Nothing personal may stand in it."""


@dataclass(frozen=True, slots=True)
class DocumentSpec:
    """A settings document: what is set once and kept in the car, as a frozen ``msgspec.Struct`` (``catalogue.document_bodies`` says which).

    `schema` grows with each change of `body` that a former reader would not understand; `max_bytes` bounds the body as sent. `set_by` says
    who may change it: the owner in the app, somebody at the car's screen, the platform. An item of the declaration carries it
    (``document:kind``), and says with its level which privacy level it needs.
    """

    kind: str
    body: type[msgspec.Struct]
    schema: int = 1
    max_bytes: int = 8192
    set_by: frozenset[Maker] = frozenset((Maker.OWNER, Maker.CAR))
    scope: DocumentScope = DocumentScope.TENURE


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one service, or one separately switchable part of it, does with data.

    Its purpose, one sentence that an owner understands, is the text ``purpose.<name>`` of its folder. `capability` is what
    the car must have. Which contract opens it is the brand's business (``brands.entitlements``). `group` is the group of services it can be switched off with (PRV-4). `remote` means that the car's "remote access" switch
    closes it (PRV-10). `consent` names the consent it needs, when `basis` is consent.
    """

    name: str
    version: int
    basis: LegalBasis
    items: tuple[Item, ...]
    scope: Scope = Scope.SERVICE
    level: Level = Level.DATA
    capability: str = ""
    group: str = ""
    remote: bool = False
    messages: tuple[str, ...] = ()
    commands: tuple[CommandSpec, ...] = ()
    notices: tuple[NoticeSpec, ...] = ()
    documents: tuple[DocumentSpec, ...] = ()
    processors: tuple[Processor, ...] = ()

    @property
    def is_legal_duty(self) -> bool:
        """True for what the law demands: open at every level, without contract, also after the policy has run out."""
        return self.basis is LegalBasis.LEGAL_DUTY

    def level_of(self, item: Item) -> Level:
        """The privacy level that this item needs: the declaration's, the item's own, and always position for a place."""
        if self.is_legal_duty:
            return Level.PRIVATE
        place = Level.POSITION if not PLACE_SIGNALS.isdisjoint(item.signals) else Level.PRIVATE
        return max(self.level, item.level, place)

    def document_level(self, kind: str) -> Level:
        """The privacy level that a settings document of this kind needs: that of the item that carries it."""
        return max(self.level_of(item) for item in self.items if f"document:{kind}" in item.carried)

    def message_levels(self) -> dict[str, Level]:
        """The level that each message type needs, those of reports on settings documents included."""
        floor = Level.PRIVATE if self.is_legal_duty else self.level
        levels = dict.fromkeys(self.messages, floor)
        return levels | {report_name(spec.kind): self.document_level(spec.kind) for spec in self.documents}

    def signal_levels(self) -> dict[str, Level]:
        """The level that each declared VSS path needs."""
        return {path: self.level_of(item) for item in self.items for path in item.signals}

    def carried(self, kind: str) -> frozenset[str]:
        """The declared names of one kind of ``CARRIERS``, without the kind."""
        prefix = f"{kind}:"
        return frozenset(name.removeprefix(prefix) for item in self.items for name in item.carried if name.startswith(prefix))

    def field_levels(self) -> dict[str, Level]:
        """The level that each declared storage field needs."""
        return {place: self.level_of(item) for item in self.items for place in item.fields}


@dataclass(frozen=True, slots=True)
class Service:
    """What an entry point of the group ``openmarque.services`` gives: a folder's declarations and its message types.

    `package` is the folder's import name; its other parts (tables, routes, service, car) are found there by file name.
    """

    name: str
    package: str
    declarations: tuple[Declaration, ...]
    message_types: tuple[MessageType, ...] = ()
