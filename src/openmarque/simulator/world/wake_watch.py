"""Watches that services in the cars are woken as they wished: once, not early, and soon, whatever cars and clocks go through.

Invariants here (names as reported):
    wake-unasked    a service is woken only for what it wished last
    wake-early      not before the steady clock, or the clock on the wall as it is set now, says the time
    wake-late       nor later than `SOON_MS` after that, after the car came up again, or after its clock was set
    wake-missing    nor not at all
    wake-misjudged  what came too late for its grace, or was acted for before, is told as that; nothing else is
    wake-run-twice  it acts once for one local time, also when the clock went back

How it knows. ``recorded`` wraps the in-car part of a service: what the service wishes, and why it is woken, is written into its own state, and so is
committed or lost with everything else of a step. The watch reads that record and keeps its own account of what should have come.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from openmarque.car.model import Output
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import VehicleId
from openmarque.protocol.car_part import CarCommand, CarPart
from openmarque.protocol.envelope import Trust
from openmarque.protocol.sensing import Refused, Sample, Step
from openmarque.protocol.waking import (
    ALREADY_RUN,
    HORIZON_MS,
    KEEP,
    LEAST_APART_MS,
    LEAST_GRACE_S,
    MOST_GRACE_S,
    TOO_LATE,
    Steady,
    Wall,
    Wish,
    Woken,
)
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.part import Silence, Watch
from openmarque.simulator.world.view import View

SOON_MS: Final = 1_000
"""A car that runs looks at its clock at the millisecond; a second is what nobody notices of a timer."""
_KEPT: Final = 16
"""Entries in a record: more than one step makes, and every step but one that killed the car is looked at."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What happened: numbered upwards, with the steady clock and the clock on the wall (0: in a step that tells no time)."""

    number: int
    kind: Literal["wished", "woken", "forgotten"]
    steady_ms: int = 0
    wall_ms: int = 0
    wish: Steady | Wall | None = None
    missed: str = ""


class Record(msgspec.Struct, frozen=True):
    """A service's state beside what it wished; the real one has the service's own type for `inner`."""

    inner: Any
    log: tuple[Entry, ...] = ()


def recorded(part: CarPart[Any]) -> CarPart[Any]:
    """`part` with its wishes and wakes written down; as it is, where it can't be woken."""
    if part.wake is None:
        return part
    wake, observe, forget = part.wake, part.observe, part.forget
    kind: Any = msgspec.defstruct(
        f"{part.name}_recorded",
        [("inner", part.state, msgspec.field(default_factory=part.state)), ("log", tuple[Entry, ...], ())],
        bases=(Record,),
        frozen=True,
    )

    def go_on(record: Record, step: Step[Any] | Refused, sample: Sample | None, woken: Woken | None = None) -> Any:
        if isinstance(step, Refused):
            return step
        times = (0, 0) if sample is None else (sample.steady_ms, sample.at_ms)
        log = record.log
        if woken is not None:
            log = (*log, Entry(_next(log), "woken", *times, woken.wish, woken.missed))
        if step.wake_at is not KEEP:
            log = (*log, Entry(_next(log), "wished", *times, step.wake_at))
        unchanged = step.state is record.inner and log is record.log
        return replace(step, state=record if unchanged else kind(step.state, log[-_KEPT:]))

    def command(known: CarCommand[Any]) -> CarCommand[Any]:
        over, outcome = known.over, known.outcome
        return CarCommand(
            lambda record, asked, sample: go_on(record, known.begin(record.inner, asked, sample), sample),
            None if outcome is None else lambda record, asked, sample: outcome(record.inner, asked, sample),
            None if over is None else lambda record, asked, failed: go_on(record, over(record.inner, asked, failed), None),
        )

    def configure(set_up: Callable[[Any, Any, Sample], Any]) -> Callable[[Any, Any, Sample], Any]:
        return lambda record, body, sample: go_on(record, set_up(record.inner, body, sample), sample)

    def screen(record: Record, sample: Sample) -> Any:
        assert part.screen is not None
        screened = part.screen(record.inner, sample)
        return screened if screened.state is None else replace(screened, state=kind(screened.state, record.log))

    def forgotten(record: Record) -> Record:
        inner = part.state() if forget is None else forget(record.inner)
        made: Record = kind(inner, (*record.log, Entry(_next(record.log), "forgotten"))[-_KEPT:])
        return made

    return CarPart(
        part.name,
        kind,
        observe=None if observe is None else lambda record, sample: go_on(record, observe(record.inner, sample), sample),
        wake=lambda record, woken, sample: go_on(record, wake(record.inner, woken, sample), sample, woken),
        commands={name: command(known) for name, known in part.commands.items()},
        configure={name: configure(set_up) for name, set_up in part.configure.items()},
        screen=None if part.screen is None else screen,
        forget=forgotten,
    )


