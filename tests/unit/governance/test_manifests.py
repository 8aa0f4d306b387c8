"""What a service says of its cloud half is checked before anything runs on it: whatever is wrong is named with place and cure."""

import sys
from datetime import timedelta
from importlib import invalidate_caches
from itertools import count
from typing import Any

import pytest

from openmarque.catalogue.declarations import Declaration, Item, LegalBasis, Retention, Service, Until
from openmarque.catalogue.register import installed_services
from openmarque.governance.discovery import CloudParts, InstalledPart, ManifestsCollide, ManifestWrong, installed_parts
from openmarque.http.events import StreamPart
from openmarque.parts.cloud import CloudPart, MessageHandler
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import LevelChanged, MessageType

_NUMBERS = count()
BEGIN = "from openmarque.parts.cloud import CloudPart, MessageHandler\nasync def take(parts, tx, messages): return {}\n"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of these files, importable while the test runs; gives its name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made = []

    def make(**files: str) -> str:
        name = f"manifest_{next(_NUMBERS)}"
        folder = tmp_path / name
        folder.mkdir()
        for file, text in {"__init__": "", **files}.items():
            (folder / f"{file}.py").write_text(text)
        made.append(name)
        invalidate_caches()
        return name

    yield make
    for name in [module for module in sys.modules if module.partition(".")[0] in made]:
        del sys.modules[name]


def service(package: str, *messages: str) -> Service:
    item = Item("figures", Retention(Until.AGE, 30), carried=tuple(f"wire:{message}.at" for message in messages))
    declaration = Declaration("heat", 1, LegalBasis.CONTRACT, (item,), messages=messages)
    types = tuple(MessageType(message, Lane.EVENT, LevelChanged, Level.DATA, "heat", "heat") for message in messages)
    return Service("heat", package, (declaration,), types)


def test_what_is_installed_has_sound_manifests_and_everybody_is_found():
    found = installed_parts(installed_services())
    names = {installed.part.name for installed in found.installed}
    assert {"governance", "accounts", "commands", "consent", *_with_a_cloud_half()} <= names
    claims = {claim.name: claim.package for claim in found.claims() if claim.what == "message"}
    assert claims["level_changed"] == "openmarque.domains.consent"
    for one in installed_services():
        for message_type in one.message_types:
            assert claims[message_type.name] == one.package


def _with_a_cloud_half() -> set[str]:
    return {one.name for one in installed_services() if one.message_types}


def test_a_service_that_does_nothing_in_the_cloud_needs_no_manifest(package):
    name = package(declaration="", car="")
    assert all(installed.package != name for installed in installed_parts([service(name)]).installed)


@pytest.mark.parametrize("file", ["service", "routes", "tables", "timers"])
def test_a_service_with_a_cloud_half_and_no_manifest_is_named(package, file):
    name = package(**{file: ""})
    with pytest.raises(ManifestWrong, match=f"{name} has {file}.py and no cloud.py") as refused:
        installed_parts([service(name)])
    assert "write-a-service" in refused.value.remedy


