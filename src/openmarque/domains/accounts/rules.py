"""Rules of signing up and in: what a mail address and a password are, and how tries are slowed down. REQ ACC-1, ACC-2.

Slowing down: a *limit* lets some tries through, then demands a pause before each next one that doubles from a second, and from a
number of tries on a pause that doubles from a quarter of an hour: it is locked. No lock is for ever, and each try is counted under three
limits at once:
    - one address from one client: few tries. Whoever guesses at an account from his own machine is stopped here;
    - one address from anywhere: more. It stops guesses from many machines. A client from which the owner got in lately is exempt, and
      following a link sent by mail counts as getting in: so nobody keeps an owner out by guessing;
    - one client at any address: more again. It stops one password tried on many addresses.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from email_validator import EmailNotValidError, validate_email

from openmarque.domains.accounts.errors import AddressInvalid, PasswordUnfit

SHORTEST_PASSWORD: Final = 10
LONGEST_PASSWORD: Final = 128
"""Long enough for a sentence, short enough that hashing it costs nothing."""
LONGEST_ADDRESS: Final = 254
"""RFC 5321 §4.5.3.1.3: a path of 256 octets, two of which are the angle brackets."""
LONGEST_NAME: Final = 80

CONFIRM_WITHIN: Final = timedelta(hours=24)
RESET_WITHIN: Final = timedelta(hours=1)
SESSION_IDLE: Final = timedelta(days=30)
SESSION_LIFE: Final = timedelta(days=90)
USE_NOTED_EVERY: Final = timedelta(hours=1)
"""A use of a session is written at most that often: not a write with every request, and no diary of the owner's day."""
GOOD_FOR: Final = timedelta(days=30)
"""A client from which the owner got in within this time is not shut out by what others try."""


@dataclass(frozen=True, slots=True)
class MailAddress:
    """A mail address: as mails are sent to it, and as two are compared."""

    text: str
    key: str


def read_address(text: str) -> MailAddress:
    """The address that `text` is. Raises ``AddressInvalid``.

    The domain is compared in its ASCII form; the part before the @ without regard to case, since hardly a server
    tells case apart and no person does (RFC 5321 §2.4 would let them). Addresses that are not ASCII there are not taken.
    """
    try:
        found = validate_email(
            text.strip()[: LONGEST_ADDRESS + 1], check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        raise AddressInvalid from None
    address = f"{found.local_part}@{found.ascii_domain or found.domain}"
    if len(address) > LONGEST_ADDRESS:
        raise AddressInvalid
    return MailAddress(address, address.lower())


def read_password(password: str) -> str:
    """`password` as it is hashed: composed (Unicode NFC), so that two keyboards that write é in two ways write the same password."""
    return unicodedata.normalize("NFC", password)


def require_fit(password: str, address: MailAddress) -> None:
    """Raise ``PasswordUnfit`` for a password that is too short or long, one character repeated, or the address itself."""
    plain = password.strip().lower()
    parts = (address.key, address.key.partition("@")[0])
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or len(set(plain)) < 2 or plain in parts:
        raise PasswordUnfit


def read_name(text: str) -> str:
    """A person's name as it is kept: composed, without white space around it, one space within. ``ValueError`` for what is none."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError("a name has 1 to 80 printable characters")
    return name


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tries are `free`, from which on it is locked, how long locks may grow, and after what time tries are forgotten."""

    free: int
    locked_from: int
    longest: timedelta
    forgotten_after: timedelta


ADDRESS_AND_CLIENT: Final = Limit(5, 10, timedelta(hours=12), timedelta(hours=24))
ADDRESS: Final = Limit(20, 30, timedelta(hours=2), timedelta(hours=24))
CLIENT: Final = Limit(30, 40, timedelta(hours=1), timedelta(hours=3))
MAILS_TO_ADDRESS: Final = Limit(4, 5, timedelta(hours=2), timedelta(hours=6))
"""Mails that anybody can have sent to an address: a few, lest it be a means to annoy."""
MAILS_BY_CLIENT: Final = Limit(20, 30, timedelta(hours=1), timedelta(hours=3))
_FIRST_PAUSE: Final = timedelta(seconds=1)
_FIRST_LOCK: Final = timedelta(minutes=15)
_MOST_DOUBLINGS: Final = 20


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted under one limit."""

    tries: int = 0
    last_at: datetime | None = None
    until_at: datetime | None = None
    good_at: datetime | None = None


def wait_for(tally: Tally, now: datetime) -> timedelta:
    """How long the next try has to wait; zero when it may come now."""
    return max(timedelta(0), tally.until_at - now) if tally.until_at else timedelta(0)


def after_try(tally: Tally, limit: Limit, now: datetime) -> Tally:
    """The tally with one more try at `now`."""
    forgotten = tally.last_at is None or now - tally.last_at >= limit.forgotten_after
    tries = 1 if forgotten else tally.tries + 1
    return replace(tally, tries=tries, last_at=now, until_at=now + pause if (pause := _pause(tries, limit)) else None)


def after_success(tally: Tally, now: datetime) -> Tally:
    """The tally once its owner got in: nothing is held against him."""
    return replace(tally, tries=0, until_at=None, good_at=now)


def is_good(tally: Tally, now: datetime) -> bool:
    """Whether the owner got in from here lately."""
    return tally.good_at is not None and now - tally.good_at < GOOD_FOR


def _pause(tries: int, limit: Limit) -> timedelta:
    if tries < limit.free:
        return timedelta(0)
    locked = tries >= limit.locked_from
    doublings = min(tries - (limit.locked_from if locked else limit.free), _MOST_DOUBLINGS)
    pause: timedelta = (_FIRST_LOCK if locked else _FIRST_PAUSE) * 2**doublings
    return min(pause, limit.longest)