def _next(log: tuple[Entry, ...]) -> int:
    return log[-1].number + 1 if log else 1


@dataclass(slots=True)
class Account:
    """What should become of the wishes of one service in one car, in true time: its wish since when, and what it acted for.

    A wish by the steady clock is due at `due_ms`, at `latest_ms` at the latest: the two are one until the machine was off, and the car can
    tell only by other clocks how long (None: nobody can say that it is early).
    """

    number: int = 0
    wish: Wish | None = None
    since_ms: int = 0
    due_ms: int | None = None
    latest_ms: int = 0
    woken_ms: int | None = None
    acted: set[tuple[datetime, str]] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Clock:
    """One car's clocks as they were last seen: whose core, how far off, how far to be believed, since when; and when its machine started."""

    core: object = None
    offset_ms: int = 0
    trust: Trust = Trust.SYNCED
    since_ms: int = 0
    booted_ms: int = 0


class WakeWatch:
    """The wakes of all cars of one world."""

    def __init__(self, view: View, services: tuple[str, ...]) -> None:
        """Watch `services`, those whose parts are recorded."""
        self._view = view
        self._services = services
        self._accounts: dict[tuple[VehicleId, str], Account] = {}
        self._clocks: dict[VehicleId, Clock] = {}

    def stepped(self, car: WorldCar, _out: Output) -> None:
        """A step of a car ended well."""
        core, now_ms = car.core, self._view.scheduler.now_ms
        assert core is not None
        clock = self._clocks.setdefault(car.vehicle_id, Clock(booted_ms=car.booted_ms))
        if core is not clock.core:
            self._read(car, clock)  # what was done in a step that killed the core, by the clocks of then
        if car.booted_ms != clock.booted_ms:
            for service in self._services:
                _machine_restarted(self._accounts[car.vehicle_id, service], now_ms)
        if (core, car.offset_ms, car.trust) != (clock.core, clock.offset_ms, clock.trust):
            clock.core, clock.offset_ms, clock.trust, clock.since_ms = core, car.offset_ms, car.trust, now_ms
        clock.booted_ms = car.booted_ms
        self._read(car, clock)
        for service in self._services:
            account = self._accounts[car.vehicle_id, service]
            due_ms = _expected_ms(account, clock)
            if due_ms is not None and now_ms > due_ms + SOON_MS:
                raise InvariantBroken("wake-missing", f"{car.name} {service}: {account.wish} was due {now_ms - due_ms} ms ago")

    def ask(self, car: WorldCar, _silence: Silence) -> Mapping[str, int]:
        """How often the services of one car were woken, and why in vain; what is missing was missed before."""
        counts = Counter[str]()
        for service in self._services:
            counts += self._accounts[car.vehicle_id, service].counts
        return counts

    def _read(self, car: WorldCar, clock: Clock) -> None:
        """Take over what the services wrote down since the last step."""
        assert car.core is not None
        for service in self._services:
            account = self._accounts.setdefault((car.vehicle_id, service), Account())
            log: tuple[Entry, ...] = car.core.service_state(service).log
            if (log[-1].number if log else 0) < account.number:  # the car lost its memory
                account = self._accounts[car.vehicle_id, service] = Account(counts=account.counts)
            for entry in log:
                if entry.number > account.number:
                    account.number = entry.number
                    at_ms = entry.steady_ms + clock.booted_ms if entry.wall_ms else self._view.scheduler.now_ms
                    _take(f"{car.name} {service}", account, entry, at_ms, clock)


