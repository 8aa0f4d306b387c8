"""Searches for each planted fault of the deterministic world the first seed that finds it, and writes it beside the fault.

``python -m tools.planted`` after a change that makes other worlds of the same seeds; `make test` replays the seeds that are written, and only those.
Exit code 1 when a fault is not found within ``MOST_SEEDS`` worlds.
"""

import re
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from openmarque.simulator.world.exploration import explore
from openmarque.simulator.world.installed import package_installed
from openmarque.simulator.world.parts import PlantedFault
from tests.acceptance import planted

MOST_SEEDS: Final = 60
"""When this was written the slowest took 37."""


def search(fault: PlantedFault) -> int | None:
    """The first seed whose world reports the fault as it should; None when none of ``MOST_SEEDS`` does."""
    result = explore(MOST_SEEDS, steps=fault.steps, parts=fault.parts)
    found = result.failures[0] if result.failures else None
    return found.seed if found is not None and found.invariant in fault.reported_as else None


def with_seed(text: str, name: str, seed: int) -> str:
    """A module's text with another seed for the fault of this name; as it is where the module plants none of that name."""
    place = re.compile(rf'(PlantedFault\(\s*"{re.escape(name)}",(?:(?!PlantedFault\().)*?\bseed=)\d+', re.DOTALL)
    return place.sub(rf"\g<1>{seed}", text)


def modules() -> list[Path]:
    """Where faults are planted: with the tests for the core, in each service's ``world.py``."""
    parts = [find_spec(f"openmarque.services.{part.name}.world") for part in package_installed().world if part.planted]
    return [Path(planted.__file__), *(Path(spec.origin) for spec in parts if spec is not None and spec.origin)]


def main(faults: Iterable[PlantedFault]) -> int:
    """Search and write; gives the exit code."""
    missing = 0
    texts = {path: path.read_text("utf-8") for path in modules()}
    for fault in faults:
        seed = search(fault)
        print(f"{fault.name}: {'not found' if seed is None else f'seed {seed}'}", flush=True)
        if seed is None:
            missing += 1
        else:
            texts = {path: with_seed(text, fault.name, seed) for path, text in texts.items()}
    for path, text in texts.items():
        path.write_text(text, "utf-8")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(planted.PLANTED.values()))
