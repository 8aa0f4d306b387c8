"""Live updates to whoever watches a tenure: published after the commit, only while somebody watches.

A watcher (the event stream of the API, the terminal view) announces interest in a tenure at least every `INTEREST_S` / 3 seconds
on ``live.interest``; workers keep it for `INTEREST_S`. Updates are at most once: a stream starts with the stored values and a
gap is healed by reading them again.
"""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from openmarque.kit.clock import Clock, to_ms
from openmarque.kit.ids import TenureId, parse_wire
from openmarque.link.subjects import live_subject
from openmarque.protocol.envelope import Lane
from openmarque.storage.transaction import Transaction

INTEREST_S: Final = 30
_INTEREST_MS: Final = INTEREST_S * 1000
VALUES: Final = str(Lane.STATUS)
"""The kind of update that carries newest values: those of the status lane."""


class LiveUpdates:
    """Knows who is watched, and tells the watchers."""

    def __init__(self, clock: Clock) -> None:
        """Nobody is watched yet."""
        self._clock = clock
        self._watched: dict[UUID, int] = {}

    def interest(self, payload: bytes) -> None:
        """Somebody watches the tenure whose id (as on the wire) is in `payload`; anything else is ignored."""
        try:
            tenure_id = parse_wire(payload.decode("ascii"))
        except ValueError:
            return
        self._watched[tenure_id] = to_ms(self._clock.now()) + _INTEREST_MS

    @property
    def anybody_watches(self) -> bool:
        """False when nobody at all is watched, so that a whole batch need not be asked about one by one."""
        return bool(self._watched)

    def watched(self, tenure_id: TenureId) -> bool:
        """Whether anybody announced interest within the last `INTEREST_S` seconds."""
        until = self._watched.get(tenure_id)
        if until is None:
            return False
        if to_ms(self._clock.now()) <= until:
            return True
        del self._watched[tenure_id]
        return False

    def status_changed(
        self, tx: Transaction, tenure_id: TenureId, signals: Mapping[str, tuple[object, int | None, int]]
    ) -> None:
        """Tell watchers the values just stored."""
        if self._watched and signals and self.watched(tenure_id):
            tx.publish_after_commit(live_subject(tenure_id), msgspec.json.encode({"kind": VALUES, "signals": signals}))

    def changed(self, tx: Transaction, tenure_id: TenureId, kind: str) -> None:
        """Tell watchers that something of `kind` (trips, level, policy) is new and can be read."""
        if self._watched and self.watched(tenure_id):
            tx.publish_after_commit(live_subject(tenure_id), msgspec.json.encode({"kind": kind}))

    @staticmethod
    def tell(tx: Transaction, tenure_id: TenureId, kind: str, **members: object) -> None:
        """Tell what is new of `kind` itself, whether anybody watches or not: for what is rare and awaited within milliseconds.

        Any process may tell, also one that does not hear who watches. A message about commands a few times a day costs nothing.
        """
        tx.publish_after_commit(live_subject(tenure_id), msgspec.json.encode({"kind": kind, **members}))
