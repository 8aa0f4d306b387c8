"""The power fails at a named point of a step in which the car acts: whatever it acted on, it never does it twice, and says what became of it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.car.store import MemoryCarStore
from openmarque.catalogue.declarations import Authority, CommandSpec, DocumentSpec
from openmarque.protocol import documents as d
from openmarque.protocol import signals as vss
from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.levels import Level
from openmarque.protocol.sensing import Action, Command, Step
from openmarque.protocol.waking import KEEP, Steady
from tests.car_services import declared, installed
from tests.cars import COMMAND_KEY, OWNER, START_MS, VEHICLE, Car, Platform, policy
from tests.phones import Owned

POINTS = {"memory": ("before_commit", "after_commit"), "sqlite": ("before_commit", "mid_write", "after_commit")}
WAIT_MS = 60_000


class PowerFailed(BaseException):
    """Nothing in the program sees it coming."""


class Warmth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting of the heater."""

    celsius: Annotated[int, msgspec.Meta(ge=5, le=30)] = 20


class Heater(msgspec.Struct, frozen=True):
    """How often it was lit, and how warm it should be."""

    lit: int = 0
    celsius: int = 20


def lights(state: Heater, _what: object, _sample: object) -> Step[Heater]:
    return Step(msgspec.structs.replace(state, lit=state.lit + 1), actions=(Action("light"),))


def begins(state: Heater, command: Command, sample: object) -> Step[Heater]:
    return lights(state, command, sample)


def goes_by(state: Heater, body: Warmth, sample: object) -> Step[Heater]:
    return lights(msgspec.structs.replace(state, celsius=body.celsius), body, sample)


def wishes(state: Heater, sample: Any) -> Step[Heater]:
    """It wants to act in a minute when it hears of the battery."""
    return Step(state, wake_at=Steady(sample.steady_ms + WAIT_MS) if vss.STATE_OF_CHARGE in sample.sensed else KEEP)


def not_yet(_state: Heater, _command: Command, _sample: object) -> None:
    return None


PART = CarPart(
    "heater",
    Heater,
    observe=wishes,
    wake=lights,
    commands={"light": CarCommand(begins, not_yet)},
    configure={"warmth": goes_by},
)
DECLARED = declared("heater", [CommandSpec("light", Authority.DIGITAL_KEY, in_car=True)], [DocumentSpec("warmth", Warmth)])


@pytest.fixture(params=[(kind, point) for kind, points in POINTS.items() for point in points], ids="-".join)
def cut(request: pytest.FixtureRequest) -> tuple[str, str]:
    kind, point = request.param
    return kind, point


@pytest.fixture
def owned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cut: tuple[str, str]) -> Iterator[Owned]:
    catalogue = installed(monkeypatch, PART, DECLARED)
    store = SqliteCarStore(tmp_path / "car.db") if cut[0] == "sqlite" else MemoryCarStore()
    owned = Owned(car=Car(store=store, catalogue=catalogue), platform=Platform(policy=policy(catalogue=catalogue)))
    yield owned
    if isinstance(owned.car.store, SqliteCarStore):
        owned.car.store.close()


def dies(owned: Owned, point: str, act: Callable[[], object], tmp_path: Path) -> None:
    """The power fails at `point` of what `act` does, and comes back. What the program held is gone; the store is opened again."""

    def die(reached: str) -> None:
        if reached == point:
            raise PowerFailed

    store: Any = owned.car.store
    store.fault = die
    with pytest.raises(PowerFailed):
        act()
    store.fault = lambda _point: None
    if isinstance(store, SqliteCarStore):
        store.close()
        owned.car.store = SqliteCarStore(tmp_path / "car.db")
    owned.car.power_up()
    owned.talks(owned.car.connect())
    owned.waits(1)


def lit(owned: Owned) -> int:
    return owned.done.count("light")


def stands(owned: Owned) -> Heater:
    state = owned.car.core.service_state("heater")
    assert isinstance(state, Heater)
    return state


@pytest.mark.req("RC-6d")
def test_a_remote_command_that_power_cut_off_is_never_run_again_and_its_end_is_told(owned, cut, tmp_path):
    frame = owned.remote_commands("light")
    dies(owned, cut[1], lambda: owned.car.hears("command", frame), tmp_path)
    assert lit(owned) == 0
    if cut[1] == "after_commit":
        assert owned.reports[-1] == ("failed", "interrupted"), "it may have begun: nobody knows"
        assert owned.gives(frame) == [("failed", "interrupted")]
        assert (lit(owned), stands(owned).lit) == (0, 1)
    else:
        assert owned.reports == [], "the car has never heard of it; its challenge died with the power"
        assert owned.gives(frame)[-1][0] == "refused"
        assert (lit(owned), stands(owned).lit) == (0, 0)
    assert owned.gives(owned.remote_commands("light"))[-1] == ("executing", "")
    assert lit(owned) == 1


def test_a_command_of_the_cars_own_screen_that_power_cut_off_is_not_run_again(owned, cut, tmp_path):
    dies(owned, cut[1], lambda: owned.car.core.command_here(owned.car.now, "light"), tmp_path)
    known = [(entry.command, entry.state.value, entry.reason) for entry in owned.car.core.remote_commands]
    assert known == ([("light", "failed", "interrupted")] if cut[1] == "after_commit" else [])
    owned.waits(300)
    assert lit(owned) == 0
    assert owned.reports == [], "what is done in the car is not reported"


def test_a_timer_that_power_cut_off_acts_once_or_is_lost_with_its_step_and_never_twice(owned, cut, tmp_path):
    owned.senses({vss.STATE_OF_CHARGE: 80.0})
    owned.waits(WAIT_MS / 1000 - 1)
    assert lit(owned) == 0
    dies(owned, cut[1], lambda: owned.waits(1), tmp_path)
    owned.waits(300)
    owned.car.power_up()
    owned.waits(300)
    assert stands(owned).lit == 1, "the store knows of one"
    assert lit(owned) == (0 if cut[1] == "after_commit" else 1)


def test_a_setting_that_power_cut_off_is_in_force_with_its_service_or_in_neither(owned, cut, tmp_path):
    dies(owned, cut[1], lambda: owned.car.core.set_here(owned.car.now, "warmth", Warmth(25)), tmp_path)
    counts = 25 if cut[1] == "after_commit" else 20
    assert owned.car.core.setting("warmth").body == Warmth(counts)
    assert stands(owned) == Heater(lit=int(counts == 25), celsius=counts)
    owned.car.power_up()
    owned.waits(300)
    assert (lit(owned), stands(owned).celsius) == (0, counts), "a restart does not do again what the setting did"


def test_a_document_that_power_cut_off_is_taken_once_when_it_comes_again(owned, cut, tmp_path):
    made = d.Document(VEHICLE.hex, OWNER.hex, "warmth", START_MS, 1, d.write_body(Warmth(25)), d.Maker.OWNER, START_MS)
    frame = d.sign_document(COMMAND_KEY, made)
    dies(owned, cut[1], lambda: owned.car.hears("document", frame), tmp_path)
    owned.hears("document", frame)
    owned.hears("document", frame)
    assert stands(owned) == Heater(lit=1, celsius=25)
    assert lit(owned) == (0 if cut[1] == "after_commit" else 1)
    assert owned.car.core.level is Level.DATA
