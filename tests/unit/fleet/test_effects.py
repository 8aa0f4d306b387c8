"""Actuators that a service brings for the simulated car."""

import sys
from dataclasses import replace

import pytest

from openmarque.catalogue.declarations import Authority, CommandSpec
from openmarque.protocol.car_part import CarPart, Stateless
from openmarque.simulator.fleet.body import Body, Effect
from openmarque.simulator.fleet.installed import InvalidEffects, body_effects
from tests.car_services import declared, module_on_disk, put_in

PRESSURE = "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.Pressure"
INFLATE = Effect("pump", lambda body, arguments: replace(body, says={**body.says, PRESSURE: arguments["kpa"]}))


@pytest.fixture
def pump(monkeypatch):
    return put_in(monkeypatch, CarPart("pump", Stateless), declared("pump", [CommandSpec("inflate", Authority.DIGITAL_KEY)]))


def brings(monkeypatch: pytest.MonkeyPatch, **content: object) -> None:
    monkeypatch.setitem(sys.modules, "pump_of_a_test.body", module_on_disk("pump_of_a_test.body", **content))


def test_a_service_without_a_body_module_brings_nothing(pump):
    assert body_effects([pump]) == {}


def test_a_service_brings_an_actuator_for_what_the_body_has_not(monkeypatch, pump):
    brings(monkeypatch, EFFECTS={"inflate": INFLATE})
    effects = body_effects([pump])
    assert set(effects) == {"inflate"}
    assert effects["inflate"].act(Body(), {"kpa": 250}).says == {PRESSURE: 250}


@pytest.mark.parametrize(
    ("content", "place", "cure"),
    [
        ({}, "pump_of_a_test.body.EFFECTS: it is missing", "Give EFFECTS ="),
        ({"EFFECTS": {"inflate": print}}, "EFFECTS['inflate']: it is a builtin", "Effect."),
        ({"EFFECTS": {"unlock": INFLATE}}, "EFFECTS['unlock']: no declaration", "known are inflate."),
    ],
)
def test_a_wrong_one_is_refused_with_its_place_and_its_cure(monkeypatch, pump, content, place, cure):
    brings(monkeypatch, **content)
    with pytest.raises(InvalidEffects) as refused:
        body_effects([pump])
    assert place in refused.value.message
    assert cure in refused.value.remedy
