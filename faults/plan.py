"""What is killed when in the run of a seed. Every point is reached by four seeds in a row."""

import random
from dataclasses import dataclass
from typing import Final

WORKER_POINTS: Final = ("before_commit", "after_commit")
CAR_POINTS: Final = ("mid_write", "after_commit", "before_commit")
PARTS: Final = ("broker", "postgres", "worker", "gate")


@dataclass(frozen=True)
class Strike:
    """SIGKILL from outside, to a part of the platform, once the car has published this many messages."""

    part: str
    after: int


@dataclass(frozen=True)
class Plan:
    """The fuses that the worker and the car get in turn (``point:count``), and the strikes from outside."""

    worker: tuple[str, ...] = ()
    car: tuple[str, ...] = ()
    strikes: tuple[Strike, ...] = ()


def plan_of(seed: int) -> Plan:
    """The kills of this seed: each kind of point comes by turns, the counts are drawn."""
    chance = random.Random(f"plan {seed}")
    worker = [f"{WORKER_POINTS[seed % 2]}:{chance.randrange(1, 12)}"]
    car = [f"{CAR_POINTS[seed % 3]}:{chance.randrange(2, 40)}"]
    if chance.random() < 0.3:
        worker.append(f"{chance.choice(WORKER_POINTS)}:{chance.randrange(1, 6)}")
    if chance.random() < 0.5:
        car.append(f"{chance.choice(CAR_POINTS)}:{chance.randrange(2, 20)}")
    strikes = [Strike(PARTS[seed % 4], chance.randrange(2, 20))]
    if chance.random() < 0.3:
        strikes.append(Strike(chance.choice(PARTS), chance.randrange(10, 25)))
    return Plan(tuple(worker), tuple(car), tuple(sorted(strikes, key=lambda strike: strike.after)))
