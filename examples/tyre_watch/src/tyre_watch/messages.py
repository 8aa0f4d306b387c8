"""Wire type of the tyre watch."""

from typing import Final

import msgspec

from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType

TYRE_WARNING: Final = "tyre_warning"


class TyreWarning(msgspec.Struct, frozen=True):
    """A tyre's warning came (`is_low`) or went, at `at` (ms since the epoch by the car's clock); `wheel` is its VSS path."""

    at: int
    wheel: str
    is_low: bool


MESSAGE_TYPES: Final = (
    MessageType(TYRE_WARNING, Lane.EVENT, TyreWarning, Level.DATA, "a tyre warning came or went", "tyre_watch"),
)
