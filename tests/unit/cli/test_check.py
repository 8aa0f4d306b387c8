"""`openmarque check` on the in-car halves of what is installed."""

import json
import sys
from typing import Literal

import pytest
import typer
from typer.testing import CliRunner

from openmarque.cli.cloud import register
from openmarque.protocol.car_part import CarPart, Stateless
from tests.car_services import module_on_disk


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    register(made)
    made.command("other")(lambda: None)  # with one command alone typer would leave out its name
    return made


def test_a_wrong_in_car_manifest_is_found_with_its_place_and_its_cure(app, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENMARQUE_HOME", str(tmp_path))
    module = "openmarque.services.trips.car"
    monkeypatch.setitem(sys.modules, module, module_on_disk(module, CAR=CarPart("journeys", Stateless)))
    result = CliRunner().invoke(app, ["check", "--json"])
    findings = [f for f in json.loads(result.stdout)["findings"] if f["code"] == "invalid-car-part"]
    assert findings == [
        {
            "code": "invalid-car-part",
            "where": f"{module}.CAR",
            "what": f"{module}.CAR: it is called 'journeys'.",
            "cure": "Call it 'trips', as its entry point does.",
        }
    ]
    assert result.exit_code == 1


def parked(_state) -> Literal["running", "towed"]:
    return "towed"


def unknown(_state) -> str:
    return "towed"


@pytest.mark.parametrize(
    ("glance", "code", "what"),
    [
        (parked, "text-missing", "It has no text glance.trips.towed."),
        (unknown, "invalid-car-part", f"{__name__}.unknown: nobody knows which texts it may show."),
    ],
)
def test_a_line_on_the_cars_screen_without_words_is_found(app, monkeypatch, tmp_path, glance, code, what):
    monkeypatch.setenv("OPENMARQUE_HOME", str(tmp_path))
    module = "openmarque.services.trips.car"
    monkeypatch.setitem(sys.modules, module, module_on_disk(module, CAR=CarPart("trips", Stateless, glance=glance)))
    result = CliRunner().invoke(app, ["check", "--json"])
    assert [(f["code"], f["what"]) for f in json.loads(result.stdout)["findings"]] == [(code, what)]
    assert result.exit_code == 1


def test_who_does_what_in_the_car_is_listed(app):
    result = CliRunner().invoke(app, ["check", "--parts", "--json"])
    claims = {(claim["what"], claim["name"]): claim["function"] for claim in json.loads(result.stdout)}
    assert claims["in the car: command", "unlock"] == "openmarque.services.lock.car:begin"
    assert claims["in the car: observe", "trips"] == "openmarque.services.trips.car:observe"
    assert claims["in the car: screen", "status"] == "openmarque.services.status.car:screen"
