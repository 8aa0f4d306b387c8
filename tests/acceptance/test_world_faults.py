"""A service in the car that fails at random, in the deterministic world: it costs the car itself and nothing else, through crashes and restarts."""

import zlib
from collections import Counter
from typing import Any

import msgspec
import pytest

from openmarque.car.core import CarCore
from openmarque.catalogue.declarations import Authority, CommandSpec, DocumentSpec, Service
from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.sensing import Action, Ended, Sample, Screened, Step
from openmarque.simulator.world.car import CarParts
from openmarque.simulator.world.exploration import explore
from openmarque.simulator.world.installed import Installed, assemble, package_installed
from openmarque.simulator.world.parts import Parts
from tests.acceptance.planted_wakes import ROUGH
from tests.car_services import declared


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    on: bool = False


class Tally(msgspec.Struct, frozen=True):
    steps: int = 0


class Unstorable(Tally, frozen=True):
    what: object = object()


WAYS: tuple[Any, ...] = (
    "nonsense",
    None,
    Step(Settings()),
    Step(Unstorable()),
    Step(Tally(), values={"Vehicle.Speed": "fast"}),
    Step(Tally(), actions=(Action("trip_the_mains"),)),
)


def fails(state: Tally, *arguments: Any) -> Any:
    """Half of the time as it should, else in some way of its own that follows from the time and the state alone."""
    about = arguments[-1].steady_ms if isinstance(arguments[-1], Sample) else state.steps
    drawn = zlib.crc32(f"{about} {state.steps}".encode())
    if drawn % 2:
        return Step(Tally(state.steps + 1))
    if drawn % 7 == 0:
        raise ZeroDivisionError
    return WAYS[drawn % len(WAYS)]


def screens(state: Tally, sample: Sample) -> Any:
    answer = fails(state, sample)
    return Screened(answer.state) if isinstance(answer, Step) else answer


def ends(state: Tally, *arguments: Any) -> Any:
    return Ended() if isinstance(fails(state, *arguments), Step) else "soon"


SABOTEUR: CarPart[Any] = CarPart(
    "saboteur",
    Tally,
    observe=fails,
    screen=screens,
    glance=fails,
    commands={"sabotage": CarCommand(fails, ends, fails)},
    configure={"saboteur_settings": fails},
    forget=fails,
)
DECLARED = declared("saboteur", [CommandSpec("sabotage", Authority.DIGITAL_KEY)], [DocumentSpec("saboteur_settings", Settings)])
counted: Counter[str] = Counter()


def with_saboteur() -> Installed:
    ours = package_installed()
    return assemble([*ours.catalogue.services, Service("saboteur", "", (DECLARED,))], (*ours.car, SABOTEUR), ours.world)


def forgiven(*args: Any) -> CarCore:
    """A car whose makers know of the saboteur: its faults are counted as ever, and break no invariant of the world."""
    core = CarCore(*args)
    failed = core._pipeline._failed

    def forgive(turn: Any, name: str, error: Exception) -> None:
        failed(turn, name, error)
        counted[name] += 1
        if name == "saboteur":
            turn.out.faults.pop()

    core._pipeline._failed = forgive  # type: ignore[method-assign]  # only here are faults expected
    return core


@pytest.mark.timeout(7200)
def test_a_service_that_fails_at_random_costs_itself_alone(budget):
    result = explore(
        budget.of(8, 1_000), steps=1_200, parts=Parts(car=CarParts(core=forgiven)), installed=with_saboteur(), faults=ROUGH
    )
    for failure in result.failures:
        pytest.fail("\n".join([*failure.lines(), f"{failure.invariant}: {failure.detail}", f"seed {failure.seed}"]))
    assert counted["saboteur"] > 100
    assert set(counted) == {"saboteur"}
