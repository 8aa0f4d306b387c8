"""The log says what was declared, masks what looks like a VIN, and counts what it dropped."""

import io
import json
from datetime import UTC, datetime

import pytest
import structlog

from openmarque.kit.clock import ManualClock
from openmarque.kit.log import FIELDS, MASK, configure_log


@pytest.fixture
def log():
    lines = io.StringIO()
    guard = configure_log(("wheel",), stream=lines, clock=ManualClock(datetime(2026, 11, 22, 8, tzinfo=UTC)))
    yield structlog.get_logger(), guard, lambda: json.loads(lines.getvalue().splitlines()[-1])
    structlog.reset_defaults()


def test_a_line_has_its_event_level_time_and_declared_fields(log):
    logger, _, last = log
    logger.info("connection_cut", vehicle_id="00000000000000000000000000000007", connections=2)
    assert last() == {
        "event": "connection_cut",
        "level": "info",
        "timestamp": "2026-11-22T08:00:00Z",
        "vehicle_id": "00000000000000000000000000000007",
        "connections": 2,
    }


def test_a_field_that_a_service_declares_passes(log):
    logger, guard, last = log
    logger.info("tyre", wheel="left")
    assert last()["wheel"] == "left"
    assert not guard.dropped


def test_an_undeclared_field_is_dropped_and_counted_by_name(log):
    logger, guard, last = log
    for _ in range(2):
        logger.bind(driver="Ada").info("trip_kept", place="Rabat")
    assert last()["dropped_fields"] == 2
    assert not {"driver", "place"} & last().keys()
    assert guard.dropped == {"driver": 2, "place": 2}


@pytest.mark.parametrize(
    "value",
    [
        "VF1AG000064744590",
        "vf1ag000064744590",
        "the car VF1AG000064744590, again",
        ["VF1AG000064744590"],
        {"x": ("VF1AG000064744590",)},
    ],
)
def test_what_looks_like_a_vin_is_masked_wherever_it_stands(log, value):
    logger, _, last = log
    logger.info("refused", detail=value)
    assert "VF1AG000064744590" not in json.dumps(last()).upper()
    assert MASK in json.dumps(last())


def test_a_vin_in_an_error_is_masked_in_its_traceback_too(log):
    logger, _, last = log
    try:
        raise ValueError("no such car: VF1AG000064744590")
    except ValueError:
        logger.exception("failed")
    assert f"ValueError: no such car: {MASK}" in last()["exception"]


@pytest.mark.parametrize(
    "value", ["0123456789abcdef0123456789abcdef", "12345678901234567", "internationalised", "1700000000000"]
)
def test_ids_numbers_and_words_are_left_alone(log, value):
    logger, _, last = log
    logger.info("x", detail=value)
    assert last()["detail"] == value


def test_every_field_has_a_purpose():
    assert all(purpose.strip() for purpose in FIELDS.values())
