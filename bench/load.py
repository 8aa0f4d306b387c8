"""Status messages beside something else that is measured: half of what the platform takes in at that time."""

import asyncio
import time
from typing import Final

import psutil

from bench.processes import BenchFailed, Child, ask

_NICE: Final = 10
"""The loader gives way: the cars it stands for compute elsewhere in the field. It does the same work, and its rate is checked."""
_SETTLE_S: Final = 2.0
_GAUGE_S: Final = 3.0
_TURN_S: Final = 1.0
_KEPT: Final = 0.95
"""A load that publishes less of what it was asked for is no load."""


class Load:
    """A stream of status messages at one rate, from `begin` to `end`."""

    def __init__(self, loader: Child, rate: float) -> None:
        """Publish `rate` messages a second by `loader`, which was told so."""
        self.rate = rate
        self._loader = loader
        self._stopping = asyncio.Event()
        self._publishing = asyncio.create_task(self._publish())

    @classmethod
    async def begin(cls, loader: Child) -> "Load":
        """Measure what is taken in, and publish half of it from now on.

        Measured anew each time: what this machine takes in differs by half from one quarter of an hour to the next.
        """
        psutil.Process(loader.process.pid).nice(_NICE)
        await ask(loader, do="pace", kind="status")
        await ask(loader, do="run", seconds=_SETTLE_S)
        taken = await ask(loader, do="run", seconds=_GAUGE_S)
        rate = taken["stored"] / taken["seconds"] / 2
        if rate <= 0:
            raise BenchFailed("no status message was stored: see worker.log")
        await ask(loader, do="pace", kind="stream", rate=rate)
        load = cls(loader, rate)
        await asyncio.sleep(_SETTLE_S)
        return load

    async def end(self) -> float:
        """Publish nothing more; gives the messages a second that were published."""
        self._stopping.set()
        published = await self._publishing
        if published < _KEPT * self.rate:
            raise BenchFailed(
                f"{published:.0f} of {self.rate:.0f} status messages a second were published: something else needs the cores"
            )
        return published

    async def _publish(self) -> float:
        sent, began = 0, time.perf_counter()
        while not self._stopping.is_set():
            sent += (await ask(self._loader, do="run", seconds=_TURN_S))["sent"]
        return sent / (time.perf_counter() - began)
