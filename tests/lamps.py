"""A service for tests that is installed nowhere: a lamp that glows for some time, with every kind of argument, a notice and settings."""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from openmarque.catalogue.declarations import (
    LIFE_OF_TENURE,
    OVERWRITTEN,
    Authority,
    CommandSpec,
    Declaration,
    DocumentSpec,
    Item,
    LegalBasis,
    NoticeSpec,
    Service,
)
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.governance.platform import platform_declarations
from openmarque.protocol import signals as vss
from openmarque.protocol.commands import ARGUMENT_TEXT
from openmarque.protocol.levels import Level
from tests.packs import pack_with


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"


class Glow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that an argument can be."""

    duration_s: Annotated[int, msgspec.Meta(ge=1, le=600, title="Duration", extra_json_schema={"unit": "s"})]
    dimmed: bool = False
    side: Side = Side.LEFT
    colour: Literal["white", "amber"] = "white"
    note: Annotated[str, msgspec.Meta(max_length=20, pattern=ARGUMENT_TEXT)] = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    evenings: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=5)], ...], msgspec.Meta(max_length=7)] = ()


LAMP = Declaration(
    name="lamp",
    version=1,
    basis=LegalBasis.CONTRACT,
    level=Level.DATA,
    items=(
        Item("lamps", OVERWRITTEN, signals=(vss.PARKING_LIGHTS,)),
        Item("evenings", LIFE_OF_TENURE, carried=("document:lamp_evenings",)),
    ),
    commands=(
        CommandSpec("glow", Authority.DIGITAL_KEY, Glow, reasons=("bulb_broken",)),
        CommandSpec("blink", Authority.PLATFORM, Glow, begins_within_s=4),
    ),
    notices=(NoticeSpec("bulb_broken", arguments=("side",)), NoticeSpec("lamp_stolen", security=True)),
    documents=(DocumentSpec("lamp_evenings", Settings),),
)
SERVICE = Service("lamp", "example.lamp", (LAMP,))


def catalogue_with_lamps() -> Catalogue:
    """What is installed, and the lamp, for the sample brand."""
    return Catalogue([*installed_services(), SERVICE], platform_declarations(), pack_with(SERVICE))
