"""The wakes of the services of one car: kept in its store, and due by its clocks (``protocol.waking`` has the rules). No I/O.

A wish is stored in the step that made it; a wake is taken out of the store in the step in which the service is woken. So a crash in
between leaves either both or none of it, and a service is woken once.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from openmarque.car.link import Turn
from openmarque.car.model import Now
from openmarque.car.records import Counts
from openmarque.car.store import CarStore, Changes
from openmarque.protocol.envelope import Trust
from openmarque.protocol.waking import (
    KEEP,
    LEAST_APART_MS,
    Armed,
    Clocks,
    WakeAt,
    Wall,
    Woken,
    arm,
    moved,
    refuses,
    waits_ms,
    woken,
)

WAKES: Final = "wakes"
"""The record in the car's store."""
RUNS_KEPT: Final = 32
"""Wall-clock wishes of a service for which it acted: more than a timer has in the day by which a clock may go back, in some 1.5 kB."""


class Wake(msgspec.Struct, array_like=True, frozen=True):
    """How a service stands: its wish, if any, when it was woken last (steady clock), and the wall-clock wishes for which it acted."""

    armed: Armed | None = None
    woken_ms: int | None = None
    runs: tuple[Wall, ...] = ()


class WakesRecord(msgspec.Struct, array_like=True, frozen=True):
    """All of them by service. `boot` names the life of the machine in which the steady clock's numbers were said."""

    boot: str = ""
    services: dict[str, Wake] = {}


class Wakes:
    """The wishes of one car's services."""

    def __init__(self, store: CarStore, services: Iterable[str], counts: Counts, boot: str) -> None:
        """Go on from what `store` holds, for those of `services` that can be woken. `boot` changes when the machine was restarted."""
        record = store.read(WAKES, WakesRecord) or WakesRecord(boot)
        self._wakes = {name: record.services.get(name, Wake()) for name in services}
        self._boot = boot
        self._is_changed = False
        self._steady_ms: int | None = None if record.boot != boot else max(map(_latest, self._wakes.values()), default=0)
        """What the steady clock said last; None where its life is another one than that of the record."""
        self._counts = counts

    @property
    def life(self) -> str:
        """What names the life of the machine in which the steady clock's numbers mean something."""
        return self._boot

    def move_to(self, now: Now) -> None:
        """Time went on to `now`. Call it first in each step: it sees a steady clock that began anew."""
        if self._has_begun_anew(now):
            clocks = _clocks(now)
            for name, wake in self._wakes.items():
                armed = wake.armed and moved(wake.armed, clocks)
                self._put(name, msgspec.structs.replace(wake, armed=armed, woken_ms=None))
        self._steady_ms = now.steady

    def due_in_ms(self, now: Now) -> int | None:
        """In how many milliseconds a service is woken if no clock is set; None when none is."""
        if self._has_begun_anew(now):
            return 0
        clocks = _clocks(now)
        return min((wait for wake in self._wakes.values() if (wait := _waits_ms(wake, clocks)) is not None), default=None)

    def take_due(self, now: Now) -> list[tuple[str, Woken]]:
        """The services to wake now, in the order of their names. Their wishes are gone: what they wish for now comes in a later step."""
        clocks = _clocks(now)
        due = []
        for name, wake in self._wakes.items():
            if wake.armed is None or _waits_ms(wake, clocks) != 0:
                continue
            why = woken(wake.armed, clocks, wake.runs)
            runs = wake.runs
            if not why.missed and isinstance(why.wish, Wall):
                runs = (*runs, why.wish)[-RUNS_KEPT:]
            self._put(name, Wake(None, now.steady, runs))
            self._counts.add(f"wakes/{why.missed or 'run'}:{name}")
            due.append((name, why))
        return due

    def wish(self, turn: Turn, service: str, wake_at: WakeAt) -> None:
        """A service wishes to be woken, or not any more. A wish that can't be is counted (``wakes/…``), and what was set before stays."""
        wake = self._wakes.get(service)
        if wake_at is KEEP:
            return
        if wake is None:
            self._counts.add(f"wakes/no_function:{service}")
            return
        if wake.armed is not None and wake.armed.wish == wake_at:
            return
        clocks = _clocks(turn.now)
        if wake_at is None:
            self._put(service, msgspec.structs.replace(wake, armed=None))
            return
        refusal = refuses(wake_at, clocks)
        if refusal:
            self._counts.add(f"wakes/{refusal}:{service}")
            return
        armed = arm(wake_at, clocks)
        self._put(service, msgspec.structs.replace(wake, armed=armed))
        if wake.woken_ms is not None and (waits_ms(armed, clocks) or 0) < wake.woken_ms + LEAST_APART_MS - clocks.steady_ms:
            self._counts.add(f"wakes/slowed:{service}")

    def forget(self) -> None:
        """Another owner: nothing that the one before wished for comes, and nothing tells when it did."""
        for name, wake in self._wakes.items():
            self._put(name, Wake(None, wake.woken_ms))

    def write(self, changes: Changes) -> None:
        """Put the record if it changed in this step."""
        if self._is_changed:
            self._is_changed = False
            changes.put(WAKES, WakesRecord(self._boot, self._wakes))

    def _has_begun_anew(self, now: Now) -> bool:
        return self._steady_ms is None or now.steady < self._steady_ms

    def _put(self, service: str, wake: Wake) -> None:
        if wake != self._wakes[service]:
            self._wakes[service] = wake
            self._is_changed = True


def _clocks(now: Now) -> Clocks:
    return Clocks(now.steady, None if now.trust is Trust.UNSET else now.ms)


def _waits_ms(wake: Wake, clocks: Clocks) -> int | None:
    """How long until the service is woken: what it wished, but not sooner than it may."""
    wait = None if wake.armed is None else waits_ms(wake.armed, clocks)
    if wait is None or wake.woken_ms is None:
        return wait
    return max(wait, wake.woken_ms + LEAST_APART_MS - clocks.steady_ms)


def _latest(wake: Wake) -> int:
    """The latest that the steady clock is known to have said."""
    return max(wake.armed.asked_steady_ms if wake.armed else 0, wake.woken_ms or 0)
