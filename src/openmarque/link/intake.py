"""Between a subscription and its handler: messages gather here, and the handler gets them in batches."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import structlog

from openmarque.link.nats_bulk import Message

MAX_PENDING: Final = 65536
"""Messages waiting for one handler: four seconds of the goal's 15,000 a second, some 20 MB."""
MANY: Final = 16
"""Messages in a batch from which on they flow: a car by itself, however busy, never sends so many at once."""

Handler = Callable[[list[Message]], Awaitable[None]]

_log = structlog.get_logger("openmarque.link.broker")


@dataclass(frozen=True, slots=True)
class Gathering:
    """How long messages wait for others, so that a batch, whose own cost is that of ten messages, holds more of them."""

    at_rest_s: float = 0.0
    """A first message waits so long for those that were sent with it."""
    in_flow_s: float = 0.0
    """After a batch of `MANY`, so long until the next one, unless that is full before: where messages flow, more are about to come."""


AT_ONCE: Final = Gathering()


class Intake:
    """Gathers messages for one handler and calls it with batches; what both the adapter and the fake build on."""

    def __init__(
        self, handler: Handler, *, max_batch: int, max_pending: int = MAX_PENDING, gathering: Gathering = AT_ONCE
    ) -> None:
        """Start the task that calls `handler`."""
        self._handler = handler
        self._max_batch = max_batch
        self._max_pending = max_pending
        self._gathering = gathering
        self._waiting: deque[Message] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self.dropped = 0
        self.failures = 0
        self._task = asyncio.create_task(self._run())

    def put(self, message: Message) -> None:
        """Take one message, or drop and count it when too many wait (the newest: a lane's order stays without holes in front)."""
        self.put_many([message])

    def put_many(self, messages: list[Message]) -> None:
        """Take messages in order, each as `put` does."""
        room = self._max_pending - len(self._waiting)
        if len(messages) > room:
            self.dropped += len(messages) - room
            messages = messages[:room]
        self._waiting.extend(messages)
        self._wake.set()

    async def close(self) -> None:
        """Handle what waits, then end."""
        self._closing = True
        self._wake.set()
        await asyncio.shield(self._task)

    async def _run(self) -> None:
        waiting, rests, flows = self._waiting, True, False
        while True:
            if not waiting:
                if self._closing:
                    return
                self._wake.clear()
                await self._wake.wait()
                rests = True
            await self._gather(rests=rests, flows=flows)
            batch = self._next()
            rests, flows = False, len(batch) >= MANY
            if not batch:  # woken to close
                continue
            try:
                await self._handler(batch)
            except Exception as error:  # noqa: BLE001 - a handler's fault must not end its subscription; it is counted and logged
                self.failures += 1
                _log.error("handler_failed", error=type(error).__name__, exc_info=True)

    async def _gather(self, *, rests: bool, flows: bool) -> None:
        pause_s = max(rests * self._gathering.at_rest_s, flows * self._gathering.in_flow_s)
        if pause_s and len(self._waiting) < self._max_batch and not self._closing:
            await asyncio.sleep(pause_s)

    def _next(self) -> list[Message]:
        waiting = self._waiting
        if len(waiting) > self._max_batch:
            return [waiting.popleft() for _ in range(self._max_batch)]
        batch = list(waiting)
        waiting.clear()
        return batch
