"""The one source of time. Nothing else in the package reads the wall clock (a lint holds that).

Instants are aware UTC datetimes. On the link and in hot paths they travel as integer milliseconds since 1970-01-01T00:00:00Z
(``EpochMs``): small, exact, and the same in MessagePack, JSON and SQL.
"""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NewType, Protocol

EpochMs = NewType("EpochMs", int)
"""Milliseconds since the Unix epoch, UTC, leap seconds ignored (POSIX)."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Linux: drawn at random when the machine starts."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time. The real one follows the machine; tests and the world move theirs by hand."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock, shifted by a constant offset (zero unless a test or an operator moves it)."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        """Shift every reading by `offset`."""
        self._offset_s = offset.total_seconds()

    def now(self) -> datetime:
        """The machine's time plus the offset."""
        return datetime.fromtimestamp(time.time() + self._offset_s, UTC)


def steady_ms() -> int:
    """Milliseconds by a clock that never goes back, is set by nobody, and counts the time in which the machine sleeps.

    Only differences mean something, and only within one life of the machine. Where the system has no such clock (CLOCK_BOOTTIME is
    Linux's), the monotonic one stands in, which may stand still in sleep.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000


def boot_id() -> str:
    """What names this life of the machine: another value means that ``steady_ms`` began anew. Empty where the system has no such name."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


class ManualClock:
    """A clock that stands still until it is moved; for tests and the deterministic world."""

    def __init__(self, start: datetime) -> None:
        """Start at `start`, which must be aware."""
        require_aware(start)
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The instant last set."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move forward (or back, to model a clock that jumps) by `by`."""
        self._now += by


def require_aware(instant: datetime) -> datetime:
    """Return `instant`; a naive one raises ``ValueError``, since it names no point in time."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no time zone; use an aware datetime in UTC")
    return instant


def to_ms(instant: datetime) -> EpochMs:
    """Milliseconds since the epoch, rounded down."""
    return EpochMs((require_aware(instant) - _EPOCH) // timedelta(milliseconds=1))


def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of `ms`; raises ``OverflowError`` outside years 1 to 9999."""
    return _EPOCH + timedelta(milliseconds=ms)


def iso(instant: datetime) -> str:
    """RFC 3339 with ``Z``; milliseconds only when there are any."""
    text = require_aware(instant).astimezone(UTC).isoformat(timespec="milliseconds" if instant.microsecond else "seconds")
    return text.replace("+00:00", "Z")
