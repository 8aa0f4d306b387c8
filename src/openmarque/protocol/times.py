"""Which times of a car can be true. The car cleans its own data; this is the platform's guard against what comes all the same."""

from typing import Final

from openmarque.protocol.envelope import Trust

MAX_AHEAD_MS: Final = 24 * 3600 * 1000
"""A day: a car whose clock is that far ahead of ours, yet claims to trust it, has a broken clock or lies."""
MAX_BEHIND_MS: Final = 730 * 24 * 3600 * 1000
"""Two years: longer than any car keeps an outbox without having met the platform."""

IMPLAUSIBLE_TIME: Final = "implausible_time"


def plausible(car_ms: int, received_ms: int, trust: Trust) -> bool:
    """Whether a time that a car states can be true at receipt. A clock that was never set claims nothing, so it can't be wrong."""
    return trust is Trust.UNSET or received_ms - MAX_BEHIND_MS <= car_ms <= received_ms + MAX_AHEAD_MS
