"""Header fields that the code sets on broker messages and HTTP answers."""

import ast
import re
from collections.abc import Iterable, Iterator

from openmarque.catalogue.register import Catalogue
from openmarque.governance.check.code import Code, last_name, literal_text
from openmarque.governance.check.finding import Finding
from openmarque.kit.headers import HEADERS

_HEADERS = re.compile(r"(?:^|_)headers?$")
_METHODS = frozenset({"setdefault", "append", "add", "update", "set"})
_PAST_NAMES = frozenset({"set_cookie", "delete_cookie", "raw_headers"})
"""Ways to a header that name none; the cookie of a session is the one that is declared."""
_SESSIONS = "openmarque.http.sessions"


def findings(catalogue: Catalogue, code: Iterable[Code]) -> Iterator[Finding]:
    """Header names in code that neither ``kit.headers`` nor a declaration (``header:Name``) lists."""
    declared = {name.lower() for name in (*HEADERS, *catalogue.carried("header"))}
    for file in code:
        if file.module.startswith("openmarque.governance.check"):
            continue
        if file.module != _SESSIONS:
            yield from (_past_names(file, node) for node in file.nodes if last_name(node) in _PAST_NAMES)
        for node in _names(file):
            name = literal_text(node)
            if name is not None and name.lower() not in declared:
                yield Finding(
                    "undeclared-header",
                    file.at(node),
                    f"The header {name!r} is not declared.",
                    "List it with its purpose in openmarque.kit.headers, or as 'header:Name' in the service's declaration.",
                )


def _past_names(file: Code, node: ast.AST) -> Finding:
    return Finding(
        "undeclared-header",
        file.at(node),
        f"{last_name(node)!r} sends a header that is not named.",
        f"Cookies are set in {_SESSIONS} only; set other headers by their names.",
    )


def _names(file: Code) -> Iterator[ast.expr]:
    for node in file.nodes:
        match node:
            case ast.keyword(arg=str(name), value=ast.Dict(keys=keys)) if _HEADERS.search(name):
                yield from (key for key in keys if key)
            case ast.keyword(arg=str(name), value=ast.Call(func=ast.Name("dict"), keywords=words)) if _HEADERS.search(name):
                yield from (ast.copy_location(ast.Constant(word.arg), word) for word in words if word.arg)
            case ast.Assign(targets=[target], value=ast.Dict(keys=keys)) if _HEADERS.search(last_name(target)):
                yield from (key for key in keys if key)
            case ast.AnnAssign(target=target, value=ast.Dict(keys=keys)) if _HEADERS.search(last_name(target)):
                yield from (key for key in keys if key)
            case ast.Subscript(value=value, slice=key, ctx=ast.Store()) if _HEADERS.search(last_name(value)):
                yield key
            case ast.Call(func=ast.Attribute(value=value, attr=method), args=[key, *_]) if (
                method in _METHODS and _HEADERS.search(last_name(value))
            ):
                yield from (k for k in (key.keys if isinstance(key, ast.Dict) else [key]) if k)
