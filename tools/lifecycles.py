"""Draws the life cycles of the program into the docs, each between the marks of its name; the tables of transitions are the source.

``python -m tools.lifecycles`` writes; ``tests/unit/test_lifecycles.py`` holds the pages equal. A life cycle is found in the module ``rules`` or
``states`` of any package of the program, so that none can be left out.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from openmarque.kit.lifecycle import Lifecycle

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"
_SOURCE: Final = ROOT / "src"
_MODULES: Final = ("rules", "states")
_MARKED: Final = re.compile(r"<!-- lifecycle ([\w-]+) -->\n.*?<!-- end -->", re.DOTALL)


def lifecycles() -> dict[str, Lifecycle[Any, Any, Any]]:
    """Every life cycle by name; ``ValueError`` when two have one name."""
    found: dict[str, Lifecycle[Any, Any, Any]] = {}
    for life in _found():
        if found.setdefault(life.name, life) is not life:
            raise ValueError(f"two life cycles are called {life.name!r}")
    return dict(sorted(found.items()))


def _found() -> Iterator[Lifecycle[Any, Any, Any]]:
    paths = sorted(path for name in _MODULES for path in _SOURCE.rglob(f"{name}.py"))
    for path in paths:
        module = import_module(".".join(path.relative_to(_SOURCE).with_suffix("").parts))
        yield from (value for value in vars(module).values() if isinstance(value, Lifecycle))


def drawn(page: str, lives: Mapping[str, Lifecycle[Any, Any, Any]]) -> str:
    """`page` with each marked drawing as its table has it now; ``KeyError`` for a mark of no life cycle."""
    return _MARKED.sub(lambda found: f"<!-- lifecycle {found[1]} -->\n{_drawing(lives[found[1]])}\n<!-- end -->", page)


def _drawing(life: Lifecycle[Any, Any, Any]) -> str:
    causes = (f"| {event} | {', '.join(sorted(by))} |" for event, by in life.causes.items())
    return "\n".join(["```mermaid", life.diagram(), "```", "", "| event | caused by |", "|---|---|", *causes])


def drawings(page: str) -> list[str]:
    """The names of the life cycles that `page` draws."""
    return _MARKED.findall(page)


def main() -> None:
    """Write every page anew."""
    lives = lifecycles()
    for path in sorted(DOCS.rglob("*.md")):
        page = path.read_text("utf-8")
        if drawings(page):
            path.write_text(drawn(page, lives), "utf-8")


if __name__ == "__main__":
    main()
