"""Vehicle identification numbers: ISO 3779 form, ISO 3779 / 49 CFR 565.15 check digit. REQ LNK-1."""

import re

from openmarque.kit.errors import CallerError

_FORM = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VALUES = {**{str(d): d for d in range(10)}, **dict(zip("ABCDEFGH", range(1, 9), strict=True))}
_VALUES |= {**dict(zip("JKLMN", range(1, 6), strict=True)), "P": 7, "R": 9, **dict(zip("STUVWXYZ", range(2, 10), strict=True))}
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_CHECK_DIGIT_REGIONS = frozenset("12345L")
"""First characters whose world region uses position 9 as check digit: North America (1 to 5) and China (L, GB 16735)."""
_SEVEN_ELSEWHERE = frozenset("ABCDE")
"""7A to 7E are New Zealand; the rest of 7 is the United States too, which ran out of 1, 4 and 5 (SAE J1044: 7F to 70)."""


class InvalidVin(CallerError):
    """This is not a valid vehicle identification number."""

    code = "invalid-vin"
    cure = "Type the 17 characters from the registration document or the windscreen; a VIN has no I, O or Q."
    http_status = 422


def normalise_vin(text: str) -> str:
    """The VIN in `text` in upper case without blanks or dashes.

    Raises ``InvalidVin`` on a wrong length, on I, O, Q or any other character, and on a wrong check digit where the world
    region of the manufacturer uses one.
    """
    vin = re.sub(r"[\s-]", "", text).upper()
    if len(vin) != 17:
        raise InvalidVin(f"It has {len(vin)} characters, not 17.")
    wrong = sorted({c for c in vin if not _FORM.fullmatch(c * 17)})
    if wrong:
        raise InvalidVin(f"It contains {', '.join(wrong)}, which no VIN has.")
    if _has_check_digit(vin) and vin[8] != check_digit(vin):
        raise InvalidVin("Its check digit (the 9th character) does not fit the others: one character is mistyped.")
    return vin


def _has_check_digit(vin: str) -> bool:
    return vin[0] in _CHECK_DIGIT_REGIONS or (vin[0] == "7" and vin[1] not in _SEVEN_ELSEWHERE)


def check_digit(vin: str) -> str:
    """The character that position 9 must have (49 CFR 565.15(c)): weighted sum modulo 11, ten written X."""
    remainder = sum(_VALUES[c] * w for c, w in zip(vin, _WEIGHTS, strict=True)) % 11
    return "X" if remainder == 10 else str(remainder)
