"""Searches for each planted fault of the deterministic world the first seed that finds it, and writes it beside the fault.

`make test` replays the seeds that are written. A change that makes another world of a seed makes its test search, which takes longer: then
``python -m tools.planted`` writes the seeds anew, of all or of those that are named. Exit code 1 when a fault is not found within ``MOST_SEEDS`` worlds.
"""

import re
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from openmarque.simulator.world.exploration import Failure, explore
from openmarque.simulator.world.installed import package_installed
from openmarque.simulator.world.parts import PlantedFault
from tests.acceptance import planted, planted_documents, planted_wakes
from tests.world_probe import with_probe

MOST_SEEDS: Final = 60
"""When this was written the slowest took 33."""


def replay(fault: PlantedFault, *, search: bool = False) -> Failure | None:
    """What the world of the recorded seed reports; where that is nothing, or with `search`, what the first seed that finds the fault does.

    None when none of ``MOST_SEEDS`` does.
    """
    seeds = (0, MOST_SEEDS) if search else (fault.seed, 1)
    services, faults = None, None
    if fault in planted_wakes.WAKES_PLANTED:
        services, faults = planted_wakes.with_alarm_and_pulse(), planted_wakes.ROUGH
    elif fault in planted_documents.DOCUMENTS_PLANTED:
        services = with_probe()
    result = explore(seeds[1], seeds[0], fault.steps, fault.parts, installed=services, faults=faults)
    if result.failures or search:
        return result.failures[0] if result.failures else None
    return replay(fault, search=True)


def with_seed(text: str, name: str, seed: int) -> str:
    """A module's text with another seed for the fault of this name; as it is where the module plants none of that name."""
    place = re.compile(rf'(PlantedFault\(\s*"{re.escape(name)}",(?:(?!PlantedFault\().)*?\bseed=)\d+', re.DOTALL)
    return place.sub(rf"\g<1>{seed}", text)


def modules() -> list[Path]:
    """Where faults are planted: beside the tests for the core, in each service's ``world.py``."""
    parts = [find_spec(f"openmarque.services.{part.name}.world") for part in package_installed().world if part.planted]
    return [
        *(Path(str(module.__file__)) for module in (planted, planted_wakes, planted_documents)),
        *(Path(spec.origin) for spec in parts if spec is not None and spec.origin),
    ]


def main(faults: Iterable[PlantedFault]) -> int:
    """Search and write; gives the exit code."""
    missing = 0
    texts = {path: path.read_text("utf-8") for path in modules()}
    for fault in faults:
        found = replay(fault, search=True)
        if found is None or found.invariant not in fault.reported_as:
            print(f"{fault.name}: {'not found' if found is None else f'reported as {found.invariant} by seed {found.seed}'}")
            missing += 1
            continue
        print(f"{fault.name}: seed {found.seed}", flush=True)
        texts = {path: with_seed(text, fault.name, found.seed) for path, text in texts.items()}
    for path, text in texts.items():
        path.write_text(text, "utf-8")
    return 1 if missing else 0


if __name__ == "__main__":
    wanted = sys.argv[1:]
    every = (*planted.PLANTED.values(), *planted_wakes.WAKES_PLANTED, *planted_documents.DOCUMENTS_PLANTED)
    sys.exit(main(fault for fault in every if not wanted or fault.name in wanted))
