"""Fields of log lines."""

import ast
import re
from collections.abc import Iterable, Iterator

from openmarque.catalogue.register import Catalogue
from openmarque.governance.check.code import Code, last_name
from openmarque.governance.check.finding import Finding

_WRITING = frozenset({"debug", "info", "warning", "error", "exception", "critical", "bind", "new"})
_LOGGER = re.compile(r"^_*(?:\w+_)?log(?:ger)?$", re.IGNORECASE)
_CONTEXT = frozenset({"bind_contextvars", "bound_contextvars"})
_BASE = frozenset({"exc_info", "stack_info"})


def findings(catalogue: Catalogue, code: Iterable[Code]) -> Iterator[Finding]:
    """Fields in log calls that no declaration lists (``log:field``; the platform's own stand in ``kit.log.FIELDS``)."""
    declared = catalogue.carried("log") | _BASE
    for file in code:
        for node in file.nodes:
            if not isinstance(node, ast.Call) or not _writes_log(node):
                continue
            for keyword in node.keywords:
                if keyword.arg is None or keyword.arg not in declared:
                    yield Finding(
                        "undeclared-log-field",
                        file.at(keyword.value),
                        f"The log field {keyword.arg or '**'!r} is not declared; at run time it is dropped.",
                        "List it with its purpose in openmarque.kit.log, or as 'log:field' in the service's declaration.",
                    )


def _writes_log(call: ast.Call) -> bool:
    if last_name(call.func) in _CONTEXT:
        return True
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in _WRITING
        and bool(_LOGGER.match(_logger_name(call.func.value)))
    )


def _logger_name(node: ast.expr) -> str:
    """The name of the logger that a chain such as ``log.bind(...).info`` begins with."""
    match node:
        case ast.Call(func=ast.Attribute(value=value, attr=attr)):
            return "log" if attr == "get_logger" else _logger_name(value)
        case _:
            return last_name(node)
