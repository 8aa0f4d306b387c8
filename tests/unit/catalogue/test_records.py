"""A record says once what its columns are; what can't be stored is refused where it is declared."""

from typing import Annotated, Any, NamedTuple

import msgspec
import pytest

from openmarque.catalogue.declarations import MONTHS_2
from openmarque.catalogue.events import EventSpec
from openmarque.catalogue.records import Kind, RecordWrong, columns_of, record_of, values_of
from openmarque.protocol.levels import Level
from tests.contract.events_contract import PROBE, Colour, Inner, Probe, Spot


def test_each_field_becomes_a_column_of_its_kind_in_its_order():
    columns = {column.name: (column.kind, column.nullable) for column in columns_of(Probe)}
    assert list(columns)[:4] == ["number", "at", "figure", "told"]
    assert columns["number"] == (Kind.BIGINT, False)
    assert columns["maybe"] == (Kind.DOUBLE, True)
    assert columns["level"] == (Kind.SMALLINT, False)
    assert columns["shade"] == (Kind.TEXT, True)
    assert columns["spot_y"] == (Kind.DOUBLE, False)
    assert columns["inner_note"] == (Kind.TEXT, True)
    assert columns["seen_at"] == (Kind.INSTANT, True)


def test_values_and_record_are_each_others_inverse():
    probe = Probe(1, 2, 3.5, "x", level=Level.POSITION, shade=Colour.BLUE, spot=Spot(1.0, 2.0), inner=Inner(4, "n"))
    values = values_of(Probe)(probe)
    assert len(values) == len(columns_of(Probe))
    again = record_of(Probe)(values)
    assert again == probe
    assert isinstance(again.spot, Spot)
    assert isinstance(again.level, Level)


def test_a_description_is_the_comment_of_its_column():
    class Described(msgspec.Struct, frozen=True):
        soc: Annotated[float | None, msgspec.Meta(description="percent")] = None

    assert columns_of(Described)[0].comment == "percent"


class Loose(msgspec.Struct):
    number: int


class Listed(msgspec.Struct, frozen=True):
    number: int
    many: list[int]


class Either(msgspec.Struct, frozen=True):
    number: int | str


class Opaque(msgspec.Struct, frozen=True):
    number: Any


class Pair(NamedTuple):
    a: float
    b: list[float]


class Paired(msgspec.Struct, frozen=True):
    number: int
    pair: Pair


class Twice(msgspec.Struct, frozen=True):
    inner_depth: int
    inner: Inner


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (Loose, "Loose is not frozen"),
        (Listed, "Listed.many is of a type"),
        (Either, "Either.number is of a type"),
        (Opaque, "Opaque.number is of a type"),
        (Paired, "Paired.pair.b is of a type"),
        (Twice, "Twice has two columns called 'inner_depth'"),
    ],
)
def test_what_can_not_be_stored_is_told_with_record_and_field(record, told):
    with pytest.raises(RecordWrong, match=told) as refused:
        columns_of(record)
    assert "records.py" in refused.value.remedy


class Keyed(msgspec.Struct, frozen=True):
    number: int
    maybe: int | None = None
    tenure_id: int = 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"once_by": ()}, "do not say what makes two of them the same"),
        ({"once_by": ("nothing",)}, "go by 'nothing', which Inner does not have"),
        ({"once_by": ("depth",), "at": "when"}, "go by 'when', which Inner does not have"),
        ({"once_by": ("note",)}, "go by 'note', which may be null"),
        ({"body": Keyed, "once_by": ("number",)}, "'tenure_id' of Keyed is what every event has anyway"),
    ],
)
def test_an_event_that_could_not_be_found_again_is_refused(given, told):
    with pytest.raises(RecordWrong, match=told) as refused:
        EventSpec(**{"service": "heat", "table": "heat", "body": Inner, **given})
    assert refused.value.detail.startswith("heat: events of 'heat'")


def test_items_of_a_declaration_name_columns_and_fields_of_the_message_once():
    keys, item = PROBE.keys_item(MONTHS_2), PROBE.item("spot", MONTHS_2, "spot_x", "spot_y", "inner_depth")
    assert keys.fields == tuple(
        f"probe_event.{name}" for name in ("tenure_id", "vehicle_id", "received_at", "policy_version", "number")
    )
    assert keys.carried == ("wire:probe_told.number",)
    assert item.fields == ("probe_event.spot_x", "probe_event.spot_y", "probe_event.inner_depth")
    assert item.carried == ("wire:probe_told.spot", "wire:probe_told.inner", "wire:probe_told.inner.depth")
    with pytest.raises(RecordWrong, match="probe: the item 'x' takes 'spot', which Probe does not have"):
        PROBE.item("x", MONTHS_2, "spot")
