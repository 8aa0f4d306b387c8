"""``python -m faults --seeds 100``: kill everything there is, a hundred times, and see that nothing acknowledged is lost."""

import argparse
import asyncio
import sys
import time

from faults.ground import killable_ground_up
from faults.run import run
from openmarque.kit.log import configure_log


async def main(first: int, seeds: int) -> int:
    """Run the seeds one after another on one platform; prints a line for each and gives the number of failures."""
    failures = 0
    async with killable_ground_up() as ground:
        for seed in range(first, first + seeds):
            began = time.monotonic()
            report = await run(ground, seed)
            print(f"{report} ({time.monotonic() - began:.1f} s)", flush=True)
            if report.problems:
                failures += 1
                print(f"  again: {report.command}", flush=True)
    print(f"{seeds} seeds, {failures} failures")
    return failures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=0)
    given = parser.parse_args()
    configure_log()
    sys.exit(1 if asyncio.run(main(given.first_seed, given.seeds)) else 0)
