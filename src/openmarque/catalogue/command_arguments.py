"""The arguments of remote commands: read against what the command declares, spelt as they are signed, told as JSON Schema. Pure.

``catalogue.capabilities`` has seen to it that every argument is a bool, a whole number with both limits, a choice or a short ASCII text.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec
from msgspec import inspect

from openmarque.kit.errors import CallerError

Argument = bool | int | str
Arguments = Mapping[str, Argument]
"""Arguments by name, as they are signed and kept: all of them, in the order in which the command declares them."""


class ArgumentInvalid(CallerError):
    """An argument of this command is missing, or is not what the command takes."""

    code = "argument-invalid"
    cure = "Give `{argument}` as: {limits}."
    http_status = 422


class ArgumentUnknown(CallerError):
    """This command has no such argument."""

    code = "argument-unknown"
    cure = "Leave `{argument}` out. The command takes: {arguments}."
    http_status = 422


def read_arguments(kind: type[msgspec.Struct], given: Mapping[str, object]) -> msgspec.Struct:
    """The typed arguments of a command that takes `kind`; what is left out has its default.

    Raises ``ArgumentUnknown`` or ``ArgumentInvalid`` with the name and the limits of the first that is wrong. Total for every JSON.
    """
    fields = msgspec.structs.fields(kind)
    for name in given:
        if name not in kind.__struct_fields__:
            shown = name[:_SHOWN] if name.isprintable() else "?"
            raise ArgumentUnknown(argument=shown, arguments=", ".join(kind.__struct_fields__) or "–")
    read: dict[str, object] = {}
    for field in fields:
        if field.name not in given and not field.required:
            continue
        value = given.get(field.name)
        try:
            if isinstance(value, str) and not value.isprintable():  # a pattern's "$" lets the end of a line through
                raise ArgumentInvalid
            read[field.name] = msgspec.convert(value, field.type)
        except (msgspec.ValidationError, ArgumentInvalid):
            raise ArgumentInvalid(
                "It is missing." if field.name not in given else "", argument=field.name, limits=_limits(field)
            ) from None
    return kind(**read)


def spelled(arguments: msgspec.Struct) -> dict[str, Argument]:
    """Arguments as they are signed and kept: every one, also where it has its default."""
    every = {name: msgspec.to_builtins(getattr(arguments, name)) for name in arguments.__struct_fields__}
    assert all(isinstance(value, bool | int | str) for value in every.values())
    return every


def arguments_schema(kind: type[msgspec.Struct], say: Callable[[str, str], str]) -> dict[str, Any]:
    """JSON Schema (2020-12) of the arguments, for a form: limits, defaults, `unit`, and a `title` for each argument and each choice.

    `say` gives the title of "argument" or "argument.choice", or what stands in for one that nobody wrote.
    """
    fields = msgspec.structs.fields(kind)
    return {
        "type": "object",
        "properties": {field.name: _schema(field, say) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


_SHOWN: Final = 32
"""Characters of an unknown name that an answer repeats."""


def _type(field: msgspec.structs.FieldInfo) -> inspect.Type:
    return inspect.type_info(field.type)


def _bare(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _extra(kind: inspect.Type) -> Mapping[str, Any]:
    return (kind.extra_json_schema or {}) if isinstance(kind, inspect.Metadata) else {}


def _limits(field: msgspec.structs.FieldInfo) -> str:
    """What an argument may be, in signs that every language reads."""
    kind = _type(field)
    unit = _extra(kind).get("unit", "")
    match _bare(kind):
        case inspect.BoolType():
            return "true | false"
        case inspect.IntType(ge=low, le=high):
            return f"{low} … {high} {unit}".strip()
        case inspect.StrType(max_length=length):
            return f"ASCII, 0 … {length}"
    return " | ".join(_choices(field))


def _schema(field: msgspec.structs.FieldInfo, say: Callable[[str, str], str]) -> dict[str, Any]:
    kind = _type(field)
    extra = _extra(kind)
    title = say(field.name, extra.get("title") or field.name.replace("_", " "))
    schema: dict[str, Any] = {**extra, "title": title}
    match _bare(kind):
        case inspect.BoolType():
            schema["type"] = "boolean"
        case inspect.IntType(ge=low, le=high):
            schema |= {"type": "integer", "minimum": low, "maximum": high}
        case inspect.StrType(max_length=length, pattern=pattern):
            schema |= {"type": "string", "maxLength": length, "pattern": pattern}
        case _:
            titles = {name: say(f"{field.name}.{name}", name.replace("_", " ")) for name in _choices(field)}
            schema |= {"type": "string", "oneOf": [{"const": name, "title": title} for name, title in titles.items()]}
    if not field.required:
        schema["default"] = msgspec.to_builtins(field.default)
    return schema


def _choices(field: msgspec.structs.FieldInfo) -> list[str]:
    """The values of a choice, in the order in which they are declared."""
    kind = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
    if get_origin(kind) is Literal:
        return [str(value) for value in get_args(kind)]
    choices: type[StrEnum] = kind
    return [choice.value for choice in choices]
