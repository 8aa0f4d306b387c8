"""A broker in memory for the deterministic world and for tests of use cases; it passes the adapter's contract tests."""

import asyncio
import itertools
from collections.abc import Iterable

from openmarque.link.broker import BrokerDown, ConnectionState, Handler, Message, NoAnswer, NobodyListens, Subscription
from openmarque.link.intake import AT_ONCE, Gathering, Intake
from openmarque.link.subjects import check_publish, check_subscribe


def matches(pattern: str, subject: str) -> bool:
    """Whether a subject is in a pattern with ``*`` (one token) and a final ``>`` (one or more)."""
    wanted, given = pattern.split("."), subject.split(".")
    for index, token in enumerate(wanted):
        if token == ">":
            return len(given) > index
        if index >= len(given) or token not in ("*", given[index]):
            return False
    return len(wanted) == len(given)


class FakeServer:
    """What several `FakeBroker` connections meet on. `up` set to false makes every connection behave as cut off."""

    def __init__(self) -> None:
        """Start empty."""
        self.up = True
        self._subscriptions: list[_FakeSubscription] = []
        self._turns = itertools.count()
        self._inboxes = itertools.count(1)

    def route(self, message: Message) -> int:
        """Deliver to each plain subscriber and one member of each group in turn; the number of deliveries."""
        groups: dict[str, list[_FakeSubscription]] = {}
        delivered = 0
        for subscription in self._subscriptions:
            if not matches(subscription.pattern, message.subject):
                continue
            if subscription.queue:
                groups.setdefault(subscription.queue, []).append(subscription)
            else:
                subscription.intake.put(message)
                delivered += 1
        for members in groups.values():
            members[next(self._turns) % len(members)].intake.put(message)
        return delivered + len(groups)

    def add(self, subscription: "_FakeSubscription") -> None:
        """Take part in routing from now on."""
        self._subscriptions.append(subscription)

    def remove(self, subscription: "_FakeSubscription") -> None:
        """Take no more part."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def inbox(self) -> str:
        """A fresh subject for one answer."""
        return f"_INBOX.fake.{next(self._inboxes)}"


class _FakeSubscription:
    def __init__(self, server: FakeServer, pattern: str, queue: str, intake: Intake) -> None:
        self._server = server
        self.pattern = pattern
        self.queue = queue
        self.intake = intake

    @property
    def dropped(self) -> int:
        return self.intake.dropped

    @property
    def failures(self) -> int:
        return self.intake.failures

    async def close(self) -> None:
        self._server.remove(self)
        await self.intake.close()


class FakeBroker:
    """`Broker` in memory; connections made with the same `FakeServer` hear each other."""

    def __init__(self, server: FakeServer | None = None) -> None:
        """Connect to `server` (default: one of its own)."""
        self.server = server or FakeServer()
        self._closed = False
        self._subscriptions: list[_FakeSubscription] = []

    @property
    def state(self) -> ConnectionState:
        """Where the connection stands now."""
        if self._closed:
            return ConnectionState.CLOSED
        return ConnectionState.CONNECTED if self.server.up else ConnectionState.RECONNECTING

    async def publish(self, subject: str, payload: bytes) -> None:
        """See `Broker`."""
        check_publish(subject)
        self._require_up()
        self.server.route(Message(subject, bytes(payload)))

    async def publish_many(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """See `Broker`."""
        for subject, payload in messages:
            await self.publish(subject, payload)

    async def subscribe(
        self, pattern: str, handler: Handler, *, queue: str = "", max_batch: int = 1000, gathering: Gathering = AT_ONCE
    ) -> Subscription:
        """See `Broker`."""
        check_subscribe(pattern)
        self._require_up()
        subscription = _FakeSubscription(self.server, pattern, queue, Intake(handler, max_batch=max_batch, gathering=gathering))
        self.server.add(subscription)
        self._subscriptions.append(subscription)
        return subscription

    async def deliver(self, subject: str, payload: bytes) -> None:
        """See `Broker`."""
        check_publish(subject)
        self._require_up()
        if not self.server.route(Message(subject, bytes(payload))):
            raise NobodyListens

    async def request(self, subject: str, payload: bytes, *, timeout_s: float = 5.0) -> bytes:
        """See `Broker`."""
        check_publish(subject)
        self._require_up()
        answers: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def take(batch: list[Message]) -> None:
            if not answers.done():
                answers.set_result(batch[0].payload)

        inbox = self.server.inbox()
        subscription = _FakeSubscription(self.server, inbox, "", Intake(take, max_batch=1))
        self.server.add(subscription)
        try:
            if not self.server.route(Message(subject, bytes(payload), inbox)):
                raise NobodyListens
            return await asyncio.wait_for(answers, timeout_s)
        except TimeoutError as error:
            raise NoAnswer from error
        finally:
            await subscription.close()

    async def flush(self) -> None:
        """See `Broker`."""
        self._require_up()

    async def close(self) -> None:
        """See `Broker`."""
        self._closed = True
        for subscription in self._subscriptions:
            await subscription.close()

    def _require_up(self) -> None:
        if self._closed or not self.server.up:
            raise BrokerDown
