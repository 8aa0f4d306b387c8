"""Replaying a recorded drive: its rows become what the car's sensors say. Resumes where it was killed; loses and doubles no trip.

Theory of operation. ``Replay`` is without I/O: ``feed`` gives the core the next row, and the position goes into the store in the same
step as what the row led to. Rows keep their distances in time; the last one lies at the end of the replay ("now" for speed 0).
At speed 0 a row with a new position is fed once everything captured before was acknowledged, so that each distinct position is
shown; rows in which the receiver holds its fix follow at once. At speed N a row is fed when its time has come on a clock that
runs N times as fast.

After the last row the ignition goes off, which ends the trip, and the replay waits until nothing waits for an acknowledgement.
Killed in between, it goes on from the stored position with the same times.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Protocol

from openmarque.car.core import CarCore
from openmarque.car.drive import Drive, Sample, shift_to_end_at
from openmarque.car.model import LinkState, Now, Output
from openmarque.car.records import Mark
from openmarque.kit.clock import from_ms, iso, to_ms
from openmarque.protocol import signals as vss
from openmarque.protocol.signals import Value

_GAP_MS: Final = 10_000
"""Rows so far apart tell nothing of what lies between them."""
_SPEED_UNITS: Final = 1_000_000
"""Speeds are summed as integers of 1e-6 km/h, the six decimals of recorded drives, so that no rounding adds up."""
_TWICE_A_METRE: Final = 2 * _SPEED_UNITS * 3_600
"""A metre in km/h · ms (1e-3 km · 3.6e6 ms/h), twice for the trapezoid."""
GEARS: Final = {"P": 126, "R": -1, "N": 0, "D": 127}
"""Vehicle.Powertrain.Transmission.SelectedGear, VSS 6.0: 126 is park, 127 drive, negative reverse."""


class Driver(Protocol):
    """Whoever holds the core: the agent."""

    @property
    def core(self) -> CarCore:
        """The core as it is now."""
        ...

    def now(self) -> Now:
        """The car's clock."""
        ...

    def act(self, call: Callable[[CarCore, Now], Output]) -> Output:
        """Give the core one input."""
        ...

    async def until(self, is_so: Callable[[CarCore], bool]) -> None:
        """Return once the core is so."""
        ...


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did. `refused` are rows by reason, `positions_refused` fixes by reason; messages are counted without repeats."""

    read: int
    refused: dict[str, int]
    positions_refused: dict[str, int]
    started_at: datetime
    ended_at: datetime
    original_started_at: datetime
    """Naive, as written in the file."""
    original_ended_at: datetime
    sent: int
    acknowledged: int
    messages_refused: dict[str, int] = field(default_factory=dict)
    """By reason."""

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "rows": {"read": self.read, "refused": self.refused},
            "messages": {"sent": self.sent, "acknowledged": self.acknowledged, "refused": self.messages_refused},
            "positions": {"refused": self.positions_refused},
            "started_at": iso(self.started_at),
            "ended_at": iso(self.ended_at),
            "original_started_at": self.original_started_at.isoformat(),
            "original_ended_at": self.original_ended_at.isoformat(),
        }


class Replay:
    """One drive on its way through a core, without I/O. `name` tells it from other drives in the store."""

    def __init__(self, core: CarCore, drive: Drive, name: str, end: datetime) -> None:
        """Go on from the stored position; a drive that is new here, or was finished, begins anew and ends at `end`."""
        stored = core.mark(name)
        self.total = len(drive.samples)
        self._drive = drive
        self._name = name
        self._mark = stored if stored is not None and stored.row <= self.total + 1 else Mark(0, to_ms(end), core.all_counts())
        self._rows = shift_to_end_at(drive, from_ms(self._mark.end_ms))
        self._odometers = _odometers(drive)

    @property
    def row(self) -> int:
        """The next row; `total` when only the ignition has to go off, more when everything was fed."""
        return self._mark.row

    @property
    def is_fed(self) -> bool:
        """Whether the car got everything, the end of the drive included."""
        return self._mark.row > self.total

    @property
    def brings_a_place(self) -> bool:
        """Whether the next row tells another place than the one before, or ends the drive."""
        row = self._mark.row
        if row == 0 or row >= self.total:
            return True
        before, after = self._drive.samples[row - 1], self._drive.samples[row]
        return after.latitude is not None and (before.latitude, before.longitude) != (after.latitude, after.longitude)

    def due_ms(self, speed: float) -> int:
        """When the next row is to be fed at `speed` times real time: the last one at the end, by the car's clock."""
        offset = self._drive.samples[min(self._mark.row, self.total - 1)].offset_s
        return self._mark.end_ms - round((self._drive.duration_s - offset) * 1000 / speed)

    def feed(self, core: CarCore, now: Now) -> Output:
        """Give the core the next row, or the end of the drive."""
        row = self._mark.row
        sample, at = self._rows[min(row, self.total - 1)]
        values: dict[str, Value] = {vss.IGNITION: "OFF"} if row == self.total else _values(sample, self._odometers[row])
        mark = Mark(row + 1, self._mark.end_ms, self._mark.counts)
        output = core.sensed(now, values, to_ms(at), (self._name, mark))
        self._mark = mark
        return output

    def finish(self, core: CarCore, now: Now) -> Output:
        """Everything was acknowledged: the next replay of this drive begins anew."""
        self._mark = Mark(self.total + 2, self._mark.end_ms, self._mark.counts)
        return core.sensed(now, {}, None, (self._name, self._mark))

    def report(self, core: CarCore) -> ReplayReport:
        """The outcome of the drive so far."""
        before, after = self._mark.counts, core.all_counts()
        since = {name: n - before.get(name, 0) for name, n in after.items() if n > before.get(name, 0)}
        refused: dict[str, int] = {}
        for name, n in since.items():
            if name.startswith("refused/"):
                reason = name.rpartition(":")[2]
                refused[reason] = refused.get(reason, 0) + n
        first, last = self._drive.samples[0], self._drive.samples[-1]
        return ReplayReport(
            read=self._drive.read,
            refused={reason.value: n for reason, n in self._drive.refused.items()},
            positions_refused={name.removeprefix("sensor/"): n for name, n in since.items() if name.startswith("sensor/")},
            started_at=self._rows[0][1],
            ended_at=self._rows[-1][1],
            original_started_at=first.original_time,
            original_ended_at=last.original_time,
            sent=sum(n for name, n in since.items() if name.startswith("sent/")),
            acknowledged=sum(n for name, n in since.items() if name.startswith("acknowledged/")),
            messages_refused=refused,
        )


