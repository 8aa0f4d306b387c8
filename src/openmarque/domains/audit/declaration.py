"""What is kept to detect attacks and to find faults: security events by hour, and the log."""

from openmarque.catalogue.declarations import DAYS_30, MONTHS_12, Declaration, Item, LegalBasis, Scope
from openmarque.kit.log import FIELDS

SECURITY = Declaration(
    name="security_log",
    version=1,
    basis=LegalBasis.LEGITIMATE_INTEREST,
    scope=Scope.PLATFORM,
    items=(
        Item(
            "security events",
            MONTHS_12,
            fields=tuple(f"security_event.{c}" for c in ("hour", "kind", "vehicle_id", "count", "last_at")),
        ),
        Item("log", DAYS_30, carried=tuple(f"log:{name}" for name in FIELDS)),
    ),
)

DECLARATIONS = (SECURITY,)
