"""Log lines have a fixed event and named fields.

What may stand in a log is declared, field by field, like a column; so the fields must be readable from the source. The event is a
literal ("car connected", not a sentence with values in it), each value has a literal keyword, nothing is spread from a mapping,
and no field is a VIN. `log_calls` yields what each call would write, for the comparison with the declared fields.
"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from tools.lints.source import Finding, Source, last_name

NAME = "log-fields"
_METHODS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log", "msg"})
_METHODS_ASYNC = frozenset(f"a{name}" for name in _METHODS)
_BINDING = frozenset({"bind", "new", "try_unbind", "unbind"})
_CONTEXT = frozenset({f"structlog.contextvars.{name}" for name in ("bind_contextvars", "bound_contextvars")})
_LOGGER = re.compile(r"^_{0,2}(?:\w+_)?log(?:ger)?$", re.IGNORECASE)
_VIN = re.compile(r"(?:^|_)vins?(?:_|$)")


class LogCall(NamedTuple):
    """One place that writes to the log or binds fields to it."""

    line: int
    event: str | None
    """The literal event; None for a binding, which writes nothing itself."""
    fields: tuple[str, ...]


def log_calls(source: Source) -> Iterator[LogCall]:
    """Every log call of the file with its event and field names, as far as they are literal."""
    for call, binds in _calls(source):
        first = call.args[0] if call.args and not binds else None
        event = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
        yield LogCall(call.lineno, event, tuple(keyword.arg for keyword in call.keywords if keyword.arg))


def findings(source: Source) -> Iterator[Finding]:
    """Each log call whose event or fields can't be read from the source, or that would write a VIN."""
    for call, binds in _calls(source):
        for problem in _problems(call, binds=binds):
            yield Finding(source.path, call.lineno, NAME, problem)


def _calls(source: Source) -> Iterator[tuple[ast.Call, bool]]:
    for node in source.nodes:
        if not isinstance(node, ast.Call):
            continue
        if source.full_name(node.func) in _CONTEXT:
            yield node, True
        elif isinstance(node.func, ast.Attribute) and _is_logger(source, node.func.value):
            if node.func.attr in _METHODS | _METHODS_ASYNC:
                yield node, False
            elif node.func.attr in _BINDING:
                yield node, True


def _is_logger(source: Source, node: ast.expr) -> bool:
    """A name such as log, logger, self._log; ``structlog.get_logger()`` itself; or what binding fields to one gives back."""
    if isinstance(node, ast.Call):
        inner = node.func
        return source.full_name(inner) in {"structlog.get_logger", "structlog.stdlib.get_logger"} or (
            isinstance(inner, ast.Attribute) and inner.attr in _BINDING and _is_logger(source, inner.value)
        )
    return bool(_LOGGER.match(last_name(node))) and source.full_name(node) not in {"math.log", "numpy.log"}


def _problems(call: ast.Call, *, binds: bool) -> Iterator[str]:
    if any(keyword.arg is None for keyword in call.keywords):
        yield "fields are spread from a mapping; name each one"
    if any(_VIN.search(keyword.arg or "") for keyword in call.keywords):
        yield "a VIN is logged; log the vehicle_id"
    if binds:
        return
    if not call.args or not isinstance(call.args[0], ast.Constant) or not isinstance(call.args[0].value, str):
        yield "the event is not a literal; values go into named fields"
    if len(call.args) > 1:
        yield "values are given by position; name each one"
