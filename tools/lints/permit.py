"""Only `decide()` makes a permit.

A `Permit` is the proof that the declarations allowed something; whoever could make or alter one elsewhere would go around them.
So outside the two deciding modules the class may be imported, stand in annotations and type aliases, and be asked for with
``isinstance`` or a class pattern. Every other mention is a way to forge one: a call, ``__new__``, a subclass, an alias that is
called later, a decoder told to produce it. Altering one (``replace``, ``object.__setattr__``) is the same forgery.
"""

import ast
from collections.abc import Iterator

from tools.lints.source import Finding, Source, last_name

NAME = "permit"
DECIDERS = frozenset({"openmarque.catalogue.decide", "openmarque.catalogue.policy"})
_CLASS = "Permit"
_ALTERING = frozenset(
    {
        "dataclasses.replace",
        "copy.replace",
        "msgspec.structs.replace",
        "msgspec.structs.force_setattr",
        "object.__setattr__",
        "object.__new__",
        "setattr",
        "type",
    }
)


def findings(source: Source) -> Iterator[Finding]:
    """Each mention of the class that could make a permit, and each call that alters one."""
    if source.module in DECIDERS:
        return
    allowed = {id(node) for root in _innocent_places(source) for node in ast.walk(root)}
    for node in source.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and _names_class(source, node) and id(node) not in allowed:
            yield _finding(source, node.lineno, f"{_CLASS} outside an annotation or isinstance could make one")
        if isinstance(node, ast.Call) and _alters(source, node):
            yield _finding(source, node.lineno, "a permit is altered or remade")
        if isinstance(node, ast.Call) and source.full_name(node.func) == "getattr" and _CLASS in _literals(node):
            yield _finding(source, node.lineno, f"{_CLASS} is fetched by its name")


def _finding(source: Source, line: int, what: str) -> Finding:
    return Finding(source.path, line, NAME, f"{what}; only openmarque.catalogue.decide makes permits")


def _names_class(source: Source, node: ast.Name | ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Load) and source.full_name(node).rpartition(".")[2] == _CLASS


def _innocent_places(source: Source) -> Iterator[ast.AST]:
    """Subtrees in which the class is only spoken of."""
    for node in source.nodes:
        match node:
            case ast.arg(annotation=annotation) if annotation:
                yield annotation
            case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns) if returns:
                yield returns
            case ast.AnnAssign(annotation=annotation, value=value):
                yield annotation
                if source.full_name(annotation).endswith("TypeAlias") and value:
                    yield value
            case ast.Assign(value=ast.BinOp(op=ast.BitOr()) as union):
                yield union
            case ast.Call(func=function, args=[_, kind]) if source.full_name(function) in {"isinstance", "issubclass"}:
                yield kind
            case ast.MatchClass(cls=kind):
                yield kind


def _alters(source: Source, call: ast.Call) -> bool:
    name = source.full_name(call.func)
    by_method = isinstance(call.func, ast.Attribute) and call.func.attr in {"__replace__", "_replace", "__setattr__"}
    if name not in _ALTERING and not by_method:
        return False
    subject = call.func.value if by_method and isinstance(call.func, ast.Attribute) and not call.args[:1] else None
    subject = subject or (call.args[0] if call.args else None)
    return subject is not None and "permit" in last_name(subject).lower()


def _literals(call: ast.Call) -> list[object]:
    return [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
