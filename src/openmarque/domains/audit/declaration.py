"""What is kept to detect attacks and to find faults: security events by hour, and the log."""

from typing import Final

from openmarque.catalogue.declarations import DAYS_30, MONTHS_12, Declaration, Item, LegalBasis, Scope
from openmarque.kit.log import FIELDS

EVENTS_KEPT: Final = MONTHS_12
LOG_KEPT: Final = DAYS_30

SECURITY = Declaration(
    name="security_log",
    version=1,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "security events",
            EVENTS_KEPT,
            fields=tuple(f"security_event.{c}" for c in ("hour", "kind", "vehicle_id", "count", "last_at")),
        ),
        Item("log", LOG_KEPT, carried=tuple(f"log:{name}" for name in FIELDS)),
    ),
)

DECLARATIONS = (SECURITY,)
