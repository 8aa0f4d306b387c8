"""The scheduler process: ``python -m openmarque.cli.schedule``. Prints ``ready`` once it looks for what is due. DECISIONS 0016."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from openmarque.cli import operating
from openmarque.kit.clock import Clock, SystemClock
from openmarque.kit.log import configure_log
from openmarque.kit.readiness import announce_ready
from openmarque.kit.settings import Settings, load_settings
from openmarque.kit.stopping import until_stopped
from openmarque.storage.errors import StoreUnavailable

POLL_S: Final = 0.25
"""A timer is late by that at most; four index look-ups a second cost the database nothing one could measure."""
_AWAY_S: Final = 1.0
_log = structlog.get_logger("openmarque.scheduler")


async def schedule(settings: Settings, clock: Clock, ready: Callable[[], None]) -> None:
    """One scheduler, until it is stopped: due timers, and mails. Several may run at a time."""
    async with operating.serving(settings, clock, pool_size=4) as platform:
        # Side by side: a mail server that does not answer must not keep a remote command from expiring.
        timers, delivery = platform.timers(), platform.delivery()
        await timers.begin()
        loops = [asyncio.create_task(keep_running(due)) for due in (timers.run_due, delivery.run_due)]
        try:
            ready()
            stopped = asyncio.create_task(until_stopped())
            await asyncio.wait((stopped, *loops), return_when=asyncio.FIRST_COMPLETED)
            for loop in loops:
                if loop.done():
                    loop.result()
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)


async def keep_running(run_due: Callable[[], Awaitable[int]]) -> None:
    """Call `run_due` again and again: at once while there is something to do, else four times a second."""
    while True:
        try:
            handled = await run_due()
        except StoreUnavailable as error:
            _log.warning("database_away", detail=error.detail, pause_s=_AWAY_S)
            await asyncio.sleep(_AWAY_S)
            continue
        if not handled:
            await asyncio.sleep(POLL_S)


def main() -> None:
    """Run one scheduler until SIGTERM or SIGINT."""
    configure_log()
    operating.run(schedule(load_settings(), SystemClock(), announce_ready))


if __name__ == "__main__":
    main()
