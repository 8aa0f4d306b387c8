"""What can't be the body of a settings document is refused with its place, before anything is signed or stored."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest

from openmarque.catalogue.document_bodies import body_problems

HOUR = Annotated[int, msgspec.Meta(ge=0, le=23)]
NAME = Annotated[str, msgspec.Meta(max_length=20)]


class Day(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"


class Timer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hour: HOUR = 7
    days: Annotated[tuple[Day, ...], msgspec.Meta(max_length=7)] = ()
    name: NAME | None = None


class Everything(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a body may hold."""

    timers: Annotated[tuple[Timer, ...], msgspec.Meta(max_length=20)] = ()
    first: Timer | None = None
    corner: tuple[HOUR, HOUR] = (0, 0)
    mode: Literal["eco", "fast"] = "eco"
    on: bool = False


class Loop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    inner: "Loop | None" = None


def problems(body: type[msgspec.Struct], max_bytes: int = 8192) -> str:
    return "; ".join(body_problems(body, max_bytes))


def made(field: Any, default: Any = msgspec.NODEFAULT, **config: Any) -> type[msgspec.Struct]:
    config = {"frozen": True, "forbid_unknown_fields": True, **config}
    return msgspec.defstruct("Body", [("a", field) if default is msgspec.NODEFAULT else ("a", field, default)], **config)


def test_a_body_of_structs_tuples_numbers_choices_and_texts_is_fine():
    assert problems(Everything) == ""


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (made(float, 0.0), "`$.a` has no one spelling"),
        (made(dict[str, int], None), "`$.a` has no one spelling"),
        (made(list[HOUR], None), "`$.a` has no one spelling"),
        (made(bytes, b""), "`$.a` has no one spelling"),
        (made(Any, None), "`$.a` has no one spelling"),
        (made(HOUR | NAME, 0), "`$.a` has no one spelling"),
        (made(int, 0), "`$.a` is a whole number without both limits"),
        (made(Annotated[int, msgspec.Meta(ge=0, le=2**53)], 0), "`$.a` is a whole number without both limits"),
        (made(str, ""), "`$.a` is a text without a greatest length"),
        (made(Annotated[str, msgspec.Meta(max_length=2_001)], ""), "`$.a` is a text without a greatest length"),
        (made(tuple[HOUR, ...], ()), "`$.a` has no greatest length"),
        (made(Annotated[tuple[int, ...], msgspec.Meta(max_length=3)], ()), "`$.a[]` is a whole number without both limits"),
        (made(tuple[HOUR, float], (0, 0.0)), "`$.a[1]` has no one spelling"),
        (made(Literal[1, 2], 1), "`$.a` has no one spelling"),
        (made(Literal["a\nb"], "a\nb"), "`$.a` has no one spelling"),
        (made(HOUR), "`$` needs a default for each field"),
        (made(HOUR, 24), "`$` has defaults that its own limits refuse"),
        (made(NAME, "a\x00b"), "characters that can't be shown"),
        (made(made(float, 0.0), None), "`$.a.a` has no one spelling"),
        (made(made(HOUR, 1, frozen=False), None), "`$.a` must be frozen"),
        (made(HOUR, 1, forbid_unknown_fields=False), "must refuse what it does not know"),
        (made(HOUR, 1, omit_defaults=True), "must write every field"),
        (made(HOUR, 1, array_like=True), "must be spelt as it is named"),
        (made(HOUR, 1, tag=True), "must be spelt as it is named"),
        (made(HOUR, 1, rename="upper"), "must be spelt as it is named"),
        (msgspec.defstruct("Body", [("Loud", HOUR, 1)], frozen=True, forbid_unknown_fields=True), "`$.Loud` is not named by"),
        (Loop, "`$.inner` holds itself"),
    ],
)
def test_what_has_no_one_spelling_or_no_limit_is_refused_with_its_place(body: type[msgspec.Struct], complaint: str):
    assert complaint in problems(body)


def test_defaults_larger_than_the_document_may_be_are_refused():
    assert "It has 2008 bytes" in problems(made(Annotated[str, msgspec.Meta(max_length=2_000)], "x" * 2_000), max_bytes=1_000)
