"""A throwaway platform of several processes, and how much processor time each of them took."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil

from bench.loader import CarEntry, CarsFile
from openmarque.app import Engines, Platform, bootstrap, start_engines
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import Settings

_END_S: Final = 10
_READY_S: Final = 60
ROOT: Final = Path(__file__).resolve().parents[1]


class BenchFailed(Exception):
    """A part of the measurement did not do what was asked of it."""


@dataclass
class Child:
    """A process of ours that says ``ready`` on its own line, and may take commands on its input."""

    process: subprocess.Popen[str]

    @classmethod
    async def start(cls, arguments: Sequence[str], environment: Mapping[str, str], log: Path, *, ready: bool = True) -> "Child":
        """Start ``python`` with `arguments`; waits for ``ready`` if it says so."""
        with log.open("ab") as errors:
            process = subprocess.Popen(  # noqa: ASYNC220 - starting takes a millisecond, and nothing else is going on
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **environment},
                cwd=ROOT,
                text=True,
                start_new_session=True,
            )
        child = cls(process)
        if ready:
            async with asyncio.timeout(_READY_S):
                while (line := await child.line()).strip() != "ready":
                    if not line:
                        raise BenchFailed(f"{' '.join(arguments)} ended: {_end_of(log)}")
        return child

    async def line(self) -> str:
        """The next line it prints; empty at its end."""
        assert self.process.stdout is not None
        return await asyncio.to_thread(self.process.stdout.readline)

    def say(self, text: str) -> None:
        """Write a line to its input."""
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """End it, by its own id."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


@dataclass
class Bench:
    """A running throwaway platform, without workers until some are asked for."""

    settings: Settings
    platform: Platform
    engines: Engines
    workers: list[Child] = field(default_factory=list)
    gate: Child | None = None
    cars: list[CarEntry] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a child find this platform."""
        return {"OPENMARQUE_HOME": str(self.settings.home), "OPENMARQUE_MQTT_PORT": "0", "OPENMARQUE_PORT": "0"}

    @property
    def owner_url(self) -> str:
        """The database as its owner."""
        return self.engines.database.url

    async def start_workers(self, count: int) -> None:
        """Let `count` workers take messages."""
        log = self.settings.log_dir / "worker.log"
        starts = (Child.start(("-m", "openmarque.cli.work"), self.environment, log) for _ in range(count))
        self.workers += await asyncio.gather(*starts)

    def stop_workers(self) -> None:
        """End the workers; what they took is finished."""
        for worker in self.workers:
            worker.end()
        self.workers.clear()

    def cars_file(self, cars: Sequence[CarEntry], name: str, port: int | None = None) -> Path:
        """Write the file that a loader of `cars` starts with; `port` is another broker's than the platform's."""
        anchor = self.platform.authority.root_file
        given = CarsFile(self.platform.endpoint.mqtt_host, port or self.platform.endpoint.mqtt_port, str(anchor), list(cars))
        path = self.settings.home / f"{name}.json"
        path.write_bytes(msgspec.json.encode(given))
        return path

    def processor_s(self, loader: Child | None = None) -> dict[str, float]:
        """Processor seconds (user and system) used up to now, by part."""
        used = {"broker": _processor_s(self.broker), "postgres": self._postgres_s()}
        used["worker"] = sum(_processor_s(psutil.Process(worker.process.pid)) for worker in self.workers)
        if self.gate is not None:
            used["gate"] = _processor_s(psutil.Process(self.gate.process.pid))
        if loader is not None:
            used["loader"] = _processor_s(psutil.Process(loader.process.pid))
        return used

    @property
    def broker(self) -> psutil.Process:
        """The broker's process."""
        process = self.engines.nats.process()
        assert process is not None
        return process

    def _postgres_s(self) -> float:
        process = self.engines.postgres.process()
        assert process is not None
        total = _processor_s(process)
        for child in process.children():
            with suppress(psutil.NoSuchProcess):
                total += _processor_s(child)
        return total


def _end_of(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-2000:]


def _processor_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def throwaway_home() -> Iterator[Path]:
    """A directory for one platform, deleted afterwards with everything in it."""
    # Not the system's temporary folder, which may be kept in memory: the figures are about a disk.
    home = Path(tempfile.mkdtemp(prefix="openmarque-bench-", dir="/var/tmp"))
    # Another user may pass through, as below a home that we made ourselves: PostgreSQL does not run as root.
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def throwaway(*, gate: bool = True) -> AsyncIterator[Bench]:
    """A platform in a home of its own with engines and (unless not wanted) a gate; deleted afterwards."""
    with throwaway_home() as home:
        settings, clock = Settings(home=home, mqtt_port=0, port=0), SystemClock()
        engines = await start_engines(settings, clock)
        try:
            async with bootstrap(settings, clock) as platform:
                bench = Bench(settings, platform, engines)
                try:
                    await platform.write_snapshot()
                    if gate:
                        log = settings.log_dir / "gate.log"
                        bench.gate = await Child.start(("-m", "openmarque.link.gate"), bench.environment, log)
                    yield bench
                finally:
                    bench.stop_workers()
                    if bench.gate is not None:
                        bench.gate.end()
        finally:
            await engines.stack.destroy()


async def ask(child: Child, **command: Any) -> dict[str, Any]:
    """Give a loader a command and wait for its answer."""
    child.say(json.dumps(command))
    line = await child.line()
    if not line:
        raise BenchFailed(f"the loader ended at {command}")
    answer: dict[str, Any] = json.loads(line)
    return answer
