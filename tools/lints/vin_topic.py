"""No VIN in a topic, subject, URL or path.

Knowing a VIN must give nothing, and brokers, proxies and logs all keep topics and URLs. They carry the opaque vehicle_id. The lint
looks at every way to compose a string (f-string, ``%``, ``+``, ``format``, ``join``) with a value whose name says VIN, when the
result looks like a topic or path (tokens between ``/`` or ``.``, no blanks), or when it is composed in a function or for a
parameter, keyword or variable whose name says topic, subject, channel, route, URL or client id.
"""

import ast
import re
from collections.abc import Iterator

from tools.lints.source import Finding, Source, last_name

NAME = "vin-topic"
_VIN = re.compile(r"(?:^|_)vins?(?:_|$)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:^|_)(?:topic|subject|channel|route|path|url|uri|client_id|mqtt_id|header)s?(?:_|$)", re.IGNORECASE)
_SENDING = frozenset({"publish", "subscribe", "unsubscribe", "queue_subscribe", "request", "topic_matches_sub"})
_TEMPLATE = re.compile(r"(?:^|[/.])\{(?:\w+_)?vins?\b[^}]*\}", re.IGNORECASE)
"""A route or format template such as ``/vehicles/{vin}``."""
_SAME_TEXT = frozenset({"str", "repr", "format", "quote", "quote_plus", "upper", "lower", "strip", "encode", "decode"})
"""Calls whose result still is the VIN. Any other call (a keyed hash, a lookup of the vehicle) is taken to give something else."""
_CONCEALED = re.compile(r"hash|hmac|digest|cipher|encrypted|sealed|count|valid", re.IGNORECASE)


def findings(source: Source) -> Iterator[Finding]:
    """Each composed string that would put a VIN where everyone on the way reads it."""
    places = list(_address_places(source))
    addressed = {id(node) for root in places for node in ast.walk(root)}
    for node in source.nodes:
        skeleton = _skeleton(node)
        looks = not re.search(r"\s", skeleton) and re.search(r"[/.]", skeleton)
        if "\0" in skeleton and (looks or id(node) in addressed):
            yield _finding(source, node)
    for place in places:
        if isinstance(place, ast.Name | ast.Attribute | ast.Subscript) and _carries_vin(place):
            yield _finding(source, place)
    for line, text in source.strings():
        if _TEMPLATE.search(text):
            yield Finding(source.path, line, NAME, "a VIN is a part of a template for a topic, URL or path; use vehicle_id")


def _finding(source: Source, node: ast.AST) -> Finding:
    return Finding(
        source.path, getattr(node, "lineno", 0), NAME, "a VIN goes into a topic, subject, URL or path; use vehicle_id"
    )


def _skeleton(node: ast.AST) -> str:
    """The literal text of a composed string with ``{}`` for each computed piece, NUL where a VIN would be; else empty."""
    return "".join(part if isinstance(part, str) else "\0" if _carries_vin(part) else "{}" for part in _parts(node))


def _parts(node: ast.AST) -> list[str | ast.expr]:
    """The literal and the computed pieces of a composed string; empty for anything else."""
    match node:
        case ast.JoinedStr(values=values):
            return [piece for value in values for piece in _operand(value)]
        case ast.FormattedValue(value=value):
            return [value]
        case ast.BinOp(op=ast.Add() | ast.Div(), left=left, right=right):
            slash = ["/"] if isinstance(node.op, ast.Div) else []
            return [*_operand(left), *slash, *_operand(right)]
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str(form)), right=right):
            return [form, *(right.elts if isinstance(right, ast.Tuple) else [right])]
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(form)), attr="format"), args=args, keywords=keywords):
            return [form, *args, *(keyword.value for keyword in keywords)]
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(glue)), attr="join"), args=[ast.List() | ast.Tuple() as items]
        ):
            return [glue, *items.elts]
        case _:
            return []


def _operand(node: ast.expr) -> list[str | ast.expr]:
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    return _parts(node) or [node]


def _carries_vin(node: ast.expr) -> bool:
    """Whether the value of `node` is, by its name, a VIN or the text of one."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return bool(_VIN.search(name)) and not _CONCEALED.search(name)
        case ast.Subscript(value=value, slice=ast.Slice()):
            return _carries_vin(value)
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return bool(_VIN.search(name)) and not _CONCEALED.search(name)
        case ast.Call(func=function, args=args):
            name = last_name(function)
            if name not in _SAME_TEXT:
                return bool(_VIN.search(name)) and not _CONCEALED.search(name)
            receiver = [function.value] if isinstance(function, ast.Attribute) else []
            return any(_carries_vin(inner) for inner in (*receiver, *args))
        case ast.IfExp(body=body, orelse=orelse):
            return _carries_vin(body) or _carries_vin(orelse)
        case ast.BoolOp(values=values):
            return any(_carries_vin(value) for value in values)
        case _:
            return "\0" in _skeleton(node)


def _address_places(source: Source) -> Iterator[ast.expr]:
    """Expressions whose value is used as an address."""
    for node in source.nodes:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if _ADDRESS.search(name):
                yield from (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value)
            case ast.Assign(targets=targets, value=value) if any(_ADDRESS.search(last_name(target)) for target in targets):
                yield value
            case ast.AnnAssign(target=target, value=ast.expr() as value) if _ADDRESS.search(last_name(target)):
                yield value
            case ast.keyword(arg=str(name), value=value) if _ADDRESS.search(name):
                yield value
            case ast.Call(func=ast.Attribute(attr=verb), args=[address, *_]) if verb in _SENDING:
                yield address
