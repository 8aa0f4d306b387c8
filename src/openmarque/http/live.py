"""Brings live updates of tenures from the broker to the event streams of this process.

One subscription for each watched tenure, however many streams watch it; while there is one, workers are told so again and again
(``live.interest``), since they publish only what somebody watches. Updates are at most once, so whoever watches reads the
stored values again from time to time: see ``openmarque.http.events``.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from openmarque.kit.ids import AccountId, TenureId, wire
from openmarque.link.broker import Broker, BrokerDown, ConnectionState, Message, Subscription
from openmarque.link.live import INTEREST_S
from openmarque.link.subjects import live_subject

MAX_WAITING: Final = 64
"""Updates that wait for one slow stream; above it they are dropped, and the stream reads the stored values anew."""
_ANNOUNCE_S: Final = INTEREST_S / 3

_read = msgspec.json.Decoder(dict[str, Any]).decode


class Watch:
    """One stream's view of a tenure: what comes in, in order."""

    def __init__(self) -> None:
        """Nothing has come in."""
        self._waiting: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue(MAX_WAITING)
        self.missed = False
        """Set when an update was dropped because the stream was too slow."""

    def put(self, update: Mapping[str, Any]) -> None:
        """Take an update."""
        try:
            self._waiting.put_nowait(update)
        except asyncio.QueueFull:
            self.missed = True

    def drop(self) -> None:
        """Forget what waits, since the stored values are about to be read; a wake-up at the end of the process is not lost by it."""
        self.missed = False
        while not self._waiting.empty():
            self._waiting.get_nowait()

    async def next(self, within_s: float) -> Mapping[str, Any] | None:
        """The next update; None when none comes within that time. An empty one only wakes the stream."""
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._waiting.get(), within_s)
        return None


@dataclass
class _Topic:
    """A watched tenure: its streams, and the subscription once there is one."""

    watches: list[Watch] = field(default_factory=list)
    subscription: Subscription | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class LiveHub:
    """The live updates of one process; ``run`` keeps it going."""

    def __init__(self, broker: Broker) -> None:
        """Listen on `broker`."""
        self._broker = broker
        self._topics: dict[TenureId, _Topic] = {}
        self._open: Counter[AccountId] = Counter()
        self._under_way: set[asyncio.Task[None]] = set()
        self.closing = False
        """Set when the process ends: streams end then."""

    @property
    def connected(self) -> bool:
        """Whether updates can come in now."""
        return self._broker.state is ConnectionState.CONNECTED

    def streams(self, account_id: AccountId | None = None) -> int:
        """How many streams are open, of one account or of all."""
        return self._open.total() if account_id is None else self._open[account_id]

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Announce interest while the block runs; wake and end every stream when it ends."""
        announcing = asyncio.create_task(self._announce_for_ever())
        try:
            yield
        finally:
            announcing.cancel()
            with suppress(asyncio.CancelledError):
                await announcing
            self.close()
            if self._under_way:
                await asyncio.wait(self._under_way)

    def close(self) -> None:
        """Have every stream end."""
        self.closing = True
        for topic in self._topics.values():
            for watch in topic.watches:
                watch.put({})

    @asynccontextmanager
    async def watch(self, tenure_id: TenureId, account_id: AccountId) -> AsyncIterator[Watch]:
        """Watch a tenure while the block runs. Raises ``BrokerDown``."""
        topic, watch = self._topics.setdefault(tenure_id, _Topic()), Watch()
        topic.watches.append(watch)
        self._open[account_id] += 1
        try:
            await asyncio.shield(self._going_on(self._subscribe(tenure_id, topic)))
            await self._announce(tenure_id)
            await self._broker.flush()
            yield watch
        finally:
            topic.watches.remove(watch)
            self._open[account_id] -= 1
            if not self._open[account_id]:
                del self._open[account_id]
            # Not awaited here: a client that goes away cancels its stream, and every further await in it.
            _ = self._going_on(self._leave(tenure_id, topic))

    def _going_on(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """`work` as a task that the end of a stream does not cancel: half a subscription would be nobody's."""
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits for it has it raised

    async def _subscribe(self, tenure_id: TenureId, topic: _Topic) -> None:
        async with topic.lock:
            if topic.subscription is None:
                topic.subscription = await self._broker.subscribe(live_subject(tenure_id), self._handler(topic))

    async def _leave(self, tenure_id: TenureId, topic: _Topic) -> None:
        async with topic.lock:
            if topic.watches:
                return
            if self._topics.get(tenure_id) is topic:
                del self._topics[tenure_id]
            if topic.subscription is not None:
                subscription, topic.subscription = topic.subscription, None
                await subscription.close()

    @staticmethod
    def _handler(topic: _Topic) -> Any:
        async def handle(batch: Sequence[Message]) -> None:
            for message in batch:
                with suppress(msgspec.DecodeError):
                    update = _read(message.payload)
                    for watch in topic.watches:
                        watch.put(update)

        return handle

    async def _announce(self, tenure_id: TenureId) -> None:
        await self._broker.publish("live.interest", wire(tenure_id).encode("ascii"))

    async def _announce_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_ANNOUNCE_S)
            for tenure_id in list(self._topics):
                with suppress(BrokerDown):
                    await self._announce(tenure_id)
