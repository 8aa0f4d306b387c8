"""One seeded run: the same car's life undisturbed and with kills, and what must be equal afterwards."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from faults.cars import Car
from faults.evidence import State, broken_promises, differences, read_state
from faults.ground import ROOT, KillableGround, until
from faults.plan import Plan, plan_of
from faults.proxy import Proxy, proxy_for
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.engines.process import tail
from openmarque.kit.clock import to_ms
from openmarque.protocol.envelope import Lane
from openmarque.storage.errors import StoreUnavailable

_LIFE_S: Final = 40.0
"""A car's life takes two seconds, each kill about two more; twice this stays below pytest's own limit."""
_HOUR_MS: Final = 3_600_000


@dataclass
class Report:
    """What happened in a run: `kills` that took place by name, `problems` in sentences (none when everything was kept)."""

    seed: int
    plan: Plan
    kills: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    acknowledgements: int = 0
    """How many the observer saw."""

    @property
    def command(self) -> str:
        """How to see it again."""
        return f"python -m faults --seeds 1 --first-seed {self.seed}"

    def __str__(self) -> str:
        problems = "".join(f"\n  {problem}" for problem in self.problems) or " everything was kept"
        return f"seed {self.seed}: {', '.join(self.kills)}; {self.acknowledgements} acknowledgements;{problems}"


async def run(ground: KillableGround, seed: int, plan: Plan | None = None) -> Report:
    """Live the life of this seed twice, the second time with its kills (or those of `plan`), and compare."""
    report = Report(seed, plan_of(seed) if plan is None else plan)
    base_ms = to_ms(ground.platform.clock.now()) - _HOUR_MS
    try:
        calm = await _life(ground, seed, base_ms, Plan(), Report(seed, Plan()))
        storm = await _life(ground, seed, base_ms, report.plan, report)
    except (TimeoutError, CarFailed) as error:
        report.problems.append(str(error))
    else:
        report.problems += differences(calm, storm)
    return report


class CarFailed(Exception):
    """The car's process ended by itself."""


_lives = iter(range(1, 1_000_000))


async def _life(ground: KillableGround, seed: int, base_ms: int, plan: Plan, report: Report) -> State:
    """A new car lives the script under `plan`; its outcome is added to `report`."""
    car = await _new_car(ground)
    ground.worker.arm(plan.worker)
    folder = ground.settings.home / "observed" / car.name
    async with proxy_for(car, ground.mqtt_port, folder) as proxy, _striking(ground, proxy, plan, report):
        fuses = list(plan.car)
        try:
            async with asyncio.timeout(_LIFE_S):
                while await _drive(proxy, seed, base_ms, fuse := fuses.pop(0) if fuses else ""):
                    report.kills.append(f"car {fuse}")
        except TimeoutError:
            report.problems.append(f"the car did not come to rest within {_LIFE_S:g} s")
        report.kills += [f"worker {death}" for death in ground.worker.deaths]
        await ground.worker.ready()
        state = await _read(ground, car)
        report.problems += await asyncio.to_thread(lambda: list(broken_promises(proxy, state)))
        report.problems += await asyncio.to_thread(_left_behind, proxy)
        report.acknowledgements = len(proxy.acks())
    return state


async def _new_car(ground: KillableGround) -> Car:
    """A car; connections of this process to a database that was killed are found out one by one."""
    for _ in range(8):
        with suppress(StoreUnavailable):
            return await ground.new_car(f"UU1FAULT00{next(_lives):07d}")
    return await ground.new_car(f"UU1FAULT00{next(_lives):07d}")


async def _drive(proxy: Proxy, seed: int, base_ms: int, fuse: str) -> bool:
    """Run the car's process to its end; True when it was killed."""
    log = proxy.bundle.folder / "car.log"
    arguments = [str(proxy.bundle.folder), "--seed", str(seed), "--base", str(base_ms), *(["--kill", fuse] if fuse else [])]
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "faults.car", *arguments, cwd=ROOT, stderr=output)
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if code not in (0, -signal.SIGKILL):
        raise CarFailed(f"The car ended with {code}. {tail(log, 12)}")
    return code != 0


@asynccontextmanager
async def _striking(ground: KillableGround, proxy: Proxy, plan: Plan, report: Report) -> AsyncIterator[None]:
    """Kill from outside, as planned, while the block runs."""

    def published() -> int:
        return sum(1 for _ in proxy.published(up=True))

    async def strike() -> None:
        for blow in plan.strikes:
            await until(partial(lambda after: published() >= after, blow.after), "the car fell silent", _LIFE_S)
            await ground.kill(blow.part)
            report.kills.append(blow.part)
            if blow.part == "gate":
                proxy.cut()  # a gate is missed by those who connect

    striking = asyncio.create_task(strike())
    try:
        yield
    finally:
        striking.cancel()
        with suppress(asyncio.CancelledError, TimeoutError):
            await striking


async def _read(ground: KillableGround, car: Car) -> State:
    """The final state, once the database is there again if it was killed last."""
    await until(ground.engines.postgres.healthy, "the database did not come back")
    return await asyncio.to_thread(read_state, ground.database_url, car.vehicle_id)


def _left_behind(proxy: Proxy) -> list[str]:
    """What the car still holds although it went to rest."""
    store = SqliteCarStore(proxy.bundle.store_path)
    try:
        return [f"the car still holds {message.type} {lane} {message.seq}" for lane in Lane for message in store.messages(lane)]
    finally:
        store.close()
