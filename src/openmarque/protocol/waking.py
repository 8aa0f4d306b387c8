"""When a service in the car is woken: what it may wish for, and what becomes of a wish when clocks jump. Pure.

A service has one wake at a time. It wishes for it by the car's steady clock (``Steady``: "in ten minutes") or by the wall clock of a
zone (``Wall``: "tomorrow at 7:30 in Paris"), and is woken once; who wants more asks again when woken.

Theory of operation. The steady clock never goes back and is set by nobody, so nothing can happen to a ``Steady`` wish but a restart of
that clock. The wall clock is corrected, by hours, days or, after a flat battery, decades. So a ``Wall`` wish names a point in time (its
instant), found from the zone's rules alone, and is only ever compared with what the wall clock says now:

    1. The clock says less: the wish waits, however often that changes.
    2. The clock says the instant, or as much more as the wish has `grace_s`: the service is woken, and acts. So it is also after
       the car was off, or the clock was put forward.
    3. The clock says still more: the service is woken all the same and told that it was missed (``TOO_LATE``); it does not act.
    4. A clock that was never set wakes nobody: the wish waits until the time is known.
    5. The clock goes back behind an instant for which the service was woken, and the service wishes for the same local time
       again: it is woken and told that it was that already (``ALREADY_RUN``); it does not act. What was missed was not run.
    6. A local time that a clock change leaves out (2:30 when clocks go from 2 to 3) means the first instant after the gap. One that
       comes twice means its first pass; the second is no second wake, for the wish is gone.

A steady clock that starts anew (the machine was restarted) tells nothing of the time in between. A ``Steady`` wish is then moved by what
the wall clock says of it, where that is known on both sides; else its whole wait begins again. It is never early by that, and never late
by more than it was long.

Abuse. A wake in the past comes once, at the next step. Two wakes of a service are ``LEAST_APART_MS`` apart whatever it wishes. A wish more
than ``HORIZON_MS`` ahead, for an unknown zone, or of another shape is refused: what was set before stays.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from functools import cache, lru_cache
from typing import Annotated, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from openmarque.kit.clock import to_ms

LEAST_APART_MS: Final = 1_000
"""Sensors are read once a second: between two readings a service learns nothing, and each wake is a write to the car's flash."""
HORIZON_MS: Final = 35 * 86_400_000
"""A month, the longest repeat that owners set, and some days. Who wants to wait longer asks again when woken."""
LEAST_GRACE_S: Final = 60
"""A process that slept may take a minute to see that its clock was set (``car.agent``)."""
MOST_GRACE_S: Final = 86_400
"""A day: what is a day late belongs to the next one."""
TOO_LATE: Final = "too_late"
ALREADY_RUN: Final = "already_run"

NOT_A_WISH: Final = "not_a_wish"
BAD_GRACE: Final = "bad_grace"
UNKNOWN_ZONE: Final = "unknown_zone"
TOO_FAR_AHEAD: Final = "too_far_ahead"

EVERY_DAY: Final = frozenset(range(7))
"""Days of the week as ``datetime.weekday`` numbers them: Monday is 0."""

_LONGEST_ZONE: Final = 64
_MOST_STEADY_MS: Final = 2**53
_DAYS_AHEAD: Final = 9
"""A week, the day on which it begins, and one that a change of the date line may leave out (Samoa, 30 December 2011)."""

LocalTime = Annotated[datetime, msgspec.Meta(tz=False)]
"""A time of day at a date, as a clock on the wall shows it; naive."""


