"""The one metadata object that all tables hang on, and the column types they share.

Tables are declared beside their service or domain (``tables.py``); ``import_tables`` loads them all, for migrations and for
``openmarque check``. Instants are ``timestamptz`` in UTC, or ``bigint`` milliseconds since the epoch where they come from a car
and in hot paths. No column has a database-side clock as default.
"""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from sqlalchemy import MetaData, Table

from openmarque.catalogue.register import installed_services

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)
"""Every table of the platform and of the installed services."""


def import_tables() -> dict[str, Table]:
    """Load every ``tables`` module (storage, link, domains, installed services) and give all tables by name."""
    packages = ["openmarque.storage", "openmarque.link"]
    # By name, since storage stands below the domains and imports none of them.
    domains = find_spec("openmarque.domains")
    assert domains is not None
    packages += [f"openmarque.domains.{module.name}" for module in iter_modules(domains.submodule_search_locations)]
    packages += [service.package for service in installed_services()]
    for package in packages:
        if find_spec(f"{package}.tables") is not None:
            import_module(f"{package}.tables")
    return dict(metadata.tables)
