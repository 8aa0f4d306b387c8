"""The log: fixed events with declared fields, as JSON lines or for a terminal.

What may stand in a log is listed here, field by field, with its purpose; ``openmarque check`` compares the list with the code. At
run time a field that is not listed is dropped and counted, so a mistake costs a log line its detail and never a person theirs.
Whatever looks like a VIN is masked, in fields, events and tracebacks alike.
"""

import logging
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog

from openmarque.kit.clock import Clock, SystemClock, iso

FIELDS: Final[Mapping[str, str]] = {
    "client": "which of our own broker connections it is",
    "code": "exit code of a child process",
    "connections": "how many connections of a car were cut",
    "cure": "what the operator can do (kit.errors)",
    "detail": "one sentence on this occurrence, without personal data (kit.errors)",
    "engine": "which engine: the broker or the database",
    "error": "class of an error",
    "lane": "lane of the vehicle link",
    "messages": "how many messages a batch held",
    "name": "name of a child process, or of a kind of timer or mail",
    "note": "what the operator should know about where an engine runs",
    "pause_s": "seconds until something is tried again",
    "reason": "stable code of a refusal",
    "request": "which request to the API it was; the person who asked was told it",
    "vehicle_id": "the car, by its opaque id; lets an operator follow one car's trouble",
}
"""Every field that code may write, with its purpose."""
_BASE: Final = frozenset({"event", "level", "logger", "timestamp", "exception", "exc_info", "dropped_fields"})
"""Set by the log itself."""

MASK: Final = "(VIN)"
_VIN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-HJ-NPR-Z0-9]*\d)(?=[A-HJ-NPR-Z0-9]*[A-HJ-NPR-Z])[A-HJ-NPR-Z0-9]{17}(?![A-Za-z0-9])", re.IGNORECASE
)
"""ISO 3779: 17 characters without I, O, Q. A real one has letters and digits; our ids have 32 hex digits and don't match."""


class FieldGuard:
    """A structlog processor that lets only listed fields through; `dropped` counts the others by name."""

    def __init__(self, declared: Iterable[str]) -> None:
        """Let `declared` names through, and those that the log sets itself."""
        self._allowed = _BASE | frozenset(declared)
        self._lock = threading.Lock()
        self.dropped: Counter[str] = Counter()

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Drop and count what is not listed; the line says how many fields it lost."""
        del logger, method
        strangers = [name for name in event if name not in self._allowed]
        for name in strangers:
            del event[name]
        if strangers:
            event["dropped_fields"] = len(strangers)
            with self._lock:
                self.dropped.update(strangers)
        return event


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor that masks what looks like a VIN in every value, nested ones included."""
    del logger, method
    for name, value in event.items():
        event[name] = _masked(value)
    return event


def configure_log(
    extra_fields: Iterable[str] = (), *, for_people: bool = False, stream: TextIO | None = None, clock: Clock | None = None
) -> FieldGuard:
    """Set structlog up for this process; gives the guard, whose count is a metric.

    `extra_fields` are those that services declare (``Item.carried`` with ``log:``). Lines are JSON unless `for_people`.
    """
    guard = FieldGuard((*FIELDS, *extra_fields))
    time_source = clock or SystemClock()

    def stamp(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        del logger, method
        event["timestamp"] = iso(time_source.now())
        return event

    # The traceback becomes text before the mask is applied; the renderer for people must then not build its own.
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=False) if for_people else structlog.processors.JSONRenderer(default=str)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            guard,
            structlog.processors.format_exc_info,
            stamp,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    return guard


def _masked(value: Any) -> Any:
    match value:
        case str():
            return _VIN.sub(MASK, value)
        case Mapping():
            return {_masked(key): _masked(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(inner) for inner in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return _VIN.sub(MASK, str(value))
