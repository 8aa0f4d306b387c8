"""When a process of ours is to end: at SIGTERM or SIGINT, or when the process that started it is no more."""

import asyncio
import os
import signal
from typing import Final

_LOOK_EVERY_S: Final = 0.5
"""The system tells nobody that a parent is gone; asking costs a microsecond."""


async def until_stopped() -> None:
    """Return at SIGTERM or SIGINT, or once our parent is gone: one that was killed can't end us, and the next one starts its own."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    parent = os.getppid()
    while not stop.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(stop.wait(), _LOOK_EVERY_S)
        except TimeoutError:
            continue
