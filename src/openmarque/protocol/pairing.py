"""A pairing code typed in the car, and the platform's answer. REQ ENR-2.

Rules:
    1. The car sends a code once, when it was typed, on the connection that stands; it keeps none to send later.
    2. The platform looks for the code among the pairings of this car's own VIN only, and counts the tries in this car.
    3. The answer repeats ``asked``; a car that hears none in time says so, and the person types the code again. A code that came
       through the first time is answered ``paired`` again for a while.
"""

from enum import StrEnum
from typing import Final

import msgspec

PAIRING_REQUEST: Final = "pairing_request"
CODE_DIGITS: Final = 8
"""REQ ENR-2."""


class PairingRequest(msgspec.Struct, frozen=True):
    """The code that somebody in the car typed, as digits; `asked` is any number by which the car knows the answer."""

    code: str
    asked: int


class PairingResult(StrEnum):
    """The outcome of a code. A car that reads one it does not know tells that the code was not taken."""

    PAIRED = "paired"
    WRONG_CODE = "wrong_code"
    EXPIRED = "expired"
    LOCKED = "locked"
    """Too many wrong codes in this car: none is looked at for `wait_s` seconds."""


class PairingAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The platform's answer to the request of this number; says nothing about who the owner is.

    `result` is one of ``PairingResult`` (a later platform may know others). `wait_s` goes with ``locked``; `tries` is how many more
    wrong codes are taken before that.
    """

    asked: int
    result: str
    wait_s: int = 0
    tries: int = 0
