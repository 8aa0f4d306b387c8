"""The body of a car: doors, boot, bonnet, windows, locks, lights and ignition, and how it obeys. Pure.

Rules:
    1. A door that is open is not locked: locking passes it over, and opening one unlocks it (the latch is at the lock).
    2. A locked door is not opened from outside; ``open_door`` then changes nothing.
    3. An actuation takes effect after a delay of 0.3 to 1 s (`DELAY_S`): the body computer wakes, checks, and the motors turn.
       A later one of the same part takes the place of one that has not begun.
    4. Above `LOCK_FROM_KMH` the doors lock by themselves, and unlock when the ignition goes off: as most cars are set when delivered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from openmarque.protocol import signals as vss
from openmarque.protocol.sensing import ArgumentValue
from openmarque.protocol.signals import Value

DELAY_S: Final = (0.3, 1.0)
LOCK_FROM_KMH: Final = 10.0
DRIVERS_DOOR: Final = 0


Arguments = Mapping[str, ArgumentValue]


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that the body was asked to do by name, and that takes effect at `at_s`."""

    name: str
    arguments: Arguments
    at_s: float


@dataclass(frozen=True, slots=True)
class Body:
    """How the body stands. Doors: driver, front passenger, rear driver's side, rear passenger's side."""

    doors_open: tuple[bool, ...] = (False,) * 4
    doors_locked: tuple[bool, ...] = (True,) * 4
    windows_open: tuple[bool, ...] = (False,) * 4
    boot_open: bool = False
    boot_locked: bool = True
    bonnet_open: bool = False
    ignition_on: bool = False
    parking_lights: bool = False
    fan_percent: int = 0
    says: Mapping[str, Value] = field(default_factory=dict)
    """What sensors say since an effect from outside, by VSS path, whatever the car would say of it."""
    asked: tuple[Asked, ...] = ()

    @property
    def is_locked(self) -> bool:
        """Whether nothing is unlocked. One unlocked door makes the car unlocked (REQ RC-5)."""
        return all(self.doors_locked) and self.boot_locked

    @property
    def is_closed(self) -> bool:
        """Whether no door and no boot is open."""
        return not any(self.doors_open) and not self.boot_open


@dataclass(frozen=True, slots=True)
class Effect:
    """What an actuator does to the body, and of which part of it: one part does one thing at a time. Its sensors are read afterwards."""

    part: str
    act: Callable[[Body, Arguments], Body]


Effects = Mapping[str, Effect]
"""What a body does on commands, by the name that the actuator is registered by. Services bring them (``simulator.fleet.installed``)."""
NO_EFFECTS: Final[Effects] = {}


def delay_s(rng: Random) -> float:
    """How long this actuation takes to begin."""
    return rng.uniform(*DELAY_S)


def ask(body: Body, effects: Effects, asked: Asked) -> Body:
    """The body with something asked for; what was asked of the same part before and did not begin is dropped."""
    part = effects[asked.name].part
    return replace(body, asked=(*(a for a in body.asked if effects[a.name].part != part), asked))


def settle(body: Body, effects: Effects, now_s: float) -> Body:
    """The body after what was due by `now_s` took effect."""
    for asked in sorted(body.asked, key=lambda one: one.at_s):
        if asked.at_s <= now_s:
            body = effects[asked.name].act(body, asked.arguments)
    return replace(body, asked=tuple(asked for asked in body.asked if asked.at_s > now_s)) if body.asked else body


def lock(body: Body) -> Body:
    """The body with everything locked that is closed."""
    doors = tuple(not is_open for is_open in body.doors_open)
    return replace(body, doors_locked=doors, boot_locked=not body.boot_open)


def unlock(body: Body) -> Body:
    """The body with nothing locked."""
    return replace(body, doors_locked=(False,) * 4, boot_locked=False)


def open_door(body: Body, door: int, *, from_inside: bool = False) -> Body:
    """The body with a door open, if it is not locked; from inside the handle unlocks it."""
    if body.doors_locked[door] and not from_inside:
        return body
    return replace(
        body, doors_open=_with(body.doors_open, door, be=True), doors_locked=_with(body.doors_locked, door, be=False)
    )


def close_door(body: Body, door: int) -> Body:
    """The body with a door closed; it stays unlocked."""
    return replace(body, doors_open=_with(body.doors_open, door, be=False))


def open_boot(body: Body) -> Body:
    """The body with the boot open, if it is not locked."""
    return body if body.boot_locked else replace(body, boot_open=True)


def close_boot(body: Body) -> Body:
    """The body with the boot closed."""
    return replace(body, boot_open=False)


def ignition(body: Body, *, on: bool) -> Body:
    """The body with the ignition switched: off unlocks what locked itself on the way."""
    if on is body.ignition_on:
        return body
    switched = replace(body, ignition_on=on, parking_lights=on, fan_percent=30 if on else 0)
    return switched if on else unlock(switched)


def rolling(body: Body, speed_kmh: float) -> Body:
    """The body at this speed."""
    return lock(body) if speed_kmh >= LOCK_FROM_KMH and not body.is_locked and body.is_closed else body


def readings(body: Body) -> Mapping[str, Value]:
    """What the body's sensors say, by VSS path."""
    values: dict[str, Value] = {
        vss.IGNITION: "ON" if body.ignition_on else "OFF",
        vss.HOOD_OPEN: body.bonnet_open,
        vss.TRUNK_OPEN: body.boot_open,
        vss.TRUNK_LOCKED: body.boot_locked,
        vss.PARKING_LIGHTS: body.parking_lights,
        vss.VENTILATION: body.fan_percent,
    }
    values |= dict(zip(vss.DOORS_OPEN, body.doors_open, strict=True))
    values |= dict(zip(vss.DOORS_LOCKED, body.doors_locked, strict=True))
    values |= dict(zip(vss.WINDOWS_OPEN, body.windows_open, strict=True))
    return {**values, **body.says}


def _with(values: tuple[bool, ...], index: int, *, be: bool) -> tuple[bool, ...]:
    return (*values[:index], be, *values[index + 1 :])
