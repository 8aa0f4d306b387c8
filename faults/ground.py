"""A whole platform in a throwaway home: as ``openmarque up`` runs it, or made so that its processes can be killed one by one.

Engines, connection gate and worker are processes of their own, each known by its pid; nothing else is ever signalled. The killable
worker is ``faults.worker``: the real one, with places in it where it may kill itself.
"""

import asyncio
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from faults.cars import Car
from openmarque.app import Engines, Platform, bootstrap
from openmarque.car.identity import read_bundle
from openmarque.cli.operating import engines_up, give_to_owner, platform_up, provision
from openmarque.domains.garage.service import NewVehicle
from openmarque.engines.nats import NatsServer
from openmarque.engines.postgres import PostgresServer
from openmarque.engines.postgres_home import possible_roots
from openmarque.engines.process import find_ours, tail
from openmarque.kit.clock import SystemClock
from openmarque.kit.settings import Settings
from openmarque.link.bringup import GateProcess

ROOT: Final = Path(__file__).parents[1]
_PREFIX: Final = "openmarque-faults-"
_READY_S: Final = 30.0
MODEL: Final = "brise"


@dataclass
class Ground:
    """The running platform. `platform` is wired in this process, to provision cars and to read."""

    settings: Settings
    platform: Platform

    @property
    def mqtt_port(self) -> int:
        """Where the broker takes cars."""
        return self.platform.endpoint.mqtt_port

    @property
    def database_url(self) -> str:
        """The database, as its owner."""
        return PostgresServer(self.settings).address()

    async def new_car(self, vin: str, *, owned: bool = True) -> Car:
        """A provisioned car, its owner's trial activated unless it is not `owned`; its bundle lies in the home."""
        folder = self.settings.home / "cars" / vin
        vehicle_id = await provision(self.platform, NewVehicle(vin, MODEL), folder)
        tenure_id = None
        if owned:
            tenure_id, _ = await give_to_owner(self.platform, vehicle_id, "en", self.platform.clock.now())
        return Car(read_bundle(folder), tenure_id)


@dataclass
class KillableGround(Ground):
    """A platform whose processes can be killed. Engines are started again by their watcher, gate and worker here."""

    engines: Engines
    gate: GateProcess
    worker: "WorkerProcess"

    async def kill(self, part: str) -> None:
        """SIGKILL to ``broker``, ``postgres``, ``worker`` or ``gate``; returns when another one is starting or up."""
        match part:
            case "broker":
                await self._kill_engine(self.engines.nats)
            case "postgres":
                await self._kill_engine(self.engines.postgres)
            case "gate":
                await asyncio.to_thread(kill_tree, psutil.Process(self.gate.pid))
                await asyncio.to_thread(self.gate.stop)  # it is dead: this collects what is left of it
                await asyncio.to_thread(self.gate.start)
            case "worker":
                self.worker.kill()
            case _:
                raise ValueError(part)

    @staticmethod
    async def _kill_engine(engine: NatsServer | PostgresServer) -> None:
        found: list[psutil.Process | None] = []

        def runs() -> bool:
            found[:] = [engine.process()]
            return found[0] is not None

        await until(runs, "the engine of the kill before was not started again")
        await asyncio.to_thread(kill_tree, found[0])


