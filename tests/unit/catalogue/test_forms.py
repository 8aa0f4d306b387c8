"""A struct as a form, and everything in a form that does not fit, with its place: whatever is sent, and as the reader itself judges it."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmarque.catalogue.forms import Problem, form_schema, limits_of, misfits, titles
from openmarque.kit.texts import texts

Hour = Annotated[int, msgspec.Meta(ge=0, le=23, extra_json_schema={"unit": "h"})]
Name = Annotated[str, msgspec.Meta(max_length=5)]


class Day(StrEnum):
    MONDAY = "monday"
    FRIDAY = "friday"


class Timer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hour: Hour
    days: Annotated[tuple[Day, ...], msgspec.Meta(max_length=2)] = ()
    name: Name | None = None


class Timers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    timers: Annotated[tuple[Timer, ...], msgspec.Meta(max_length=2)] = ()
    next: Timer | None = None
    corner: tuple[Hour, bool] = (0, False)
    mode: Literal["slow", "eco", "fast"] = "eco"


GOOD: dict[str, Any] = {
    "timers": [{"hour": 7, "days": ["friday", "monday"], "name": "Ada"}, {"hour": 23}],
    "next": {"hour": 0, "name": None},
    "corner": [5, True],
    "mode": "slow",
}


def found(values: object) -> list[tuple[str, Problem, str]]:
    return [(misfit.path, misfit.problem, misfit.limits) for misfit in misfits(Timers, values)]


def test_what_fits_has_no_misfit():
    assert found(GOOD) == found({}) == found({"next": None}) == []


@pytest.mark.parametrize(
    ("values", "misfit"),
    [
        ({"timers": [{"hour": 24}]}, ("$.timers[0].hour", Problem.UNFIT, "0 … 23 h")),
        ({"timers": [{"hour": 1}, {}]}, ("$.timers[1].hour", Problem.MISSING, "0 … 23 h")),
        ({"timers": [{"hour": 1}] * 3}, ("$.timers", Problem.UNFIT, "[0 … 2]")),
        ({"timers": [{"hour": 1, "loud": True}]}, ("$.timers[0].loud", Problem.UNKNOWN, "hour, days, name")),
        ({"timers": [{"hour": 1, "days": ["monday", "sunday"]}]}, ("$.timers[0].days[1]", Problem.UNFIT, "monday | friday")),
        ({"timers": {}}, ("$.timers", Problem.UNFIT, "[0 … 2]")),
        ({"next": {"hour": 1, "name": "Ada L."}}, ("$.next.name", Problem.UNFIT, "0 … 5")),
        ({"next": {"hour": 1, "name": "A\n"}}, ("$.next.name", Problem.UNFIT, "0 … 5")),
        ({"next": 5}, ("$.next", Problem.UNFIT, "object (hour, days, name)")),
        ({"corner": [1]}, ("$.corner", Problem.UNFIT, "[2]")),
        ({"corner": [1, 1]}, ("$.corner[1]", Problem.UNFIT, "true | false")),
        ({"mode": "medium"}, ("$.mode", Problem.UNFIT, "slow | eco | fast")),
        ({"\x00": 1}, ("$.?", Problem.UNKNOWN, "timers, next, corner, mode")),
        ([], ("$", Problem.UNFIT, "object (timers, next, corner, mode)")),
    ],
)
def test_each_misfit_is_told_with_its_place_and_what_is_possible_there(values, misfit):
    assert found(values) == [misfit]


def test_every_misfit_is_told_and_not_the_first_alone():
    assert [place for place, _, _ in found({"mode": 1, "corner": [24, "yes"], "x": 0})] == [
        "$.x",
        "$.corner[0]",
        "$.corner[1]",
        "$.mode",
    ]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**70) | st.floats() | st.sampled_from(["monday", "eco", "Ada", "\n", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["timers", "hour", "days", "next", "corner", "mode", "name"]), inner),
    max_leaves=12,
)  # fmt: skip


@given(PLAIN)
def test_there_is_a_misfit_exactly_where_the_reader_refuses(values):
    try:
        msgspec.convert(values, Timers, strict=True)
        refused = "\\n" in repr(values)
    except msgspec.ValidationError:
        refused = True
    assert bool(found(values)) == refused


def test_a_form_has_choices_in_the_order_in_which_they_are_declared():
    schema = form_schema(Timers, titles("setting", "no_such_kind", texts("en")))["properties"]
    assert [choice["const"] for choice in schema["mode"]["oneOf"]] == ["slow", "eco", "fast"]
    days = schema["timers"]["items"]["properties"]["days"]
    assert [choice["title"] for choice in days["items"]["oneOf"]] == ["monday", "friday"]
    assert (days["minItems"], days["maxItems"], days["default"]) == (0, 2, ())
    assert schema["next"]["anyOf"][1] == {"type": "null"}
    assert schema["timers"]["items"]["required"] == ["hour"]
    assert (schema["corner"]["maxItems"], schema["corner"]["prefixItems"][0]["unit"]) == (2, "h")
    assert limits_of(Timer | None) == "object (hour, days, name) | null"
