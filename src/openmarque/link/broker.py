"""What the platform needs of a message broker, and its NATS adapter. The broker is transport: nothing is safe because it took it.

Obligations of an adapter (``tests/contract/test_broker.py`` runs them against NATS and against the fake):
at most once: a message reaches each plain subscriber, and one member of each queue group, or nobody; command is kept from one
publisher to one subscriber; a handler gets what has gathered since its last call, never empty, and is never called twice at once; what it
raises is counted and does not end the subscription; when it is slower than what comes in, messages above `max_pending` are
dropped and counted (the car's outbox sends them again); subjects that `link.subjects` doesn't declare are refused.
"""

import asyncio
import itertools
import secrets
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar, cast

import nats
import nats.errors
import structlog

from openmarque.engines.nats import NatsLogin
from openmarque.engines.nats_client import BrokerClient
from openmarque.kit.errors import OpenMarqueError
from openmarque.link.intake import AT_ONCE, Gathering, Handler, Intake
from openmarque.link.nats_bulk import BulkClient, Message
from openmarque.link.subjects import check_publish, check_subscribe

_PUBLISH_AT_ONCE: Final = 1000
"""Messages joined into one write before other tasks get their turn (about 2 ms)."""
_CHECKED: Final = 100_000
"""Subjects remembered as declared: those of the cars that one worker serves, some 10 MB; begun anew when full."""
_C = TypeVar("_C", bound=BrokerClient)
_RECONNECT_WAIT_S: Final = cast("int", 0.1)
"""Until a gate is back, a restarted broker refuses every car, so none waits a second. (nats-py hands it to ``asyncio.sleep``.)"""
_CLOSE_S: Final = 5.0
"""Closing needs no answer of anybody."""
_FLUSH_S: Final = 5.0
_LONGEST_FLUSH_S: Final = 60
"""Beyond it the client has given the connection up by its own pings (three of 10 s)."""
__all__ = ["Broker", "BrokerDown", "ConnectionState", "Handler", "Message", "NatsBroker", "NoAnswer", "NobodyListens",
           "Subscription", "connect", "connect_client"]  # fmt: skip
_log = structlog.get_logger("openmarque.link.broker")


class ConnectionState(StrEnum):
    """Where the connection to the broker stands."""

    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    CLOSED = "closed"


class BrokerDown(OpenMarqueError):
    """The broker can't be reached just now."""

    code = "broker-down"
    retryable = True
    cure = "Nothing to do: the connection is retried; if it lasts, look at `openmarque doctor`."
    http_status = 503


class NoAnswer(OpenMarqueError):
    """Nobody answered this request in time."""

    code = "no-answer"
    retryable = True
    http_status = 504


class NobodyListens(NoAnswer):
    """Nobody is there to take this message."""

    code = "nobody-listens"


class Subscription(Protocol):
    """A running subscription."""

    @property
    def dropped(self) -> int:
        """Messages dropped since the start because the handler was too slow."""
        ...

    @property
    def failures(self) -> int:
        """Calls of the handler that raised."""
        ...

    async def close(self) -> None:
        """Take no more messages, and return when the handler's last call has ended; what still waits is handled first."""
        ...