async def replay(
    driver: Driver,
    drive: Drive,
    name: str,
    *,
    speed: float,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ReplayReport:
    """Replay `drive` on a running agent; returns when everything was acknowledged.

    `speed` 0 feeds as fast as the platform acknowledges, and begins once the link is open; another one is a factor of real time,
    and begins at once when the car holds a policy. `on_progress` hears of rows done and rows in all.
    """
    await driver.until(lambda core: core.policy is not None and (speed > 0 or _is_at_rest(core)))
    end = from_ms(driver.now().ms)
    if speed > 0:
        end += timedelta(seconds=drive.duration_s / speed)
    run = Replay(driver.core, drive, name, end)
    while not run.is_fed:
        if speed > 0:
            await asyncio.sleep(max(0.0, run.due_ms(speed) - driver.now().ms) / 1000)
        elif run.brings_a_place:
            await driver.until(lambda core: core.is_status_settled and core.link_state is LinkState.OPEN)
        else:
            await asyncio.sleep(0)
        driver.act(run.feed)
        on_progress(min(run.row, run.total), run.total)
    await driver.until(_is_at_rest)
    driver.act(run.finish)
    await driver.until(_is_at_rest)
    return run.report(driver.core)


def _is_at_rest(core: CarCore) -> bool:
    return core.is_settled and core.link_state is LinkState.OPEN


def _values(sample: Sample, odometer: int) -> dict[str, Value]:
    """What the car's sensors say in this row; the receiver says nothing where its position was refused."""
    values: dict[str, Value] = {
        vss.IGNITION: "ON",
        vss.SPEED: sample.speed_kmh,
        vss.STATE_OF_CHARGE: sample.soc_percent,
        vss.ODOMETER: odometer,
    }
    if sample.latitude is not None and sample.longitude is not None:
        values |= {vss.LATITUDE: sample.latitude, vss.LONGITUDE: sample.longitude}
    if sample.altitude_m is not None:
        values[vss.ALTITUDE] = sample.altitude_m
    if sample.gear is not None:
        values[vss.GEAR] = GEARS[sample.gear]
    return values


def _odometers(drive: Drive) -> list[int]:
    """Metres by the wheels at each row, from zero at the first: the trapezoid of the speeds, and nothing over a gap in the recording."""
    metres, twice = [0], 0
    for before, after in pairwise(drive.samples):
        step_ms = round(after.offset_s * 1000) - round(before.offset_s * 1000)
        if 0 < step_ms < _GAP_MS:
            twice += (round(before.speed_kmh * _SPEED_UNITS) + round(after.speed_kmh * _SPEED_UNITS)) * step_ms
        metres.append(twice // _TWICE_A_METRE)
    return metres
