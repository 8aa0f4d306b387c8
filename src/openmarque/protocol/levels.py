"""Privacy levels: what the people in the car let it say. REQ PRV-1.

Rules:
    1. A level is set in the car and signed by the car; the platform learns it and can never raise it (PRV-6).
    2. Every value carries the level in force when it was captured. It may leave under ``min(then, now)``, never more.
    3. A level that nobody knows counts as the strictest one (fail closed).
    4. The legal emergency call stands outside the levels (PRV-2).
"""

from enum import IntEnum


class Level(IntEnum):
    """What may leave the car; a higher number allows everything that a lower one does."""

    PRIVATE = 1
    """Nothing but what the law demands."""
    DATA = 2
    """Data without position."""
    POSITION = 3
    """Data and position."""


def effective(*levels: Level | None) -> Level:
    """The strictest of `levels`: owner's level, level at capture, ceiling built into the car. Unknown means private."""
    return min((level if level is not None else Level.PRIVATE for level in levels), default=Level.PRIVATE)
