"""Commands given on the head unit: forms made from the declarations, and nothing that they do not offer."""

from typing import Annotated, Literal

import httpx
import msgspec
import pytest
import pytest_asyncio

from openmarque.car.headunit import HeadUnit
from openmarque.catalogue.declarations import Authority, CommandSpec
from openmarque.kit.texts import LANGUAGES
from openmarque.protocol import signals as vss
from openmarque.protocol.car_part import CarCommand, CarPart, Stateless
from openmarque.protocol.commands import ARGUMENT_TEXT
from openmarque.protocol.sensing import Ended, Refused, Step
from tests.car_services import declared, installed
from tests.cars import Car, Platform, open_link, policy
from tests.unit.car.test_headunit import BASE, VIN, Cockpit, submit


class Show(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A show of lights."""

    duration_s: Annotated[int, msgspec.Meta(ge=1, le=60, extra_json_schema={"unit": "s"})]
    colour: Literal["amber", "white"] = "white"
    with_horn: bool = False
    title: Annotated[str, msgspec.Meta(max_length=20, pattern=ARGUMENT_TEXT)] = "hello"


def begin(state, command, sample):
    return Refused("moving") if sample.latest.get(vss.SPEED) else Step(state, actions=(command.action,))


def dark(_state, _command, sample):
    return Ended() if sample.latest.get(vss.PARKING_LIGHTS) is False else None


@pytest.fixture
def car(monkeypatch) -> Car:
    part = CarPart("lamp", Stateless, commands={"show": CarCommand(begin), "dim": CarCommand(begin, dark)})
    commands = [CommandSpec("show", Authority.DIGITAL_KEY, Show, in_car=True), CommandSpec("dim", Authority.LOCAL)]
    catalogue = installed(monkeypatch, part, declared("lamp", commands))
    car = Car(catalogue=catalogue)
    open_link(car, Platform(policy=policy(catalogue=catalogue)))
    return car


@pytest_asyncio.fixture
async def browser(car):
    unit = HeadUnit(Cockpit(car, Platform(policy=policy(catalogue=car.catalogue))), car.catalogue, VIN)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(unit.app), base_url=BASE, headers={"Origin": BASE}) as client:
        yield client


async def test_each_command_is_a_form_with_the_limits_and_defaults_of_its_arguments(browser):
    page = (await browser.get("/")).text
    assert page.count('action="/commands"') == 2
    assert '<input id="show-duration_s" name="argument.duration_s" type="number" min="1" max="60" required>' in page
    assert '<option value="white" selected>' in page
    assert '<input id="show-with_horn" name="argument.with_horn" type="checkbox">' in page
    assert '<input id="show-title" name="argument.title" maxlength="20" value="hello">' in page
    for language in LANGUAGES:
        assert (await browser.get(f"/?lang={language}")).status_code == 200


async def test_a_command_is_given_with_what_was_typed(browser, car):
    ticked = {"argument.duration_s": "10", "argument.colour": "amber", "argument.with_horn": "on", "argument.title": "a"}
    assert "Done." in (await submit(browser, "/commands", command="show", **ticked)).text
    plain = {"argument.duration_s": "1", "argument.colour": "white", "argument.title": ""}
    await submit(browser, "/commands", command="show", **plain)
    assert [action.arguments for action in car.actions] == [
        {"duration_s": 10, "colour": "amber", "with_horn": True, "title": "a"},
        {"duration_s": 1, "colour": "white", "with_horn": False, "title": ""},
    ]


async def test_what_has_begun_and_what_was_refused_is_told_so(browser, car):
    car.senses({vss.PARKING_LIGHTS: True})
    assert "The car is doing it." in (await submit(browser, "/commands", command="dim")).text
    car.senses({vss.SPEED: 50.0})
    refused = (await submit(browser, "/commands", command="dim")).text
    assert "The car did not do it" in refused
    assert "The car is moving." in refused


@pytest.mark.parametrize(
    "fields",
    [
        {"command": "show"},
        {"command": "show", "argument.duration_s": "61"},
        {"command": "show", "argument.duration_s": "ten"},
        {"command": "show", "argument.duration_s": "9" * 300},
        {"command": "show", "argument.duration_s": "²"},
        {"command": "show", "argument.duration_s": "5", "argument.colour": "blue"},
        {"command": "show", "argument.duration_s": "5", "argument.volume": "11"},
        {"command": "unlock"},
        {"command": ""},
        {},
    ],
)
async def test_what_no_form_of_the_page_says_is_not_given(browser, car, fields):
    answer = await submit(browser, "/commands", **fields)
    assert "The car does not take this command so." in answer.text
    assert car.actions == []
    assert car.core.remote_commands == ()


async def test_another_page_gives_no_command(browser, car):
    foreign = await browser.post("/commands", data={"command": "dim"}, headers={"Origin": "http://evil.example"})
    assert foreign.status_code == 403
    assert (await browser.post("/commands", data={"command": "dim", "token": "guessed"})).status_code == 403
    assert car.actions == []
