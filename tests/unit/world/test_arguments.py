"""Arguments drawn from what a command declares: those it takes, and those it has to refuse."""

from enum import StrEnum
from random import Random
from typing import Annotated, Literal

import msgspec
import pytest

from openmarque.catalogue.command_arguments import ArgumentInvalid, ArgumentUnknown, read_arguments, spelled
from openmarque.protocol.commands import NoArguments
from openmarque.simulator.world.arguments import draw, spoil


class Seat(StrEnum):
    LEFT = "left"
    RIGHT = "right"


class Warm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every kind of argument that there is."""

    celsius: Annotated[int, msgspec.Meta(ge=16, le=28)]
    seat: Seat
    fan: Literal["low", "high"]
    windows: bool
    name: Annotated[str, msgspec.Meta(max_length=8, pattern=r"^[ !#-\[\]-~]*$")] = ""


@pytest.mark.parametrize("seed", range(40))
def test_what_is_drawn_is_taken_and_what_is_spoilt_is_refused(seed: int):
    random = Random(seed)
    good = draw(random, Warm)
    assert spelled(read_arguments(Warm, good)) == good
    with pytest.raises((ArgumentInvalid, ArgumentUnknown)):
        read_arguments(Warm, spoil(random, Warm, good))


def test_limits_and_every_choice_are_drawn_and_every_kind_of_mistake_is_made():
    random = Random(7)
    drawn = [draw(random, Warm) for _ in range(200)]
    assert {16, 28} < {arguments["celsius"] for arguments in drawn}
    assert {str(arguments["seat"]) for arguments in drawn} == {"left", "right"}
    assert {len(str(arguments["name"])) for arguments in drawn} >= {0, 1, 8}
    spoilt = [spoil(random, Warm, arguments) for arguments in drawn]
    assert any("nobody_declared" in arguments for arguments in spoilt)
    assert any("celsius" not in arguments for arguments in spoilt)
    assert any(arguments.get("celsius") == 29 for arguments in spoilt)
    assert any(arguments.get("celsius") == "1" for arguments in spoilt)
    assert any(arguments.get("fan") in (1, "none_of_the_choices") for arguments in spoilt)


def test_a_command_without_arguments_is_spoilt_by_one_that_nobody_declared():
    assert draw(Random(1), NoArguments) == {}
    assert spoil(Random(1), NoArguments, {}) == {"nobody_declared": 1}
