"""Services of tests in the car: a declaration and a ``CarPart`` of their own, found by the core like any other."""

import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from openmarque.brands.pack import load_pack
from openmarque.catalogue.declarations import LIFE_OF_TENURE, CommandSpec, Declaration, DocumentSpec, Item, LegalBasis, Service
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.protocol.car_part import CarPart


def module_on_disk(name: str, **content: object) -> ModuleType:
    """A module that the import system takes for one on disk."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    module.__dict__.update(content)
    return module


def put_in(monkeypatch: Any, part: CarPart[Any], *declarations: Declaration) -> Service:
    """A service with this in-car part, importable until the test ends."""
    package = ModuleType(f"{part.name}_of_a_test")
    package.__path__ = []
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, f"{package.__name__}.car", module_on_disk(f"{package.__name__}.car", CAR=part))
    return Service(part.name, package.__name__, declarations)


def installed(monkeypatch: Any, part: CarPart[Any], *declarations: Declaration) -> Catalogue:
    """The catalogue in which one more service stands beside ours until the test ends."""
    return Catalogue([*installed_services(), put_in(monkeypatch, part, *declarations)], pack=load_pack())


def declared(name: str, commands: Iterable[CommandSpec] = (), documents: Iterable[DocumentSpec] = ()) -> Declaration:
    """What a service of a test says of itself: no more than it has to."""
    kinds = tuple(documents)
    return Declaration(
        name=name,
        version=1,
        basis=LegalBasis.CONTRACT,
        capability="telematics",
        remote=True,
        commands=tuple(commands),
        documents=kinds,
        items=(
            Item("what it does", LIFE_OF_TENURE, (), (f"{name}.what",), carried=tuple(f"document:{k.kind}" for k in kinds)),
        ),
    )
