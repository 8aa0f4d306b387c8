"""What is wrong with the body of a settings document, place by place. Pure.

A body is signed and hashed as JSON in one spelling (``protocol.documents``), kept as JSONB with declared keys, shown as a form, and read in a car
that has little memory. So it is a frozen struct of structs, tuples, bools, whole numbers, choices and texts; every number, text and tuple has its
limits, nothing holds itself, and everything has a default: what counts in a car in which nothing was set. There are no floats, which have
many spellings (a place is whole numbers of 1e-7 degrees), and no maps, whose keys nobody could declare.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

from openmarque.kit.texts import Texts
from openmarque.protocol.commands import MAX_NAME, NAME
from openmarque.protocol.documents import MAX_NUMBER, DocumentRejected, read_body, write_body

_MOST_TEXT: Final = 2_000
"""Characters of one text: a page; what is longer is no setting."""


def body_problems(body: type[msgspec.Struct], max_bytes: int) -> Iterator[str]:
    """Everything that is wrong with the struct of a body, each as "`$.place` is …"."""
    try:
        info = inspect.type_info(body)
    except (TypeError, RecursionError) as error:
        yield f"`$` can't be read: {error}"
        return
    problems = list(_struct(info, "$", ()))
    yield from problems or _default(body, max_bytes)


def _struct(info: inspect.Type, place: str, outer: tuple[type, ...]) -> Iterator[str]:
    if not isinstance(info, inspect.StructType):
        yield f"`{place}` is no msgspec.Struct"
        return
    if info.cls in outer:
        yield f"`{place}` holds itself: no reader would know how deep it goes"
        return
    yield from (f"`{place}` must {duty}" for duty in struct_duties(info.cls))
    if info.cls.__struct_config__.omit_defaults:
        yield f"`{place}` must write every field (no omit_defaults)"
    for field in info.fields:
        inner = f"{place}.{field.name}"
        if re.match(NAME, field.name) is None or len(field.name) > MAX_NAME:
            yield f"`{inner}` is not named by {NAME}, {MAX_NAME} characters at most"
        yield from _value(field.type, inner, (*outer, info.cls))


def _value(info: inspect.Type, place: str, outer: tuple[type, ...]) -> Iterator[str]:
    match info.type if isinstance(info, inspect.Metadata) else info:
        case inspect.StructType() as struct:
            yield from _struct(struct, place, outer)
        case inspect.VarTupleType(max_length=longest, item_type=item):
            if longest is None:
                yield f"`{place}` has no greatest length: say Meta(max_length=…)"
            yield from _value(item, f"{place}[]", outer)
        case inspect.TupleType(item_types=items):
            for number, item in enumerate(items):
                yield from _value(item, f"{place}[{number}]", outer)
        case inspect.UnionType(types=types) if sum(not isinstance(t, inspect.NoneType) for t in types) == 1:
            yield from (p for t in types if not isinstance(t, inspect.NoneType) for p in _value(t, place, outer))
        case leaf:
            problem = _leaf(leaf)
            if problem:
                yield f"`{place}` {problem}"


def _leaf(info: inspect.Type) -> str:
    """What is wrong with something that holds nothing else; empty when nothing is."""
    match info:
        case inspect.BoolType():
            return ""
        case inspect.IntType(ge=int(low), le=int(high)) if -MAX_NUMBER <= low <= high <= MAX_NUMBER:
            return ""
        case inspect.IntType():
            return "is a whole number without both limits: say Meta(ge=…, le=…), within ±(2^53 - 1)"
        case inspect.StrType(max_length=int(length)) if length <= _MOST_TEXT:
            return ""
        case inspect.StrType():
            return f"is a text without a greatest length: say Meta(max_length=…), {_MOST_TEXT} at most"
        case inspect.LiteralType(values=choices) if all(_is_choice(choice) for choice in choices):
            return ""
        case inspect.EnumType(cls=choices) if all(_is_choice(choice.value) for choice in choices):
            return ""
    return "has no one spelling: take a struct, tuple, bool, whole number, choice, text, or one of these or None"


def _is_choice(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= MAX_NAME


def struct_duties(body: type) -> Iterator[str]:
    """What a struct must be, and is not, to have one spelling as a JSON object."""
    if not issubclass(body, msgspec.Struct):
        yield "be a msgspec.Struct"
        return
    config = body.__struct_config__
    if not config.frozen:
        yield "be frozen (frozen=True)"
    if not config.forbid_unknown_fields:
        yield "refuse what it does not know (forbid_unknown_fields=True)"
    if config.array_like or config.tag is not None or body.__struct_encode_fields__ != body.__struct_fields__:
        yield "be spelt as it is named (no array_like, tag or rename)"


def _default(body: type[msgspec.Struct], max_bytes: int) -> Iterator[str]:
    """What is wrong with what counts when nothing was set."""
    try:
        text = write_body(body())
    except TypeError as error:
        yield f"`$` needs a default for each field: {error}"
        return
    try:
        read_body(text, body, max_bytes=max_bytes)
    except DocumentRejected as error:
        yield f"`$` has defaults that its own limits refuse: {error.detail}"


# The form

Say = Callable[[str, str], str]
"""Gives the title of "member", of "member_inner" of a struct inside it, or of "member.choice"; or what stands in for one that nobody wrote."""


def body_schema(body: type[msgspec.Struct], say: Say) -> dict[str, Any]:
    """JSON Schema (2020-12) of a body, for a form: limits, defaults, `unit`, and a `title` for each member and each choice."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object_schema(body, "", say)}


