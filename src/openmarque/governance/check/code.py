"""The source code that is checked: our package's and every installed service's, parsed once."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Code:
    """One Python file; `module` is its dotted name."""

    path: Path
    module: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text, str(self.path))

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def docstrings(self) -> frozenset[int]:
        """The ``id`` of each string that stands alone as a statement."""
        return frozenset(
            id(node.value) for node in self.nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        )

    @cached_property
    def imports(self) -> dict[str, str]:
        """For each name bound by an import: the full name behind it."""
        names: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                names.update({alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names})
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        return names

    def strings(self) -> Iterator[tuple[ast.expr, str]]:
        """Each string the program uses with its node: an f-string as one text with ``{}`` per computed piece; no docstrings."""
        inside: set[int] = set()
        for node in self.nodes:
            if isinstance(node, ast.JoinedStr):
                inside.update(id(part) for part in ast.walk(node) if part is not node)
        for node in self.nodes:
            if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in inside | self.docstrings:
                text = literal_text(node)
                if text is not None:
                    yield node, text

    def at(self, node: ast.AST) -> str:
        """``file:line``, the file counted from the package's root."""
        parts = self.module.split(".")
        name = "/".join(parts) + (f"/{self.path.name}" if self.path.name == "__init__.py" else ".py")
        return f"{name}:{getattr(node, 'lineno', 0)}"


def literal_text(node: ast.expr) -> str | None:
    """The text of a literal, also of one in bytes; ``{}`` stands for what an f-string or a sum of strings computes. None for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(data)):
            return data.decode("utf-8", "replace")
        case ast.JoinedStr(values=values):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = literal_text(left), literal_text(right)
            return None if parts == (None, None) else "".join("{}" if part is None else part for part in parts)
        case _:
            return None


def last_name(node: ast.AST) -> str:
    """The last component of a name or attribute; empty for anything else."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def package_code(packages: Iterable[str]) -> tuple[Code, ...]:
    """Every module of `packages` (import names), those inside one another once."""
    found: dict[Path, Code] = {}
    for package in packages:
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            root = Path(folder)
            for path in sorted(root.rglob("*.py")):
                parts = [package, *path.relative_to(root).with_suffix("").parts]
                module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                found.setdefault(path, Code(path, module, path.read_text("utf-8")))
    return tuple(found.values())
