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
_GUARD = "openmarque.kit.log"
_PAST_GUARD = frozenset({"sys.stderr", "logging", "warnings.warn", "traceback.print_exc"})
"""Ways to write lines that do not go through the guard, by full name; a module below one of them too."""


def findings(catalogue: Catalogue, code: Iterable[Code]) -> Iterator[Finding]:
    """Fields in log calls that no declaration lists (``log:field``; the platform's own stand in ``kit.log.FIELDS``)."""
    declared = catalogue.carried("log") | _BASE
    for file in code:
        if file.module != _GUARD:
            yield from _past_guard(file)
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


def _past_guard(file: Code) -> Iterator[Finding]:
    for node in file.nodes:
        if not isinstance(node, ast.Call):
            continue
        words = ast.unparse(node.func).split(".")
        full = ".".join([file.imports.get(words[0], ""), *words[1:]])
        if any(full == name or full.startswith(f"{name}.") for name in _PAST_GUARD):
            yield Finding(
                "undeclared-log-field",
                file.at(node),
                f"{full!r} writes past the log's guard.",
                "Log with structlog: undeclared fields are dropped there, and VINs masked.",
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
