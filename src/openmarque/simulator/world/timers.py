"""The platform's timers in the world: rows with an instant, looked at by one process, as ``openmarque schedule`` does."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.domains.commands.memory import COMMAND_TIMER
from openmarque.domains.documents.memory import DOCUMENT_TIMER
from openmarque.simulator.world.cloud import Cloud
from openmarque.simulator.world.database import WorkerCrash
from openmarque.simulator.world.fault_profile import MINUTE_MS
from openmarque.simulator.world.scheduler import Scheduler, run
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.transaction import Transaction

LOOK_MS: Final = MINUTE_MS
"""How often the world looks for timers that are due; the real process looks four times a second."""

Due = Callable[[Transaction, UUID, datetime], Awaitable[None]]


class Timers:
    """Runs what is due."""

    def __init__(self, cloud: Cloud, scheduler: Scheduler) -> None:
        """Know the timers of the platform by the table that keeps each kind."""
        self._cloud = cloud
        self._scheduler = scheduler
        self._kinds: Mapping[str, Due] = {
            COMMAND_TIMER: cloud.remote_commands.progress.time_over,
            DOCUMENT_TIMER: cloud.documents.documents.unanswered,
        }

    def look(self) -> None:
        """Run what is due, and look again later."""
        self._scheduler.after(LOOK_MS, self.look)
        now = self._cloud.clock.now()
        for table, due in self._kinds.items():
            timers = self._cloud.database.tables.get(table, {})
            for about in [key for key, due_at in timers.items() if due_at <= now]:
                assert isinstance(about, UUID)
                try:
                    run(self._run(table, due, about, now))
                except (StoreUnavailable, WorkerCrash):
                    return

    async def _run(self, table: str, due: Due, about: UUID, now: datetime) -> None:
        async with self._cloud.database.begin() as tx:
            tx.delete(table, about)
            await due(tx, about, now)
