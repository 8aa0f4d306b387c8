"""What the tyre watch says of itself."""

from openmarque.catalogue.declarations import (
    LIFE_OF_TENURE,
    MONTHS_12,
    OVERWRITTEN,
    REQUEST_DONE,
    Authority,
    CommandSpec,
    Declaration,
    DocumentSpec,
    Item,
    LegalBasis,
    NoticeSpec,
    Service,
)
from openmarque.catalogue.events import EventSpec
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import TYRES_LOW
from tyre_watch.messages import (
    CHECK_TYRES,
    MESSAGE_TYPES,
    TYRE_CHECK,
    TYRE_REPORT,
    TYRE_WARNING,
    CheckTyres,
    TyreCheck,
    TyreWarning,
)
from tyre_watch.rules import NOTHING_SENSED

WARNED = "tyre_low"
LOOKED = "tyres_looked_at"
WARNINGS = EventSpec("tyre_watch", "tyre_warning", TyreWarning, once_by=("at", "wheel"), at="at", message=TYRE_WARNING)
"""The history of warnings: no two of one wheel come at one instant."""

TYRE_WATCH = Declaration(
    name="tyre_watch",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    capability="telematics",
    remote=True,
    messages=(TYRE_WARNING, TYRE_REPORT),
    # Whoever may read may ask the car to look: nothing of it moves.
    commands=(CommandSpec(CHECK_TYRES, Authority.PLATFORM, CheckTyres, confirm=False, reasons=(NOTHING_SENSED,), in_car=True),),
    documents=(DocumentSpec(TYRE_CHECK, TyreCheck),),
    notices=(NoticeSpec(WARNED), NoticeSpec(LOOKED, channels=("centre",), arguments=("low", "looked_at"))),
    items=(
        Item("when to look at the tyres", LIFE_OF_TENURE, carried=(f"document:{TYRE_CHECK}",)),
        Item(
            "what a look at the tyres found",
            REQUEST_DONE,
            carried=tuple(f"wire:{TYRE_REPORT}.{field}" for field in ("at", "looked_at", "low", "asked")),
        ),
        Item("tyre warnings now", OVERWRITTEN, signals=TYRES_LOW),
        WARNINGS.keys_item(MONTHS_12),
        WARNINGS.item("history of tyre warnings", MONTHS_12, "is_low"),
    ),
)

SERVICE = Service("tyre_watch", __package__ or "", (TYRE_WATCH,), MESSAGE_TYPES)
