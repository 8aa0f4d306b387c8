"""Structs that people fill in, the arguments of commands and the bodies of settings documents alike: as a form, and what in a form does not fit. Pure.

The catalogue has seen to it that they hold bools, whole numbers with both limits, choices and texts, and, in a settings document, structs and
tuples of them that may be left unset (``catalogue.capabilities``, ``catalogue.document_bodies``). A place is the names and
numbers on the way to a value: ``("windows", 0, "from_min")``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import NoneType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec import inspect

from openmarque.kit.texts import Texts
from openmarque.protocol.commands import ARGUMENT_TEXT

Say = Callable[[str, str], str]
"""Gives the title of "member", of "member_inner" of a struct inside it, or of "member.choice"; or what stands in for one that nobody wrote."""
Place = tuple[str | int, ...]

_SHOWN: Final = 32
"""Characters of an unknown name that an answer repeats."""


def titles(table: str, owner: str, said: Texts) -> Say:
    """The titles in the words of its service: `table` is ``argument`` or ``setting``, `owner` the command or the kind."""
    return lambda path, otherwise: said.text_or(title_key(table, owner, path), otherwise)


def title_key(table: str, owner: str, path: str) -> str:
    """The key of the text of a title (`Say`)."""
    return f"{'choice' if '.' in path else table}.{owner}.{path}"


# The form


def form_schema(kind: type[msgspec.Struct], say: Say, prefix: str = "") -> dict[str, Any]:
    """JSON Schema (2020-12) of a struct, for a form: limits, defaults, `unit`, and a `title` for each member and each choice."""
    fields = msgspec.structs.fields(kind)
    return {
        "type": "object",
        "properties": {field.name: _member(field, f"{prefix}{field.name}", say) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


def _member(field: msgspec.structs.FieldInfo, key: str, say: Say) -> dict[str, Any]:
    schema = _schema(field.type, key, say)
    title = say(key, schema.pop("title", "") or field.name.replace("_", " "))
    member = {"title": title, **schema}
    if field.default is not msgspec.NODEFAULT:
        member["default"] = msgspec.to_builtins(field.default)
    elif field.default_factory is not msgspec.NODEFAULT:
        member["default"] = msgspec.to_builtins(field.default_factory())
    return member


def _schema(kind: Any, key: str, say: Say) -> dict[str, Any]:
    info = inspect.type_info(kind)
    extra = dict(info.extra_json_schema or {}) if isinstance(info, inspect.Metadata) else {}
    match _bare(info):
        case inspect.StructType(cls=struct):
            return {**extra, **form_schema(struct, say, f"{key}_")}
        case inspect.VarTupleType(min_length=low, max_length=high):
            items = _schema(_inner(kind)[0], key, say)
            return {**extra, "type": "array", "items": items, "minItems": low or 0, "maxItems": high}
        case inspect.TupleType():
            places = [_schema(item, key, say) for item in _inner(kind)]
            return {**extra, "type": "array", "prefixItems": places, "minItems": len(places), "maxItems": len(places)}
        case inspect.UnionType():
            return {**extra, "anyOf": [_schema(_set(kind), key, say), {"type": "null"}]}
        case inspect.BoolType():
            return {**extra, "type": "boolean"}
        case inspect.IntType(ge=low, le=high):
            return {**extra, "type": "integer", "minimum": low, "maximum": high}
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            limits = {"minLength": low, "maxLength": high, "pattern": pattern}
            return {**extra, "type": "string", **{name: limit for name, limit in limits.items() if limit is not None}}
    choices = [{"const": name, "title": say(f"{key}.{name}", name.replace("_", " "))} for name in _choices(kind)]
    return {**extra, "type": "string", "oneOf": choices}


def limits_of(kind: Any) -> str:
    """What a value may be, in signs that every language reads."""
    info = inspect.type_info(kind)
    unit = (info.extra_json_schema or {}).get("unit", "") if isinstance(info, inspect.Metadata) else ""
    match _bare(info):
        case inspect.BoolType():
            return "true | false"
        case inspect.IntType(ge=low, le=high):
            return f"{low} … {high} {unit}".strip()
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            return f"{'ASCII, ' if pattern == ARGUMENT_TEXT else ''}{low or 0} … {high}"
        case inspect.VarTupleType(min_length=low, max_length=high):
            return f"[{low or 0} … {high}]"
        case inspect.TupleType(item_types=items):
            return f"[{len(items)}]"
        case inspect.StructType(cls=struct):
            return f"object ({', '.join(struct.__struct_fields__)})"
        case inspect.UnionType():
            return f"{limits_of(_set(kind))} | null"
    return " | ".join(_choices(kind))


# What does not fit


class Problem(StrEnum):
    """What is wrong with a value in a form."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    """There is no such member."""
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that does not fit: where, and what is possible there, in signs that every language reads."""

    place: Place
    problem: Problem
    limits: str

    @property
    def path(self) -> str:
        """The place as a path in JSON: ``$.windows[0].from_min``."""
        return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.place)