def test_a_service_whose_messages_nobody_takes_is_named(package):
    name = package()
    with pytest.raises(ManifestWrong, match=f"{name} sends heat_felt"):
        installed_parts([service(name, "heat_felt")])


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("CLOUD = (", "can't be imported: SyntaxError"),
        ("import no_such_library", "can't be imported: ModuleNotFoundError"),
        ("", "cloud:CLOUD is NoneType, not a CloudPart"),
        ("CLOUD = {'name': 'heat'}", "cloud:CLOUD is dict, not a CloudPart"),
        (BEGIN + "CLOUD = CloudPart('cold')", "its name is 'cold', and has to be 'heat'"),
        (BEGIN + "CLOUD = CloudPart('heat', handlers=take)", "handlers has to be a tuple of MessageHandler"),
        (BEGIN + "CLOUD = CloudPart('heat', handlers=(take,))", "handlers has to be a tuple of MessageHandler"),
        (BEGIN + "CLOUD = CloudPart('heat', handlers=(MessageHandler('heat_felt', take),))", "takes a tuple of names"),
        (BEGIN + "CLOUD = CloudPart('heat', handlers=(MessageHandler(('heat_felt',), None),))", "and a function"),
        (BEGIN + "CLOUD = CloudPart('heat', timers={'cool': 'later'})", "timers has to give a function for each kind"),
        (BEGIN + "CLOUD = CloudPart('heat', timers=[take])", "timers has to give a function for each kind"),
        (BEGIN + "CLOUD = CloudPart('heat', timers={'cool': take}, recurring={'cool': 60})", "a time above zero"),
        (
            BEGIN + "from datetime import timedelta as t\nCLOUD = CloudPart('heat', recurring={'cool': t(1)})",
            "'cool' recurs, and timers has no such kind",
        ),
        (BEGIN + "CLOUD = CloudPart('heat', stream_parts=('heat',))", "stream_parts has to be a tuple of StreamPart"),
        (
            BEGIN
            + "from openmarque.http.events import StreamPart as P\nCLOUD = CloudPart('heat', stream_parts=(P('end', take),))",
            "no part of the event stream can be called 'end'",
        ),
        (BEGIN + "CLOUD = CloudPart('heat', routes='/heat')", "routes has to be a function"),
        (BEGIN + "CLOUD = CloudPart('heat', greeted='hello')", "greeted has to be a function"),
        (BEGIN + "CLOUD = CloudPart('heat')", "nothing handles the message 'heat_felt', which heat declares"),
        (
            BEGIN + "CLOUD = CloudPart('heat', handlers=(MessageHandler(('heat_felt', 'level_changed'), take),))",
            "it handles the message 'level_changed', which heat does not declare",
        ),
        (
            BEGIN + "CLOUD = CloudPart('heat', handlers=(MessageHandler(('heat_felt', 'heat_felt'), take),))",
            "it handles the message 'heat_felt' twice",
        ),
    ],
)
def test_a_wrong_manifest_is_told_with_its_place(package, written, told):
    name = package(cloud=written)
    with pytest.raises(ManifestWrong) as refused:
        installed_parts([service(name, "heat_felt")])
    assert f"{name}.cloud" in refused.value.detail
    assert told in refused.value.detail
    assert refused.value.remedy


def test_routes_that_are_no_router_are_told_with_their_place(package):
    name = package(cloud=BEGIN + "CLOUD = CloudPart('heat', routes=lambda: 'nothing')")
    with pytest.raises(ManifestWrong, match=f"{name}.cloud:CLOUD: routes gives str, not an APIRouter"):
        installed_parts([service(name)]).routers()


def test_two_parts_that_serve_one_address_are_both_named_whatever_they_call_its_parameters(package):
    written = BEGIN + (
        "from fastapi import APIRouter\n"
        "def routes():\n"
        "    router = APIRouter()\n"
        "    router.add_api_route('/vehicles/{car}/commands', lambda: None, methods=['GET'])\n"
        "    return router\n"
        "CLOUD = CloudPart('heat', routes=routes)"
    )
    name = package(cloud=written)
    with pytest.raises(ManifestsCollide) as refused:
        installed_parts([service(name)]).routers()
    assert refused.value.detail.startswith("Two parts serve 'GET /vehicles/{}/commands': ")
    assert "openmarque.domains.commands.cloud:CLOUD" in refused.value.detail
    assert f"{name}.cloud:CLOUD" in refused.value.detail


async def nothing(*_given: Any) -> Any:
    return {}


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (CloudPart[Any]("heat"), CloudPart[Any]("heat"), "Two parts are called 'heat'"),
        (
            CloudPart[Any]("a", handlers=(MessageHandler(("heat_felt",), nothing),)),
            CloudPart[Any]("b", handlers=(MessageHandler(("heat_felt",), nothing),)),
            "Two parts handle the message 'heat_felt'",
        ),
        (
            CloudPart[Any]("a", timers={"cool": nothing}),
            CloudPart[Any]("b", timers={"cool": nothing}, recurring={"cool": timedelta(hours=1)}),
            "Two parts have the timer 'cool'",
        ),
        (
            CloudPart[Any]("a", stream_parts=(StreamPart("heat", nothing),)),
            CloudPart[Any]("b", stream_parts=(StreamPart("heat", nothing),)),
            "Two parts of the event stream are called 'heat'",
        ),
    ],
)
def test_two_that_claim_the_same_name_are_both_named(one, other, told):
    with pytest.raises(ManifestsCollide) as refused:
        CloudParts([InstalledPart("first", one, None), InstalledPart("second", other, None)])
    assert told in refused.value.detail
    assert "first.cloud:CLOUD and second.cloud:CLOUD" in refused.value.detail
    assert "uninstall" in refused.value.remedy
