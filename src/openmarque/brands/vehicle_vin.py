"""What a VIN of the brand tells by itself: patterns of models, the year it was built for, the equipment. Data of the pack, no rule.

The places are those of ISO 3779: 1 to 3 name the maker, 4 to 9 the model and its equipment as the maker chooses, 10 the model year
(ISO 3779 table, 30 years, then again), 11 the plant, 12 to 17 the serial number.
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

LENGTH: Final = 17
YEAR_PLACE: Final = 10
YEAR_CODES: Final = "ABCDEFGHJKLMNPRSTVWXY123456789"
"""Code of the model year by (year − 1980) modulo 30; I, O, Q, U, Z and 0 stand for none."""
_FIRST_YEAR: Final = 1980
_LETTERS: Final = "[A-HJ-NPR-Z0-9]"

Pattern = Annotated[str, msgspec.Meta(pattern=rf"^{_LETTERS}{{3}}(?:[A-HJ-NPR-Z0-9?]{{14}}|[A-HJ-NPR-Z0-9?]{{0,13}}\*)$")]
"""A VIN with ``?`` for any one character and ``*`` at the end for the rest; the maker (places 1 to 3) is spelt out."""
Code = Annotated[str, msgspec.Meta(pattern=rf"^{_LETTERS}$")]
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Year = Annotated[int, msgspec.Meta(ge=1980, le=2200)]


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing a car may have, read from one place of its VIN: what each character there stands for."""

    position: Annotated[int, msgspec.Meta(ge=4, le=9)]
    codes: Mapping[Code, Word]

    def read(self, vin: str) -> str:
        """What `vin` says; "" for a character that stands for nothing known."""
        return self.codes.get(vin[self.position - 1], "")


def matches(pattern: str, vin: str) -> bool:
    """Whether `vin` is of this pattern."""
    return all(wanted in ("?", found) for wanted, found in zip(spelt_out(pattern), vin, strict=True))


def overlap(one: str, other: str) -> bool:
    """Whether some VIN is of both patterns."""
    return all("?" in (a, b) or a == b for a, b in zip(spelt_out(one), spelt_out(other), strict=True))


def spelt_out(pattern: str) -> str:
    """The pattern with a ``?`` for each character that its ``*`` leaves open."""
    return pattern.removesuffix("*").ljust(LENGTH, "?")


def year_of(vin: str, first_year: int) -> int | None:
    """The model year that place 10 says, the first such from `first_year` on; None for a character that is no year."""
    index = YEAR_CODES.find(vin[YEAR_PLACE - 1])
    if index < 0:
        return None
    return first_year + (index - (first_year - _FIRST_YEAR)) % len(YEAR_CODES)


def year_code(year: int) -> str:
    """The character of a model year."""
    return YEAR_CODES[(year - _FIRST_YEAR) % len(YEAR_CODES)]
