"""Bodies of messages made from their types: right ones, and ones that no honest car sends. For the suites that go over whatever is installed.

A service whose figures have to fit together writes its own (``tests/services/<name>/samples.py``, ``SAMPLES`` by message type); the
others get the least that their types allow.
"""

import math
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
from msgspec import inspect

ODD: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 2**31, 2**53, 2**63 - 1, -(2**63), 0.5, -0.0, 1e308, math.inf, math.nan, "", "x", "x" * 5_000, "\0", b"", b"\xff" * 64,
    [], [[]] * 40, {}, {"": None}, {"a": {"a": {"a": []}}},
)  # fmt: skip
"""What stands in the place of a value, whatever its type."""


def service_samples() -> dict[str, msgspec.Struct]:
    """The bodies that services wrote themselves, by message type."""
    folder = Path(__file__).parent / "services"
    found: dict[str, msgspec.Struct] = {}
    for path in sorted(folder.glob("*/samples.py")):
        found |= import_module(f"tests.services.{path.parent.name}.samples").SAMPLES
    return found


def sample(kind: Any) -> Any:
    """A value of the type `kind`: the least that it allows."""
    return msgspec.convert(_least(inspect.type_info(kind)), kind, strict=False)


def _least(info: inspect.Type) -> Any:
    match info:
        case inspect.StructType():
            required = [field for field in info.fields if field.required]
            parts = {field.encode_name: _least(field.type) for field in required}
            return list(parts.values()) if info.array_like else parts
        case inspect.UnionType():
            return _least(next((one for one in info.types if not isinstance(one, inspect.NoneType)), info.types[0]))
        case inspect.IntType() | inspect.FloatType():
            low = info.ge if info.ge is not None else 0 if info.gt is None else info.gt + 1
            return low if info.le is None else min(low, info.le)
        case inspect.StrType() | inspect.BytesType():
            return ("a" if isinstance(info, inspect.StrType) else b"a") * (info.min_length or 1)
        case inspect.EnumType():
            return next(iter(info.cls))
        case inspect.LiteralType():
            return info.values[0]
        case inspect.BoolType():
            return True
        case _:
            return _least_of_several(info)


def _least_of_several(info: inspect.Type) -> Any:
    match info:
        case inspect.NamedTupleType():
            return [_least(field.type) for field in info.fields]
        case inspect.TupleType():
            return [_least(one) for one in info.item_types]
        case inspect.ListType() | inspect.VarTupleType() | inspect.SetType() | inspect.FrozenSetType():
            return [_least(info.item_type)] * (info.min_length or 0)
        case inspect.DictType():
            return {}
        case _:
            return None


def wrong(body: msgspec.Struct) -> Iterator[bytes]:
    """MessagePack bodies near to `body`: each value exchanged or left out, members too many, and other things in its place."""
    right = msgspec.msgpack.encode(body)
    plain = msgspec.msgpack.decode(right)
    for places in list(_places(plain)):
        for odd in ODD:
            yield msgspec.msgpack.encode(_with(plain, places, odd))
        yield msgspec.msgpack.encode(_without(plain, places))
    for odd in ODD:
        yield msgspec.msgpack.encode(odd)
    yield msgspec.msgpack.encode({**plain, "more": 1} if isinstance(plain, dict) else [*plain, 1])


def broken(right: bytes, random: Random, times: int = 40) -> Iterator[bytes]:
    """Frames near to the frame `right`: cut off, with bytes exchanged, and noise."""
    for _ in range(times):
        yield right[: random.randrange(len(right))]
        changed = bytearray(right)
        changed[random.randrange(len(right))] = random.randrange(256)
        yield bytes(changed)
        yield random.randbytes(random.randrange(80))


def _places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value within `value`."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield (*before, key)
        yield from _places(part, (*before, key))


def _with(value: Any, places: tuple[Any, ...], odd: Any) -> Any:
    if not places:
        return odd
    first, *rest = places
    made = dict(value) if isinstance(value, dict) else list(value)
    made[first] = _with(made[first], tuple(rest), odd)
    return made


def _without(value: Any, places: tuple[Any, ...]) -> Any:
    first, *rest = places
    made = dict(value) if isinstance(value, dict) else list(value)
    if rest:
        made[first] = _without(made[first], tuple(rest))
    else:
        del made[first]
    return made