class Broker(Protocol):
    """The interface that everything else uses."""

    @property
    def state(self) -> ConnectionState:
        """Where the connection stands now."""
        ...

    async def publish(self, subject: str, payload: bytes) -> None:
        """Hand over one message; returning says nothing about its arrival. Raises ``BrokerDown``, ``UndeclaredSubject``."""
        ...

    async def publish_many(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Hand over messages in order, cheaper than one by one. Raises as `publish`; those before the fault are handed over."""
        ...

    async def subscribe(
        self, pattern: str, handler: Handler, *, queue: str = "", max_batch: int = 1000, gathering: Gathering = AT_ONCE
    ) -> Subscription:
        """Call `handler` with what arrives on `pattern`, at most `max_batch` at a time; members of a `queue` share the messages.

        `gathering`: how long messages wait for others.

        When this returns, messages published afterwards by anyone are received.
        """
        ...

    async def request(self, subject: str, payload: bytes, *, timeout_s: float = 5.0) -> bytes:
        """Publish and return the first answer. Raises ``NoAnswer`` after `timeout_s`, at once ``NobodyListens`` when nobody does."""
        ...

    async def deliver(self, subject: str, payload: bytes) -> None:
        """Hand over one message to somebody: returns when the broker has passed it on to a subscriber.

        Raises ``NobodyListens`` when there is none: then nobody has it, and nobody will get it later. What a connection that
        is dead without the broker's knowledge was given is lost all the same.
        """
        ...

    async def flush(self) -> None:
        """Return when the broker has taken everything published so far. Raises ``BrokerDown``."""
        ...

    async def close(self) -> None:
        """Close the subscriptions (each handles what it has), hand over what was published, disconnect."""
        ...


class NatsBroker:
    """`Broker` over nats-py. Make it with `connect`."""

    def __init__(self, client: BulkClient) -> None:
        """Use a connected client."""
        self._client = client
        self._subscriptions: list[_NatsSubscription] = []
        self._declared: set[str] = set()
        self._unheard = _Unheard(client)

    @property
    def state(self) -> ConnectionState:
        """Where the connection stands now."""
        if self._client.is_connected:
            return ConnectionState.CONNECTED
        return ConnectionState.CLOSED if self._client.is_closed else ConnectionState.RECONNECTING

    async def publish(self, subject: str, payload: bytes) -> None:
        """See `Broker`."""
        self._check(subject)
        await self._publish([(subject, payload)])

    async def publish_many(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """See `Broker`."""
        waiting: list[tuple[str, bytes]] = []
        try:
            declared = self._declared
            for message in messages:
                if message[0] not in declared:
                    self._check(message[0])
                waiting.append(message)
                if len(waiting) == _PUBLISH_AT_ONCE:
                    handed, waiting = waiting, []
                    await self._publish(handed)
                    await asyncio.sleep(0)
        finally:
            if waiting:
                await self._publish(waiting)

    def _check(self, subject: str) -> None:
        """``check_publish``, once for each subject that goes by."""
        if subject not in self._declared:
            check_publish(subject)
            if len(self._declared) >= _CHECKED:
                self._declared.clear()
            self._declared.add(subject)

    async def _publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        try:
            await self._client.publish_bulk(messages)
        except (
            nats.errors.ConnectionClosedError,
            nats.errors.OutboundBufferLimitError,
            nats.errors.ConnectionDrainingError,
        ) as error:
            raise BrokerDown from error

    async def subscribe(
        self, pattern: str, handler: Handler, *, queue: str = "", max_batch: int = 1000, gathering: Gathering = AT_ONCE
    ) -> Subscription:
        """See `Broker`."""
        check_subscribe(pattern)
        intake = Intake(handler, max_batch=max_batch, gathering=gathering)
        subscription = await self._client.subscribe_bulk(pattern, queue, intake.put_many)
        kept = _NatsSubscription(intake, lambda: self._client.drain_bulk(subscription), self._subscriptions.remove)
        self._subscriptions.append(kept)
        await self.flush()
        return kept

    async def request(self, subject: str, payload: bytes, *, timeout_s: float = 5.0) -> bytes:
        """See `Broker`."""
        check_publish(subject)
        try:
            return (await self._client.request(subject, payload, timeout=timeout_s)).data
        except nats.errors.NoRespondersError as error:
            raise NobodyListens from error
        except nats.errors.TimeoutError as error:
            raise NoAnswer from error
        except nats.errors.ConnectionClosedError as error:
            raise BrokerDown from error

    async def deliver(self, subject: str, payload: bytes) -> None:
        """See `Broker`. The server says "no responders" before it answers the flush: both go through one connection, in order."""
        self._check(subject)
        try:
            reply = await self._unheard.inbox()
            await self._client.publish(subject, payload, reply=reply)
        except (nats.errors.Error, ValueError) as error:
            raise BrokerDown from error
        await self.flush()
        if self._unheard.was(reply):
            raise NobodyListens

    async def flush(self) -> None:
        """See `Broker`."""
        try:
            await _undisturbed(self._client.flush(_LONGEST_FLUSH_S), _FLUSH_S)
        except (nats.errors.Error, TimeoutError) as error:
            raise BrokerDown from error

    async def close(self) -> None:
        """See `Broker`."""
        for subscription in list(self._subscriptions):
            await subscription.close()
        if not self._client.is_closed:
            with suppress(BrokerDown):
                await self.flush()
            # nats-py waits for its own flusher, which is gone while a connection is being made anew: then nothing answers (2.16.0).
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await self._client.close()


class _Unheard:
    """Knows which of our messages nobody took: the server says so to the inbox that stands as the reply."""

    def __init__(self, client: BulkClient) -> None:
        self._client = client
        self._prefix = f"_INBOX.{secrets.token_hex(11)}"
        self._numbers = itertools.count(1)
        self._subscribing: asyncio.Task[Any] | None = None
        self._unheard: set[str] = set()

    async def inbox(self) -> str:
        """A fresh inbox; the first one subscribes to all of them."""
        if self._subscribing is None:
            self._subscribing = asyncio.create_task(self._client.subscribe_bulk(f"{self._prefix}.*", "", self._take))
        await asyncio.shield(self._subscribing)
        return f"{self._prefix}.{next(self._numbers)}"

    def was(self, reply: str) -> bool:
        """Whether the message with this inbox was unheard; to be asked once."""
        unheard = reply in self._unheard
        self._unheard.discard(reply)
        return unheard

    def _take(self, messages: list[Message]) -> None:
        """Only "no responders" has an empty body: a car can't answer here, but our own processes could."""
        self._unheard.update(message.subject for message in messages if not message.payload)


class _NatsSubscription:
    def __init__(
        self, intake: Intake, drain: Callable[[], Coroutine[Any, Any, None]], forget: Callable[["_NatsSubscription"], None]
    ) -> None:
        self._intake = intake
        self._drain = drain
        self._forget = forget
        self._closed = False

    @property
    def dropped(self) -> int:
        return self._intake.dropped

    @property
    def failures(self) -> int:
        return self._intake.failures

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._forget(self)
            with suppress(nats.errors.Error, TimeoutError):
                await _undisturbed(self._drain(), _LONGEST_FLUSH_S)
            await self._intake.close()


async def _undisturbed(work: Coroutine[Any, Any, None], within_s: float) -> None:
    """Wait at most `within_s` for `work`, which runs on by itself when the wait is cancelled or over. Raises ``TimeoutError``.

    nats-py (2.16) keeps the future of a cancelled flush, and the answer to it then ends the client's reader: nothing would arrive until
    the next reconnect.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    done, _ = await asyncio.wait({task}, timeout=within_s)
    if not done:
        raise TimeoutError
    task.result()


async def connect(login: NatsLogin, *, name: str, timeout_s: float = 10.0) -> NatsBroker:
    """Connect as `login`, called `name` in the broker's lists; reconnects for ever afterwards. Raises ``BrokerDown`` at first failure."""
    return NatsBroker(await _connected(BulkClient(), login, name, timeout_s))


async def connect_client(login: NatsLogin, *, name: str, timeout_s: float = 10.0) -> BrokerClient:
    """A nats-py client as `login`, for the gate and the system account, whose subjects are the broker's own."""
    return await _connected(BrokerClient(), login, name, timeout_s)


async def _connected(client: _C, login: NatsLogin, name: str, timeout_s: float) -> _C:

    async def on_error(error: Exception) -> None:
        _log.warning("broker_error", client=name, error=type(error).__name__, detail=str(error)[:200])

    try:
        async with asyncio.timeout(timeout_s):
            await client.connect(
                login.servers,
                name=name,
                tls=login.tls(),
                error_cb=on_error,
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=_RECONNECT_WAIT_S,
                connect_timeout=2,
                ping_interval=10,
                pending_size=16 * 1024 * 1024,
                nkeys_seed_str=login.seed,
            )
    except (nats.errors.Error, OSError, TimeoutError) as error:
        await client.give_up()
        raise BrokerDown(f"{type(error).__name__}: {error}") from error
    return client
