"""Typed records: a field stands once, and columns, inserts, readers, declared places and the twin in memory are read off it. Pure.

A record is a frozen ``msgspec.Struct``. Its fields become columns in their order:

    bool → boolean · int → bigint · float → float8 · str and StrEnum → text · IntEnum → smallint · bytes → bytea
    datetime → timestamptz (aware) · UUID → uuid · a struct or named tuple inside it → its own fields, ``outer_inner``

``X | None`` gives a column that may be null. Milliseconds by a car's clock stay integers. ``msgspec.Meta(description=…)`` is the
column's comment. Anything else can't be stored and is told so when the record is looked at, that is when its module is imported.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect

from openmarque.kit.errors import OpenMarqueError

Body = TypeVar("Body", bound=msgspec.Struct)
Values = tuple[Any, ...]
_BEYOND: Final = 2**63


class Kind(StrEnum):
    """What a column holds, as PostgreSQL calls it."""

    BOOLEAN = "boolean"
    BIGINT = "bigint"
    SMALLINT = "smallint"
    INTEGER = "integer"
    DOUBLE = "float8"
    TEXT = "text"
    BYTES = "bytea"
    INSTANT = "timestamptz"
    UUID = "uuid"


class RecordWrong(OpenMarqueError):
    """A record can't be stored as it is written."""

    code = "record-wrong"
    cure = "Change the field where the record is declared; catalogue/records.py says what can be stored."


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column. `default` is what rows get that were stored before the column was there; ``msgspec.NODEFAULT``: there is none."""

    name: str
    kind: Kind
    nullable: bool = False
    comment: str | None = None
    default: Any = msgspec.NODEFAULT
    path: str = ""
    """The field with the structs that it is inside of, ``outer.inner``: how fields of messages are declared."""
    unit: str = ""
    """As ``msgspec.Meta(extra_json_schema={"unit": …})`` of the field says it."""
    choices: tuple[tuple[str | int, str], ...] = ()
    """Of a choice (``Literal``, ``StrEnum``, ``IntEnum``): each value as it is stored, and its name."""


@cache
def columns_of(record: type[msgspec.Struct]) -> tuple[ColumnSpec, ...]:
    """The columns of a record. Raises ``RecordWrong`` with the record and the field."""
    if not record.__struct_config__.frozen:
        raise RecordWrong(f"{record.__name__} is not frozen.")
    columns = tuple(_columns(record, "", "", msgspec.NODEFAULT))
    names = [column.name for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise RecordWrong(f"{record.__name__} has two columns called {name!r}.")
    return columns


def _columns(record: type[msgspec.Struct], prefix: str, path: str, outer: Any) -> Iterator[ColumnSpec]:
    info = inspect.type_info(record)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        name, where = f"{prefix}{field.name}", f"{path}{field.name}"
        default = field.default if outer is msgspec.NODEFAULT else getattr(outer, field.name)
        of, comment = _bare(field.type)
        nullable = isinstance(of, inspect.UnionType) and of.includes_none
        if isinstance(of, inspect.UnionType) and nullable and len(of.types) == 2:
            of, inner_comment = _bare(next(t for t in of.types if not isinstance(t, inspect.NoneType)))
            comment = comment or inner_comment
        if isinstance(of, inspect.StructType) and not nullable:
            yield from _columns(of.cls, f"{name}_", f"{where}.", default)
            continue
        if isinstance(of, inspect.NamedTupleType) and not nullable:
            yield from (
                replace(column, name=f"{name}_{column.name}", path=where, default=_of_tuple(default, number))
                for number, column in enumerate(_of_named_tuple(of, record, field.name))
            )
            continue
        kind = _kind(of)
        if kind is None:
            raise RecordWrong(f"{record.__name__}.{field.name} is of a type that no column has.")
        yield ColumnSpec(name, kind, nullable, comment, default, where, _unit(field.type), _choices(of))


def _of_named_tuple(of: inspect.NamedTupleType, record: type[msgspec.Struct], outer: str) -> Iterator[ColumnSpec]:
    for field in of.fields:
        kind = _kind(_bare(field.type)[0])
        if kind is None:
            raise RecordWrong(f"{record.__name__}.{outer}.{field.name} is of a type that no column has.")
        yield ColumnSpec(field.name, kind)


def _of_tuple(default: Any, number: int) -> Any:
    return default if default is msgspec.NODEFAULT else default[number]


def _bare(of: Any) -> tuple[Any, str | None]:
    """A type without its metadata, and the description among them."""
    comment = None
    while isinstance(of, inspect.Metadata):
        comment = (of.extra_json_schema or {}).get("description", comment)
        of = of.type
    return of, comment


def _unit(of: Any) -> str:
    """The unit among a type's metadata; empty where none is said."""
    unit = ""
    while isinstance(of, inspect.Metadata):
        unit = unit or (of.extra_json_schema or {}).get("unit", "")
        of = of.type
    if isinstance(of, inspect.UnionType):
        return unit or next((inner for inner in map(_unit, of.types) if inner), "")
    return unit


