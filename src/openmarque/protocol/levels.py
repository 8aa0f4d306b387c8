"""Privacy levels: what the people in the car let it say. REQ PRV-1.

Rules:
    1. A level is set in the car and signed by the car; the platform learns it and can never raise it (PRV-6).
    2. Every value carries the level in force when it was captured. It may leave under ``min(then, now)``, never more.
    3. A level that nobody knows counts as the strictest one (fail closed).
    4. The legal emergency call stands outside the levels (PRV-2).
    5. A brand lets choose between all three, or between private and one of the others. A brand's two levels are two of the three, so
       whatever judges by a level needs not know of how many there were to choose from.
"""

from collections.abc import Collection
from enum import IntEnum
from typing import Final


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


EVERY_LEVEL: Final = tuple(Level)
"""What a brand offers that leaves none out."""


def offered(levels: Collection[Level]) -> tuple[Level, ...]:
    """`levels` as what the people in a car choose from: ascending. Raises ``ValueError`` without private, or with nothing beside it."""
    if Level.PRIVATE not in levels or len(set(levels)) < 2:
        raise ValueError("the levels to choose from are private and one or two of data and position")
    return tuple(sorted(set(levels)))


def at_most(level: Level, levels: Collection[Level]) -> Level:
    """The highest of the offered `levels` that allows nothing that `level` does not."""
    return max(choice for choice in levels if choice <= level)


def at_least(level: Level, levels: Collection[Level]) -> Level:
    """The lowest of the offered `levels` that allows all that `level` does: what to choose for it. `level` itself where none does."""
    return min((choice for choice in levels if choice >= level), default=level)
