"""Many worlds, one after the other: what the command ``openmarque world`` and the tests run."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from openmarque.kit.clock import from_ms, iso
from openmarque.simulator.world.fault_profile import FaultProfile
from openmarque.simulator.world.installed import Installed
from openmarque.simulator.world.journal import Event, InvariantBroken
from openmarque.simulator.world.parts import Parts
from openmarque.simulator.world.world import DEFAULT_STEPS, START, World


@dataclass(frozen=True)
class Failure:
    """A seed whose world broke an invariant: which, what was seen, and the last events before it."""

    seed: int
    steps: int
    invariant: str
    detail: str
    last: tuple[Event, ...]
    services: tuple[str, ...] = ()
    """Those from outside the package that ran beside ours."""

    @property
    def command(self) -> str:
        """Runs this world again."""
        beside = "".join(f" --service {name}" for name in self.services)
        return f"openmarque world --seeds 1 --first-seed {self.seed} --steps {self.steps}{beside}"

    def lines(self) -> list[str]:
        """The last events, one a line, oldest first."""
        return [f"{iso(from_ms(at))} {what} {who} {detail}".rstrip() for at, what, who, detail in self.last]


@dataclass
class Exploration:
    """What many worlds did. `digest` names each seed's whole sequence of events, `asked` counts what the final questions were asked of."""

    seeds: int = 0
    steps: int = 0
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    digests: dict[int, str] = field(default_factory=dict)


def explore(
    seeds: int,
    first_seed: int = 0,
    steps: int = DEFAULT_STEPS,
    parts: Parts | None = None,
    *,
    installed: Installed | None = None,
    faults: FaultProfile | None = None,
    start: datetime = START,
    stop_at_failure: bool = True,
    tell: Callable[[Exploration], None] | None = None,
) -> Exploration:
    """Run the worlds of `seeds` seeds from `first_seed` on; ends at the first failure unless told otherwise. `tell` hears of each.

    `installed` are the services that each world runs, those of the package unless said otherwise; `faults` replaces the profile that is drawn, `start` is the first instant.
    """
    result = Exploration()
    begun = time.perf_counter()
    for seed in range(first_seed, first_seed + seeds):
        world = World(seed, steps, parts, faults, installed, start)
        try:
            world.run()
        except InvariantBroken as broken:
            others = installed.others if installed else ()
            result.failures.append(Failure(seed, steps, broken.invariant, broken.detail, tuple(world.journal.last), others))
        result.seeds += 1
        result.steps += world.scheduler.steps
        result.faults += world.journal.faults
        result.asked += world.asked
        result.digests[seed] = world.journal.digest()
        result.seconds = time.perf_counter() - begun
        if tell is not None:
            tell(result)
        if result.failures and stop_at_failure:
            break
    return result
