"""Log lines have a fixed event and named fields."""

from pathlib import PurePosixPath

import pytest

from tests.lints.planting import refusals
from tools.lints import log_fields
from tools.lints.source import Source


@pytest.mark.parametrize(
    "unreadable",
    [
        "log.info('car connected', **facts)",
        "log.info(f'car {car} connected')",
        "self._log.warning('car ' + car)",
        "logger.error(event)",
        "log.info()",
        "log.info('car %s', car)",
        "await log.ainfo('car', **facts)",
        "log.bind(**facts)",
        "log.bind(car=car).info('connected', **facts)",
        "structlog.get_logger().info('connected', **facts)",
        "structlog.contextvars.bind_contextvars(**facts)",
        "log.info('connected', vin=vin)",
        "log.info('connected', owner_vin=car.vin)",
        "log.exception('failed', **{'a': 1})",
    ],
)
def test_a_log_line_whose_fields_cannot_be_read_is_refused(unreadable):
    assert refusals(log_fields, unreadable) == [1]


@pytest.mark.parametrize(
    "innocent",
    [
        "log.info('car connected', vehicle_id=car.id, reason=str(error))",
        "log.bind(vehicle_id=car.id)",
        "math.log(2)",
        "catalog.info(name)",
        "call(**facts)",
        "dialog.error(text, **style)",
    ],
)
def test_named_fields_are_free(innocent):
    assert refusals(log_fields, innocent) == []


def test_the_fields_of_each_call_can_be_listed_for_check():
    code = "log.bind(vehicle_id=1).info('car connected', lane='event')\n"
    calls = set(log_fields.log_calls(Source(PurePosixPath("a.py"), code)))
    assert calls == {(1, "car connected", ("lane",)), (1, None, ("vehicle_id",))}