def _take(who: str, account: Account, entry: Entry, at_ms: int, clock: Clock) -> None:
    match entry.kind:
        case "wished":
            if entry.wish != account.wish and (entry.wish is None or _is_fair(entry.wish, entry, clock.trust)):
                account.wish, account.since_ms = entry.wish, at_ms
                if isinstance(entry.wish, Steady):
                    account.due_ms = account.latest_ms = max(entry.wish.ms + clock.booted_ms, at_ms)
        case "woken":
            _woken(who, account, entry, at_ms, clock)
        case "forgotten":
            account.wish, account.acted = None, set()


def _machine_restarted(account: Account, now_ms: int) -> None:
    """The steady clock began anew: the wait is now what the wall clock leaves of it, at the most all of it once more."""
    account.latest_ms = now_ms + max(0, account.latest_ms - account.since_ms)
    account.since_ms, account.due_ms = now_ms, None


def _woken(who: str, account: Account, entry: Entry, at_ms: int, clock: Clock) -> None:
    wish = account.wish
    if wish is None or entry.wish != wish:
        raise InvariantBroken("wake-unasked", f"{who} is woken for {entry.wish}, and wished {wish}")
    due_ms = account.due_ms if isinstance(wish, Steady) else at_ms - entry.wall_ms + instant_ms(wish.local, wish.zone)
    late_ms = 0 if due_ms is None else at_ms - due_ms
    if late_ms < 0:
        raise InvariantBroken("wake-early", f"{who} is woken {-late_ms} ms before {wish}")
    expected_ms = _expected_ms(account, clock)
    if expected_ms is not None and at_ms > expected_ms + SOON_MS:
        raise InvariantBroken("wake-late", f"{who} is woken {at_ms - expected_ms} ms late for {wish}")
    should = _misses(account, wish, late_ms)
    if not entry.missed and should == ALREADY_RUN:
        raise InvariantBroken("wake-run-twice", f"{who} acts for {wish} again")
    if entry.missed != should:
        raise InvariantBroken("wake-misjudged", f"{who}: {wish} is told as {entry.missed!r}, and is {late_ms} ms late")
    if isinstance(wish, Wall) and not should:
        account.acted.add((wish.local, wish.zone))
    account.wish, account.woken_ms = None, at_ms
    account.counts[f"wakes_{should or 'run'}"] += 1


def _misses(account: Account, wish: Wish, late_ms: int) -> str:
    """Why the service should not act for a wish that is so late; "" when it should."""
    if isinstance(wish, Steady):
        return ""
    if (wish.local, wish.zone) in account.acted:
        return ALREADY_RUN
    return TOO_LATE if late_ms > wish.grace_s * 1000 else ""


def watch_wakes(view: View, services: tuple[str, ...]) -> Watch:
    """What is looked at in one world, where some of its services can be woken."""
    watch = WakeWatch(view, services)
    return Watch(stepped=watch.stepped, ask=watch.ask) if services else Watch()


def _expected_ms(account: Account, clock: Clock) -> int | None:
    """The true instant at which the car should see at the latest that the wish is due; None while it can't tell."""
    wish = account.wish
    if wish is None or (isinstance(wish, Wall) and clock.trust is Trust.UNSET):
        return None
    said_ms = account.latest_ms if isinstance(wish, Steady) else instant_ms(wish.local, wish.zone) - clock.offset_ms
    apart_ms = 0 if account.woken_ms is None else account.woken_ms + LEAST_APART_MS
    return max(said_ms, account.since_ms, clock.since_ms, apart_ms)


def _is_fair(wish: Wish, entry: Entry, trust: Trust) -> bool:
    """Whether a car has to take this wish."""
    if isinstance(wish, Steady):
        return wish.ms - entry.steady_ms <= HORIZON_MS
    if not LEAST_GRACE_S <= wish.grace_s <= MOST_GRACE_S:
        return False
    return trust is Trust.UNSET or instant_ms(wish.local, wish.zone) - entry.wall_ms <= HORIZON_MS


@cache
def instant_ms(local: datetime, zone: str) -> int:
    """The first instant at which clocks of `zone` show `local` or more: in a gap its end, in an hour that comes twice its first pass.

    Found by looking at every minute around: slow, and as simple as the sentence. `local` has to be a whole minute.
    """
    rules = ZoneInfo(zone)
    at = local.replace(tzinfo=UTC) - timedelta(hours=26)
    while at.astimezone(rules).replace(tzinfo=None, fold=0) < local:
        at += timedelta(minutes=1)
    return to_ms(at)
