"""Which services a world runs: their declarations as one catalogue, their in-car parts and their world parts. The one place that looks.

A world part is the value ``WORLD`` of the module ``world`` in a service's folder; the folder is named by the service's entry point. What is wrong
with one is told with its place and its cure before any world begins.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from openmarque.brands.entitlements import with_product
from openmarque.brands.pack import BrandPack, load_pack
from openmarque.car.parts import car_parts
from openmarque.catalogue.brand_terms import unsold
from openmarque.catalogue.declarations import Service
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.governance.platform import platform_declarations
from openmarque.kit.errors import CallerError, OpenMarqueError
from openmarque.protocol.car_part import CarPart
from openmarque.simulator.world.part import WorldPart

PLAN: Final = "connect"
"""The plan of every owner in a world."""
_OURS: Final = "openmarque.services."


class InvalidWorldPart(OpenMarqueError):
    """A service's part of the deterministic world is not described as the world needs it."""

    code = "invalid-world-part"
    cure = "{cure}"

    def __init__(self, place: str, problem: str, cure: str) -> None:
        """`place` is the module, or the part of it, that is wrong."""
        super().__init__(f"{place}: {problem}", place=place, cure=cure)


class ServiceNotInstalled(CallerError):
    """No service that is installed beside ours has this name."""

    code = "service-not-installed"
    cure = "{cure}"


@dataclass(frozen=True)
class Installed:
    """What the services of a world bring: declarations, in-car parts, world parts, each in the order of the services' names.

    `catalogue` is the platform's, which declares things itself; `in_car` the one of the cars.
    """

    catalogue: Catalogue
    in_car: Catalogue
    pack: BrandPack
    car: tuple[CarPart[Any], ...]
    world: tuple[WorldPart, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the services that are not of this package."""
        return tuple(service.name for service in self.catalogue.services if not service.package.startswith(_OURS))


@cache
def package_installed() -> Installed:
    """The services of this package: a world does not depend on what else is installed."""
    return install(_package_services())


def with_services(names: Iterable[str]) -> Installed:
    """The services of this package, which are always there, and others that are installed, by name. Raises ``ServiceNotInstalled``."""
    ours = _package_services()
    others = {s.name: s for s in installed_services() if not s.package.startswith(_OURS)}
    own = {s.name for s in ours}
    wanted = [name for name in dict.fromkeys(names) if name not in own]
    for name in wanted:
        if name not in others:
            known = ", ".join(sorted(others))
            cure = f"Choose one of: {known}." if known else "Install its package into this environment first."
            raise ServiceNotInstalled(f"It was {name!r}.", cure=cure)
    return install([*ours, *(others[name] for name in wanted)]) if wanted else package_installed()


def install(services: Iterable[Service]) -> Installed:
    """These services with the parts that are found in their folders. Raises ``CatalogueInvalid``, ``InvalidCarPart``, ``InvalidWorldPart``."""
    known = tuple(services)
    return assemble(known, car_parts(known), world_parts(known))


def assemble(services: Iterable[Service], car: Iterable[CarPart[Any]], world: Iterable[WorldPart]) -> Installed:
    """These services with these parts, as the sample brand would offer them: those that it does not sell are a product of their own.

    Raises ``CatalogueInvalid``.
    """
    known, pack = tuple(services), load_pack()
    others = list(unsold(pack, (declaration for service in known for declaration in service.declarations)))
    if others:
        pack = with_product(pack, PLAN, "others", others)
    catalogue, in_car = Catalogue(known, platform_declarations(), pack), Catalogue(known, pack=pack)
    return Installed(catalogue, in_car, pack, tuple(car), tuple(world))


def world_parts(services: Iterable[Service]) -> tuple[WorldPart, ...]:
    """The world parts of `services` in the order of their names; services without one are passed over.

    Raises ``InvalidWorldPart`` for the first manifest that is wrong, and where two plant faults of one name.
    """
    found: list[WorldPart] = []
    planted: dict[str, str] = {}
    for service in sorted(services, key=lambda s: s.name):
        module = f"{service.package}.world"
        if not service.package or find_spec(module) is None:
            continue
        part = _part(module, service)
        for fault in part.planted:
            other = planted.setdefault(fault.name, module)
            if other != module or [f.name for f in part.planted].count(fault.name) > 1:
                raise InvalidWorldPart(
                    f"{module}.WORLD.planted", f"two faults are called {fault.name!r}.", f"Rename one; {other} has it, too."
                )
        found.append(part)
    return tuple(found)


def _package_services() -> list[Service]:
    return [service for service in installed_services() if service.package.startswith(_OURS)]


def _part(module: str, service: Service) -> WorldPart:
    place = f"{module}.WORLD"
    try:
        part = getattr(import_module(module), "WORLD", None)
    except Exception as error:
        raise InvalidWorldPart(
            module, f"it can't be imported ({type(error).__name__}: {error}).", "Mend the module."
        ) from error
    if part is None:
        raise InvalidWorldPart(place, "it is missing.", f"Add WORLD = WorldPart({service.name!r}, ...), or remove the module.")
    if not isinstance(part, WorldPart):
        raise InvalidWorldPart(
            place, f"it is a {type(part).__name__}.", "Make it an openmarque.simulator.world.part.WorldPart."
        )
    if part.name != service.name:
        raise InvalidWorldPart(place, f"it is called {part.name!r}.", f"Call it {service.name!r}, as its entry point does.")
    for field in fields(part):
        value = getattr(part, field.name)
        if field.default is None and value is not None and not callable(value):
            raise InvalidWorldPart(
                f"{place}.{field.name}",
                f"it is a {type(value).__name__}, which is no function.",
                "Make it a function, or leave it out.",
            )
    return part
