"""Names of the database roles that ``openmarque.governance.database`` compiles from the declarations."""

from typing import Final

LINK: Final = "om_link"
PLATFORM: Final = "om_platform"
READER: Final = "om_reader"
RETENTION: Final = "om_retention"
"""Deletes what is due."""


def service_role(service: str) -> str:
    """The role that writes one service's tables."""
    return f"om_svc_{service}"
