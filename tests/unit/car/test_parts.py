"""The core's parts by themselves: the gate for legal duties, how services are found, what a core refuses to go on with."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import msgspec
import pytest

from openmarque.car.core import CarCore
from openmarque.car.gate import NO_POLICY, Gate
from openmarque.car.model import CarProfile, CoreBroken, Now
from openmarque.car.service import InvalidCarService, Screen, car_services
from openmarque.car.store import MemoryCarStore, StoreUnusable
from openmarque.catalogue.declarations import Declaration, Item, LegalBasis, Retention, Service, Until
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType
from openmarque.protocol.sensing import Outgoing, Sample, Taken
from openmarque.services.trips.messages import TRIP_COMPLETED
from tests.cars import NEXT_OWNER, POLICY_KEYS, START_MS, VEHICLE, Car, Platform, TestKeyring, open_link


class Call(msgspec.Struct, frozen=True):
    """An emergency call."""


class Nothing(msgspec.Struct, frozen=True):
    """A service that remembers nothing."""


CALL = Declaration(
    name="emergency",
    version=1,
    purpose={"en": "Call for help.", "fr": "Appeler à l'aide."},
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


class EmergencyInCar:
    """Calls whenever anything is sensed."""

    name = "emergency"
    state = Nothing

    def take(self, state: Nothing, sample: Sample) -> Taken[Nothing]:
        return Taken(state, {}, (Outgoing("emergency_call", Call(), sample.level),))

    def forget(self, state: Nothing) -> Nothing:
        return state


def found(name: str) -> ModuleType:
    """An empty module that the import system takes for one on disk."""
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)
    return module


@pytest.mark.req("PRV-2")
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
    module = found("emergency_service_of_a_test.car")
    module.__dict__["IN_CAR"] = EmergencyInCar()
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
    services = car_services(installed_services())
    assert [s.name for s in services] == ["lock", "status", "trips"]
    assert [isinstance(s, Screen) for s in services] == [False, True, False]


def test_a_car_part_of_another_shape_is_refused(monkeypatch):
    module = found("openmarque.services.trips.car")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with pytest.raises(InvalidCarService):
        car_services(installed_services())


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
