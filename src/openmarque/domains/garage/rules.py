"""Rules of the garage that need no database: tries of pairing codes, how a pairing stands, names of cars. REQ ENR-2, ACC-4."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

TRIES: Final = 5
"""Wrong codes in one car until it is locked: with 10^8 codes a year of trying finds one with a chance of 1 in 300,000."""
FIRST_LOCK: Final = timedelta(minutes=15)
LONGEST_LOCK: Final = timedelta(hours=24)
_FORGIVEN_AFTER: Final = timedelta(days=7)
"""A car in which nobody tried for a week begins anew: its next lock is the shortest one again."""
_MOST_LOCKS: Final = 99
"""Bound of the stored number; the length stops growing long before."""

REPEAT: Final = timedelta(minutes=10)
"""How long a code that came through is answered "paired" again in the same car: the answer may have been lost."""
DELETED_AFTER: Final = timedelta(days=30)
"""After its end: long enough to show the owner the outcome of a code."""
MOST_WAITING: Final = 5
"""Codes of one account that wait at a time: a household's cars."""
MOST_A_DAY: Final = 20
"""New codes of one account within 24 hours, so that nobody fills the table by adding a car again and again."""
NAME_LENGTH: Final = 40
"""REQ ACC-4: what fits a line of the app; the table holds it too."""


@dataclass(frozen=True, slots=True)
class Tries:
    """How often wrong codes were typed in one car; as stored."""

    wrong: int = 0
    locks: int = 0
    last_at: datetime | None = None
    locked_until: datetime | None = None

    def lock_left(self, now: datetime) -> timedelta:
        """How long no code is looked at any more; zero when one is."""
        return timedelta(0) if self.locked_until is None else max(timedelta(0), self.locked_until - now)

    @property
    def left(self) -> int:
        """Wrong codes that are taken before the next lock."""
        return TRIES - self.wrong

    def wrong_at(self, now: datetime) -> "Tries":
        """After one more wrong code at `now`. Only for a car that isn't locked."""
        before = self
        if self.last_at is not None and now - max(self.last_at, self.locked_until or self.last_at) >= _FORGIVEN_AFTER:
            before = Tries()
        if before.wrong + 1 < TRIES:
            return Tries(before.wrong + 1, before.locks, now)
        length = min(FIRST_LOCK * 2 ** min(before.locks, 10), LONGEST_LOCK)
        return Tries(0, min(before.locks + 1, _MOST_LOCKS), now, now + length)

    def right_at(self, now: datetime) -> "Tries":
        """After a right code: everything is forgiven."""
        return replace(Tries(), last_at=now)


class PairingState(StrEnum):
    """How a pairing stands."""

    WAITING = "waiting"
    """The code can be typed in the car."""
    PAIRED = "paired"
    VOID = "void"
    """Taken back by its owner, or replaced by a newer code for the same car."""
    EXPIRED = "expired"


def pairing_state(voided_at: datetime | None, paired_at: datetime | None, expires_at: datetime, now: datetime) -> PairingState:
    """The state of a pairing with these instants."""
    if paired_at is not None:
        return PairingState.PAIRED
    if voided_at is not None:
        return PairingState.VOID
    return PairingState.WAITING if now < expires_at else PairingState.EXPIRED


def car_name(text: str | None) -> str | None:
    """The name to keep for what an owner typed: without blanks around it, None for nothing.

    ``ValueError`` for one that is too long or holds what can't be printed (control characters, direction marks, surrogates).
    """
    name = (text or "").strip()
    if len(name) > NAME_LENGTH or not name.isprintable():
        raise ValueError("a car's name has at most 40 printable characters")
    return name or None
