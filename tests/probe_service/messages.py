"""Wire types, arguments and settings documents of the probe."""

from typing import Annotated, Final, Literal

import msgspec

from openmarque.protocol.commands import ARGUMENT_TEXT
from openmarque.protocol.documents import Maker

LIMITS: Final = "probe_limits"
PLACES: Final = "probe_places"
CAMPAIGN: Final = "probe_campaign"
DUTY: Final = "probe_duty"
BLINK: Final = "probe_blink"
PASSED: Final = "probe_passed"
PLATFORM_ONLY: Final = frozenset((Maker.PLATFORM,))

Minute = Annotated[int, msgspec.Meta(ge=0, le=1439, extra_json_schema={"unit": "min"})]
"""Of the day."""


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when to when a limit counts."""

    from_min: Minute = 0
    until_min: Minute = 1439


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How fast the car should go at most."""

    limit_kmh: Annotated[int, msgspec.Meta(ge=30, le=250, extra_json_schema={"unit": "km/h"})] = 130
    quiet: bool = False
    tone: Literal["bell", "voice"] = "bell"
    name: Annotated[str, msgspec.Meta(max_length=40)] = ""
    windows: Annotated[tuple[Window, ...], msgspec.Meta(max_length=20)] = ()


class Circle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place and how far around it, in 1e-7 degrees and metres."""

    lat_e7: Annotated[int, msgspec.Meta(ge=-900_000_000, le=900_000_000)] = 0
    lon_e7: Annotated[int, msgspec.Meta(ge=-1_800_000_000, le=1_800_000_000)] = 0
    radius_m: Annotated[int, msgspec.Meta(ge=50, le=100_000)] = 500


class Places(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where it rings."""

    circles: Annotated[tuple[Circle, ...], msgspec.Meta(max_length=4)] = ()


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the platform wants of the car, whoever has it."""

    code: Annotated[str, msgspec.Meta(max_length=20)] = ""
    stage: Literal["offered", "wanted"] = "offered"


class Duty(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the law wants a car to keep."""

    volume: Annotated[int, msgspec.Meta(ge=0, le=10)] = 5


class Blink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to blink, and after which time once more."""

    times: Annotated[int, msgspec.Meta(ge=1, le=10)] = 3
    again_s: Annotated[int, msgspec.Meta(ge=0, le=3_600)] = 0
    note: Annotated[str, msgspec.Meta(max_length=20, pattern=ARGUMENT_TEXT)] = ""


class Passed(msgspec.Struct, frozen=True):
    """The limit was passed; `kmh` is how fast the car was."""

    kmh: int
