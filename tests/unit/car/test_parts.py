"""The core's parts by themselves: the gate for legal duties, how services are found, what a core refuses to go on with."""

import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import msgspec
import pytest

from openmarque.car.core import CarCore
from openmarque.car.gate import NO_POLICY, Gate
from openmarque.car.model import CarProfile, CoreBroken, Now
from openmarque.car.parts import InvalidCarPart, car_parts
from openmarque.car.store import MemoryCarStore, StoreUnusable
from openmarque.catalogue.declarations import Declaration, Item, LegalBasis, Retention, Service, Until
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.protocol.car_part import CarCommand, CarPart, Stateless
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType
from openmarque.protocol.sensing import Action, Outgoing, Sample, Step
from openmarque.services.lock.declaration import SERVICE as LOCKS
from openmarque.services.trips.messages import TRIP_COMPLETED
from tests.car_services import module_on_disk
from tests.cars import NEXT_OWNER, POLICY_KEYS, START_MS, VEHICLE, Car, Platform, TestKeyring, open_link


class Call(msgspec.Struct, frozen=True):
    """An emergency call."""


CALL = Declaration(
    name="emergency",
    version=1,
    basis=LegalBasis.LEGAL_DUTY,
    items=(Item("call", Retention(Until.REQUEST_DONE), fields=("emergency.call",)),),
    messages=("emergency_call",),
)
EMERGENCY = Service(
    "emergency",
    "emergency_service_of_a_test",
    (CALL,),
    (MessageType("emergency_call", Lane.URGENT, Call, Level.PRIVATE, "call for help", "emergency"),),
)


def call_whenever_anything_is_sensed(state: Stateless, sample: Sample) -> Step[Stateless]:
    return Step(state, messages=(Outgoing("emergency_call", Call(), sample.level),))


def test_what_the_law_demands_passes_without_a_policy_at_the_strictest_level():
    catalogue = Catalogue([*installed_services(), EMERGENCY])
    gate = Gate(catalogue.messages, ["emergency_call"], Level.PRIVATE)
    gate.obey(
        level=Level.PRIVATE,
        switched_off=frozenset({"emergency"}),
        remote_access=False,
        compiled_policy=None,
        unknown=frozenset(),
        heard_ms=0,
    )
    assert gate.refuses("emergency_call", Level.PRIVATE) == ""
    assert gate.refuses(TRIP_COMPLETED, Level.POSITION) == NO_POLICY
    assert gate.may_send() == {"emergency_call"}


def test_a_service_from_outside_the_package_takes_part_and_its_urgent_messages_go_first(monkeypatch):
    module = module_on_disk("emergency_service_of_a_test.car")
    module.__dict__["CAR"] = CarPart("emergency", Stateless, observe=call_whenever_anything_is_sensed)
    package = ModuleType("emergency_service_of_a_test")
    package.__path__ = []
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    catalogue = Catalogue([*installed_services(), EMERGENCY])
    core = CarCore(CarProfile(VEHICLE, POLICY_KEYS), MemoryCarStore(), TestKeyring(), catalogue)
    car, platform = Car(), Platform()
    car.core = core
    car.set_level(Level.DATA)
    car.senses({"Vehicle.Speed": 1.0})
    open_link(car, platform)
    assert platform.types(Lane.URGENT) == ["emergency_call"]
    first, second = [f.channel for f in car.wire[1:3]]
    assert (first, second) == ("urgent", "event")


def test_the_installed_services_are_found_and_the_one_that_screens_is_known():
    parts = car_parts(installed_services())
    assert [part.name for part in parts] == ["lock", "status", "trips"]
    assert [part.screen is not None for part in parts] == [False, True, False]


class Changing(msgspec.Struct):
    """A state that others can change."""


class Demanding(msgspec.Struct, frozen=True):
    """A state that can't be made from nothing."""

    since: int


def stays(state, _sample):
    return Step(state)


def begins(state, _command, _sample):
    return Step(state)


TRIPS = "openmarque.services.trips.car"
part: Any = CarPart
command: Any = CarCommand
"""Without their types: what a service that nobody type-checked hands over."""


