"""The database never tells the time.

Our clock can be moved (tests, the deterministic world, an operator's exercise); PostgreSQL's can't. One ``now()`` in a statement,
a default or a migration would let rows disagree with the code that wrote them. So an instant always arrives as a parameter.
A ``server_default`` that calls a function is refused too: defaults are made where the clock and the identifiers are.
"""

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source

NAME = "sql-clock"
_CLOCK = re.compile(
    r"\b(?:now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)"
    r"|\bcurrent_(?:timestamp|date|time)\b|\blocaltimestamp\b|(?<![.\w])localtime\b(?!\s*\()"
    r"|'(?:now|today|tomorrow|yesterday)'\s*::|\b(?:timestamptz?|date|time)\s+'(?:now|today|tomorrow|yesterday)'",
    re.IGNORECASE,
)
_FUNCTIONS = frozenset(
    {"now", "current_timestamp", "current_date", "current_time", "localtime", "localtimestamp", "clock_timestamp"}
    | {"statement_timestamp", "transaction_timestamp", "timeofday"}
)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def findings(source: Source) -> Iterator[Finding]:
    """Each place where SQL, or SQLAlchemy's rendering of it, would ask the database for the time."""
    if source.is_sql:
        yield from _in_text(source, 1, _COMMENT.sub(lambda comment: re.sub(r"[^\n]", " ", comment[0]), source.text))
        return
    for line, text in source.strings():
        yield from _in_text(source, line, text)
    for node in source.nodes:
        if isinstance(node, ast.Attribute | ast.Name) and _is_function(source, node):
            yield Finding(source.path, node.lineno, NAME, "the database's clock is asked; pass our clock's instant instead")
        if isinstance(node, ast.keyword) and node.arg in {"server_default", "server_onupdate"} and _calls_func(source, node):
            yield Finding(source.path, node.value.lineno, NAME, f"{node.arg} calls a function; the code makes the value")


def _in_text(source: Source, line: int, text: str) -> Iterator[Finding]:
    for match in _CLOCK.finditer(text):
        at = line + text.count("\n", 0, match.start())
        yield Finding(
            source.path, at, NAME, f"SQL asks the database for the time ({match[0]}); pass our clock's instant instead"
        )


def _is_function(source: Source, node: ast.Attribute | ast.Name) -> bool:
    base, _, name = source.full_name(node).rpartition(".")
    return name in _FUNCTIONS and (base == "func" or base.endswith(".func") or base == "sqlalchemy.sql.functions")


def _calls_func(source: Source, keyword: ast.keyword) -> bool:
    names = (source.full_name(node) for node in ast.walk(keyword.value) if isinstance(node, ast.Attribute))
    return any(name.rpartition(".")[0].endswith("func") for name in names)
