"""Our signals are those of COVESA VSS 6.0: same paths, units, datatypes, and limits no wider. Reads the shared export."""

import csv
from pathlib import Path

import pytest

from openmarque.protocol.signals import PLACE_SIGNALS, SIGNALS, Kind, Signal

_TYPES = {Kind.BOOLEAN: {"boolean"}, Kind.TEXT: {"string"}, Kind.NUMBER: {"float", "double"}}


def test_every_signal_stands_in_the_vss_list_with_its_unit_and_datatype(shared_data: Path) -> None:
    with (shared_data / "vss" / "vss_6.0.csv").open(encoding="utf-8") as file:
        leaves = {row["Signal"]: row for row in csv.DictReader(file)}
    assert SIGNALS
    for path, signal in SIGNALS.items():
        assert path in leaves, f"{path} is not in VSS 6.0"
        row = leaves[path]
        assert row["Unit"] == signal.unit, path
        assert row["DataType"] in _TYPES.get(signal.kind, {row["DataType"]} if "int" in row["DataType"] else set()), path
        for stated, ours in ((row["Min"], signal.minimum), (row["Max"], signal.maximum)):
            assert not stated or float(stated) == ours, path


def test_everything_that_tells_the_place_counts_as_place() -> None:
    assert {path for path in SIGNALS if "CurrentLocation" in path} == PLACE_SIGNALS


@pytest.mark.parametrize(
    ("signal", "good", "bad"),
    [
        (Signal("b", Kind.BOOLEAN), [True, False], [0, 1, "true", None]),
        (Signal("i", Kind.INTEGER, minimum=0, maximum=100), [0, 100], [-1, 101, 1.5, True, "1"]),
        (Signal("n", Kind.NUMBER, minimum=-90, maximum=90), [0, -90, 89.9], [90.1, float("nan"), float("inf"), False, "1"]),
        (Signal("u", Kind.NUMBER), [1e11], [1e13, float("nan"), float("-inf")]),
        (Signal("t", Kind.TEXT), ["ON", ""], ["x" * 65, 1, True]),
    ],
)
def test_a_value_of_another_type_or_beyond_the_limits_is_not_accepted(
    signal: Signal, good: list[object], bad: list[object]
) -> None:
    assert all(signal.accepts(value) for value in good)
    assert not any(signal.accepts(value) for value in bad)
