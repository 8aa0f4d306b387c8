"""Wire types and arguments of the log."""

from typing import Annotated, Final, Literal

import msgspec

from openmarque.protocol.commands import ARGUMENT_TEXT

ENTRY: Final = "probe_entry"
WRITE: Final = "probe_write"


class Write(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many entries to write, and what stands in each."""

    entries: Annotated[int, msgspec.Meta(ge=1, le=40)] = 1
    note: Annotated[str, msgspec.Meta(max_length=20, pattern=ARGUMENT_TEXT)] = ""


class Entry(msgspec.Struct, frozen=True):
    """One entry: a value of each sort that a history shows."""

    at: int
    number: int
    speed: Annotated[float, msgspec.Meta(extra_json_schema={"unit": "km/h"})]
    axle: Literal["front", "rear"]
    is_low: bool
    wheel: str
    note: str
    seen_at: int | None = None
