"""Lists by pages. A cursor is opaque: it names the last entry seen, so that entries which come or go meanwhile shift nothing."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from openmarque.http.errors import CursorInvalid

T = TypeVar("T")
Key = TypeVar("Key", bound=msgspec.Struct)

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
_MAX_CURSOR: Final = 400
"""Characters. The longest key in use is that of an event known by its instant and a VSS path: about 150."""

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many entries at most.")]
Cursor = Annotated[
    str | None, Query(max_length=_MAX_CURSOR, description="`next` of the page before, unchanged; none for the first page.")
]


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    model_config = ConfigDict(frozen=True)

    items: list[T] = Field(description="The entries of this page, in the order of the list.")
    next: str | None = Field(description="Cursor of the next page; null when this is the last.")


def write_cursor(key: msgspec.Struct) -> str:
    """The cursor that means "after the entry with `key`"; the key's type has a tag, so that no list takes another's cursor."""
    return urlsafe_b64encode(msgspec.msgpack.encode(key)).decode("ascii").rstrip("=")


def read_cursor(cursor: str | None, kind: type[Key]) -> Key | None:
    """The key in a cursor of this kind; raises ``CursorInvalid`` for anything that ``write_cursor`` can't have given."""
    if cursor is None:
        return None
    try:
        key = msgspec.msgpack.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (NoBase64, msgspec.DecodeError, ValueError):
        raise CursorInvalid from None
    if write_cursor(key) != cursor:
        raise CursorInvalid
    return key
