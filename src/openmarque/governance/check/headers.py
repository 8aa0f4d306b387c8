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


def findings(catalogue: Catalogue, code: Iterable[Code]) -> Iterator[Finding]:
    """Header names in code that neither ``kit.headers`` nor a declaration (``header:Name``) lists."""
    declared = {name.lower() for name in (*HEADERS, *catalogue.carried("header"))}
    for file in code:
        if file.module.startswith("openmarque.governance.check"):
            continue
        for node in _names(file):
            name = literal_text(node)
            if name is not None and name.lower() not in declared:
                yield Finding(
                    "undeclared-header",
                    file.at(node),
                    f"The header {name!r} is not declared.",
                    "List it with its purpose in openmarque.kit.headers, or as 'header:Name' in the service's declaration.",
                )


def _names(file: Code) -> Iterator[ast.expr]:
    for node in file.nodes:
        match node:
            case ast.keyword(arg=str(name), value=ast.Dict(keys=keys)) if _HEADERS.search(name):
                yield from (key for key in keys if key)
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
