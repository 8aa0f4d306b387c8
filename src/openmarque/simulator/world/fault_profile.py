"""How rough one world is: the rate of each fault, drawn from the seed.

Some worlds are calm in most respects, so that what a fault does is not always hidden by ten others.
"""

from dataclasses import dataclass
from random import Random

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class FaultProfile:
    """Shares lie in [0, 1] and are for each frame, sample or batch; periods are mean times between two events in ms, 0: never."""

    lost: float = 0.0
    repeated: float = 0.0
    late: float = 0.0
    jitter_ms: int = 0
    """Frames overtake one another when it is above the time between them."""
    car_crash: float = 0.0
    car_reset_ms: int = 0
    clock_jump_ms: int = 0
    coverage_ms: int = 0
    """Mean time with coverage; without it a third of that."""
    worker_crash: float = 0.0
    worker_restart_ms: int = 0
    slow_batch: float = 0.0
    database_away: float = 0.0
    """Share of transactions that the database gives up."""
    database_outage_ms: int = 0
    restore_ms: int = 0
    level_ms: int = 0
    switch_ms: int = 0
    contract_ms: int = 0
    app_switch_ms: int = 0
    recompile_ms: int = 0
    tenure_ms: int = 0
    long_sleep: float = 0.0
    """Share of the times parked that last longer than a policy is good."""


def draw(random: Random) -> FaultProfile:
    """The weather of one world: each fault is absent in a part of all worlds."""

    def share(most: float, present: float = 0.6) -> float:
        chosen = random.random() * most
        return chosen if random.random() < present else 0.0

    def period(shortest_ms: int, longest_ms: int, present: float = 0.6) -> int:
        chosen = random.randint(shortest_ms, longest_ms)
        return chosen if random.random() < present else 0

    return FaultProfile(
        lost=share(0.2),
        repeated=share(0.2),
        late=share(0.1),
        jitter_ms=random.choice((0, 20, 200, 3000)),
        car_crash=share(0.01),
        car_reset_ms=period(20 * MINUTE_MS, 4 * HOUR_MS, 0.3),
        clock_jump_ms=period(15 * MINUTE_MS, 3 * HOUR_MS, 0.4),
        coverage_ms=period(3 * MINUTE_MS, 40 * MINUTE_MS),
        worker_crash=share(0.02),
        worker_restart_ms=period(10 * MINUTE_MS, HOUR_MS),
        slow_batch=share(0.2),
        database_away=share(0.02),
        database_outage_ms=period(4 * MINUTE_MS, 40 * MINUTE_MS, 0.4),
        restore_ms=period(10 * MINUTE_MS, HOUR_MS, 0.2),
        level_ms=period(2 * MINUTE_MS, HOUR_MS, 0.8),
        switch_ms=period(10 * MINUTE_MS, 2 * HOUR_MS, 0.5),
        contract_ms=period(5 * MINUTE_MS, HOUR_MS),
        app_switch_ms=period(4 * MINUTE_MS, 40 * MINUTE_MS, 0.5),
        recompile_ms=period(2 * MINUTE_MS, HOUR_MS, 0.5),
        tenure_ms=period(10 * MINUTE_MS, 2 * HOUR_MS, 0.5),
        long_sleep=share(0.02, 0.3),
    )


CALM = FaultProfile()
"""Nothing goes wrong and nobody changes anything: how every world ends, so that what can heal does."""
