"""One thread of time for everybody in the world, and the helpers that let real use cases run under it. No wall clock.

Theory of operation: an act is due at a millisecond; acts due at the same one run in the order in which they were planned. Each act
that runs is a step. The use cases are coroutines, but nothing they call on the fakes ever waits, so each runs to its end at
one send, inside one step.
"""

from collections.abc import Callable, Coroutine
from datetime import datetime
from heapq import heappop, heappush
from random import Random
from typing import Any, TypeVar

from openmarque.kit.clock import from_ms

Result = TypeVar("Result")

_Due = tuple[int, int, Callable[..., None], tuple[Any, ...]]


class Scheduler:
    """The world's time, in milliseconds since the epoch, and what is due."""

    def __init__(self, start_ms: int) -> None:
        """Begin at `start_ms` with nothing planned."""
        self.now_ms = start_ms
        self.steps = 0
        self._planned = 0
        self._repeats = True
        self._due: list[_Due] = []

    def after(self, wait_ms: int, act: Callable[..., None], *args: Any) -> None:
        """Run `act` in `wait_ms` milliseconds (0: after what is already due now)."""
        self._planned += 1
        heappush(self._due, (self.now_ms + wait_ms, self._planned, act, args))

    def repeat(self, mean_ms: int, random: Random, act: Callable[[], None]) -> None:
        """Run `act` again and again, `mean_ms` apart on average (0: never), until ``end_repeats``."""
        if mean_ms:
            self.after(int(random.expovariate(1 / mean_ms)) + 1, self._repeated, mean_ms, random, act)

    def _repeated(self, mean_ms: int, random: Random, act: Callable[[], None]) -> None:
        if self._repeats:
            act()
            self.repeat(mean_ms, random, act)

    def end_repeats(self) -> None:
        """Nothing that was to be repeated happens any more."""
        self._repeats = False

    def run_one(self) -> None:
        """Go on to the next act and run it; ``IndexError`` when nothing is planned."""
        at_ms, _, act, args = heappop(self._due)
        self.now_ms = at_ms
        self.steps += 1
        act(*args)

    def run_for(self, span_ms: int) -> None:
        """Run everything that is due within `span_ms` from now, then stand there."""
        end = self.now_ms + span_ms
        while self._due and self._due[0][0] <= end:
            self.run_one()
        self.now_ms = end


class WorldClock:
    """The platform's clock: the world's time."""

    def __init__(self, scheduler: Scheduler) -> None:
        """Follow `scheduler`."""
        self._scheduler = scheduler
        self._ms = -1
        self._now = from_ms(0)

    def now(self) -> datetime:
        """See ``openmarque.kit.clock.Clock``."""
        if self._ms != self._scheduler.now_ms:
            self._ms = self._scheduler.now_ms
            self._now = from_ms(self._ms)
        return self._now


def run(use_case: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine that never waits; ``RuntimeError`` for one that does, since the world has no event loop."""
    try:
        use_case.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    use_case.close()
    raise RuntimeError("a use case waited for something; in the world everything answers at once")
