"""An ingest worker as a process, for measuring: what ``openmarque work`` runs, without its upkeep."""

import asyncio
import os
import signal

import uvloop

from openmarque.app import bootstrap
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import load_settings
from openmarque.link.worker import spare_collector


async def _work() -> None:
    settings = load_settings()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with bootstrap(settings, SystemClock()) as platform:
        worker = platform.worker()
        await worker.start()
        spare_collector()
        print("ready", flush=True)
        await stop.wait()
        await worker.stop()
        print(worker.counters, flush=True)


def main() -> None:
    """Run until SIGTERM."""
    if profile := os.environ.get("BENCH_PROFILE"):
        import cProfile

        profiler = cProfile.Profile()
        profiler.enable()
        uvloop.run(_work())
        profiler.disable()
        profiler.dump_stats(profile)
        return
    uvloop.run(_work())


if __name__ == "__main__":
    main()
