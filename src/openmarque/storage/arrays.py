"""Columns of a batch as PostgreSQL's binary arrays: what ``unnest`` takes on the hot paths.

psycopg writes a list as text, value by value, and escapes each; for a thousand statuses that took a third of a worker's time. Here
a column is one ``join`` over packed values. The form is that of ``array_send``: number of dimensions, whether there are nulls, the
element's type, length and lower bound, then each value behind its length (-1: null). See ``docs/decisions/0010-hot-path.md``.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, ClassVar, Final
from uuid import UUID

from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap, Dumper

_HEAD: Final = Struct(">iiIii").pack
_EMPTY: Final = Struct(">iiI").pack
_LENGTH: Final = Struct(">i").pack
_INT2: Final = Struct(">h").pack
_INT4: Final = Struct(">i").pack
_INT8: Final = Struct(">q").pack
_FLOAT8: Final = Struct(">d").pack
_NULL: Final = _LENGTH(-1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL counts instants in microseconds from here."""
_MICROSECOND: Final = timedelta(microseconds=1)


class Column:
    """One array parameter, encoded. Make it with a function of this module and cast it in the statement (``%s::uuid[]``)."""

    __slots__ = ("data",)
    element: ClassVar[int]
    """Object id of the element's type in PostgreSQL (``pg_type.h``; these never change)."""

    def __init__(self, values: Sequence[bytes], *, width: int = 0, nulls: bool = False) -> None:
        """Take packed `values`: all of `width` bytes and not null, or (0) each with its length in front already."""
        if not values:
            self.data = _EMPTY(0, 0, self.element)
            return
        head = _HEAD(1, int(nulls), self.element, len(values), 1)
        length = _LENGTH(width)
        self.data = head + length + length.join(values) if width else head + b"".join(values)


class _Uuids(Column):
    element = 2950


class _Smallints(Column):
    element = 21


class _Integers(Column):
    element = 23


class _Bigints(Column):
    element = 20


class _Doubles(Column):
    element = 701


class _Instants(Column):
    element = 1184


class _Booleans(Column):
    element = 16


class _Texts(Column):
    element = 25


class _Byteas(Column):
    element = 17


class _Jsonbs(Column):
    element = 3802


_ARRAY_OF: Final = {
    _Uuids: 2951,
    _Smallints: 1005,
    _Integers: 1007,
    _Bigints: 1016,
    _Doubles: 1022,
    _Instants: 1185,
    _Booleans: 1000,
    _Texts: 1009,
    _Byteas: 1001,
    _Jsonbs: 3807,
}
"""Object ids of the array types themselves."""


def uuids(values: Iterable[UUID]) -> Column:
    """A ``uuid[]``."""
    return _Uuids([value.int.to_bytes(16, "big") for value in values], width=16)


def smallints(values: Iterable[int]) -> Column:
    """A ``smallint[]``; ``struct.error`` for what doesn't fit, as below."""
    return _Smallints(list(map(_INT2, values)), width=2)


def integers(values: Iterable[int]) -> Column:
    """An ``int[]``."""
    return _Integers(list(map(_INT4, values)), width=4)


def bigints(values: Iterable[int]) -> Column:
    """A ``bigint[]``."""
    return _Bigints(list(map(_INT8, values)), width=8)


def doubles(values: Iterable[float | None]) -> Column:
    """A ``float8[]``; None is null."""
    length = _LENGTH(8)
    packed = [_NULL if value is None else length + _FLOAT8(value) for value in values]
    return _Doubles(packed, nulls=_NULL in packed)


def instants(values: Iterable[datetime]) -> Column:
    """A ``timestamptz[]`` of aware instants."""
    return _Instants([_INT8((value - _EPOCH) // _MICROSECOND) for value in values], width=8)


def encoded(kind: str, values: Sequence[Any], *, nullable: bool) -> Column:
    """An array of PostgreSQL's type `kind` (a value of ``catalogue.records.Kind``); None is null where that is allowed."""
    made, pack, width = _BY_KIND[kind]
    if width and not nullable:
        return made([pack(value) for value in values], width=width)
    packed = [_NULL if value is None else _with_length(pack(value)) for value in values]
    return made(packed, nulls=nullable and None in values)


def jsonbs(values: Iterable[bytes]) -> Column:
    """A ``jsonb[]`` of encoded JSON (UTF-8); the leading 1 is the version of ``jsonb``'s binary form, which is its text."""
    return _Jsonbs([_LENGTH(len(value) + 1) + b"\x01" + value for value in values])


_BY_KIND: Final[dict[str, tuple[type[Column], Callable[[Any], bytes], int]]] = {
    "boolean": (_Booleans, lambda value: b"\x01" if value else b"\x00", 1),
    "smallint": (_Smallints, _INT2, 2),
    "integer": (_Integers, _INT4, 4),
    "bigint": (_Bigints, _INT8, 8),
    "float8": (_Doubles, _FLOAT8, 8),
    "text": (_Texts, str.encode, 0),
    "bytea": (_Byteas, bytes, 0),
    "timestamptz": (_Instants, lambda value: _INT8((value - _EPOCH) // _MICROSECOND), 8),
    "uuid": (_Uuids, lambda value: value.int.to_bytes(16, "big"), 16),
}
"""How a value is packed: the array's class, the value's bytes, and their number where all have the same."""


def _with_length(packed: bytes) -> bytes:
    return _LENGTH(len(packed)) + packed


class _ColumnDumper(Dumper):
    """Hands the bytes through."""

    format = pq.Format.BINARY

    def dump(self, obj: Column) -> Buffer:
        """See psycopg's ``Dumper``."""
        return obj.data


def register(adapters: AdaptersMap) -> None:
    """Make the connections with these `adapters` take columns as parameters."""
    for kind, array in _ARRAY_OF.items():
        dumper: Any = type(f"{kind.__name__}Dumper", (_ColumnDumper,), {"oid": array})
        adapters.register_dumper(kind, dumper)
