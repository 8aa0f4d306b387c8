"""Subjects on the broker and MQTT topics: all come from ``link.subjects``, and none names a VIN."""

import ast
import re
from collections.abc import Iterable, Iterator

from openmarque.governance.check.code import Code, last_name, literal_text
from openmarque.governance.check.finding import Finding
from openmarque.link.subjects import SUBJECTS

_REGISTRY = "openmarque.link.subjects"
_SENDING = frozenset({"publish", "subscribe", "request", "publish_after_commit", "unsubscribe"})
_ALWAYS = frozenset({"publish", "subscribe", "publish_after_commit"})
"""Methods whose first argument is an address whatever it looks like; ``request`` also names HTTP methods."""
_ADDRESS = re.compile(r"(?:^|_)(?:subject|topic)s?$", re.IGNORECASE)
_VIN = re.compile(r"(?:^|[^a-z])vin(?:[^a-z]|$)", re.IGNORECASE)
_FORM = re.compile(r"[\w{}$*>-]+(?:[./][\w{}$*>+#-]+)+")
_SOME_ID = "0" * 32
_OTHERS = ("$SYS.", "$MQTT.", "_INBOX.")
"""The broker's own subjects: rights on them are in the server's configuration (``engines.nats_config``)."""
_NOT_ON_THE_LINK = ("openmarque.engines", "openmarque.governance.check")
"""The engines configure the broker itself; this package names the forms it looks for."""


def findings(code: Iterable[Code]) -> Iterator[Finding]:
    """Declared subjects without purpose or with a VIN, and addresses written in code that aren't declared."""
    for subject in SUBJECTS:
        if not subject.purpose.strip():
            yield Finding("subject-without-purpose", subject.pattern, "Nobody has said what it is for.", "State its purpose.")
        if _VIN.search(subject.pattern.replace("_", " ")):
            yield _vin(subject.pattern)
    for file in code:
        if file.module != _REGISTRY and not file.module.startswith(_NOT_ON_THE_LINK):
            yield from _in_file(file)


def _in_file(file: Code) -> Iterator[Finding]:
    sent = {id(n.args[0]) for n in file.nodes if isinstance(n, ast.Call) and n.args and last_name(n.func) in _ALWAYS}
    for node in _addresses(file):
        text = literal_text(node)
        if text is None or text.startswith(_OTHERS) or not (id(node) in sent or _FORM.fullmatch(text)):
            continue
        if _names_vin(node):
            yield _vin(file.at(node))
        if not _is_declared(_tokens(text)):
            yield Finding(
                "undeclared-subject",
                file.at(node),
                f"{text!r} is no declared subject.",
                f"Declare it with its purpose in {_REGISTRY}.",
            )


def _addresses(file: Code) -> Iterator[ast.expr]:
    """Expressions used as an address: what is sent to, what is called subject or topic, what a function so called returns."""
    for node in file.nodes:
        match node:
            case ast.Call(func=function, args=[address, *_]) if last_name(function) in _SENDING:
                yield address
            case ast.Call(func=function, args=[address, *_]) if last_name(function) == "Subject":
                yield address
            case ast.keyword(arg=str(name), value=value) if _ADDRESS.search(name):
                yield value
            case ast.Assign(targets=[target], value=value) if _ADDRESS.search(last_name(target)):
                yield value
            case ast.AnnAssign(target=target, value=ast.expr() as value) if _ADDRESS.search(last_name(target)):
                yield value
            case ast.FunctionDef(name=name) if _ADDRESS.search(name):
                yield from (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value)


def _tokens(address: str) -> list[str]:
    """The parts of a topic or subject; what is computed, and ``+``, as ``*``; ``#`` as ``>``."""
    return re.sub(r"\{\w*\}|\+", "*", address.replace("/", ".").replace("#", ">")).split(".")


def _is_declared(address: list[str]) -> bool:
    """Whether an address in code can be one of a declared pattern's. One without any literal part says nothing and is none."""
    if all(part in {"*", ">"} for part in address):
        return False
    example = ".".join(_SOME_ID if part == "*" else part for part in address)
    return any(_covers(address, _tokens(s.pattern)) or s.regex.fullmatch(example) for s in SUBJECTS)


def _covers(address: list[str], pattern: list[str]) -> bool:
    """Part by part; the first, when computed, may be several, and ``>`` at the end any number."""
    if address[-1] == ">":
        return any(_covers([*address[:-1], *pattern[-rest:]], pattern) for rest in range(1, len(pattern)))
    if address[0] == "*" and 1 < len(address) < len(pattern):
        return address[1:] == pattern[1 - len(address) :]
    return address == pattern


def _names_vin(node: ast.expr) -> bool:
    names = {last_name(inner) for inner in ast.walk(node)}
    return any(_VIN.search(name.replace("_", " ")) for name in names) or bool(
        _VIN.search((literal_text(node) or "").replace("_", " "))
    )


def _vin(where: str) -> Finding:
    return Finding("vin-in-subject", where, "A VIN would stand in a subject or topic.", "Use vehicle_id, which tells nothing.")
