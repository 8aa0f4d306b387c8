"""What the tyre watch says of itself."""

from openmarque.catalogue.declarations import MONTHS_12, OVERWRITTEN, Declaration, Item, LegalBasis, Service
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import TYRES_LOW
from tyre_watch.messages import MESSAGE_TYPES, TYRE_WARNING

TYRE_WATCH = Declaration(
    name="tyre_watch",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    capability="telematics",
    messages=(TYRE_WARNING,),
    items=(
        Item("tyre warnings now", OVERWRITTEN, signals=TYRES_LOW),
        Item(
            "keys",
            MONTHS_12,
            fields=tuple(
                f"tyre_warning.{c}" for c in ("tenure_id", "vehicle_id", "epoch", "seq", "received_at", "policy_version")
            ),
        ),
        Item(
            "history of tyre warnings",
            MONTHS_12,
            fields=tuple(f"tyre_warning.{c}" for c in ("warned_at", "wheel", "is_low")),
            carried=tuple(f"wire:{TYRE_WARNING}.{field}" for field in ("at", "wheel", "is_low")),
        ),
    ),
)

SERVICE = Service("tyre_watch", __package__ or "", (TYRE_WATCH,), MESSAGE_TYPES)