def _choices(of: Any) -> tuple[tuple[str | int, str], ...]:
    match of:
        case inspect.EnumType(cls=cls):
            return tuple((member.value, member.name.lower() if issubclass(cls, IntEnum) else member.value) for member in cls)
        case inspect.LiteralType(values=values):
            return tuple((value, value) for value in values if isinstance(value, str))
        case _:
            return ()


def _kind(of: Any) -> Kind | None:
    match of:
        case inspect.BoolType():
            return Kind.BOOLEAN
        case inspect.IntType():
            return Kind.BIGINT
        case inspect.FloatType():
            return Kind.DOUBLE
        case inspect.StrType():
            return Kind.TEXT
        case inspect.BytesType():
            return Kind.BYTES
        case inspect.DateTimeType():
            return Kind.INSTANT
        case inspect.UUIDType():
            return Kind.UUID
        case inspect.EnumType(cls=cls):
            return Kind.SMALLINT if issubclass(cls, IntEnum) else Kind.TEXT if issubclass(cls, StrEnum) else None
        case inspect.LiteralType(values=values) if all(isinstance(value, str) for value in values):
            return Kind.TEXT
        case _:
            return None


@cache
def values_of(record: type[msgspec.Struct]) -> Callable[[Any], Values]:
    """What gives a record's values in the order of its columns."""
    columns_of(record)
    inner: dict[str, Callable[[Any], Values]] = {}
    for field, of in _fields(record):
        if isinstance(of, inspect.StructType):
            inner[field.name] = values_of(of.cls)
        elif isinstance(of, inspect.NamedTupleType):
            inner[field.name] = tuple
    if not inner:
        return msgspec.structs.astuple
    names = [field.name for field, _ in _fields(record)]

    def flat(body: Any) -> Values:
        values: list[Any] = []
        for name in names:
            value = getattr(body, name)
            values.extend(inner[name](value) if name in inner else (value,))
        return tuple(values)

    return flat


@cache
def record_of(record: type[Body]) -> Callable[[Sequence[Any]], Body]:
    """What makes a record of its values, in the order of its columns. An enum's value becomes its member again."""
    columns_of(record)
    makers = [_maker(of) for _, of in _fields(record)]
    if all(make is None for _, make in makers):
        return lambda values: record(*values)

    def build(values: Sequence[Any]) -> Body:
        arguments, start = [], 0
        for width, make in makers:
            taken = values[start : start + width]
            arguments.append(taken[0] if make is None else make(taken))
            start += width
        return record(*arguments)

    return build


@cache
def is_storable(record: type[msgspec.Struct]) -> Callable[[Any], bool]:
    """Whether PostgreSQL can hold each value of a record: whole numbers of 64 bits, text without the character zero."""
    columns, values = columns_of(record), values_of(record)
    whole = [n for n, column in enumerate(columns) if column.kind is Kind.BIGINT]
    texts = [n for n, column in enumerate(columns) if column.kind is Kind.TEXT]

    def judge(of: Any) -> bool:
        row = values(of)
        return all(row[n] is None or -_BEYOND <= row[n] < _BEYOND for n in whole) and all(
            row[n] is None or "\0" not in row[n] for n in texts
        )

    return judge


def _maker(of: Any) -> tuple[int, Callable[[Sequence[Any]], Any] | None]:
    """How many columns a field of this type takes, and what makes its value of theirs (None: it is the one column's)."""
    if isinstance(of, inspect.StructType):
        return len(columns_of(of.cls)), record_of(of.cls)
    if isinstance(of, inspect.NamedTupleType):
        named: Any = of.cls
        return len(of.fields), named._make
    if isinstance(of, inspect.EnumType):
        member = of.cls
        return 1, lambda taken: None if taken[0] is None else member(taken[0])
    return 1, None


def _fields(record: type[msgspec.Struct]) -> Iterator[tuple[inspect.Field, Any]]:
    """The fields of a record, each with its type without metadata and null."""
    info = inspect.type_info(record)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        of, _ = _bare(field.type)
        if isinstance(of, inspect.UnionType):
            of, _ = _bare(next(t for t in of.types if not isinstance(t, inspect.NoneType)))
        yield field, of
