"""The platform's own declarations, and which package owns which table."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from sqlalchemy import Table

from openmarque.brands.pack import BrandPack, BrandPackInvalid
from openmarque.catalogue.brand_terms import pack_problems
from openmarque.catalogue.declarations import Declaration
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.errors import OpenMarqueError
from openmarque.storage.base import import_tables


class InvalidPlatformDeclaration(OpenMarqueError):
    """A part of the platform has not the declarations that it should."""

    code = "invalid-platform-declaration"


def platform_packages() -> list[str]:
    """Import names of the parts of the platform that own tables: storage, link, each domain."""
    domains = find_spec("openmarque.domains")
    assert domains is not None
    return [
        "openmarque.storage",
        "openmarque.link",
        *(f"openmarque.domains.{m.name}" for m in iter_modules(domains.submodule_search_locations)),
    ]


def platform_declarations() -> tuple[Declaration, ...]:
    """Every declaration of the platform's own parts, from their ``declaration.DECLARATIONS``.

    Raises ``InvalidPlatformDeclaration`` for a part with tables and without declarations.
    """
    found: list[Declaration] = []
    for package in platform_packages():
        if find_spec(f"{package}.declaration") is not None:
            found += import_module(f"{package}.declaration").DECLARATIONS
        elif find_spec(f"{package}.tables") is not None:
            raise InvalidPlatformDeclaration(f"{package} has tables and no declaration.")
    return tuple(found)


def installed_catalogue(pack: BrandPack | None = None) -> Catalogue:
    """The catalogue of this installation, for the brand of `pack`: the platform's declarations and those of every installed service.

    Raises ``BrandPackInvalid`` for a pack that asks for less than the declarations, or names what is not installed.
    """
    services, platform = installed_services(), platform_declarations()
    if pack is not None:
        problems = list(pack_problems(pack, [*platform, *(d for service in services for d in service.declarations)]))
        if problems:
            raise BrandPackInvalid("; ".join(problems) + ".")
    return Catalogue(services, platform, pack)


def table_owners() -> dict[str, str]:
    """The package that declares each table, for example ``openmarque.services.trips`` for ``trip``."""
    tables = import_tables()
    owners: dict[str, str] = {}
    for package in (*platform_packages(), *(service.package for service in installed_services())):
        module = sys.modules.get(f"{package}.tables")
        for value in vars(module).values() if module else ():
            if isinstance(value, Table) and tables.get(value.name) is value:
                owners.setdefault(value.name, package)
    return owners
