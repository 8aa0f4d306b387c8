"""Takes over tyre warnings. Never commits."""

from collections.abc import Mapping, Sequence
from typing import Final

from openmarque.kit.clock import to_ms
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import Accepted
from openmarque.protocol.signals import TYRES_LOW
from openmarque.protocol.times import IMPLAUSIBLE_TIME, plausible
from openmarque.storage.transaction import Transaction
from tyre_watch.messages import TYRE_WARNING, TyreWarning
from tyre_watch.store import ROLE, PostgresWarnings, WarningRow

UNKNOWN_WHEEL: Final = "unknown_wheel"


class TyreHandler:
    """``Handler`` of ``tyre_warning``."""

    types = frozenset((TYRE_WARNING,))
    role = ROLE

    def __init__(self, store: PostgresWarnings, live: LiveUpdates) -> None:
        """Keep warnings in `store`; tell watchers through `live`."""
        self._store = store
        self._live = live

    async def apply(self, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
        """See ``Handler.apply``."""
        refused: dict[int, str] = {}
        rows: list[WarningRow] = []
        for index, message in enumerate(messages):
            warning = message.body
            if not isinstance(warning, TyreWarning) or message.tenure_id is None or message.permit is None:
                refused[index] = "no_tenure"
            elif reason := _refusal(message, warning):
                refused[index] = reason
            else:
                rows.append(WarningRow(message, warning, message.tenure_id, message.permit))
        await self._store.add(tx, rows)
        for row in rows:
            self._live.changed(tx, row.tenure_id, "tyre_watch")
        return refused


def _refusal(message: Accepted, warning: TyreWarning) -> str:
    """Why this can't be a warning; empty when it can."""
    if warning.wheel not in TYRES_LOW:
        return UNKNOWN_WHEEL
    return "" if plausible(warning.at, to_ms(message.received_at), message.envelope.trust) else IMPLAUSIBLE_TIME
