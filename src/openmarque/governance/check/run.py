"""Runs every kind of check. The same function serves the command line, tests and the continuous integration."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sqlalchemy import Table

from openmarque.brands.pack import load_pack
from openmarque.catalogue.register import Catalogue, CatalogueInvalid
from openmarque.governance.check import columns, headers, live, logs, promises, statements, stores, subjects, wire, wording
from openmarque.governance.check.code import Code, package_code
from openmarque.governance.check.finding import Finding
from openmarque.governance.database import Uncompilable, compile_enforcement
from openmarque.governance.platform import installed_catalogue, table_owners
from openmarque.storage.base import import_tables


def check_installation(database_url: str | None, brand_pack: Path | None = None) -> list[Finding]:
    """`run_check` on what is installed, with the terms of the brand pack in that folder (None: the sample pack).

    A catalogue that contradicts itself is a finding too. Raises ``BrandPackInvalid``.
    """
    try:
        catalogue = installed_catalogue(load_pack(brand_pack))
    except CatalogueInvalid as error:
        return [Finding("invalid-catalogue", "catalogue", problem, error.cure) for problem in error.detail.split("; ")]
    return run_check(catalogue, database_url)


def run_check(catalogue: Catalogue, database_url: str | None) -> list[Finding]:
    """Everything that no declaration covers, sorted: in code and, with an address (as the owner), in the database."""
    code = package_code(["openmarque", *(service.package for service in catalogue.services)])
    static = static_findings(catalogue, import_tables(), table_owners(), code)
    return sorted({*static, *(_live(catalogue, database_url) if database_url else ())})


def static_findings(
    catalogue: Catalogue, tables: Mapping[str, Table], owners: Mapping[str, str], code: Sequence[Code]
) -> Iterator[Finding]:
    """What no declaration covers of these tables (by name, with the package that owns each) and this code. Asks no database."""
    yield from columns.findings(catalogue, tables, owners)
    yield from promises.findings(catalogue)
    yield from wording.findings(catalogue)
    yield from wire.findings(catalogue)
    yield from subjects.findings(code)
    yield from headers.findings(catalogue, code)
    yield from logs.findings(catalogue, code)
    yield from stores.findings(catalogue, code)
    yield from statements.findings(catalogue, code, owners)


def _live(catalogue: Catalogue, database_url: str) -> Iterator[Finding]:
    try:
        rules = compile_enforcement(catalogue, import_tables(), table_owners())
    except Uncompilable as error:
        yield Finding("uncompilable", "catalogue", error.detail, error.cure)
        return
    yield from live.findings(database_url, rules)