def titles(kind: str, said: Texts) -> Say:
    """The titles of `body_schema` for the bodies of a kind, in the words of its service."""
    return lambda path, otherwise: said.text_or(f"{'choice' if '.' in path else 'setting'}.{kind}.{path}", otherwise)


def _object_schema(body: type[msgspec.Struct], prefix: str, say: Say) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for field in msgspec.structs.fields(body):
        key = f"{prefix}{field.name}"
        schema = _schema(inspect.type_info(field.type), key, say)
        title = say(key, schema.pop("title", "") or field.name.replace("_", " "))
        properties[field.name] = {"title": title, **schema}
        if field.default is not msgspec.NODEFAULT:
            properties[field.name]["default"] = msgspec.to_builtins(field.default)
        elif field.default_factory is not msgspec.NODEFAULT:
            properties[field.name]["default"] = msgspec.to_builtins(field.default_factory())
    required = [field.name for field in msgspec.structs.fields(body) if field.required]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _schema(info: inspect.Type, key: str, say: Say) -> dict[str, Any]:
    extra = dict(info.extra_json_schema or {}) if isinstance(info, inspect.Metadata) else {}
    match info.type if isinstance(info, inspect.Metadata) else info:
        case inspect.StructType(cls=body):
            return {**extra, **_object_schema(body, f"{key}_", say)}
        case inspect.VarTupleType(item_type=item, min_length=low, max_length=high):
            return {**extra, "type": "array", "items": _schema(item, key, say), "minItems": low or 0, "maxItems": high}
        case inspect.TupleType(item_types=items):
            places = [_schema(item, key, say) for item in items]
            return {**extra, "type": "array", "prefixItems": places, "minItems": len(places), "maxItems": len(places)}
        case inspect.UnionType(types=types):
            (one,) = (t for t in types if not isinstance(t, inspect.NoneType))
            return {**extra, "anyOf": [_schema(one, key, say), {"type": "null"}]}
        case leaf:
            return {**extra, **_leaf_schema(leaf, key, say)}


def _leaf_schema(info: inspect.Type, key: str, say: Say) -> dict[str, Any]:
    match info:
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType(ge=low, le=high):
            return {"type": "integer", "minimum": low, "maximum": high}
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            limits = {"minLength": low, "maxLength": high, "pattern": pattern}
            return {"type": "string", **{name: limit for name, limit in limits.items() if limit is not None}}
        case inspect.LiteralType(values=values):
            choices = [str(value) for value in values]
        case inspect.EnumType(cls=cls):
            choices = [str(choice.value) for choice in cls]
        case _:
            raise AssertionError(f"{info} is in no body; the catalogue refuses it")
    return {"type": "string", "oneOf": [{"const": c, "title": say(f"{key}.{c}", c.replace("_", " "))} for c in choices]}
