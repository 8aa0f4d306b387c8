"""Wire types of the tyre watch, the arguments of its command, and the body of its settings document."""

from typing import Annotated, Final, Literal

import msgspec

from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType

TYRE_WARNING: Final = "tyre_warning"
TYRE_REPORT: Final = "tyre_report"
CHECK_TYRES: Final = "check_tyres"
TYRE_CHECK: Final = "tyre_check"
"""Kind of the settings document: when the car looks at its tyres by itself."""

Axle = Literal["both", "front", "rear"]


class TyreWarning(msgspec.Struct, frozen=True):
    """A tyre's warning came (`is_low`) or went, at `at` (ms since the epoch by the car's clock); `wheel` is its VSS path."""

    at: int
    wheel: str
    is_low: bool


class TyreReport(msgspec.Struct, frozen=True):
    """What a look at the tyres at `at` (ms since the epoch by the car's clock) found: how many were looked at, and how many of them are low.

    `asked`: somebody sent the command; otherwise it was time for the daily look.
    """

    at: int
    looked_at: int
    low: int
    asked: bool


class CheckTyres(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which tyres to look at."""

    axle: Axle = "both"


class TyreCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the car looks at its tyres each day, and at which time of the zone.."""

    daily: bool = False
    hour: Annotated[int, msgspec.Meta(ge=0, le=23)] = 7
    minute: Annotated[int, msgspec.Meta(ge=0, le=59)] = 30
    zone: Annotated[str, msgspec.Meta(max_length=40)] = "Europe/Paris"


MESSAGE_TYPES: Final = (
    MessageType(TYRE_WARNING, Lane.EVENT, TyreWarning, Level.DATA, "a tyre warning came or went", "tyre_watch"),
    MessageType(TYRE_REPORT, Lane.EVENT, TyreReport, Level.DATA, "what a look at the tyres found", "tyre_watch"),
)
