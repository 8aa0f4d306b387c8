"""What an owner has a car do is a remote command, never an order: orders are what a store has.

Prose and names in the program, the app, the documents and the changelog. An order in the sense of a sequence is free ("in order", "the order
of their names", ``ORDER BY``), so is the contract's state ``ordered``: what is looked for is the noun that can be given and counted (an
order, orders), the verb in the passive, and names made of it.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

NAME: Final = "order"
PLACES: Final = ("src", "web/src", "docs", "examples", "bench", "faults", "README.md", "CHANGELOG.md")
KINDS: Final = frozenset({".py", ".toml", ".md", ".ts", ".tsx", ".html", ".lua"})
_FREE: Final = (
    (re.compile(r"\borders of magnitude\b", re.IGNORECASE), "a factor of ten"),
    (re.compile(r"\border_by\b"), "SQLAlchemy's name for a sequence"),
    (re.compile(r"\b(?:is|are|be) ordered by\b"), "sorted"),
)
"""What is no remote command although it looks like one, each with its reason."""
_COMMAND: Final = re.compile(
    r"""\borders\b | \ban\ order\b(?!\ of) | \border\ (?:to|for)\ (?:the|a|this|that|each)\ (?:car|phone|owner)
      | \b(?:was|were|be|been|being|has|have|never|who|that|as)\ ordered\b
      | \b(?:vehicle|seal|open|sign|remote|car)_order\b | \b\w+_orders\b | \border_(?!by\b)\w+ | (?-i:\bOrder[A-Z]\w*)""",
    re.IGNORECASE | re.VERBOSE,
)


def commands_called_orders(text: str) -> Iterator[tuple[int, str]]:
    """Line and word of each place in `text` that calls a remote command an order."""
    for number, line in enumerate(text.splitlines(), 1):
        rest = line
        for free, _ in _FREE:
            rest = free.sub("", rest)
        for found in _COMMAND.finditer(rest):
            yield number, found[0]


def breaches(root: Path) -> Iterator[str]:
    """A line for each such place in the files of the repository at `root`; none where git lists no files."""
    listed = subprocess.run(["git", "ls-files", "--", *PLACES], cwd=root, capture_output=True, text=True, check=False)
    for name in listed.stdout.splitlines():
        path = root / name
        if path.suffix in KINDS and path.is_file():
            for line, word in commands_called_orders(path.read_text("utf-8")):
                yield f"{name}:{line}: {NAME}: “{word}”: say remote command"
