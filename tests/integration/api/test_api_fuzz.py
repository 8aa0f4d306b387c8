"""Whatever is sent to the API, it answers as its own description says. Generated from the description, against the running process."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.conftest import BUDGET
from tests.integration.api.conftest import Car, Owner, start_api

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
    unsupported_method,
]
"""All but two. What fits the schema is not always accepted: a cursor is any short text to it, and only what the list gave is one. And
what does not fit is not always refused: parameters that we don't know are ignored, so that clients may be newer than we are."""


@pytest.fixture(scope="module")
def described(api_settings) -> Iterator[Any]:
    process, address = start_api(api_settings)
    schema = schemathesis.openapi.from_url(f"{address}/api/openapi.json", config=SchemathesisConfig())
    # A stream does not end; its own tests read it.
    yield schema.exclude(path_regex="/events$")
    process.terminate()
    process.wait(10)


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_is_as_described(described, furnished: tuple[Owner, Car], mode: GenerationMode):
    """With requests that fit the description, and with such that don't."""
    owner, car = furnished
    tried = []
    for found in described.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not any(p.location == "query" for p in operation.query):
            continue
        tried.append(operation.path)

        @settings(max_examples=BUDGET.of(10, 1000), suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode))
        def answers_as_described(case):
            case.call_and_validate(headers=owner.headers, checks=CHECKS)
            if "vehicle_id" in case.path_parameters:
                case.path_parameters["vehicle_id"] = car.name
                checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
                case.call_and_validate(headers=owner.headers, checks=checks)

        answers_as_described()
    assert len(tried) >= (8 if mode is GenerationMode.POSITIVE else 3)
