"""A car as a process of its own: the real agent on its real store, living a script, with a point at which it kills itself.

``python -m faults.car BUNDLE --seed 3 --base 1795350000000 --kill mid_write:4``. The points are those of the store: ``before_commit``,
``mid_write`` (in the middle of an outbox write), ``after_commit`` (written, and not yet sent). Started again it goes on where its
store says it was. It ends by itself when it lived everything and nothing waits for an acknowledgement.
"""

import argparse
import asyncio
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from faults.fuse import Fuse
from faults.script import Choose, Sense, script
from openmarque.car.agent import CarAgent
from openmarque.car.core import CarCore
from openmarque.car.identity import read_bundle
from openmarque.car.model import LinkState
from openmarque.car.records import Mark
from openmarque.car.sqlite_store import SqliteCarStore
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.kit.clock import SystemClock
from openmarque.kit.log import configure_log

_NAME: Final = "faults"
_PACE_S: Final = 0.01
"""Slow enough that a strike from outside finds the car in the middle of something."""
_HASTE: Final = {
    "openmarque.car.outbox.FIRST_WAIT_MS": 200,
    "openmarque.car.link.FIRST_WAIT_MS": 200,
    "openmarque.car.capture.FIRST_WAIT_MS": 200,
    "openmarque.car.outbox.LONGEST_WAIT_MS": 800,
    "openmarque.car.link.LONGEST_WAIT_MS": 800,
    "openmarque.car.capture.LONGEST_WAIT_MS": 800,
    "openmarque.car.agent.FIRST_WAIT_S": 0.2,
    "openmarque.car.agent.LONGEST_WAIT_S": 1.0,
    "openmarque.car.agent._TIMEOUT_S": 2.0,
}
"""A car in a hurry: the waits before a repeat and before the next connection, shortened; nothing else of it is changed."""


def is_at_rest(core: CarCore) -> bool:
    """Whether the platform is there and everything was acknowledged."""
    return core.link_state is LinkState.OPEN and core.is_settled and core.policy is not None


async def live(agent: CarAgent, seed: int, base_ms: int) -> None:
    """Live the rest of the script, from the sample after the last one that is in the store."""
    await agent.until(is_at_rest)
    mark = agent.core.mark(_NAME)
    done = mark.row if mark else 0
    steps = script(seed, base_ms)
    begin = max((i + 1 for i, step in enumerate(steps) if isinstance(step, Sense) and step.row < done), default=0)
    for step in steps[begin:]:
        if isinstance(step, Choose):
            await agent.until(is_at_rest)
            agent.act(lambda core, now, level=step.level: core.set_level(now, level, "head unit"))  # type: ignore[misc]  # mypy can't infer a lambda with a default
            await agent.until(is_at_rest)
        else:
            position = (_NAME, Mark(step.row + 1, base_ms, {}))
            agent.act(lambda core, now, step=step, at=position: core.sensed(now, step.values, step.at_ms, at))  # type: ignore[misc]
            await asyncio.sleep(_PACE_S)
    await agent.until(is_at_rest)


async def main(folder: Path, seed: int, base_ms: int, fuse: Fuse) -> None:
    """Run the car of the bundle in `folder` until it lived everything and rests."""
    bundle = read_bundle(folder)
    store = SqliteCarStore(bundle.store_path, fuse)
    agent = CarAgent(bundle, store, Catalogue(installed_services()), SystemClock())
    await _while_connected(agent, live(agent, seed, base_ms))
    # Once more from the greeting on: the newest policy may have been pushed while nobody was there to hear it.
    await _while_connected(agent, agent.until(is_at_rest))
    store.close()


async def _while_connected(agent: CarAgent, what: Coroutine[Any, Any, None]) -> None:
    running, doing = asyncio.create_task(agent.run()), asyncio.create_task(what)
    await asyncio.wait([running, doing], return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    await asyncio.wait([running])
    await doing


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--base", type=int, required=True)
    parser.add_argument("--kill", default="", help="point:count")
    given = parser.parse_args()
    configure_log()
    with ExitStack() as hurried:
        for name, value in _HASTE.items():
            hurried.enter_context(patch(name, value))
        asyncio.run(main(given.bundle, given.seed, given.base, Fuse(given.kill)))
