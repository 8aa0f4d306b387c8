"""What a service in the car is given besides sensors: settings, and commands of which it sees the end."""

from typing import Annotated, Any, cast

import msgspec
import pytest

from openmarque.car.document_records import SettingRefused
from openmarque.catalogue.declarations import Authority, CommandSpec, DocumentSpec
from openmarque.protocol import signals as vss
from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Action, Outgoing, Refused, Step
from openmarque.protocol.waking import Steady
from openmarque.services.trips.messages import TRIP_COMPLETED
from tests.car_services import declared, installed
from tests.cars import NEXT_OWNER, Car, Platform, open_link, policy
from tests.phones import UNLOCKED, Owned


class Perch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting: how high the bird sits."""

    height_m: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


class BirdState(msgspec.Struct, frozen=True):
    """Where it sits."""

    height_m: int = 0


def sit(state: BirdState, body: Perch, sample) -> Step[BirdState] | Refused:
    if body.height_m > 50:
        return Refused("too_windy")
    return Step(BirdState(body.height_m), actions=(Action("fly"),), wake_at=Steady(sample.steady_ms + 60_000))


def rest(state: BirdState, _woken, _sample) -> Step[BirdState]:
    return Step(BirdState(), actions=(Action("fly"),))


BIRD = declared(
    "bird",
    [CommandSpec("fly", Authority.DIGITAL_KEY)],
    [DocumentSpec("perch", Perch)],
)


@pytest.fixture
def car(monkeypatch) -> Car:
    catalogue = installed(monkeypatch, CarPart("bird", BirdState, configure={"perch": sit}, wake=rest), BIRD)
    car = Car(catalogue=catalogue, steady_ms=1_000_000)
    open_link(car, Platform(policy=policy(catalogue=catalogue)))
    return car


def set_perch(car: Car, height_m: int, kind: str = "perch") -> str:
    with car.core._step(car.now) as turn:
        reason = car.core._pipeline.configure(turn, kind, Perch(height_m))
    car.did(turn.out)
    return reason


def test_a_setting_reaches_its_service_which_may_act_on_it_and_wish_to_be_woken(car):
    assert set_perch(car, 30) == ""
    assert car.core.service_state("bird") == BirdState(30)
    assert car.actions == [("fly", "", {})]
    car.power_up()
    assert car.core.service_state("bird") == BirdState(30)
    car.wait(60)
    assert car.core.service_state("bird") == BirdState(0)


def test_a_setting_that_its_service_refuses_changes_nothing(car):
    set_perch(car, 30)
    assert set_perch(car, 60) == "too_windy"
    assert car.core.service_state("bird") == BirdState(30)
    assert len(car.actions) == 1


def test_a_setting_that_no_service_in_the_car_goes_by_is_taken_as_it_is(car):
    assert set_perch(car, 60, "playlists") == ""
    assert car.actions == []


def test_a_setting_that_is_refused_at_the_screen_takes_nothing_from_what_else_was_due(car):
    set_perch(car, 30)
    car.ms += 60_000
    car.steady_ms += 60_000
    out = car.core.set_here(car.now, "perch", Perch(60))
    assert isinstance(out.refused, SettingRefused)
    assert out.refused.reason == "too_windy"
    assert [action.command for action in out.actions] == ["fly"], "the bird was woken in this step"
    assert car.core.service_state("bird") == BirdState()


def test_a_service_that_begins_anew_goes_by_what_is_set(car):
    """Its stored state is of another program, or it was installed behind the document: it goes by it from the first step on, once."""

    car.core.set_here(car.now, "perch", Perch(30))
    with car.store.step() as changes:
        changes.put("service.bird", "what another program wrote")
    car.power_up()
    assert car.core.service_state("bird") == BirdState()
    car.wait(1)
    car.did(car.core.sensed(car.now, {}))
    assert car.core.service_state("bird") == BirdState(30)
    assert car.core.counts("services") == {"state_lost:bird": 1}
    acted = len(car.actions)
    car.power_up()
    car.did(car.core.sensed(car.now, {}))
    assert (car.core.service_state("bird"), len(car.actions)) == (BirdState(30), acted), "not configured again"


class Broken(Exception):
    """A service's own mistake."""