class WorkerProcess:
    """Keeps one worker running: one that was killed is started again at once. `arm` tells it where to kill itself."""

    def __init__(self, home: Path) -> None:
        """Work for the platform in `home`."""
        self._home = home
        self._fuse = home / "fuse"
        self._plan: list[str] = []
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self.log = home / "log" / "faults-worker.log"
        self.deaths: list[str] = []

    async def start(self) -> None:
        """Start, and return when it takes messages."""
        self._keeping = asyncio.create_task(self._keep())
        await self.ready()

    async def ready(self) -> None:
        """Return when a worker takes messages; raises ``TimeoutError`` with the end of its log when none does for long."""
        try:
            await asyncio.wait_for(self._ready.wait(), _READY_S)
        except TimeoutError:
            raise TimeoutError(f"The worker is not ready. {tail(self.log)}") from None

    def arm(self, plan: Sequence[str]) -> None:
        """From now on die at each of these points in turn (``before_commit:3``), and no longer at those of an earlier plan."""
        self._plan, self.deaths = list(plan), []
        self._put_fuse()

    def _put_fuse(self) -> None:
        if self._plan:
            beside = self._fuse.with_suffix(".new")
            beside.write_text(self._plan[0], "ascii")
            beside.replace(self._fuse)
        else:
            self._fuse.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL, now."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        """End it for good."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        self.kill()
        if self._process is not None:
            await self._process.wait()

    async def _keep(self) -> None:
        while True:
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "faults.worker", str(self._fuse), cwd=ROOT,
                    stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log,
                    env={**os.environ, "OPENMARQUE_HOME": str(self._home)},
                )  # fmt: skip
                assert self._process.stdout is not None
                async for line in self._process.stdout:
                    if line.strip() == b"ready":
                        self._ready.set()
            code = await self._process.wait()
            self._ready.clear()
            if code != -signal.SIGKILL:
                await asyncio.sleep(0.2)  # it failed by itself: don't start it hundreds of times a second
            has_blown = bool(self._plan) and not self._fuse.exists()
            self.deaths.append(self._plan.pop(0) if has_blown else f"killed ({code})")
            self._put_fuse()


@asynccontextmanager
async def ground_up() -> AsyncIterator[Ground]:
    """A platform as ``openmarque up`` runs it (without the API), in a home of its own that is deleted afterwards."""
    with throwaway_home() as home:
        settings = settings_for(home)
        async with platform_up(settings, SystemClock(), api=False) as (platform, _):
            yield Ground(settings, platform)


@asynccontextmanager
async def killable_ground_up() -> AsyncIterator[KillableGround]:
    """The same from its parts, with the worker that can kill itself."""
    with throwaway_home() as home:
        settings, clock = settings_for(home), SystemClock()
        gate, worker = GateProcess(settings), WorkerProcess(home)
        async with engines_up(settings, clock) as engines, bootstrap(settings, clock, pool_size=3) as platform:
            async with platform.database.begin() as tx:
                await platform.garage.store_brand(tx)
            await platform.write_snapshot()
            try:
                await asyncio.to_thread(gate.start)
                await worker.start()
                yield KillableGround(settings, platform, engines, gate, worker)
            finally:
                await worker.stop()
                await asyncio.to_thread(gate.stop)


def settings_for(home: Path) -> Settings:
    """Free ports, nothing else out of the ordinary."""
    return Settings(home=home, mqtt_port=0, port=0)


@contextmanager
def throwaway_home() -> Iterator[Path]:
    """A directory that PostgreSQL's user can reach; its name holds our pid, by which a later run knows that it is left over."""
    sweep()
    home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        remove_home(home)


async def until(condition: Callable[[], object], what: str, timeout_s: float = 20.0) -> None:
    """Return once `condition` holds; raises ``TimeoutError`` that says `what` did not come about."""
    try:
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - what happens in other processes announces itself to nobody
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise TimeoutError(f"Not within {timeout_s:g} s: {what}") from None


def kill_tree(process: psutil.Process | None) -> None:
    """SIGKILL to this process and its children, which are all of ours; returns when they are gone."""
    assert process is not None
    doomed = [process, *process.children(recursive=True)]
    for one in doomed:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(doomed, timeout=10)


def remove_home(home: Path) -> None:
    """End the engines of `home`, if any run, and delete everything."""
    for root in possible_roots(home):
        if postgres := find_ours("postgres", "-D", root / "data"):
            kill_tree(postgres)
        shutil.rmtree(root, ignore_errors=True)
    if nats := find_ours("nats", "-c", home / "nats" / "nats.conf"):
        kill_tree(nats)
    shutil.rmtree(home, ignore_errors=True)


def sweep() -> None:
    """Remove the homes of runs that were killed themselves."""
    for home in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = re.match(rf"{_PREFIX}(\d+)-", home.name)
        if owner and not psutil.pid_exists(int(owner[1])):
            remove_home(home)
