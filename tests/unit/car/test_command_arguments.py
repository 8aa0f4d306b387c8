"""Commands with arguments in the car, from a phone and from the car's own screen: what does not fit is refused, and nothing moves."""

from typing import Annotated, Literal

import msgspec
import pytest

from openmarque.car.model import CommandNotOffered, NoticeCode
from openmarque.catalogue.command_arguments import ArgumentInvalid, ArgumentUnknown
from openmarque.catalogue.declarations import Authority, CommandSpec
from openmarque.protocol import signals as vss
from openmarque.protocol.car_part import CarCommand, CarPart, Stateless
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Command, Ended, Refused, Sample, Step
from tests.car_services import declared, installed
from tests.cars import NEXT_OWNER, Car, Platform, policy
from tests.phones import Owned

BEGUN = [("reached", ""), ("executing", "")]
DONE = [*BEGUN, ("done", "")]


class Glow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the car glows."""

    duration_s: Annotated[int, msgspec.Meta(ge=1, le=60)]
    colour: Literal["amber", "white"] = "amber"


def begin(state: Stateless, command: Command, sample: Sample) -> Step[Stateless] | Refused:
    assert isinstance(command.arguments, Glow | Dim)
    if sample.latest.get(vss.SPEED):
        return Refused("moving")
    return Step(state, actions=(command.action,))


class Dim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How dark."""

    percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 50


def dark(_state: Stateless, _command: Command, sample: Sample) -> Ended | None:
    return Ended() if sample.latest.get(vss.PARKING_LIGHTS) is False else None


LAMP = CarPart(
    "lamp", Stateless, commands={"glow": CarCommand(begin), "dim": CarCommand(begin, dark), "blink": CarCommand(begin)}
)
DECLARED = declared(
    "lamp",
    [
        CommandSpec("glow", Authority.DIGITAL_KEY, Glow, in_car=True),
        CommandSpec("dim", Authority.LOCAL, Dim, outcome_within_s=12),
        CommandSpec("blink", Authority.DIGITAL_KEY, Dim),
    ],
)


@pytest.fixture
def owned(monkeypatch) -> Owned:
    catalogue = installed(monkeypatch, LAMP, DECLARED)
    return Owned(car=Car(catalogue=catalogue), platform=Platform(policy=policy(catalogue=catalogue)))


def here(owned: Owned, name: str, **arguments: object) -> tuple[str, str]:
    """Somebody in the car gives a command: how it stands then."""
    owned.talks(owned.car.did(owned.car.core.command_here(owned.car.now, name, arguments)))
    entry = owned.car.core.remote_commands[-1]
    return entry.state.value, entry.reason


@pytest.mark.parametrize(
    ("given", "done"),
    [
        ({"duration_s": 10, "colour": "white"}, {"duration_s": 10, "colour": "white"}),
        ({"duration_s": 60}, {"duration_s": 60, "colour": "amber"}),
    ],
)
def test_a_service_gets_its_arguments_typed_and_the_actuator_gets_them_all(owned, given, done):
    assert owned.gives(owned.remote_commands("glow", arguments=given)) == DONE
    assert [(a.command, a.arguments) for a in owned.car.actions] == [("glow", done)]


@pytest.mark.req("RC-6b")
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"duration_s": 0},
        {"duration_s": 61},
        {"duration_s": True},
        {"duration_s": "10"},
        {"duration_s": 10, "colour": "blue"},
        {"duration_s": 10, "colour": 3},
        {"duration_s": 10, "volume": 11},
    ],
)
def test_what_is_not_what_the_command_takes_is_refused_with_its_reason_and_nothing_moves(owned, given):
    frame = owned.remote_commands("glow", arguments=given)
    assert owned.gives(frame) == [("refused", "bad_arguments")]
    assert owned.car.actions == []
    assert owned.gives(frame) == [("refused", "bad_arguments")]
    assert owned.gives(owned.remote_commands("glow", arguments={"duration_s": 1})) == DONE, "and nothing else is disturbed"


def test_a_command_without_arguments_takes_none(owned):
    assert owned.gives(owned.remote_commands("unlock", arguments={"door": 1})) == [("refused", "bad_arguments")]


