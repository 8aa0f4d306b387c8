"""Services and domains never commit.

One request or one message is one transaction, and only the edge knows where it ends. A commit further in would make half of it
lasting: a row without its outbox entry, an acknowledgement without what it acknowledges.
"""

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source

NAME = "commit"
_INNER = ("openmarque.services.", "openmarque.domains.")
_METHODS = frozenset({"commit", "rollback"})
"""A savepoint (``begin_nested``) ends nothing, and lets a refusal be recorded beside what was undone."""
_SQL = re.compile(r"^\s*(?:commit|rollback)\s*(?:work|transaction|prepared\b.*)?\s*;?\s*$", re.IGNORECASE)


def findings(source: Source) -> Iterator[Finding]:
    """Each use of a method, or statement in SQL, that ends a transaction."""
    if not source.module.startswith(_INNER):
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr in _METHODS:
            yield Finding(source.path, node.lineno, NAME, f".{node.attr} in a service or domain; the edge owns the transaction")
    for line, text in source.strings():
        if _SQL.match(text):
            yield Finding(source.path, line, NAME, f"SQL {text.strip()} in a service or domain; the edge owns the transaction")
