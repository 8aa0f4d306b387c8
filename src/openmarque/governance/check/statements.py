"""Statements that write: which module writes which table and column, and which JSON keys SQL and code name."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from openmarque.catalogue.register import Catalogue
from openmarque.governance.check.code import Code, last_name
from openmarque.governance.check.finding import Finding
from openmarque.governance.database import declared_keys

_WRITE: Final = re.compile(
    r"\b(?:INSERT\s+INTO|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?|COPY|(?:ALTER|DROP|CREATE)\s+TABLE(?:\s+IF(?:\s+NOT)?\s+EXISTS)?)\s+"
    r"(?:ONLY\s+)?\"?(?P<table>[\w.{}]+)\"?\s*(?P<columns>\([^)]*\))?"
    r"|\bUPDATE\s+(?:ONLY\s+)?\"?(?P<updated>[\w.{}]+)\"?(?:\s+(?:AS\s+)?(?!SET\b)\w+)?\s+SET\s+(?P<sets>.*?)(?=\bFROM\b|\bWHERE\b|\bRETURNING\b|$)",
    re.DOTALL,
)
"""SQL keywords in capitals, as everywhere here: an English sentence that deletes from something is not a statement."""
_UNREADABLE: Final = re.compile(
    r"^\s*(?:insert\s+into|delete\s+from|merge\s+into|update\s+\S+\s+set|create\s+(?:unlogged|temp(?:orary)?)\s+table|select\b.+\binto)\s",
    re.DOTALL | re.IGNORECASE,
)
"""What begins as a statement that writes, in whatever letters: one that `_WRITE` does not read can't be checked, so it may not be."""
_SET: Final = re.compile(r"(?:^|,)\s*\"?([a-z_][a-z0-9_]*)\"?\s*=")
_JSON_KEY: Final = re.compile(r"->>?\s*'([^']+)'|jsonb_build_object\(\s*'([^']+)'")

_OWN_STORE: Final = ("openmarque.car", "openmarque.simulator")
"""The car's memory is a file of its own in the car; the world has fakes."""
_OWNERS_TOOLS: Final = (
    "openmarque.storage.migrations",
    "openmarque.storage.event_tables",
    "openmarque.storage.partitions",
    "openmarque.governance.enforcing",
)
"""Run as the database's owner, on the schema and not on anybody's data; partitions move rows within their table."""
_BY_DECLARATION: Final = {
    "openmarque.governance.timers": ("DELETE FROM {",),
    "openmarque.storage.events": ("INSERT INTO {", "DELETE FROM {"),
}
"""Take the names of tables and columns from the declarations: one deletes what is due in a role that may do nothing else, the other
keeps the events of services, each in the role of its service."""
_ALSO_WRITES: Final = {("car_policy", "openmarque.governance.facts"): "the compiler of policies stores them"}


def findings(catalogue: Catalogue, code: Iterable[Code], owners: Mapping[str, str]) -> Iterator[Finding]:
    """Writes to undeclared tables and columns, writes from outside the owner's package, undeclared JSON keys."""
    declared = set(catalogue.declared_fields())
    keys = {
        key for place in declared for key in declared_keys(catalogue, place.partition("[")[0])
    } | catalogue.declared_signals()
    for file in code:
        if file.module.startswith((*_OWN_STORE, *_OWNERS_TOOLS, "openmarque.governance.check")):
            continue
        for node, text in file.strings():
            written = list(_WRITE.finditer(text))
            for match in written:
                yield from _write(file, node, match, owners, declared)
            if not written and _UNREADABLE.search(text):
                yield Finding(
                    "unreadable-statement",
                    file.at(node),
                    f"What {' '.join(text.split())[:40]!r} writes can't be read here.",
                    "Write INSERT INTO, UPDATE … SET or DELETE FROM in capitals, with the table's name; no MERGE, SELECT INTO or temporary table.",
                )
            for arrow, built in _JSON_KEY.findall(text):
                yield from _json_key(file, node, arrow or built, keys)
        yield from _core_writes(file, owners)
        for call in file.nodes:
            if isinstance(call, ast.Call) and last_name(call.func) in {"Jsonb", "Json"} and call.args:
                yield from _json_literal(file, call.args[0], keys)


def _write(
    file: Code, node: ast.expr, match: re.Match[str], owners: Mapping[str, str], declared: set[str]
) -> Iterator[Finding]:
    table = (match["table"] or match["updated"]).removeprefix("public.")
    if match[0].startswith(_BY_DECLARATION.get(file.module, ("\0",))):
        return
    if table not in owners:
        yield Finding(
            "undeclared-table",
            file.at(node),
            f"It writes to {table!r}, which no package declares."
            if "{" not in table
            else "It writes to a table whose name it computes.",
            "Declare the table in the package's tables.py and its columns in a declaration; name it literally.",
        )
        return
    yield from _foreign(file, node, table, owners)
    listed = re.findall(r"[a-z_][a-z0-9_]*", match["columns"] or "") if match["table"] else _SET.findall(_flat(match["sets"]))
    for column in listed:
        if f"{table}.{column}" not in declared:
            yield Finding(
                "undeclared-column", file.at(node), f"It writes {table}.{column}, which no declaration covers.", "Declare it."
            )


def _core_writes(file: Code, owners: Mapping[str, str]) -> Iterator[Finding]:
    """SQLAlchemy's ``insert(table)`` and ``table.insert()`` with a table imported from another package."""
    for node in file.nodes:
        match node:
            case ast.Call(func=ast.Name(id="insert" | "update" | "delete"), args=[ast.Name(id=name), *_]):
                yield from _imported(file, node, name, owners)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="insert" | "update" | "delete")):
                yield from _imported(file, node, name, owners)


def _imported(file: Code, node: ast.Call, name: str, owners: Mapping[str, str]) -> Iterator[Finding]:
    module, _, table = file.imports.get(name, "").rpartition(".")
    if module.endswith(".tables") and table in owners:
        yield from _foreign(file, node, table, owners)


def _foreign(file: Code, node: ast.expr, table: str, owners: Mapping[str, str]) -> Iterator[Finding]:
    owner = owners[table]
    if f"{file.module}.".startswith(f"{owner}.") or (table, file.module) in _ALSO_WRITES:
        return
    yield Finding(
        "foreign-write",
        file.at(node),
        f"It writes to {table}, which belongs to {owner}.",
        f"Call {owner} instead of writing its table.",
    )


def _flat(sets: str) -> str:
    """`sets` without what stands in brackets: a comma there begins no assignment."""
    flat, depth = [], 0
    for character in sets:
        depth += (character == "(") - (character == ")")
        if depth == 0:
            flat.append(character)
    return "".join(flat)


def _json_literal(file: Code, node: ast.expr, keys: set[str] | frozenset[str]) -> Iterator[Finding]:
    if isinstance(node, ast.Dict):
        for key in node.keys:
            if isinstance(key, ast.Constant):
                yield from _json_key(file, key, str(key.value), keys)


def _json_key(file: Code, node: ast.expr, key: str, keys: set[str] | frozenset[str]) -> Iterator[Finding]:
    if key not in keys:
        yield Finding(
            "undeclared-json-key", file.at(node), f"The JSON key {key!r} is not declared.", "Declare it as table.column[key]."
        )
