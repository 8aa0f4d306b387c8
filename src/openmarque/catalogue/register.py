"""The catalogue: every declaration of every installed service, found by entry point and checked as a whole.

Services are found under the entry-point group ``openmarque.services``, ours and others' alike. The platform's own
declarations (accounts, link, contracts) are handed in by the assembly, since they are no services.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from openmarque.brands.pack import BrandPack
from openmarque.catalogue.brand_terms import with_terms
from openmarque.catalogue.capabilities import capability_problems
from openmarque.catalogue.declarations import (
    CARRIERS,
    CommandSpec,
    Declaration,
    DocumentSpec,
    Item,
    NoticeSpec,
    Scope,
    Service,
)
from openmarque.catalogue.notices import notice_items
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.plugins import service_points
from openmarque.protocol.documents import report_name, report_type
from openmarque.protocol.messages import HOUSEKEEPING, STATUS_TYPES, MessageRegister, MessageType
from openmarque.protocol.signals import SIGNALS

EU_EEA: Final = frozenset("AT BE BG HR CY CZ DE DK EE ES FI FR GR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split())
"""EU member states and Iceland, Liechtenstein, Norway: no guarantee of GDPR 45 ff. needed (REQ GDP-8)."""


class CatalogueInvalid(OpenMarqueError):
    """The declarations contradict themselves or leave something out, so nothing may run on them."""

    code = "catalogue-invalid"
    cure = "Run `openmarque check` and mend what it lists."


class Catalogue:
    """All declarations and message types of one program, by name."""

    def __init__(
        self,
        services: Iterable[Service],
        platform: Iterable[Declaration] = (),
        pack: BrandPack | None = None,
    ) -> None:
        """Collect the declarations as they count for the brand of `pack`; raises ``CatalogueInvalid`` with every problem found."""
        self.services = tuple(sorted((_for_brand(s, pack) for s in services), key=lambda s: s.name))
        every = [*(_with_terms(d, pack) for d in platform), *(d for s in self.services for d in s.declarations)]
        self.declarations: dict[str, Declaration] = {d.name: d for d in every}
        problems = [
            *_duplicates("declaration", (d.name for d in every)),
            *_duplicates("service", (s.name for s in self.services)),
        ]
        problems += _duplicates("command", (spec.name for d in every for spec in d.commands))
        problems += _duplicates("notice", (spec.kind for d in every for spec in d.notices))
        problems += _duplicates("settings document", (spec.kind for d in every for spec in d.documents))
        types = [t for s in self.services for t in s.message_types]
        names = [t.name for t in (*HOUSEKEEPING, *STATUS_TYPES, *types)]
        problems += _duplicates("message type", [*names, *(report_name(kind) for kind in self.documents())])
        for declaration in every:
            problems += _problems(declaration)
        for message_type in types:
            if message_type.declaration not in self.declarations:
                problems.append(
                    f"message type {message_type.name}: its declaration {message_type.declaration!r} does not exist"
                )
        declared = {name for d in every for name in d.messages}
        problems += [f"message type {t.name}: no declaration lists it" for t in types if t.name not in declared]
        if problems:
            raise CatalogueInvalid("; ".join(problems))
        self.messages = MessageRegister((*types, *self._report_types()))

    def service_declarations(self) -> Iterator[Declaration]:
        """The declarations that an owner can have or not have: those compiled into a car's policy."""
        return (d for d in self.declarations.values() if d.scope is Scope.SERVICE)

    def commands(self) -> dict[str, tuple[Declaration, CommandSpec]]:
        """Every command of the services by name, with the declaration that lists it."""
        return {spec.name: (d, spec) for d in self.service_declarations() for spec in d.commands}

    def notices(self) -> dict[str, tuple[Declaration, NoticeSpec]]:
        """Every notice by kind, the platform's own included, with the declaration that lists it."""
        return {spec.kind: (d, spec) for d in self.declarations.values() for spec in d.notices}

    def _report_types(self) -> Iterator[MessageType]:
        """How cars report on settings documents: a type for each kind, at the level that the document needs."""
        for kind, (declaration, _) in self.documents().items():
            yield report_type(kind, declaration.name, declaration.document_level(kind))

    def documents(self) -> dict[str, tuple[Declaration, DocumentSpec]]:
        """Every settings document of the services by kind, with the declaration that lists it."""
        return {spec.kind: (d, spec) for d in self.service_declarations() for spec in d.documents}

    def declared_signals(self) -> frozenset[str]:
        """Every VSS path that some declaration takes: the only keys that stored values may have."""
        return frozenset(path for d in self.declarations.values() for path in d.signal_levels())

    def carried(self, kind: str) -> frozenset[str]:
        """Every declared name of one kind of ``declarations.CARRIERS``."""
        return frozenset[str]().union(*(d.carried(kind) for d in self.declarations.values()))

    def declared_fields(self) -> dict[str, list[str]]:
        """Every storage field that is declared, with the names of the declarations that cover it."""
        covered: dict[str, list[str]] = {}
        for declaration in self.declarations.values():
            for place in declaration.field_levels():
                covered.setdefault(place, []).append(declaration.name)
        return covered


def installed_services() -> tuple[Service, ...]:
    """Every service found by entry point. Raises ``CatalogueInvalid`` for one that is no ``Service``."""
    found = []
    for point in service_points():
        service = point.load()
        if not isinstance(service, Service):
            raise CatalogueInvalid(f"The entry point {point.name} gives {type(service).__name__}, not a Service.")
        found.append(service)
    return tuple(found)


def _for_brand(service: Service, pack: BrandPack | None) -> Service:
    return replace(service, declarations=tuple(_with_terms(declaration, pack) for declaration in service.declarations))


def _with_terms(declaration: Declaration, pack: BrandPack | None) -> Declaration:
    listed = {item.name for item in declaration.items}
    derived = tuple(item for item in notice_items(declaration) if item.name not in listed)
    whole = replace(declaration, items=(*declaration.items, *derived)) if derived else declaration
    return whole if pack is None else with_terms(whole, pack)


def _duplicates(what: str, names: Iterable[str]) -> list[str]:
    return [f"two {what}s are called {name!r}" for name in _repeated(names)]


def _problems(declaration: Declaration) -> Iterator[str]:
    """What is wrong with a declaration taken by itself. A missing retention is not: it refuses the service at run time (GDP-12)."""
    name = declaration.name
    yield from (f"{name}: two items are called {n!r}" for n in _repeated(item.name for item in declaration.items))
    for item in declaration.items:
        yield from _item_problems(name, item)
    yield from capability_problems(declaration)
    for processor in declaration.processors:
        if processor.country not in EU_EEA and not processor.guarantee:
            yield f"{name}: {processor.name} in {processor.country} is outside EU and EEA and has no recorded guarantee"


def _item_problems(name: str, item: Item) -> Iterator[str]:
    if not item.signals and not item.fields and not item.carried:
        yield f"{name}: item {item.name!r} names no signal and no field"
    yield from (
        f"{name}: item {item.name!r} takes {path}, which is no known signal" for path in item.signals if path not in SIGNALS
    )
    yield from (
        f"{name}: {place!r} is not written table.column or table.column[key]" for place in item.fields if "." not in place
    )
    yield from (
        f"{name}: {place!r} is not written kind:name" for place in item.carried if place.partition(":")[0] not in CARRIERS
    )


def _repeated(names: Iterable[str]) -> list[str]:
    every = list(names)
    return [name for name in dict.fromkeys(every) if every.count(name) > 1]