class Steady(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """Wake me when the steady clock (``Sample.steady_ms``) says `ms`."""

    ms: int


class Wall(msgspec.Struct, frozen=True, array_like=True, tag="w"):
    """Wake me when clocks on the wall show `local` in the IANA zone `zone`; up to `grace_s` seconds late is still in time."""

    local: LocalTime
    zone: str
    grace_s: int


class Keep(Enum):
    """The type of ``KEEP``."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
"""What was wished for before stays as it is."""

Wish = Steady | Wall
WakeAt = Wish | Literal[Keep.KEEP] | None
"""What a step says of its service's wake: another wish in place of the one before, leave it (``KEEP``), or none any more (None)."""


@dataclass(frozen=True, slots=True)
class Woken:
    """Why a service is woken: its wish, how late it is (ms), and why it should not act now ("" when it should)."""

    wish: Wish
    late_ms: int = 0
    missed: str = ""


class Clocks(NamedTuple):
    """What the car's clocks say: the steady one, and the one on the wall in ms since the Unix epoch; None where it was never set."""

    steady_ms: int
    wall_ms: int | None


class Armed(msgspec.Struct, frozen=True, array_like=True):
    """A wish that waits. `asked_…` is what the clocks said when it was armed, or moved; `due_steady_ms` belongs to ``Steady`` alone."""

    wish: Wish
    asked_steady_ms: int
    asked_wall_ms: int | None
    due_steady_ms: int = 0


def refuses(wish: object, clocks: Clocks) -> str:
    """Why a wish can't be armed, as a code; "" when it can."""
    match wish:
        case Steady(ms=int(ms)):
            return TOO_FAR_AHEAD if ms - clocks.steady_ms > HORIZON_MS else "" if abs(ms) <= _MOST_STEADY_MS else NOT_A_WISH
        case Wall(local=datetime(tzinfo=None), zone=str(), grace_s=int(grace_s)):
            if not LEAST_GRACE_S <= grace_s <= MOST_GRACE_S:
                return BAD_GRACE
            try:
                instant = instant_ms(wish)
            except UnknownZone:
                return UNKNOWN_ZONE
            except OverflowError:
                return NOT_A_WISH
            return TOO_FAR_AHEAD if clocks.wall_ms is not None and instant - clocks.wall_ms > HORIZON_MS else ""
        case _:
            return NOT_A_WISH


def arm(wish: Wish, clocks: Clocks) -> Armed:
    """The wish, waiting from now on. It must not be refused."""
    return Armed(wish, clocks.steady_ms, clocks.wall_ms, wish.ms if isinstance(wish, Steady) else 0)


def moved(armed: Armed, clocks: Clocks) -> Armed:
    """The wish after the steady clock began anew; `clocks` are those of now."""
    if isinstance(armed.wish, Wall):
        return armed
    wait_ms = armed.due_steady_ms - armed.asked_steady_ms
    if armed.asked_wall_ms is not None and clocks.wall_ms is not None:
        wait_ms = min(wait_ms, wait_ms - (clocks.wall_ms - armed.asked_wall_ms))
    return Armed(armed.wish, clocks.steady_ms, clocks.wall_ms, clocks.steady_ms + max(0, wait_ms))


def waits_ms(armed: Armed, clocks: Clocks) -> int | None:
    """How long the wish still waits if no clock is set, 0 when it is due; None while the time on the wall is not known."""
    if isinstance(armed.wish, Steady):
        return max(0, armed.due_steady_ms - clocks.steady_ms)
    return None if clocks.wall_ms is None else max(0, instant_ms(armed.wish) - clocks.wall_ms)


def woken(armed: Armed, clocks: Clocks, already_run: Iterable[Wall]) -> Woken:
    """What to tell the service of a wish that is due. `already_run` are the wall-clock wishes for which it has acted."""
    wish = armed.wish
    if isinstance(wish, Steady):
        return Woken(wish, max(0, clocks.steady_ms - armed.due_steady_ms))
    late_ms = 0 if clocks.wall_ms is None else max(0, clocks.wall_ms - instant_ms(wish))
    if any((run.local, run.zone) == (wish.local, wish.zone) for run in already_run):
        return Woken(wish, late_ms, ALREADY_RUN)
    return Woken(wish, late_ms, TOO_LATE if late_ms > wish.grace_s * 1000 else "")


# Local time


class UnknownZone(ValueError):
    """There is no IANA zone of this name."""


def instant_ms(wish: Wall) -> int:
    """When it is the wish's local time, in ms since the Unix epoch (rule 6). Raises ``UnknownZone``, or ``OverflowError`` at the ends of time."""
    return _instant_ms(wish.local, wish.zone)


def next_local(at: time, zone: str, after_ms: int, weekdays: frozenset[int] = EVERY_DAY) -> datetime:
    """The next local time `at` (naive) on one of `weekdays`, at least one, whose instant lies after `after_ms`. Raises ``UnknownZone``."""
    day = datetime.fromtimestamp(after_ms / 1000, _zone(zone)).date()
    for ahead in range(-1, _DAYS_AHEAD):
        local = datetime.combine(day + timedelta(days=ahead), at)
        if local.weekday() in weekdays and _instant_ms(local, zone) > after_ms:
            return local
    raise ValueError("no day of the week was named")


@cache
def _zone(name: str) -> ZoneInfo:
    if not name or len(name) > _LONGEST_ZONE:
        raise UnknownZone
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:  # what ZoneInfo raises: not found, no name, or a folder of the data base
        raise UnknownZone from error


@lru_cache(maxsize=256)  # asked for at every step of a car with such a wish
def _instant_ms(local: datetime, zone: str) -> int:
    rules = _zone(zone)
    first = local.replace(tzinfo=rules, fold=0).astimezone(UTC)
    if first.astimezone(rules).replace(tzinfo=None) == local.replace(fold=0):
        return to_ms(first)
    return to_ms(_end_of_gap(local, rules))


def _end_of_gap(local: datetime, rules: ZoneInfo) -> datetime:
    """The first instant after the clock change that leaves `local` out. All offsets, and so all changes, are whole seconds."""
    whole = local.replace(microsecond=0)
    before, after = (whole.replace(tzinfo=rules, fold=fold).astimezone(UTC) for fold in (1, 0))
    old = before.astimezone(rules).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) // 2).replace(microsecond=0)
        if middle.astimezone(rules).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
