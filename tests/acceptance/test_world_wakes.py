"""Services that ask to be woken, in the deterministic world: through crashes, sleep, resets and clocks that jump each is woken once, in time."""

from zoneinfo import ZoneInfo

import msgspec
import pytest

from openmarque.car import waking
from openmarque.car.gate import Gate
from openmarque.car.waking import Wakes
from openmarque.catalogue.declarations import Authority, CommandSpec
from openmarque.kit.clock import from_ms
from openmarque.protocol.car_part import CarPart
from openmarque.protocol.sensing import Action, Sample, Step
from openmarque.protocol.waking import KEEP, Steady, Wall, Woken, woken
from openmarque.simulator.world.fault_profile import HOUR_MS, MINUTE_MS, FaultProfile
from openmarque.simulator.world.installed import Installed, install, package_installed
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.world import World
from tests.car_services import declared, put_in

STEPS = 2_500
PARIS = "Europe/Paris"
ROUGH = FaultProfile(
    car_crash=0.01,
    car_reset_ms=HOUR_MS,
    clock_jump_ms=10 * MINUTE_MS,
    coverage_ms=20 * MINUTE_MS,
    level_ms=HOUR_MS,
    long_sleep=0.05,
)
"""A hard life for clocks."""
TURN_MS = 3 * 60_000
"""Twenty an hour: the farthest that clocks go back over what was run, and less than the car remembers."""
PULSE_MS = 20_000


class Rung(msgspec.Struct, frozen=True):
    """How often a service acted, and why it did not when it did not."""

    acted: int = 0
    missed: tuple[str, ...] = ()


def ask_for_the_next_turn(state: Rung, sample: Sample) -> Step[Rung]:
    """A service that asks anew with each sample: a clock that goes back makes it ask again for what it has done."""
    turn = from_ms((sample.at_ms // TURN_MS + 1) * TURN_MS)
    shown = turn.astimezone(ZoneInfo(PARIS)).replace(tzinfo=None)
    return Step(state, wake_at=Wall(shown, PARIS, 120) if sample.is_time_known else KEEP)


def ring(state: Rung, why: Woken, _sample: Sample) -> Step[Rung]:
    return Step(Rung(state.acted, (*state.missed, why.missed)) if why.missed else Rung(state.acted + 1, state.missed))


def begin_pulse(state: Rung, sample: Sample) -> Step[Rung]:
    return Step(state, wake_at=Steady(sample.steady_ms + PULSE_MS) if state == Rung() else KEEP)


def pulse(state: Rung, _woken: Woken, sample: Sample) -> Step[Rung]:
    return Step(Rung(state.acted + 1), actions=(Action("beat"),), wake_at=Steady(sample.steady_ms + PULSE_MS))


PULSE = declared("pulse", [CommandSpec("beat", Authority.DIGITAL_KEY)])


@pytest.fixture
def services(monkeypatch) -> Installed:
    """The package's services and two that ask to be woken."""
    alarm = put_in(monkeypatch, CarPart("alarm", Rung, observe=ask_for_the_next_turn, wake=ring), declared("alarm"))
    pulses = put_in(monkeypatch, CarPart("pulse", Rung, observe=begin_pulse, wake=pulse), PULSE)
    return install([*package_installed().catalogue.services, alarm, pulses])


def lived(services: Installed, seed: int) -> World:
    world = World(seed, STEPS, faults=ROUGH, installed=services)
    world.run()
    return world


@pytest.mark.timeout(7200)
def test_a_service_is_woken_once_and_in_time_whatever_goes_wrong(services, budget):
    rung = {"alarm": Rung(), "pulse": Rung()}
    for seed in range(budget.of(4, 2_000)):
        for life in lived(services, seed).lives:
            for name, before in rung.items():
                assert life.car.core is not None
                state = life.car.core.service_state(name)
                rung[name] = Rung(before.acted + state.acted, tuple({*before.missed, *state.missed}))
    assert rung["alarm"].acted > 50
    assert rung["pulse"].acted > 200
    assert set(rung["alarm"].missed) == {"too_late", "already_run"}, "clocks went back and forth over what was asked for"


def planted(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """One broken promise each."""
    take_due, begin = Wakes.take_due, Wakes.__init__

    def wakes_early(self, now):
        return take_due(self, now._replace(steady_ms=now.steady + 30_000, ms=now.ms + 30_000))

    def forgets_wishes(self, store, names, counts, boot):
        begin(self, store, names, counts, boot)
        self._wakes = {service: msgspec.structs.replace(wake, armed=None) for service, wake in self._wakes.items()}

    faults = {
        "wakes early": (Wakes, "take_due", wakes_early),
        "wakes nobody": (Wakes, "take_due", lambda self, now: []),
        "forgets what it has run": (waking, "woken", lambda armed, clocks, _already_run: woken(armed, clocks, ())),
        "acts where the service is switched off": (Gate, "refuses_here", lambda *_: ""),
        "forgets wishes in a restart": (Wakes, "__init__", forgets_wishes),
    }
    monkeypatch.setattr(*faults[name])


@pytest.mark.parametrize(
    ("name", "reported_as", "seed"),
    [
        ("wakes early", "wake-too-early", 0),
        ("wakes nobody", "wake-overdue", 0),
        ("forgets what it has run", "wake-run-twice", 3),
        ("forgets wishes in a restart", "wake-lost", 0),
        ("acts where the service is switched off", "action-of-a-closed-service", 5),
    ],
)
def test_a_kernel_that_breaks_a_promise_of_waking_is_found(services, monkeypatch, budget, name, reported_as, seed):
    planted(monkeypatch, name)
    with pytest.raises(InvariantBroken) as broken:
        [lived(services, tried) for tried in budget.of([seed], range(20))]
    assert broken.value.invariant == reported_as
