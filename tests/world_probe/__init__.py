"""A service of tests in the deterministic world that does all that a service can: it is woken, takes arguments, and tells what it did.

What it wishes follows from the time alone (``_wish_of``): it sets timers by the steady clock and by local times of two zones, sets the same local time
anew, takes a wish back, and now and then wishes what a car has to refuse.
"""

import zlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, time
from enum import StrEnum
from functools import cache
from random import Random
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec

from openmarque.catalogue.declarations import (
    LIFE_OF_TENURE,
    OVERWRITTEN,
    Authority,
    CommandSpec,
    Declaration,
    DocumentScope,
    DocumentSpec,
    Item,
    LegalBasis,
    Service,
)
from openmarque.catalogue.events import EventSpec
from openmarque.kit.ids import VehicleId
from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageType
from openmarque.protocol.sensing import Command, Ended, Outgoing, Refused, Sample, Step
from openmarque.protocol.waking import HORIZON_MS, KEEP, Steady, WakeAt, Wall, Woken, next_local
from openmarque.simulator.world.database import Write
from openmarque.simulator.world.installed import Installed, assemble, package_installed
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.part import Arguments, CarScene, Hardware, Watch, WorldPart
from openmarque.simulator.world.seen import Sent
from openmarque.simulator.world.view import View

RAN: Final = "probe_ran"
SET: Final = "probe_set"
LOOK: Final = "probe_look"
OPEN: Final = "probe_open"
SETTINGS: Final = "probe_settings"
OF_CAR: Final = "probe_of_car"
_ZONES: Final = ("Europe/Paris", "Europe/Paris", "America/New_York")
_MORNING: Final = time(7, 30)
_QUARTER_MS: Final = 900_000
_REFUSED_CELSIUS: Final = 28


class Fan(StrEnum):
    """How the fan of the probe blows."""

    LOW = "low"
    HIGH = "high"


class ProbeArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of every kind."""

    celsius: Annotated[int, msgspec.Meta(ge=16, le=28)]
    fan: Fan
    windows: bool
    name: Annotated[str, msgspec.Meta(max_length=8, pattern=r"^[ !#-\[\]-~]*$")]


class ProbeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is set of the probe: by the owner, or on the car's screen."""

    celsius: Annotated[int, msgspec.Meta(ge=16, le=28)] = 20
    number: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0


class ProbeOfCar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What belongs to the car, whoever has it."""

    number: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0


class ProbeRan(msgspec.Struct, frozen=True):
    """The probe acted; numbered upwards over the car's life, above all that a memory lost since had given."""

    run: int


RUNS: Final = EventSpec("probe", "probe_run", ProbeRan, once_by=("run",), message=RAN)


class ProbeState(msgspec.Struct, frozen=True):
    """The number of its last act, what the clock on the wall showed at the last sample, and what is set."""

    runs: int = 0
    shown_ms: int = 0
    settings: ProbeSettings = ProbeSettings()
    of_car: ProbeOfCar = ProbeOfCar()


DECLARED: Final = Declaration(
    name="probe",
    version=1,
    basis=LegalBasis.CONTRACT,
    capability="telematics",
    messages=(RAN,),
    commands=(
        CommandSpec(SET, Authority.DIGITAL_KEY, arguments=ProbeArguments, in_car=True),
        CommandSpec(LOOK, Authority.PLATFORM, confirm=False),
        CommandSpec(OPEN, Authority.LOCAL),
    ),
    documents=(
        DocumentSpec(SETTINGS, ProbeSettings),
        DocumentSpec(OF_CAR, ProbeOfCar, scope=DocumentScope.VEHICLE),
    ),
    items=(
        Item("runs", LIFE_OF_TENURE, (), (f"{RUNS}.run",), carried=(f"wire:{RAN}.run",)),
        Item("settings", LIFE_OF_TENURE, carried=(f"document:{SETTINGS}",)),
        Item("settings of the car", OVERWRITTEN, carried=(f"document:{OF_CAR}",)),
    ),
)
SERVICE: Final = Service(
    "probe", __name__, (DECLARED,), (MessageType(RAN, Lane.EVENT, ProbeRan, Level.DATA, "what it did", "probe"),)
)


# In the car


def observe(state: ProbeState, sample: Sample) -> Step[ProbeState]:
    """Some samples make it wish something; so does a clock that went back."""
    went_back = sample.at_ms < state.shown_ms
    wish = _next_quarter(sample, _ZONES[0]) if went_back else _wish_of(sample)
    return Step(msgspec.structs.replace(state, shown_ms=sample.at_ms), wake_at=wish)


def wake(state: ProbeState, woken: Woken, sample: Sample) -> Step[ProbeState]:
    """It acts, and says so, unless it was missed; by the wall clock it wishes the next one."""
    again: WakeAt = KEEP
    if isinstance(woken.wish, Wall):
        again = Wall(next_local(woken.wish.local.time(), woken.wish.zone, sample.at_ms), woken.wish.zone, woken.wish.grace_s)
    if woken.missed:
        return Step(state, wake_at=again)
    ran = ProbeRan(max(state.runs + 1, sample.steady_ms))
    acted = msgspec.structs.replace(state, runs=ran.run, shown_ms=sample.at_ms)
    return Step(acted, messages=(Outgoing(RAN, ran, sample.level),), wake_at=again)


