"""Both engines together: started side by side, watched, started again when one dies, stopped.

Theory of operation: a home's engines have one keeper, the holder of its lock. A killed engine is started again (both recover by
themselves); a keeper that is killed leaves them running, and the next one adopts them.
"""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import structlog

from openmarque.engines.errors import EngineError
from openmarque.engines.log_files import LogFiles
from openmarque.engines.nats import NatsEndpoint, NatsServer
from openmarque.engines.nats_config import NatsPlan
from openmarque.engines.postgres import PostgresEndpoint, PostgresServer
from openmarque.engines.process import ensure_home, home_lock
from openmarque.kit.settings import Settings

_WATCH_S: Final = 0.25
"""Looking up both processes costs a few milliseconds."""
_log = structlog.get_logger("openmarque.engines")


class EngineStack:
    """The engines of one home."""

    def __init__(self, settings: Settings, plan: NatsPlan, logs: LogFiles) -> None:
        """Run the broker as `plan` says, and turn `logs` over. Nothing starts before `start`."""
        self._logs = logs
        self._settings = settings
        self.postgres = PostgresServer(settings)
        self.nats = NatsServer(settings, plan)
        self.restarts: dict[str, int] = {"postgres": 0, "nats": 0}
        self._held = ExitStack()

    async def start(self) -> tuple[PostgresEndpoint, NatsEndpoint]:
        """Start both side by side. Raises ``HomeInUse``, or the first engine's ``EngineError`` after stopping the other."""
        ensure_home(self._settings.home)
        self._held.enter_context(home_lock(self._settings.run_dir))
        await asyncio.to_thread(self._turn_over_logs)
        postgres, nats = await asyncio.gather(
            asyncio.to_thread(self.postgres.start), asyncio.to_thread(self.nats.start), return_exceptions=True
        )
        if isinstance(postgres, BaseException) or isinstance(nats, BaseException):
            await self.stop()
            fault = postgres if isinstance(postgres, BaseException) else nats
            if not isinstance(fault, BaseException):
                raise AssertionError
            raise fault
        for note in postgres.notes:
            _log.warning("engine_note", note=note)
        return postgres, nats

    async def watch(self, on_restart: Callable[[str], None] | None = None) -> None:
        """Until cancelled: start an engine again whose process is gone, and call `on_restart` with its name afterwards.

        Once a day the log files are turned over.
        """
        engines: tuple[tuple[str, PostgresServer | NatsServer, str | None], ...] = (
            ("postgres", self.postgres, self._settings.database_url),
            ("nats", self.nats, self._settings.nats_url),
        )
        wait_s = _WATCH_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = _WATCH_S
            if self._logs.is_due:
                await asyncio.to_thread(self._turn_over_logs)
            for name, server, by_url in engines:
                if by_url:
                    continue
                if await asyncio.to_thread(server.process):
                    continue
                _log.error("engine_died", engine=name)
                try:
                    await asyncio.to_thread(server.start)
                except EngineError as error:
                    _log.error("engine_restart_failed", engine=name, code=error.code, detail=error.detail, cure=error.remedy)
                    wait_s = 5.0
                    continue
                self.restarts[name] += 1
                if on_restart:
                    on_restart(name)

    def _turn_over_logs(self) -> None:
        self._logs.turn_over({self.nats.log.name: self.nats.reopen_log})

    async def stop(self) -> None:
        """Stop both, and let go of the home."""
        await asyncio.gather(asyncio.to_thread(self.nats.stop), asyncio.to_thread(self.postgres.stop))
        self._held.close()

    async def destroy(self) -> None:
        """Stop both and delete their data; for throwaway homes."""
        await asyncio.gather(asyncio.to_thread(self.nats.destroy), asyncio.to_thread(self.postgres.destroy))
        self._held.close()
