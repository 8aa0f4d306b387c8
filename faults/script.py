"""What a car lives through in a run: three trips, three privacy levels, all of it drawn from the seed.

The first trip begins forty days before it goes on, so the platform refuses its figures and keeps its places. The second is made at
level DATA, without places. Every value changes in the last sample, so that the newest values at the end don't depend on which
status message happened to carry what.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import Value

_DAY_MS: Final = 86_400_000
_STOP_MS: Final = 600_000


@dataclass(frozen=True)
class Choose:
    """The people in the car choose a level, once everything before was acknowledged."""

    level: Level


@dataclass(frozen=True)
class Sense:
    """The sensors say something at a time of the drive; `row` counts these."""

    row: int
    at_ms: int
    values: dict[str, Value]


Step = Choose | Sense


def script(seed: int, base_ms: int) -> list[Step]:
    """The life of the car of this seed. `base_ms` is when the drive begins, an hour ago or so."""
    return list(_Drawing(random.Random(seed), base_ms).steps())


class _Drawing:
    def __init__(self, chance: random.Random, base_ms: int) -> None:
        self._chance = chance
        self._ms = base_ms
        self._metres = chance.randrange(1_000, 90_000_000)
        self._charge = chance.uniform(60, 95)
        self._row = 0

    def steps(self) -> Iterator[Step]:
        yield Choose(Level.POSITION)
        yield Sense(self._next_row(), self._ms - 40 * _DAY_MS, self._values(30.0) | {vss.IGNITION: "ON"})
        yield from self._trip(begun=True)
        yield Choose(Level.DATA)
        yield from self._trip()
        yield Choose(Level.POSITION)
        yield from self._trip()

    def _trip(self, *, begun: bool = False) -> Iterator[Step]:
        for second in range(self._chance.randrange(8, 16)):
            ignition: dict[str, Value] = {} if begun or second else {vss.IGNITION: "ON"}
            yield self._sense(self._chance.uniform(10, 90), ignition)
        yield self._sense(1.25, {vss.IGNITION: "OFF"})
        self._ms += _STOP_MS

    def _sense(self, speed_kmh: float, more: dict[str, Value]) -> Sense:
        self._ms += 1000
        self._metres += max(1, round(speed_kmh / 3.6))
        self._charge -= 0.01
        return Sense(self._next_row(), self._ms, self._values(speed_kmh) | more)

    def _values(self, speed_kmh: float) -> dict[str, Value]:
        place: dict[str, Value] = {vss.LATITUDE: 34.0 + self._metres / 1e8, vss.LONGITUDE: -6.75 - self._metres / 1e8}
        return {vss.SPEED: speed_kmh, vss.STATE_OF_CHARGE: self._charge, vss.ODOMETER: self._metres, **place}

    def _next_row(self) -> int:
        self._row += 1
        return self._row - 1
