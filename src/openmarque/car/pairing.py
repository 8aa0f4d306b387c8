"""A pairing code typed on the head unit: sent at once, answered within seconds, never kept to be sent later. REQ ENR-2.

Nothing of it is stored: a unit that loses power forgets that somebody typed a code, and the person types it again. What the answer
changes (owner, policy) comes to the car as a policy, as always.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from openmarque.car.link import Link, Turn
from openmarque.car.model import Channel, LinkState, NoticeCode, Now
from openmarque.car.records import Counts
from openmarque.kit.errors import CallerError
from openmarque.protocol.envelope import encode
from openmarque.protocol.pairing import CODE_DIGITS, PairingAnswer, PairingRequest, PairingResult

ANSWER_WITHIN_MS: Final = 10_000
"""Far longer than the platform takes (a few milliseconds) and a poor mobile connection adds (a second or two)."""
_MOST_WAIT_S: Final = 7 * 86_400
"""A longer lock than a platform imposes would only frighten."""
_MOST_TRIES: Final = 99

_read = msgspec.msgpack.Decoder(PairingAnswer).decode


class Outcome(StrEnum):
    """Where the last code stands. The texts are under ``screen.pairing.outcome.…``."""

    NONE = "none"
    """No code was typed since power-up."""
    WAITING = "waiting"
    PAIRED = "paired"
    WRONG_CODE = "wrong_code"
    EXPIRED = "expired"
    LOCKED = "locked"
    NOT_TAKEN = "not_taken"
    """The platform gave a reason that this release does not know."""
    OFFLINE = "offline"
    """Not connected when the code was typed: it was not sent."""
    NO_ANSWER = "no_answer"
    """Sent, and no answer came: it may have come through or not."""


class PairingCodeInvalid(CallerError):
    """A pairing code has 8 digits."""

    code = "pairing-code-invalid"
    cure = "Type the code from the app, digits only."
    http_status = 422


def is_code(text: str) -> bool:
    """Whether this can be a pairing code."""
    return len(text) == CODE_DIGITS and text.isascii() and text.isdigit()


@dataclass(frozen=True, slots=True)
class PairingView:
    """The outcome, and the facts that its text takes: ``tries`` that are left, ``minutes`` of a lock."""

    outcome: Outcome = Outcome.NONE
    facts: Mapping[str, int] = field(default_factory=dict)


class Pairing:
    """One code at a time, from being typed to its outcome."""

    def __init__(self, link: Link, counts: Counts) -> None:
        """Nothing was typed yet."""
        self._link = link
        self._counts = counts
        self._asked = 0
        self._until: int | None = None
        self.view = PairingView()

    def type_in(self, turn: Turn, code: str) -> None:
        """Send a code (``is_code``). While the answer to one is awaited another changes nothing."""
        if self.view.outcome is Outcome.WAITING:
            return
        if self._link.state is not LinkState.OPEN:
            self._end(turn, Outcome.OFFLINE)
            return
        self._asked = max(self._asked + 1, turn.now.ms)
        self._until = turn.now.steady + ANSWER_WITHIN_MS
        self.view = PairingView(Outcome.WAITING)
        turn.send(Channel.PAIR, encode(PairingRequest(code, self._asked)))

    def answered(self, turn: Turn, payload: bytes) -> None:
        """The platform's answer; one to another request, or to none, changes nothing. Raises ``msgspec.DecodeError``."""
        answer = _read(payload)
        if self.view.outcome is not Outcome.WAITING or answer.asked != self._asked:
            self._counts.add("ignored/pair:not_asked")
            return
        known = set(PairingResult)
        outcome = Outcome(answer.result) if answer.result in known else Outcome.NOT_TAKEN
        wait_s = min(max(answer.wait_s, 0), _MOST_WAIT_S)
        facts = {"tries": min(max(answer.tries, 0), _MOST_TRIES), "minutes": -(-wait_s // 60)}
        self._end(turn, outcome, facts)

    def advance(self, turn: Turn) -> None:
        """Give up on an answer that is overdue, or whose connection is gone."""
        if self._until is None:
            return
        lost = self._link.state is LinkState.OFFLINE
        if lost or turn.now.steady >= self._until or turn.now.steady < self._until - ANSWER_WITHIN_MS:
            self._end(turn, Outcome.NO_ANSWER)

    def due_in_ms(self, now: Now) -> int | None:
        """In how many milliseconds ``advance`` has something to do."""
        return None if self._until is None else max(0, self._until - now.steady)

    def _end(self, turn: Turn, outcome: Outcome, facts: Mapping[str, int] | None = None) -> None:
        self._until = None
        self.view = PairingView(outcome, facts or {"tries": 0, "minutes": 0})
        turn.tell(NoticeCode.PAIRING, outcome=outcome.value, **self.view.facts)
