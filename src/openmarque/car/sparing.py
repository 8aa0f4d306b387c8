"""How often a car says again what it has said: whoever sends it old frames in turns must not fill its outbox or wear out its memory. Pure."""

from collections.abc import Hashable
from typing import Final

REPEAT_PAUSE_MS: Final = 5_000
"""Within it the same is not said twice."""
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


class Sayings:
    """What was said last of one thing, and how often it is said again."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._last: tuple[Hashable, int] | None = None
        self._answers = Answers()

    def refuses(self, what: Hashable, steady_ms: int, *, is_new: bool) -> str:
        """Why `what` is not said now, as a name to count by; "" when it may be, and counts as said. What `is_new` may always be, but not twice at once."""
        if self._last is not None and self._last[0] == what and 0 <= steady_ms - self._last[1] < REPEAT_PAUSE_MS:
            return "repeated"
        if not is_new and not self._answers.spend(steady_ms):
            return "unanswered"
        self._last = what, steady_ms
        return ""

    def forget(self) -> None:
        """What was said may have been lost: it may be said at once."""
        self._last = None
