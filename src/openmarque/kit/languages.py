"""Which of the languages at hand a reader likes best, from ``Accept-Language`` (RFC 9110 §12.5.4)."""

from collections.abc import Sequence

_MOST_RANGES = 20
"""Browsers send under ten; what follows is not looked at."""


def negotiate(accept: str, available: Sequence[str]) -> str:
    """The language of `available` that `accept` likes best; the first one when it likes none.

    A range matches by its primary subtag ("fr-CA" takes "fr"). Of equals the one named first wins; what can't be read is passed over.
    """
    best, weight = available[0], 0.0
    for part in accept.split(",")[:_MOST_RANGES]:
        language, _, parameters = part.strip().partition(";")
        primary = language.strip().partition("-")[0].lower()
        found = available[0] if primary == "*" else primary
        quality = _quality(parameters)
        if found in available and quality > weight:
            best, weight = found, quality
    return best


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        quality = float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