def misfits(kind: Any, given: object, place: Place = ()) -> Iterator[Misfit]:
    """Everything in plain values that is not as `kind` wants it; none means that ``msgspec.convert`` takes them. Total for every JSON."""
    info = _bare(inspect.type_info(kind))
    match info:
        case inspect.StructType(cls=struct) if isinstance(given, Mapping):
            yield from _in_struct(struct, given, place)
        case inspect.VarTupleType(min_length=low, max_length=high) if isinstance(given, list | tuple):
            if not (low or 0) <= len(given) <= (len(given) if high is None else high):
                yield Misfit(place, Problem.UNFIT, limits_of(kind))
                return
            yield from (m for number, item in enumerate(given) for m in misfits(_inner(kind)[0], item, (*place, number)))
        case inspect.TupleType(item_types=items) if isinstance(given, list | tuple) and len(given) == len(items):
            pairs = enumerate(zip(_inner(kind), given, strict=True))
            yield from (m for number, (inner, item) in pairs for m in misfits(inner, item, (*place, number)))
        case inspect.UnionType():
            if given is not None:
                yield from misfits(_set(kind), given, place)
        case _:
            if not _fits(kind, given):
                yield Misfit(place, Problem.UNFIT, limits_of(kind))


def _in_struct(struct: type[msgspec.Struct], given: Mapping[Any, object], place: Place) -> Iterator[Misfit]:
    known = struct.__struct_fields__
    for name in given:
        if name not in known:
            shown = name[:_SHOWN] if isinstance(name, str) and name.isprintable() else "?"
            yield Misfit((*place, shown), Problem.UNKNOWN, ", ".join(known) or "–")
    for field in msgspec.structs.fields(struct):
        if field.name in given:
            yield from misfits(field.type, given[field.name], (*place, field.name))
        elif field.required:
            yield Misfit((*place, field.name), Problem.MISSING, limits_of(field.type))


def _fits(kind: Any, given: object) -> bool:
    if isinstance(given, str) and not given.isprintable():  # a pattern's "$" lets the end of a line through
        return False
    try:
        msgspec.convert(given, kind, strict=True)
    except (msgspec.ValidationError, RecursionError):
        return False
    return True


# Types


def _bare(info: inspect.Type) -> inspect.Type:
    return info.type if isinstance(info, inspect.Metadata) else info


def _plain(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _inner(kind: Any) -> tuple[Any, ...]:
    """The types of the items of a tuple."""
    return tuple(item for item in get_args(_plain(kind)) if item is not ...)


def _set(kind: Any) -> Any:
    """The type of what may be left unset, where it is set."""
    (inner,) = (member for member in get_args(_plain(kind)) if member is not NoneType)
    return inner


def _choices(kind: Any) -> list[str]:
    """The values of a choice in the order in which they are declared; msgspec sorts them."""
    plain = _plain(kind)
    if get_origin(plain) is Literal:
        return [str(value) for value in get_args(plain)]
    choices: type[StrEnum] = plain
    return [choice.value for choice in choices]
