"""The challenges that a car has given out, and whether a remote command that names one is in time. REQ RC-6.

Rules:
    1. In memory alone: a restart voids them all.
    2. The newest 8, for 300 s by the steady clock; a remote command may ask for less (`valid_ms`), never for more.
    3. A steady clock that went back is in doubt: everything given out before is void.
"""

from openmarque.car.model import Now
from openmarque.catalogue.command_reasons import CommandReason
from openmarque.protocol.commands import CHALLENGE_LIVES_MS, CHALLENGES_KEPT


class Challenges:
    """What was given out, with when, oldest first."""

    def __init__(self) -> None:
        """None yet."""
        self._issued: dict[bytes, int] = {}
        self._in_doubt: frozenset[bytes] = frozenset()

    def issue(self, now: Now, challenge: bytes) -> None:
        """Remember that `challenge` was given out now; the oldest makes room."""
        self._issued[challenge] = now.steady
        while len(self._issued) > CHALLENGES_KEPT:
            del self._issued[next(iter(self._issued))]

    def issued_ms(self, challenge: bytes) -> int:
        """When a challenge that is not refused was given out, by the steady clock."""
        return self._issued[challenge]

    def refuses(self, now: Now, challenge: bytes, valid_ms: int) -> CommandReason | None:
        """Why a remote command that names this challenge may not be run now; None when it is in time."""
        if challenge in self._in_doubt:
            return CommandReason.CLOCK_IN_DOUBT
        issued = self._issued.get(challenge)
        if issued is None:
            return CommandReason.CHALLENGE_UNKNOWN
        age = now.steady - issued
        if age < 0:
            return CommandReason.CLOCK_IN_DOUBT
        return CommandReason.LATE if age > min(valid_ms, CHALLENGE_LIVES_MS) else None

    def doubt(self) -> None:
        """The steady clock went back: nothing given out so far can be trusted."""
        self._in_doubt = frozenset(self._issued)
        self._issued.clear()

    def forget(self) -> None:
        """Void everything: the car has another owner."""
        self._issued.clear()
        self._in_doubt = frozenset()
