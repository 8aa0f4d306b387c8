"""Timers: what is to happen at an instant of our own, movable clock.

Theory of operation:
    A timer is a row (kind, about, due_at), written in the transaction of what it belongs to; there is one at most for each
    kind and thing. A scheduler takes up what is due in two steps. First, in a transaction of its own, it lends itself the row: it
    counts the try and puts the row off (``SKIP LOCKED``, so that several schedulers never wait for one another). Then the handler
    and the deletion of the row are one transaction. A handler that fails, or a scheduler that is killed, leaves a row that comes
    again after a pause that doubles. The row is deleted last: a request locks its own row and then sets or cancels the
    timer, a handler does so in the same order, and they never wait for each other in a ring.

    Some kinds recur: their handler is called again and again, for nothing in particular, and each time the row is set anew.

    So a handler may run late, twice, or just after its timer was moved. It looks at its own rows, under their lock, and does what
    the state and `now` ask for; a timer never says more than "look".
"""

from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import structlog

from openmarque.kit.clock import Clock
from openmarque.kit.ids import new_uuid
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.memory import memory
from openmarque.storage.postgres import PostgresDatabase, postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_AT_ONCE: Final = 50
"""Rows lent in one step: what one scheduler handles well within the first pause."""
_PAUSE_S: Final = 5.0
"""Seconds until a timer whose handler failed comes again; doubled at each failure."""
_DOUBLINGS: Final = 10
"""5 s doubled ten times is 85 minutes: then it stays so."""
_log = structlog.get_logger("openmarque.timers")

SET_TIMERS: Final = """
INSERT INTO timer (timer_id, kind, about, due_at, tries) SELECT timer_id, kind, about, due_at, 0 FROM {source}
    ON CONFLICT (kind, about) DO UPDATE SET timer_id = excluded.timer_id, due_at = excluded.due_at, tries = 0"""
"""As ``set_timer``, part of a statement that writes more: with the rows of `source`, which has columns of these names. Their ids are
new, so that a handler that runs at this moment deletes the old timer and not this one."""
_SET: Final = SET_TIMERS.format(
    source="(VALUES (%s::uuid, %s, %s::uuid, %s::timestamptz)) AS t (timer_id, kind, about, due_at)"
)
_BEGIN: Final = """
INSERT INTO timer (timer_id, kind, about, due_at, tries) VALUES (%s, %s, %s, %s, 0) ON CONFLICT (kind, about) DO NOTHING"""
_CANCEL: Final = "DELETE FROM timer WHERE kind = %s AND about = %s"
_LEND: Final = """
UPDATE timer SET tries = tries + 1, due_at = %(now)s::timestamptz + power(2, least(tries, %(doublings)s)) * %(pause)s * interval '1 second'
 WHERE timer_id IN (SELECT d.timer_id FROM timer d WHERE d.due_at <= %(now)s AND d.kind = ANY (%(kinds)s)
                     ORDER BY d.due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING timer_id, kind, about"""
_DONE: Final = "DELETE FROM timer WHERE timer_id = %s"


TIMER: Final = "timer"
"""Where the twin in memory keeps its rows."""
NOTHING: Final = UUID(int=0)
"""What a timer that recurs is about."""


class TimerHandler(Protocol):
    """What happens when a timer of one kind is due.

    Runs in a transaction that the scheduler commits; may run again for the same timer, and after it was moved (see the module).
    """

    def __call__(self, tx: Transaction, about: UUID, now: datetime, /) -> Awaitable[None]:
        """Look at what `about` names, under its lock, and do what its state asks for at `now`."""
        ...


async def set_timer(tx: Transaction, kind: str, about: UUID, due_at: datetime) -> None:
    """Have `kind`'s handler look at `about` at `due_at` (aware); one that is set already is moved. Part of the caller's transaction."""
    await postgres(tx).execute(PLATFORM, _SET, (new_uuid(), kind, about, due_at))


async def cancel_timer(tx: Transaction, kind: str, about: UUID) -> None:
    """Take a timer back; without effect when there is none. It may run all the same if it is due at this moment."""
    await postgres(tx).execute(PLATFORM, _CANCEL, (kind, about))


class TimerStore(Protocol):
    """Where timers are set; ``PostgresTimerStore`` in production."""

    async def set(self, tx: Transaction, kind: str, about: UUID, due_at: datetime) -> None:
        """See ``set_timer``."""
        ...

    async def cancel(self, tx: Transaction, kind: str, about: UUID) -> None:
        """See ``cancel_timer``."""
        ...


class PostgresTimerStore:
    """``TimerStore`` on the table ``timer``."""

    async def set(self, tx: Transaction, kind: str, about: UUID, due_at: datetime) -> None:
        """See ``set_timer``."""
        await set_timer(tx, kind, about, due_at)

    async def cancel(self, tx: Transaction, kind: str, about: UUID) -> None:
        """See ``cancel_timer``."""
        await cancel_timer(tx, kind, about)


class MemoryTimerStore:
    """``TimerStore`` in memory, for the deterministic world: the instants by kind and thing."""

    async def set(self, tx: Transaction, kind: str, about: UUID, due_at: datetime) -> None:
        """See ``set_timer``."""
        memory(tx).put(TIMER, (kind, about), due_at)

    async def cancel(self, tx: Transaction, kind: str, about: UUID) -> None:
        """See ``cancel_timer``."""
        memory(tx).delete(TIMER, (kind, about))


class Timers:
    """Takes up due timers with the handlers it is given."""

    def __init__(
        self, database: PostgresDatabase, clock: Clock, handlers: Mapping[str, TimerHandler], every: Mapping[str, timedelta]
    ) -> None:
        """Call `handlers` by kind, those in `every` again after that time.

        Timers of other kinds are left alone, since a service may be installed again.
        """
        self._database = database
        self._clock = clock
        self._handlers = handlers
        self._every = every

    async def begin(self) -> None:
        """Set the timers that recur, where they are not set yet. Raises ``StoreUnavailable``."""
        async with self._database.begin() as tx:
            for kind in self._every:
                await tx.execute(PLATFORM, _BEGIN, (new_uuid(), kind, NOTHING, self._clock.now()))

    async def run_due(self) -> int:
        """Handle what is due now, at most `_AT_ONCE`; gives how many were taken up. Raises ``StoreUnavailable``."""
        lent = await self._lend()
        for timer_id, kind, about in lent:
            await self._handle(timer_id, kind, about)
        return len(lent)

    async def _lend(self) -> list[tuple[UUID, str, UUID]]:
        limits = {"now": self._clock.now(), "kinds": list(self._handlers), "most": _AT_ONCE}
        async with self._database.begin() as tx:
            rows = await tx.rows(PLATFORM, _LEND, {**limits, "pause": _PAUSE_S, "doublings": _DOUBLINGS})
        return [(timer_id, kind, about) for timer_id, kind, about in rows]

    async def _handle(self, timer_id: UUID, kind: str, about: UUID) -> None:
        try:
            async with self._database.begin() as tx:
                now = self._clock.now()
                await self._handlers[kind](tx, about, now)
                if kind in self._every:
                    await set_timer(tx, kind, about, now + self._every[kind])
                else:
                    await tx.execute(PLATFORM, _DONE, (timer_id,))
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - one handler's fault must not keep the other timers from running; it is logged whole
            _log.error("timer_failed", name=kind, error=type(error).__name__, exc_info=True)
