"""Watches what services in the cars wish to be woken for, and when they are. It counts in the world's true time.

Invariants here (names as reported):
    wake-too-early      not before the time that was wished for: the steady one in truth, the other by the clock that the car shows
    wake-overdue        a car that runs wakes a service when its time has come, also after a crash and whatever the clock was set to
    wake-run-twice      a local time is run once, however often the clock goes back behind it
    wake-lost           what was wished for is there after a restart
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from openmarque.car.core import CarCore
from openmarque.car.waking import WAKES, Wake, WakesRecord
from openmarque.kit.ids import VehicleId
from openmarque.protocol.envelope import Trust
from openmarque.protocol.waking import LEAST_APART_MS, Steady, Wall
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.scheduler import Scheduler

_LATE_MS = LEAST_APART_MS + 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Wished:
    """How a service stood when it was seen last, and when its wish is due: in true time where no restart made that unknown."""

    wake: Wake
    due_ms: int | None = None


@dataclass
class SeenWakes:
    """What was seen of one car."""

    core: CarCore | None = None
    booted_ms: int = 0
    wished: dict[str, Wished] = field(default_factory=dict)
    run: dict[str, set[tuple[datetime, str]]] = field(default_factory=dict)


class WakeWatch:
    """Raises ``InvariantBroken`` at the step that breaks one."""

    def __init__(self, scheduler: Scheduler) -> None:
        """Watch nothing yet."""
        self._scheduler = scheduler
        self._cars: dict[VehicleId, SeenWakes] = {}

    def forget(self, car: WorldCar) -> None:
        """The car lost its memory, and with it what was wished for and run."""
        self._cars.pop(car.vehicle_id, None)

    def stepped(self, car: WorldCar) -> None:
        """A step of a car ended well, or a core was made from its store."""
        core = car.core
        assert core is not None
        seen = self._cars.setdefault(car.vehicle_id, SeenWakes())
        has_restarted, seen.core = seen.core is not core, core
        is_known = seen.booted_ms == car.booted_ms
        seen.booted_ms = car.booted_ms
        for name, wake in core.wakes.items():
            before = seen.wished.get(name, Wished(Wake()))
            if not is_known:
                before.due_ms = None  # the machine was off: only the car's own clocks know how long
            if has_restarted:
                self._is_kept(car, name, wake)
            if wake.runs != before.wake.runs:
                self._ran(car, seen.run.setdefault(name, set()), name, wake)
            is_woken = wake.woken_ms != before.wake.woken_ms and wake.woken_ms is not None
            if is_woken and before.wake.armed is not None and not has_restarted:
                self._is_time(car, name, before)
            if wake != before.wake:
                seen.wished[name] = Wished(wake, self._due_ms(car, wake, before))
            elif not has_restarted:
                self._look(car, name, before)

    def ask(self, car: WorldCar) -> None:
        """The final question: nothing that is due waits."""
        for name, wished in self._cars.get(car.vehicle_id, SeenWakes()).wished.items():
            self._look(car, name, wished)

    def _is_kept(self, car: WorldCar, name: str, wake: Wake) -> None:
        stored = (car.store.read(WAKES, WakesRecord) or WakesRecord()).services.get(name, Wake())
        if (stored.armed and stored.armed.wish, stored.runs) != (wake.armed and wake.armed.wish, wake.runs):
            raise InvariantBroken("wake-lost", f"{car.name} has restarted with {wake} for {name}; its memory says {stored}")

    def _ran(self, car: WorldCar, run: set[tuple[datetime, str]], name: str, wake: Wake) -> None:
        """The wishes for which a service acted have changed: one more, or none after a change of owner."""
        if not wake.runs:
            run.clear()
            return
        newest = (wake.runs[-1].local, wake.runs[-1].zone)
        if newest in run:
            raise InvariantBroken("wake-run-twice", f"{car.name} runs {name} again for {newest}")
        run.add(newest)

    def _is_time(self, car: WorldCar, name: str, wished: Wished) -> None:
        """A service was woken in this step: its time must have come."""
        assert wished.wake.armed is not None
        wish = wished.wake.armed.wish
        if isinstance(wish, Wall):
            is_early = car.trust is Trust.UNSET or car.now().ms < _instant_ms(wish)
        else:
            is_early = wished.due_ms is not None and self._scheduler.now_ms < wished.due_ms
        if is_early:
            raise InvariantBroken("wake-too-early", f"{car.name} wakes {name} for {wish} at {car.now()}")

    def _due_ms(self, car: WorldCar, wake: Wake, before: Wished) -> int | None:
        """When a wish is due in truth, found at the step that made it."""
        if wake.armed is None or not isinstance(wake.armed.wish, Steady):
            return None
        if (
            before.wake.armed is not None
            and before.wake.armed.wish == wake.armed.wish
            and before.wake.woken_ms == wake.woken_ms
        ):
            return before.due_ms
        return self._scheduler.now_ms + wake.armed.wish.ms - car.now().steady

    def _look(self, car: WorldCar, name: str, wished: Wished) -> None:
        """A wish that a car has held for more than a step is not due, but for the distance between two wakes."""
        armed, woken_ms = wished.wake.armed, wished.wake.woken_ms
        if armed is None or (woken_ms is not None and car.now().steady < woken_ms + _LATE_MS):
            return
        if isinstance(armed.wish, Wall):
            is_due = car.trust is not Trust.UNSET and car.now().ms >= _instant_ms(armed.wish)
        else:
            is_due = wished.due_ms is not None and self._scheduler.now_ms > wished.due_ms
        if is_due:
            raise InvariantBroken("wake-overdue", f"{car.name} does not wake {name} for {armed.wish}")


def _instant_ms(wish: Wall) -> int:
    """When it is the wish's local time; no clock change lies in the days of a world."""
    return (wish.local.replace(tzinfo=ZoneInfo(wish.zone)).astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
