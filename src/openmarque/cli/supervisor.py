"""Runs the platform's processes as children: starts them together, waits until each is ready, restarts one that dies.

Theory of operation: a child prints ``ready`` on a line of its own once it serves; whatever else it prints goes to its log file. A
child that ends by itself is started again after a pause that doubles up to `_PAUSE_MAX_S`; one that never becomes ready makes the
start fail with the end of its log. Children are ended by SIGTERM, then SIGKILL, by their pid.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from openmarque.engines.process import open_log
from openmarque.kit.errors import OpenMarqueError

_READY_S: Final = 30.0
"""A child imports the program and opens its connections: two seconds here, far more on a busy machine."""
_END_S: Final = 10.0
_PAUSE_S: Final = 0.5
_PAUSE_MAX_S: Final = 30.0
_STEADY_S: Final = 60.0
"""A child that ran this long counts as having started well."""
_log = structlog.get_logger("openmarque.supervisor")


class ChildFailed(OpenMarqueError):
    """A part of the platform did not start."""

    code = "child-failed"
    cure = "Read {log}, then `openmarque doctor`."


@dataclass
class Child:
    """One process: the arguments after ``python``, and where its output goes."""

    name: str
    arguments: Sequence[str]
    log: Path
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Keeps children running until ``stop``."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Give children our environment with `environment` over it."""
        self._environment = {**os.environ, **environment}
        self._children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self, children: Sequence[Child]) -> None:
        """Start `children` at once and wait until every one is ready. Raises ``ChildFailed``."""
        self._children += children
        self._tasks += [asyncio.create_task(self._keep(child), name=child.name) for child in children]
        for child in children:
            try:
                await asyncio.wait_for(child.ready.wait(), _READY_S)
            except TimeoutError:
                raise ChildFailed(f"{child.name} was not ready within {_READY_S:.0f} s.", log=child.log) from None

    def pids(self) -> dict[str, int]:
        """The process ids of the children that run now, by name."""
        return {c.name: c.process.pid for c in self._children if c.process is not None and c.process.returncode is None}

    async def stop(self) -> None:
        """End every child."""
        self._stopping = True
        await asyncio.gather(*(_end(child.process) for child in self._children if child.process is not None))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, child: Child) -> None:
        pause = _PAUSE_S
        while True:
            started = time.monotonic()
            code = await self._run(child)
            if time.monotonic() - started > _STEADY_S:
                pause = _PAUSE_S  # it had run well: what ended it is another fault than the last one
            if self._stopping:
                return
            child.restarts += 1
            _log.warning("child_ended", name=child.name, code=code, pause_s=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _PAUSE_MAX_S)

    async def _run(self, child: Child) -> int:
        with open_log(child.log) as log:
            child.process = await asyncio.create_subprocess_exec(
                sys.executable, *child.arguments, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log,
                env=self._environment, start_new_session=True,
            )  # fmt: skip
            if child.process.stdout is not None:
                async for line in child.process.stdout:
                    if line.strip() == b"ready":
                        child.ready.set()
                    else:
                        log.write(line)
                        log.flush()
            return await child.process.wait()


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except TimeoutError:
            process.kill()
            await process.wait()