def _wish_of(sample: Sample) -> WakeAt:
    drawn = zlib.crc32(sample.steady_ms.to_bytes(8))
    soon_ms, zone = drawn % 600_000, _ZONES[drawn % 3]
    match drawn % 251:
        case 0 | 1:
            return Steady(sample.steady_ms + soon_ms)
        case 2:
            return Steady(sample.steady_ms - soon_ms)
        case 3:
            return Steady(sample.steady_ms + HORIZON_MS + 1)
        case 4:
            return Wall(next_local(_MORNING, zone, sample.at_ms), zone, 3600)
        case 5:
            return Wall(datetime.fromisoformat("2026-11-22T07:30"), zone, 10)
        case 6:
            return None
        case few if few < 32:
            return _next_quarter(sample, zone)
    return KEEP


def _next_quarter(sample: Sample, zone: str) -> Wall:
    quarter = datetime.fromtimestamp((sample.at_ms // _QUARTER_MS + 1) * _QUARTER_MS / 1000, ZoneInfo(zone))
    return Wall(next_local(quarter.time(), zone, sample.at_ms), zone, 600)


def begin(state: ProbeState, command: Command, _sample: Sample) -> Step[ProbeState] | Refused:
    """It does what it is told, but for the one thing that it refuses."""
    if isinstance(command.arguments, ProbeArguments) and command.arguments.celsius == _REFUSED_CELSIUS:
        return Refused("not_now")
    return Step(state, actions=(command.action,))


def configure(state: ProbeState, body: ProbeSettings, _sample: Sample) -> Step[ProbeState] | Refused:
    """It takes over what was set, but for what it refuses."""
    if body.celsius == _REFUSED_CELSIUS:
        return Refused("not_now")
    return Step(msgspec.structs.replace(state, settings=body))


def configure_car(state: ProbeState, body: ProbeOfCar, _sample: Sample) -> Step[ProbeState]:
    """It takes over what was set."""
    return Step(msgspec.structs.replace(state, of_car=body))


CAR: Final = CarPart(
    "probe",
    ProbeState,
    observe=observe,
    wake=wake,
    commands=dict.fromkeys((SET, LOOK, OPEN), CarCommand(begin, lambda _state, _command, _sample: Ended())),
    configure={SETTINGS: configure, OF_CAR: configure_car},
    forget=lambda state: ProbeState(state.runs, state.shown_ms, of_car=state.of_car),
)


# On the platform


# In the world


class ProbeWatch:
    """What was set is what was asked for, and what was stored is what was told."""

    def __init__(self, view: View) -> None:
        """Nothing was stored yet."""
        self._view = view
        self._stored: dict[VehicleId, set[int]] = defaultdict(set)

    def wrote(self, write: Write) -> None:
        """An act was stored."""
        if write.before is not None or write.after is None:
            raise InvariantBroken("probe-stored-twice", f"{write.key}")
        self._view.check_stored(write.after)
        self._stored[write.after.vehicle_id].add(write.after.body.run)

    def holds(self, vehicle_id: VehicleId, sent: Sent) -> bool:
        """Whether the act is stored."""
        assert isinstance(sent.about, ProbeRan)
        return sent.about.run in self._stored[vehicle_id]

    def mark(self) -> dict[VehicleId, set[int]]:
        """What is stored now."""
        return {vehicle_id: set(runs) for vehicle_id, runs in self._stored.items()}

    def restored(self, mark: Mapping[VehicleId, set[int]]) -> None:
        """Only that is stored now."""
        self._stored = defaultdict(set, {vehicle_id: set(runs) for vehicle_id, runs in mark.items()})

    def ask(self, car: object, _silence: object) -> Mapping[str, int]:
        """How much there was to look at."""
        return {"runs": len(self._stored[car.vehicle_id])}  # type: ignore[attr-defined]


def watch(view: View) -> Watch:
    """What is looked at in one world."""
    probe = ProbeWatch(view)
    return Watch(
        tables={RUNS.table: probe.wrote}, holds={RAN: probe.holds}, mark=probe.mark, restored=probe.restored, ask=probe.ask
    )


def _nothing(_scene: CarScene, _arguments: Arguments) -> None:
    """The probe has no sensors."""


def actor(scene: CarScene) -> None:
    """Somebody asks for it by the app, now and then."""
    arguments: Arguments = {"celsius": 20, "fan": "low", "windows": False, "name": "probe"}
    scene.scheduler.repeat(600_000, scene.random, lambda: scene.ask(SET, arguments))


def hardware(_random: Random) -> Hardware:
    """Its actuators do nothing that anybody could sense."""
    return Hardware(actuators=dict.fromkeys((SET, LOOK, OPEN), _nothing))


def _settings(random: Random) -> ProbeSettings:
    return ProbeSettings(random.randint(16, 28), random.randint(1, 1_000_000))


def _of_car(random: Random) -> ProbeOfCar:
    return ProbeOfCar(random.randint(1, 1_000_000))


WORLD: Final = WorldPart(
    "probe",
    hardware=hardware,
    actor=actor,
    watch=watch,
    bodies={SETTINGS: _settings, OF_CAR: _of_car},
)


@cache
def with_probe() -> Installed:
    """The services of the package with the probe beside them."""
    ours = package_installed()
    return assemble([*ours.catalogue.services, SERVICE], (*ours.car, CAR), (*ours.world, WORLD))
