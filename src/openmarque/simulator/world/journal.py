"""What happened in a world: counts of faults, the last events for a failure's report, and a digest of all of them."""

from collections import Counter, deque
from hashlib import blake2b
from typing import Final

_KEPT: Final = 60
"""Events shown with a failure: enough to see the way to it, little enough to read."""

Event = tuple[int, str, str, object]
"""When (ms since the epoch), what, who, and a detail."""


class InvariantBroken(BaseException):
    """The world saw what must never be. `invariant` names it in kebab case.

    Not an ``Exception``: the code that is watched handles those, and must not handle this.
    """

    def __init__(self, invariant: str, detail: str) -> None:
        """Say which invariant, and what was seen."""
        super().__init__(f"{invariant}: {detail}")
        self.invariant = invariant
        self.detail = detail


class Journal:
    """One world's record."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self.faults: Counter[str] = Counter()
        self.last: deque[Event] = deque(maxlen=_KEPT)
        self._hash = blake2b(digest_size=16)

    def note(self, at_ms: int, what: str, who: str, detail: object = "") -> None:
        """Write an event down. `detail` must print the same in every process."""
        event = (at_ms, what, who, detail)
        self.last.append(event)
        self._hash.update(repr(event).encode())

    def fault(self, at_ms: int, what: str, who: str, detail: object = "") -> None:
        """Write a fault down that was injected, and count it."""
        self.faults[what] += 1
        self.note(at_ms, what, who, detail)

    def digest(self) -> str:
        """Names the whole sequence of events: the same seed gives the same digest in every process."""
        return self._hash.hexdigest()
