"""What the people in the car chose, and the signed statements of it. REQ PRV-1, PRV-5.

Rules:
    1. Each statement counts upwards and is signed by the car's key: nobody else raises a level, and none is said twice.
    2. What is chosen is stored in the step in which it is chosen. The caller obeys it (gate, purge) before it is stated, so that the
       statement itself is captured at the level in force.
"""

from collections.abc import Collection

import msgspec

from openmarque.car.gate import Gate
from openmarque.car.link import Link, Turn
from openmarque.car.model import REMOTE_ACCESS, CarProfile, Keyring
from openmarque.car.records import PRIVACY, PrivacyRecord
from openmarque.protocol import signing
from openmarque.protocol.envelope import Lane, encode
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import LEVEL_CHANGED, OLD_STATEMENT, LevelChanged


class Privacy:
    """The privacy level and the switches of one car. The core calls it within its steps; `record` is the whole durable state."""

    def __init__(self, profile: CarProfile, keys: Keyring, record: PrivacyRecord, parts: tuple[Gate, Link]) -> None:
        """Go on from what the store holds."""
        self._profile = profile
        self._keys = keys
        self.record = record
        self._gate, self._link = parts

    def choose_level(self, turn: Turn, level: Level, by: str) -> None:
        """Keep a level that was chosen now; `by` says where."""
        self._keep(
            turn, msgspec.structs.replace(self.record, level=level, counter=self._next_counter(), by=by, at_ms=turn.now.ms)
        )

    def choose_switch(self, turn: Turn, name: str, *, on: bool) -> None:
        """Keep a switch that was turned now; the caller knows that it was not so before."""
        if name == REMOTE_ACCESS:
            self._keep(turn, msgspec.structs.replace(self.record, remote_access=on))
        else:
            off = set(self.record.switched_off) ^ {name}
            self._keep(turn, msgspec.structs.replace(self.record, switched_off=tuple(sorted(off))))

    def state_level(self, turn: Turn) -> None:
        """Sign the choice in force and send it."""
        chosen = self.record
        statement = signing.level_statement(self._profile.vehicle_id, chosen.level, chosen.counter, chosen.at_ms, chosen.by)
        message = LevelChanged(
            chosen.level, chosen.counter, chosen.at_ms, chosen.by, self._keys.key_id, self._keys.sign(statement)
        )
        self._link.append(turn, Lane.EVENT, LEVEL_CHANGED, self._gate.level, turn.now.ms, encode(message))

    def restate_level(self, turn: Turn) -> None:
        """Tell the platform the choice in force once more: one of the two lost its memory, and both must not go on apart."""
        counter = max(self.record.counter, self._link.heard_ms // 1000) + 1
        self._keep(turn, msgspec.structs.replace(self.record, counter=counter, at_ms=self.record.at_ms or turn.now.ms))
        self.state_level(turn)

    def answered(self, turn: Turn, refused: Collection[tuple[str, str]]) -> None:
        """The platform refused these (message type, reason): a level that it takes for an old one is stated again, above its memory.

        Once the counter is beyond the platform's time another statement would fare no better: the next greeting tells.
        """
        if self.record.counter <= self._link.heard_ms // 1000 and (LEVEL_CHANGED, OLD_STATEMENT) in refused:
            self.restate_level(turn)

    def _keep(self, turn: Turn, record: PrivacyRecord) -> None:
        self.record = record
        turn.changes.put(PRIVACY, record)

    def _next_counter(self) -> int:
        """One more than the last; a memory that never counted begins at the seconds of the platform's time, as far as it heard it.

        So a unit that lost its memory stays above what its earlier life signed, for no level is changed once a second for years. The
        car's own clock would not do: a wrong one would take the counter to where no later life ever comes.
        """
        return self.record.counter + 1 if self.record.counter else self._link.heard_ms // 1000 + 1
