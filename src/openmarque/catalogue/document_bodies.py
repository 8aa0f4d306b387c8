"""What is wrong with the body of a settings document, place by place. Pure.

A body is signed and hashed as JSON in one spelling (``protocol.documents``), kept as JSONB with declared keys, shown as a form, and read in a car
that has little memory. So it is a frozen struct of structs, tuples, bools, whole numbers, choices and texts; every number, text and tuple has its
limits, nothing holds itself, and everything has a default: what counts in a car in which nothing was set. There are no floats, which have
many spellings (a place is whole numbers of 1e-7 degrees), and no maps, whose keys nobody could declare.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import inspect

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
            problem = leaf_problem(leaf)
            if problem:
                yield f"`{place}` {problem}"


def leaf_problem(info: inspect.Type) -> str:
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