def test_who_may_not_give_a_command_learns_nothing_of_its_arguments(owned):
    assert owned.gives(owned.remote_commands("glow", arguments={"duration_s": 0}, key_id="ab" * 16)) == [
        ("refused", "unknown_phone")
    ]
    owned.talks(owned.car.switch("lamp", on=False))
    assert owned.gives(owned.remote_commands("glow", arguments={"duration_s": 0})) == [("refused", "switched_off_in_car")]


# On the car's own screen


def test_the_cars_screen_gives_commands_without_network_at_every_level_and_nothing_of_it_leaves(owned):
    owned.talks(owned.car.set_level(Level.PRIVATE))
    owned.talks(owned.car.switch("remote_access", on=False))
    before = list(owned.reports)
    assert here(owned, "glow", duration_s=5) == ("done", "")
    assert [(a.command, a.arguments) for a in owned.car.actions] == [("glow", {"duration_s": 5, "colour": "amber"})]
    owned.talks(owned.car.set_level(Level.DATA))
    assert owned.reports == before


def test_a_local_command_is_given_in_the_car_alone(owned):
    assert owned.gives(owned.remote_commands("dim", arguments={"percent": 10})) == [("refused", "not_authorised")]
    owned.senses({vss.PARKING_LIGHTS: True})
    assert here(owned, "dim", percent=10) == ("executing", "")
    owned.senses({vss.PARKING_LIGHTS: False})
    assert owned.car.core.remote_commands[-1].state == "done"


def test_a_command_given_in_the_car_has_its_time_and_fails_after_it(owned):
    owned.senses({vss.PARKING_LIGHTS: True})
    here(owned, "dim")
    owned.waits(11.9)
    assert owned.car.core.remote_commands[-1].state == "executing"
    owned.waits(0.1)
    assert owned.car.core.remote_commands[-1].reason == "no_effect"
    assert owned.car.core.notices[-1].code is NoticeCode.COMMAND_FAILED


@pytest.mark.parametrize("name", ["blink", "unlock", "fly", ""])
def test_what_the_screen_does_not_offer_it_does_not_give(owned, name):
    assert list(owned.car.core.commands_here) == ["dim", "glow"]
    with pytest.raises(CommandNotOffered) as refused:
        owned.car.core.command_here(owned.car.now, name)
    assert refused.value.remedy == "Give one of: dim, glow."
    assert here(owned, "glow", duration_s=5) == ("done", ""), "the car goes on"


def test_wrong_arguments_on_the_screen_are_told_with_place_and_cure(owned):
    with pytest.raises(ArgumentInvalid) as invalid:
        owned.car.core.command_here(owned.car.now, "glow", {"duration_s": 61})
    assert invalid.value.remedy == "Give `duration_s` as: 1 … 60."
    with pytest.raises(ArgumentUnknown):
        owned.car.core.command_here(owned.car.now, "glow", {"duration_s": 6, "volume": 11})
    assert owned.car.actions == []


def test_the_services_own_rule_and_its_switch_hold_in_the_car_too(owned):
    owned.senses({vss.SPEED: 30.0})
    assert here(owned, "glow", duration_s=5) == ("refused", "moving")
    owned.talks(owned.car.switch("lamp", on=False))
    assert here(owned, "glow", duration_s=5) == ("refused", "switched_off_in_car")
    assert owned.car.actions == []


def test_a_newer_command_takes_the_place_of_the_one_that_runs_wherever_they_came_from(owned):
    owned.senses({vss.PARKING_LIGHTS: True})
    here(owned, "dim")
    assert owned.gives(owned.remote_commands("glow", arguments={"duration_s": 1})) == DONE
    assert [(e.command, e.reason) for e in owned.car.core.remote_commands] == [("dim", "superseded"), ("glow", "")]


def test_a_restart_ends_what_was_given_in_the_car(owned):
    owned.senses({vss.PARKING_LIGHTS: True})
    here(owned, "dim")
    owned.car.power_up()
    owned.talks(owned.car.connect())
    assert owned.car.core.remote_commands[-1].reason == "interrupted"


def test_the_next_owner_finds_nothing_of_what_was_given_in_the_car(owned):
    here(owned, "glow", duration_s=5)
    owned.hears("policy", policy(2, tenure=NEXT_OWNER, catalogue=owned.car.catalogue))
    assert owned.car.core.remote_commands == ()