def breaks(*_arguments):
    raise Broken


def nonsense(*_arguments):
    return b"yes"


class Unstorable(BirdState, frozen=True):
    what: object = object()


def answers(step: Any) -> Any:
    return lambda *_arguments: step


Untyped: Any = Step
"""As a service makes it that no type checker has seen."""
UNSOUND = {
    "a state of another kind": Untyped(Perch()),
    "a state that can't be stored": Untyped(Unstorable()),
    "values that are none": Untyped(BirdState(), values="fast"),
    "messages that are none": Untyped(BirdState(), messages=("hello",)),
    "messages without end": Untyped(BirdState(), messages=5),
    "actions that are none": Untyped(BirdState(), actions=("fly",)),
    "an action without arguments": Untyped(BirdState(), actions=(cast(Any, Action)("fly", None),)),
}
FAULTY = [breaks, nonsense, *map(answers, UNSOUND.values())]


@pytest.mark.parametrize("faulty", FAULTY, ids=["raises", "nonsense", *UNSOUND])
def test_a_service_that_fails_costs_the_car_that_service_and_no_other(monkeypatch, faulty):
    part = CarPart(
        "bird",
        BirdState,
        observe=faulty,
        wake=faulty,
        commands={"fly": CarCommand(faulty)},
        configure={"perch": faulty},
        screen=faulty,
        glance=faulty,
        forget=faulty,
    )
    catalogue = installed(monkeypatch, part, BIRD)
    owned = Owned(car=Car(catalogue=catalogue, may_fail=True), platform=Platform(policy=policy(catalogue=catalogue)))
    assert owned.gives(owned.remote_commands("fly")) == [("refused", "service_failed")]
    assert set_perch(owned.car, 3) == "service_failed"
    assert owned.gives(owned.remote_commands("unlock")) == [("reached", ""), ("executing", "")]
    owned.senses(UNLOCKED)
    assert owned.reports[-1] == ("done", "")
    owned.car.drives()
    owned.hears("policy", policy(2, tenure=NEXT_OWNER, catalogue=catalogue))
    assert owned.car.core.service_state("bird") == BirdState()
    assert owned.car.core.counts("services")["failed:bird"] > 5
    assert list(owned.car.core.counts("services")) == ["failed:bird"]
    assert owned.car.core.glances() == {"trips": "none"}
    owned.car.power_up()
    owned.car.drives()
    assert owned.car.core.service_state("bird") == BirdState()


@pytest.mark.parametrize(
    "value", [float("nan"), None, "fast", [object()], 10**400], ids=["nan", "none", "text", "list", "huge"]
)
def test_a_value_that_the_signal_can_not_have_and_a_body_without_spelling_are_not_captured(monkeypatch, value):
    handed = Untyped(
        BirdState(), {vss.SPEED: value, "Vehicle.NoSuchPath": 1}, (Outgoing(TRIP_COMPLETED, Unstorable(), Level.DATA),)
    )
    part = CarPart("bird", BirdState, observe=answers(handed))
    catalogue = installed(monkeypatch, part, BIRD)
    owned = Owned(car=Car(catalogue=catalogue), platform=Platform(policy=policy(catalogue=catalogue)))
    owned.senses({vss.STATE_OF_CHARGE: 55.0})
    counted = owned.car.core.counts("not_captured")
    assert counted["status:no_such_value"] > 0
    assert counted[f"{TRIP_COMPLETED}:unfit_body"] > 0
    assert owned.platform.shown()[vss.SPEED] == 0.0, "what the sensor said before"
    assert owned.platform.shown()[vss.STATE_OF_CHARGE] == 55.0, "what others say is told"


def test_a_service_that_fails_when_it_is_woken_is_not_woken_for_that_again(monkeypatch):
    part = CarPart("bird", BirdState, wake=breaks, configure={"perch": sit})
    catalogue = installed(monkeypatch, part, BIRD)
    car = Car(catalogue=catalogue, steady_ms=1_000_000, may_fail=True)
    set_perch(car, 3)
    car.wait(60)
    car.wait(60)
    assert car.core.counts("services") == {"failed:bird": 1}
    assert car.core._wakes.due_in_ms(car.now) is None
