"""Which services a world runs, and how a world part that is wrong is refused: with its place and its cure."""

import sys
from collections.abc import Callable
from types import ModuleType

import pytest

from openmarque.catalogue.declarations import Service
from openmarque.catalogue.register import CatalogueInvalid, installed_services
from openmarque.simulator.world import installed
from openmarque.simulator.world.exploration import explore
from openmarque.simulator.world.installed import (
    InvalidWorldPart,
    ServiceNotInstalled,
    install,
    package_installed,
    with_services,
    world_parts,
)
from openmarque.simulator.world.part import WorldPart
from openmarque.simulator.world.parts import Parts, PlantedFault
from tests.car_services import declared, module_on_disk

Offer = Callable[..., Service]
FAULT = PlantedFault("forgets everything", Parts(), frozenset({"trip-missing"}), seed=0)


@pytest.fixture
def offer(monkeypatch) -> Offer:
    """Puts a service with this content of its ``world.py`` among the modules until the test ends."""

    def put(name: str, **content: object) -> Service:
        package = ModuleType(f"{name}_of_a_test")
        package.__path__ = []
        monkeypatch.setitem(sys.modules, package.__name__, package)
        module = f"{package.__name__}.world"
        monkeypatch.setitem(sys.modules, module, module_on_disk(module, **content))
        return Service(name, package.__name__, (declared(name),))

    return put


def test_a_world_runs_the_services_of_the_package_and_each_brings_its_part():
    names = [service.name for service in package_installed().catalogue.services]
    assert names == [part.name for part in package_installed().world]
    assert all(service.package.startswith("openmarque.services.") for service in package_installed().catalogue.services)


def test_a_service_from_outside_runs_beside_ours_when_it_is_asked_for(offer, monkeypatch):
    other = offer("other", WORLD=WorldPart("other"))
    everything = installed_services()
    monkeypatch.setattr(installed, "installed_services", lambda: (*everything, other))
    assert [part.name for part in with_services(["other"]).world] == sorted(
        [*(part.name for part in package_installed().world), "other"]
    )
    assert with_services([]) is package_installed()
    assert explore(1, steps=200, installed=with_services(["other"])).failures == []


def test_a_service_that_is_not_installed_is_refused_with_those_that_are(offer, monkeypatch):
    monkeypatch.setattr(installed, "installed_services", lambda: (offer("other", WORLD=WorldPart("other")),))
    with pytest.raises(ServiceNotInstalled) as refused:
        with_services(["mine"])
    assert (refused.value.message, refused.value.remedy) == (
        "No service that is installed beside ours has this name. It was 'mine'.",
        "Choose one of: other.",
    )


def test_without_services_from_outside_the_cure_is_to_install_one(monkeypatch):
    monkeypatch.setattr(installed, "installed_services", list)
    with pytest.raises(ServiceNotInstalled) as refused:
        with_services(["mine"])
    assert refused.value.remedy == "Install its package into this environment first."


def test_a_service_of_ours_that_is_named_runs_as_always():
    assert with_services([service.name for service in package_installed().catalogue.services]) is package_installed()


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        ({}, "bad_of_a_test.world.WORLD", "it is missing."),
        ({"WORLD": "bad"}, "bad_of_a_test.world.WORLD", "it is a str."),
        ({"WORLD": WorldPart("good")}, "bad_of_a_test.world.WORLD", "it is called 'good'."),
        ({"WORLD": WorldPart("bad", watch={})}, "bad_of_a_test.world.WORLD.watch", "it is a dict, which is no function."),  # type: ignore[arg-type]
        ({"WORLD": WorldPart("bad", actor="me")}, "bad_of_a_test.world.WORLD.actor", "it is a str, which is no function."),  # type: ignore[arg-type]
        ({"WORLD": WorldPart("bad", planted=(FAULT, FAULT))}, "bad_of_a_test.world.WORLD.planted", "two faults are called"),
    ],
)
def test_a_wrong_world_part_is_refused_with_its_place_and_its_cure(offer, content, place, problem):
    with pytest.raises(InvalidWorldPart) as refused:
        world_parts([offer("bad", **content)])
    assert refused.value.detail.startswith(f"{place}: {problem}")
    assert refused.value.remedy


def test_two_services_may_not_plant_faults_of_one_name(offer):
    services = [offer(name, WORLD=WorldPart(name, planted=(FAULT,))) for name in ("one", "two")]
    with pytest.raises(InvalidWorldPart, match=r"two_of_a_test\.world\.WORLD\.planted: two faults are called"):
        world_parts(services)


def test_a_module_that_fails_while_it_is_imported_is_named(monkeypatch, tmp_path):
    folder = tmp_path / "failing_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "world.py").write_text("raise RuntimeError('nothing works')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidWorldPart) as refused:
        world_parts([Service("failing", "failing_of_a_test", ())])
    assert "failing_of_a_test.world: it can't be imported (RuntimeError: nothing works)." in refused.value.detail


def test_two_services_of_one_name_are_refused_by_the_catalogue(offer):
    with pytest.raises(CatalogueInvalid, match="two services are called 'one'"):
        install([offer("one", WORLD=WorldPart("one")), Service("one", "", ())])
