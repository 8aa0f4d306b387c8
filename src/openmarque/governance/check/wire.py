"""Fields of the messages on the vehicle link."""

from collections.abc import Iterator
from typing import Any

import msgspec

from openmarque.catalogue.register import Catalogue
from openmarque.governance.check.finding import Finding
from openmarque.protocol.documents import REPORT_BODY, DocumentReport
from openmarque.protocol.envelope import Envelope

_ENVELOPE = "envelope"


def findings(catalogue: Catalogue) -> Iterator[Finding]:
    """Fields of bodies that no declaration covers, and declared fields that no body has.

    That a service's message names a declaration, and is named by it, is asked when the catalogue is built.
    """
    declared = catalogue.carried("wire")
    existing: set[str] = set()
    bodies: list[tuple[str, type[msgspec.Struct]]] = [(_ENVELOPE, Envelope), (REPORT_BODY, DocumentReport)]
    bodies += [(n, t.body) for n, t in catalogue.messages.types.items() if t.body is not DocumentReport]
    for name, body in bodies:
        for field in _fields(msgspec.inspect.type_info(body), name):
            existing.add(field)
            if field not in declared:
                yield Finding(
                    "undeclared-message-field",
                    field,
                    "No declaration covers this field of a message.",
                    f"Add 'wire:{field}' to an item of the declaration that uses it, or remove the field.",
                )
    for field in sorted(declared - existing):
        yield Finding(
            "declared-nowhere", f"wire:{field}", "It is declared and no message has it.", "Remove it from the declaration."
        )


def _fields(info: Any, prefix: str) -> Iterator[str]:
    """The fields of a struct, ``prefix.field``, with those of structs inside it."""
    for field in info.fields:
        name = f"{prefix}.{field.name}"
        inner = [t for t in _structs(field.type) if t is not info]
        yield name
        for struct in inner:
            yield from _fields(struct, name)


def _structs(info: Any) -> Iterator[Any]:
    match info:
        case msgspec.inspect.StructType():
            yield info
        case msgspec.inspect.UnionType(types=types):
            for each in types:
                yield from _structs(each)
        case msgspec.inspect.TupleType(item_types=types):
            for each in types:
                yield from _structs(each)
        case msgspec.inspect.ListType(item_type=inner) | msgspec.inspect.VarTupleType(item_type=inner):
            yield from _structs(inner)
        case msgspec.inspect.DictType(value_type=inner):
            yield from _structs(inner)
        case _:
            return
