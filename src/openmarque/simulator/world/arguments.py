"""Arguments of remote commands, drawn from the struct that a command declares: right ones, and ones that must be refused."""

from collections.abc import Mapping
from enum import StrEnum
from random import Random
from typing import Final

import msgspec
from msgspec import inspect

from openmarque.protocol.commands import MAX_ARGUMENT_TEXT, MAX_COUNTER
from openmarque.protocol.sensing import ArgumentValue

_TEXT: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in '"\\')
"""What a signed payload can spell (``protocol.commands.ARGUMENT_TEXT``)."""
Arguments = dict[str, ArgumentValue]


def draw(random: Random, kind: type[msgspec.Struct]) -> Arguments:
    """Arguments that the command takes, at their limits as often as between them."""
    return {field.name: _value(random, _bare(field.type)) for field in msgspec.structs.fields(kind)}


def spoil(random: Random, kind: type[msgspec.Struct], arguments: Mapping[str, ArgumentValue]) -> Arguments:
    """The same with one mistake: one is missing, unknown, of another type, or beyond its limit."""
    required = [field.name for field in msgspec.structs.fields(kind) if field.required]
    spoilt = [field for field in msgspec.structs.fields(kind) if not isinstance(_bare(field.type), inspect.BoolType)]
    ways = ["unknown", *(["missing"] if required else []), *(["type", "limit"] if spoilt else [])]
    way = random.choice(ways)
    if way == "missing":
        gone = random.choice(required)
        return {name: value for name, value in arguments.items() if name != gone}
    if way == "unknown":
        return {**arguments, "nobody_declared": 1}
    field = random.choice(spoilt)
    return {**arguments, field.name: _wrong_type(_bare(field.type)) if way == "type" else _beyond(_bare(field.type))}


def _bare(kind: object) -> inspect.Type:
    found = inspect.type_info(kind)
    return found.type if isinstance(found, inspect.Metadata) else found


def _value(random: Random, kind: inspect.Type) -> ArgumentValue:
    match kind:
        case inspect.BoolType():
            return random.random() < 0.5
        case inspect.IntType(ge=low, le=high):
            least, most = low if low is not None else -MAX_COUNTER, high if high is not None else MAX_COUNTER
            return random.choice((least, most, random.randint(least, most)))
        case inspect.StrType(max_length=length):
            return "".join(random.choices(_TEXT, k=random.choice((0, 1, length or MAX_ARGUMENT_TEXT))))
        case other:
            return random.choice(_choices(other))


def _choices(kind: inspect.Type) -> list[str]:
    match kind:
        case inspect.LiteralType(values=values):
            return [str(value) for value in values]
        case inspect.EnumType(cls=choices) if issubclass(choices, StrEnum):
            return [str(choice.value) for choice in choices]
    raise TypeError(f"{kind} can't be an argument of a command: the catalogue refuses it")


def _wrong_type(kind: inspect.Type) -> ArgumentValue:
    return "1" if isinstance(kind, inspect.IntType) else 1


def _beyond(kind: inspect.Type) -> ArgumentValue:
    match kind:
        case inspect.IntType(le=high) if high is not None and high < MAX_COUNTER:
            return high + 1
        case inspect.StrType(max_length=length) if length is not None and length < MAX_ARGUMENT_TEXT:
            return "a" * (length + 1)
        case inspect.IntType() | inspect.StrType():
            return _wrong_type(kind)
    return "none_of_the_choices"
