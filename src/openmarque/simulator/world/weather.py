"""How rough one world is: the rate of each fault, drawn from the seed. Some worlds are calm in most respects, so that what a
fault does is not always hidden by ten others.
"""

from dataclasses import dataclass
from random import Random

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares lie in [0, 1] and are for each frame, sample or batch; periods are mean times between two events in ms, 0: never."""

    lost: float
    repeated: float
    late: float
    jitter_ms: int
    """Frames overtake one another when it is above the time between them."""
    car_crash: float
    car_reset_ms: int
    clock_jump_ms: int
    coverage_ms: int
    """Mean time with coverage; without it a third of that."""
    worker_crash: float
    worker_restart_ms: int
    slow_batch: float
    database_away: float
    """Share of transactions that the database gives up."""
    database_outage_ms: int
    restore_ms: int
    level_ms: int
    switch_ms: int
    contract_ms: int
    app_switch_ms: int
    recompile_ms: int
    tenure_ms: int
    long_sleep: float
    """Share of the times parked that last longer than a policy is good."""


def draw(random: Random) -> Weather:
    """The weather of one world: each fault is absent in a part of all worlds."""

    def share(most: float, present: float = 0.6) -> float:
        chosen = random.random() * most
        return chosen if random.random() < present else 0.0

    def period(shortest_ms: int, longest_ms: int, present: float = 0.6) -> int:
        chosen = random.randint(shortest_ms, longest_ms)
        return chosen if random.random() < present else 0

    return Weather(
        lost=share(0.2),
        repeated=share(0.2),
        late=share(0.1),
        jitter_ms=random.choice((0, 20, 200, 3000)),
        car_crash=share(0.01),
        car_reset_ms=period(20 * MINUTE_MS, 4 * HOUR_MS, 0.3),
        clock_jump_ms=period(HOUR_MS, 6 * HOUR_MS, 0.4),
        coverage_ms=period(3 * MINUTE_MS, 40 * MINUTE_MS),
        worker_crash=share(0.02),
        worker_restart_ms=period(10 * MINUTE_MS, HOUR_MS),
        slow_batch=share(0.2),
        database_away=share(0.02),
        database_outage_ms=period(HOUR_MS, 4 * HOUR_MS, 0.4),
        restore_ms=period(20 * MINUTE_MS, 2 * HOUR_MS, 0.2),
        level_ms=period(2 * MINUTE_MS, HOUR_MS, 0.8),
        switch_ms=period(10 * MINUTE_MS, 2 * HOUR_MS, 0.5),
        contract_ms=period(10 * MINUTE_MS, 3 * HOUR_MS),
        app_switch_ms=period(10 * MINUTE_MS, 2 * HOUR_MS, 0.5),
        recompile_ms=period(2 * MINUTE_MS, HOUR_MS, 0.5),
        tenure_ms=period(HOUR_MS, 6 * HOUR_MS, 0.5),
        long_sleep=share(0.02, 0.3),
    )


CALM = Weather(
    **dict.fromkeys(("lost", "repeated", "late", "car_crash", "worker_crash", "slow_batch", "database_away", "long_sleep"), 0.0),
    **dict.fromkeys(
        (
            *("jitter_ms", "car_reset_ms", "clock_jump_ms", "coverage_ms", "worker_restart_ms", "database_outage_ms", "restore_ms"),
            *("level_ms", "switch_ms", "contract_ms", "app_switch_ms", "recompile_ms", "tenure_ms"),
        ),
        0,
    ),
)
"""Nothing goes wrong and nobody changes anything: how every world ends, so that what can heal does."""
