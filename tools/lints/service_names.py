"""Nothing generic names a service.

What the platform, the car and the app do for services they do for any, installed or to come: it is found by entry point and reached by
manifest (decision 0026). A name of a service outside its own folder is how the next one would need an edit there. Looked for are imports
from a service's package, and its name as a word of an identifier or of a string without blanks (a key, an address, an SQL role). Prose is
free: comments, docstrings, sentences, texts. So are migrations, which say what was.

A name that is an ordinary word too has other meanings; `ORDINARY` lists them, each with where it means what.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from tools.lints.source import Finding, Source

NAME: Final = "service-name"
GROUP: Final = "openmarque.services"
PACKAGE: Final = "openmarque"
_FREE: Final = re.compile(r"\.migrations\b|\.texts?\b")
"""Modules that tell what was, or hold words for people."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@dataclass(frozen=True)
class Ordinary:
    """`word` in `modules` (prefixes of their names), where the whole name or string is like `like`, means something else: `reason`."""

    word: str
    modules: tuple[str, ...]
    like: str
    reason: str
    as_key: bool = False
    """Whether also as a string; else as an identifier alone."""


def _in(*packages: str) -> tuple[str, ...]:
    return tuple(f"{PACKAGE}.{package}" for package in packages)


ORDINARY: Final = (
    Ordinary(
        "status",
        _in("api", "http", "domains", "kit", "storage", "cli"),
        r"(?i:_?(http|by|internal)?_?status(_code)?|<table>.*<th>status</th>.*)",
        "the number in an answer of HTTP",
        as_key=True,
    ),
    Ordinary(
        "status",
        _in("protocol", "link", "car", "catalogue", "simulator.world", "app"),
        r".*",
        "the lane of newest values, its messages and whoever handles them (DESIGN, “The vehicle link”): it carries the signals of any service",
        as_key=True,
    ),
    Ordinary("status", _in("engines"), r"status|STATUS_ZOMBIE", "how a process ended or stands"),
    Ordinary(
        "lock",
        _in("domains", "link", "storage", "governance", "http", "kit", "engines", "cli"),
        r".*",
        "a row, a file or a piece of code that others wait for, or being locked out after wrong codes",
    ),
    Ordinary(
        "lock",
        _in("engines", "storage"),
        r"lock",
        "the file that says that a home is in use, and PostgreSQL's advisory lock",
        as_key=True,
    ),
    Ordinary("lock", _in("simulator.world"), r"LOCK", "a position of the ignition switch, as VSS calls it", as_key=True),
    Ordinary("lock", _in("simulator.fleet"), r".*", "the locks of a simulated car's doors, and code that others wait for"),
)


@cache
def services() -> dict[str, str]:
    """The package of each installed service, by its name."""
    return {point.name: point.module.rpartition(".")[0] for point in entry_points(group=GROUP)}


def words(text: str) -> set[str]:
    """The words that a name is made of, in small letters: ``PostgresTrips`` and ``om_svc_trips`` hold ``trips``."""
    return {word.lower() for word in _WORD.findall(text)}


def findings(source: Source) -> Iterator[Finding]:
    """Each import from a service's package, and each use of its name, outside that package."""
    if not source.module.startswith(f"{PACKAGE}.") or _FREE.search(source.module):
        return
    for name, package in services().items():
        if source.module == package or source.module.startswith(f"{package}."):
            continue
        yield from _of(source, name, package)


def _of(source: Source, name: str, package: str) -> Iterator[Finding]:
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{package}."):
            yield Finding(source.path, node.lineno, NAME, f"imports {node.module}; reach the service by its manifest")
    named = [(line, text, False) for line, text in _identifiers(source)] + [(line, text, True) for line, text in _keys(source)]
    for line, text, is_key in named:
        if name in words(text) and not _is_ordinary(source.module, name, text, is_key=is_key):
            yield Finding(source.path, line, NAME, f"{text!r} names the service {name}; nothing outside its folder knows it")


def _identifiers(source: Source) -> Iterator[tuple[int, str]]:
    for node in source.nodes:
        match node:
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.arg(arg=text):
                yield node.lineno, text
            case ast.keyword(arg=str(text)):
                yield node.lineno, text
            case ast.FunctionDef(name=text) | ast.AsyncFunctionDef(name=text) | ast.ClassDef(name=text):
                yield node.lineno, text


def _keys(source: Source) -> Iterator[tuple[int, str]]:
    yield from ((line, text) for line, text in source.strings() if text and not re.search(r"\s", text))


def _is_ordinary(module: str, name: str, text: str, *, is_key: bool) -> bool:
    return any(
        one.word == name
        and (one.as_key or not is_key)
        and re.fullmatch(one.like, text)
        and any(f"{module}.".startswith(f"{package}.") for package in one.modules)
        for one in ORDINARY
    )


_FREE_IN_THE_APP: Final = re.compile(r'//.*|/?\*.*|role="status"')
"""Comments, and ARIA's role of what a page says by itself."""


def breaches(root: Path) -> Iterator[str]:
    """A line for each place in the app that imports from a service's folder or holds its name as a string, outside that folder."""
    listed = subprocess.run(["git", "ls-files", "--", "web/src"], cwd=root, capture_output=True, text=True, check=False)
    for file in listed.stdout.splitlines():
        if (
            not file.endswith((".ts", ".tsx"))
            or "/texts/" in file
            or file.startswith("web/src/api/")
            or not (root / file).is_file()
        ):
            continue
        lines = (root / file).read_text("utf-8").splitlines()
        for name in services():
            if file.startswith(f"web/src/services/{name}/"):
                continue
            named = re.compile(rf"""["'`]{name}["'`]|services/{name}\b""")
            for number, line in enumerate(lines, 1):
                if named.search(_FREE_IN_THE_APP.sub("", line)):
                    yield f"{file}:{number}: {NAME}: names the service {name}; nothing outside its folder knows it"
