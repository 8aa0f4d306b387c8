"""Python's garbage collector in processes that live long and answer people and cars."""

import gc
from typing import Final

MANY: Final = 200_000
"""For a worker: above the 30,000 objects that a full batch holds for a moment, without cycles, in some 20 MB."""
FEW: Final = 20_000
"""For a process that answers requests: some hundred of them, between two looks of about a millisecond."""
_GENERATIONS: Final = 20


def spare_collector(after: int) -> None:
    """Make this process's collector look seldom, after `after` new objects, and never at what exists now.

    With Python's own thresholds it took a sixth of a worker's time looking through batches and cached policies, and held every request up
    for a tenth of a second each time it looked through the modules and routes of the API, which stay anyway.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(after, _GENERATIONS, _GENERATIONS)