@pytest.mark.parametrize(
    ("manifest", "place", "cure"),
    [
        ({}, f"{TRIPS}.CAR: it is missing", "Add CAR = CarPart('trips', ...), or remove the module."),
        ({"CAR": object()}, f"{TRIPS}.CAR: it is a object", "Make it an openmarque.protocol.car_part.CarPart."),
        ({"CAR": part("other", Stateless)}, f"{TRIPS}.CAR: it is called 'other'", "Call it 'trips'"),
        ({"CAR": part("trips", dict)}, f"{TRIPS}.CAR.state: it is no frozen struct", "frozen msgspec.Struct"),
        ({"CAR": part("trips", Changing)}, f"{TRIPS}.CAR.state: it is no frozen struct", "frozen msgspec.Struct"),
        ({"CAR": part("trips", Demanding)}, f"{TRIPS}.CAR.state: it can't be made", "all have defaults"),
        ({"CAR": part("trips", Stateless, observe=7)}, f"{TRIPS}.CAR.observe: it is a int", "a function of (state, sample)"),
        ({"CAR": part("trips", Stateless, forget=stays)}, f"{TRIPS}.CAR.forget: it takes other", "a function of (state)"),
        ({"CAR": part("trips", Stateless, commands={"fly": begins})}, "commands['fly']: it is a function", "CarCommand"),
        ({"CAR": part("trips", Stateless, commands={"fly": command(None)})}, "begin: it is missing", "Give the function"),
        (
            {"CAR": part("trips", Stateless, commands={"fly": command(begins, outcome=stays)})},
            "commands['fly'].outcome: it takes other",
            "a function of (state, command, sample)",
        ),
        (
            {"CAR": part("trips", Stateless, commands={"fly": command(begins)})},
            "commands['fly']: no declaration of the service lists it",
            "List it in a declaration of openmarque.services.trips; known are none.",
        ),
        (
            {"CAR": part("trips", Stateless, configure={"perches": stays})},
            "configure['perches']: it takes other",
            "(state, body, sample)",
        ),
        (
            {"CAR": part("trips", Stateless, configure={"perches": begins})},
            "configure['perches']: no declaration of the service lists it",
            "List it in a declaration of openmarque.services.trips; known are none.",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_place_and_its_cure(monkeypatch, manifest, place, cure):
    module = module_on_disk(TRIPS)
    module.__dict__.update(manifest)
    monkeypatch.setitem(sys.modules, TRIPS, module)
    with pytest.raises(InvalidCarPart) as refused:
        car_parts(installed_services())
    assert place in refused.value.message
    assert cure in refused.value.remedy


def test_a_wrong_manifest_costs_its_own_service_and_no_other(monkeypatch):
    module = module_on_disk(TRIPS, CAR=part("trips", dict))
    monkeypatch.setitem(sys.modules, TRIPS, module)
    refused: list[InvalidCarPart] = []
    parts = car_parts(installed_services(), refused.append)
    assert [found.name for found in parts] == ["lock", "status"]
    assert [error.facts["place"] for error in refused] == [f"{TRIPS}.CAR.state"]


def test_two_services_that_begin_one_command_are_refused(monkeypatch):
    declared = [replace(s, declarations=LOCKS.declarations) if s.name == "trips" else s for s in installed_services()]
    module = module_on_disk(TRIPS)
    module.__dict__["CAR"] = CarPart("trips", Stateless, commands={"lock": CarCommand(begins)})
    monkeypatch.setitem(sys.modules, TRIPS, module)
    with pytest.raises(InvalidCarPart, match="two services begin 'lock'") as refused:
        car_parts(declared)
    assert "openmarque.services.lock.car" in refused.value.remedy


def test_a_car_part_that_can_not_be_imported_is_named(tmp_path, monkeypatch):
    folder = tmp_path / "broken_service_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "car.py").write_text("import a_package_that_nobody_has")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidCarPart, match=r"broken_service_of_a_test.car: it can't be imported .*a_package_that_nobody_has"):
        car_parts([replace(EMERGENCY, package=folder.name)])


def test_a_service_moves_the_car_only_by_commands_that_it_declares(monkeypatch):
    module = module_on_disk(TRIPS)
    both = (Action("unlock"), Action("honk"))
    module.__dict__["CAR"] = CarPart("trips", Stateless, observe=lambda state, _sample: Step(state, actions=both))
    monkeypatch.setitem(sys.modules, TRIPS, module)
    car = Car()
    car.senses({"Vehicle.Speed": 1.0})
    assert car.actions == []
    assert car.core.counts("actions") == {"undeclared:unlock": 1, "undeclared:honk": 1}


def test_the_memory_of_another_car_is_refused():
    store = MemoryCarStore()
    Car(store).connect()
    with pytest.raises(StoreUnusable, match="another car"):
        CarCore(CarProfile(NEXT_OWNER, {}), store, TestKeyring(), Catalogue(installed_services()))


def test_a_core_whose_step_failed_does_nothing_more():
    store = MemoryCarStore()
    car = Car(store)

    def fault(_point: str) -> None:
        raise OSError("the disk is full")

    store.fault = fault
    with pytest.raises(OSError, match="full"):
        car.set_level(Level.DATA)
    store.fault = lambda _point: None
    with pytest.raises(CoreBroken):
        car.core.connected(Now(START_MS))
    car.power_up()
    assert car.core.level is Level.PRIVATE
