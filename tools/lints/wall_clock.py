"""Only the kit's clock reads the wall clock.

Everything that knows the time is told it, so that tests and the deterministic world can move it. Monotonic clocks measure
durations and stay free. Naming one of these functions is enough: ``default_factory=time.time`` reads the clock later.
"""

import ast
from collections.abc import Iterator

from tools.lints.source import Finding, Source

NAME = "wall-clock"
HOME = "openmarque.kit.clock"
_READERS = frozenset(
    {f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "strftime", "clock_gettime")}
    | {f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")}
    | {"datetime.date.today", "email.utils.localtime", "uuid.uuid1"}
)


def findings(source: Source) -> Iterator[Finding]:
    """Each mention of a function that reads the machine's time of day."""
    if source.module == HOME:
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            name = source.full_name(node)
            if name in _READERS:
                yield Finding(
                    source.path, node.lineno, NAME, f"{name} reads the machine's clock; take a kit.clock.Clock or `now`"
                )
