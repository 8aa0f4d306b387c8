"""What every lint shares: a parsed file, the full name behind an expression, and a finding.

Theory of operation: each file is read and parsed once, then handed to every lint. A lint is a module with `NAME` (how a finding
is quoted) and `findings(source)`, a generator without side effects. There is no suppression comment on purpose: an exception to
an invariant is a line in the lint itself, where its reason and its test stand beside it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol


class Finding(NamedTuple):
    """One place that breaks an invariant; prints as ``path:line: lint: sentence``."""

    path: PurePosixPath
    line: int
    lint: str
    message: str

    def __str__(self) -> str:
        """The form that editors and terminals turn into a link."""
        return f"{self.path}:{self.line}: {self.lint}: {self.message}"


class Lint(Protocol):
    """A module of this package."""

    NAME: str

    def findings(self, source: "Source") -> Iterator[Finding]:
        """Every breach in `source`, in any order."""
        ...


@dataclass(frozen=True)
class Source:
    """One Python or SQL file."""

    path: PurePosixPath
    """As shown in findings, relative to where the lints were started."""
    text: str

    @property
    def is_sql(self) -> bool:
        """Whether the file is SQL; it then has an empty tree."""
        return self.path.suffix == ".sql"

    @property
    def module(self) -> str:
        """The dotted module name counted from the package root, such as ``openmarque.kit.clock``.

        An ``__init__.py`` has its package's name. A file outside the package keeps its path's components, which no rule about
        the package matches.
        """
        parts = list(self.path.with_suffix("").parts)
        if "openmarque" in parts:
            parts = parts[parts.index("openmarque") :]
        if parts[-1] == "__init__":
            parts.pop()
        return ".".join(parts)

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree; raises ``SyntaxError`` on a file that Python can't read either."""
        return ast.parse("" if self.is_sql else self.text, filename=str(self.path))

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def imported(self) -> dict[str, str]:
        """For each name that an import binds anywhere in the file: the full name it stands for."""
        names: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    names[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        return names

    @cached_property
    def docstrings(self) -> frozenset[int]:
        """The ``id`` of each string that stands alone as a statement: it documents, nothing reads it."""
        return frozenset(
            id(node.value) for node in self.nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        )

    def full_name(self, node: ast.AST) -> str:
        """The dotted name of an expression with imports resolved; empty when it is not a plain dotted name.

        Under ``from datetime import datetime as dt``, ``dt.now`` is ``datetime.datetime.now``.
        """
        match node:
            case ast.Name(id=name):
                return self.imported.get(name, name)
            case ast.Attribute(value=value, attr=attr):
                base = self.full_name(value)
                return f"{base}.{attr}" if base else ""
            case _:
                return ""

    def strings(self) -> Iterator[tuple[int, str]]:
        """Line and text of each string literal that the program uses, parts of f-strings included, docstrings left out."""
        for node in self.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in self.docstrings:
                yield node.lineno, node.value


def last_name(node: ast.AST) -> str:
    """The last component of a name, attribute or subscript key: ``permit`` for ``self.permit`` and ``permit``; else empty."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case _:
            return ""


def load(path: Path, shown_from: Path) -> Source:
    """Read one file; `shown_from` is the folder that findings name it from."""
    shown = path.relative_to(shown_from) if path.is_relative_to(shown_from) else path
    return Source(PurePosixPath(shown.as_posix()), path.read_text(encoding="utf-8"))
