"""How often a car says again what it has said: whoever sends it old frames in turns must not fill its outbox or wear out its memory. Pure."""

from typing import Final

MOST_ANSWERS: Final = 12
"""Answers within `ANSWERS_COUNTED_MS` to frames that change nothing. A platform that lost an answer asks again after 30 s, so one a minute would do."""
ANSWERS_COUNTED_MS: Final = 60_000


class Answers:
    """Counts answers of one sort by the steady clock; in memory alone."""

    def __init__(self) -> None:
        """None was given yet."""
        self._since_ms: int | None = None
        self._given = 0

    def spend(self, steady_ms: int) -> bool:
        """Whether one more may be given now; it is counted then. A clock that went back counts anew."""
        if self._since_ms is None or not 0 <= steady_ms - self._since_ms < ANSWERS_COUNTED_MS:
            self._since_ms, self._given = steady_ms, 0
        if self._given >= MOST_ANSWERS:
            return False
        self._given += 1
        return True
