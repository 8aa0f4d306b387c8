"""What every `Broker` does; run by test_broker_fake.py on the fake and by tests/integration/test_broker_nats.py on NATS."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from openmarque.link.broker import Broker, ConnectionState, Message, NoAnswer, NobodyListens
from openmarque.link.intake import MANY, Gathering
from openmarque.link.subjects import LIVE, UndeclaredSubject, live_subject

Connect = Callable[[], Awaitable[Broker]]


async def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Return when `condition` holds; fail after `timeout_s`."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - any condition, so there is no event to wait for
            await asyncio.sleep(0.005)


class BrokerContract:
    """Subclass with a fixture ``connect`` that gives connections which hear each other."""

    async def test_a_message_reaches_every_plain_subscriber_in_order(self, connect: Connect) -> None:
        subject, one, two = live_subject(uuid4()), [], []
        listener, sender = await connect(), await connect()

        async def first(batch: list[Message]) -> None:
            one.extend(batch)

        async def second(batch: list[Message]) -> None:
            two.extend(batch)

        await listener.subscribe(subject, first)
        await listener.subscribe(LIVE.every, second)
        await sender.publish_many((subject, str(i).encode()) for i in range(3000))
        await sender.publish(subject, b"last")
        await until(lambda: len(one) == len(two) == 3001)
        assert [m.payload for m in one] == [*(str(i).encode() for i in range(3000)), b"last"]
        assert one == two

    async def test_members_of_a_queue_group_share_and_each_message_is_handled_once(self, connect: Connect) -> None:
        tenure = uuid4()
        got: list[list[bytes]] = [[], [], []]
        sender = await connect()

        def keep(to: list[bytes]) -> Callable[[list[Message]], Awaitable[None]]:
            async def handler(batch: list[Message]) -> None:
                to.extend(m.payload for m in batch)

            return handler

        for bucket in got:
            await (await connect()).subscribe(live_subject(tenure), keep(bucket), queue="workers")
        await sender.publish_many((live_subject(tenure), str(i).encode()) for i in range(600))
        await until(lambda: sum(map(len, got)) >= 600)
        await asyncio.sleep(0.05)
        assert sorted(int(p) for bucket in got for p in bucket) == list(range(600))
        assert all(got)

    async def test_a_slow_handler_gets_what_gathered_in_bounded_batches_and_never_twice_at_once(self, connect: Connect) -> None:
        subject, sizes, running = live_subject(uuid4()), [], 0
        listener, sender = await connect(), await connect()

        async def slow(batch: list[Message]) -> None:
            nonlocal running
            running += 1
            assert running == 1
            sizes.append(len(batch))
            await asyncio.sleep(0.02)
            running -= 1

        subscription = await listener.subscribe(subject, slow, max_batch=50)
        await sender.publish_many((subject, b"x") for _ in range(200))
        await until(lambda: sum(sizes) == 200)
        assert max(sizes) <= 50
        assert min(sizes) >= 1
        assert len(sizes) < 50
        assert subscription.failures == 0
        assert subscription.dropped == 0

    async def test_a_first_message_waits_for_those_that_were_sent_with_it_where_that_is_asked_for(
        self, connect: Connect
    ) -> None:
        subject, batches = live_subject(uuid4()), list[list[bytes]]()
        listener, sender = await connect(), await connect()

        async def keep(batch: list[Message]) -> None:
            batches.append([message.payload for message in batch])

        subscription = await listener.subscribe(subject, keep, gathering=Gathering(at_rest_s=3.0))
        for number in range(3):
            await sender.publish(subject, b"%d" % number)
            await asyncio.sleep(0.01)
        await until(lambda: sum(map(len, batches)) == 3)
        assert batches == [[b"0", b"1", b"2"]]
        await sender.publish(subject, b"3")
        await subscription.close()
        assert sum(map(len, batches)) <= 4, "closing waits for nothing"

    async def test_messages_that_flow_wait_for_more_of_them_where_that_is_asked_for(self, connect: Connect) -> None:
        subject, sizes = live_subject(uuid4()), list[int]()
        listener, sender = await connect(), await connect()
        full = asyncio.Event()

        async def keep(batch: list[Message]) -> None:
            sizes.append(len(batch))
            if len(sizes) == 1:
                await full.wait()

        subscription = await listener.subscribe(subject, keep, max_batch=4 * MANY, gathering=Gathering(in_flow_s=1.0))
        await sender.publish(subject, b"a first one waits for nobody")
        await until(lambda: sizes == [1])
        await sender.publish_many((subject, b"x") for _ in range(MANY))
        await sender.flush()
        await listener.flush()
        await asyncio.sleep(0.2)
        full.set()
        await until(lambda: len(sizes) == 2)
        for _ in range(10):
            await sender.publish(subject, b"y")
            await asyncio.sleep(0.01)
        await until(lambda: sum(sizes) == 1 + MANY + 10)
        assert sizes[2] == 10, "after many, those that came within the time are one batch"
        await sender.publish_many((subject, b"z") for _ in range(4 * MANY + 1))
        await until(lambda: sum(sizes) == 1 + MANY + 10 + 4 * MANY + 1)
        await subscription.close()
        assert max(sizes) <= 4 * MANY

    async def test_a_handler_that_raises_is_counted_and_called_again(self, connect: Connect) -> None:
        subject, calls = live_subject(uuid4()), []
        listener, sender = await connect(), await connect()

        async def broken(batch: list[Message]) -> None:
            calls.extend(batch)
            raise RuntimeError("planted")

        subscription = await listener.subscribe(subject, broken)
        await sender.publish(subject, b"1")
        await until(lambda: len(calls) == 1)
        await sender.publish(subject, b"2")
        await until(lambda: subscription.failures == 2)

    async def test_a_request_is_answered_and_one_that_nobody_hears_says_so_at_once(self, connect: Connect) -> None:
        subject = live_subject(uuid4())
        server, client = await connect(), await connect()

        async def answer(batch: list[Message]) -> None:
            for message in batch:
                await server.publish(message.reply, message.payload.upper())

        await server.subscribe(subject, answer)
        assert await client.request(subject, b"question") == b"QUESTION"
        async with asyncio.timeout(3):  # sooner than a request gives up
            with pytest.raises(NoAnswer):
                await client.request(live_subject(uuid4()), b"anybody")

    async def test_a_delivered_message_reached_somebody_and_where_nobody_listens_it_says_so_at_once(
        self, connect: Connect
    ) -> None:
        subject = live_subject(uuid4())
        got: list[bytes] = []
        listener, sender = await connect(), await connect()

        async def take(batch: list[Message]) -> None:
            got.extend(message.payload for message in batch)

        subscription = await listener.subscribe(subject, take)
        await asyncio.gather(*(sender.deliver(subject, b"%d" % n) for n in range(20)))
        await until(lambda: len(got) == 20)
        assert sorted(got) == sorted(b"%d" % n for n in range(20))
        nobody = live_subject(uuid4())
        async with asyncio.timeout(3):  # sooner than a request gives up
            outcomes = await asyncio.gather(
                *(sender.deliver(nobody if n % 2 else subject, b"x") for n in range(20)), return_exceptions=True
            )
        assert [isinstance(outcome, NobodyListens) for outcome in outcomes] == [bool(n % 2) for n in range(20)]
        await subscription.close()
        with pytest.raises(NobodyListens):
            await sender.deliver(subject, b"late")
        with pytest.raises(UndeclaredSubject):
            await sender.deliver("other", b"")

    async def test_an_undeclared_subject_is_refused_for_publishing_and_for_subscribing(self, connect: Connect) -> None:
        broker = await connect()

        async def nothing(batch: list[Message]) -> None:
            raise AssertionError

        for subject in (
            "v.UU1TEST0000000001.up.status",
            "other",
            "live.*",
            "live",
            "v.x.down.ack",
            f"v.{uuid4().hex}.up.other",
        ):
            with pytest.raises(UndeclaredSubject):
                await broker.publish(subject, b"")
        for pattern in (">", "v.>", "*.*", "$SYS.>", "v.*.up.other", "_INBOX.>"):
            with pytest.raises(UndeclaredSubject):
                await broker.subscribe(pattern, nothing)

    async def test_closing_handles_what_has_arrived_and_then_takes_no_more(self, connect: Connect) -> None:
        subject, got = live_subject(uuid4()), []
        listener, sender = await connect(), await connect()

        async def slow(batch: list[Message]) -> None:
            await asyncio.sleep(0.01)
            got.extend(batch)

        subscription = await listener.subscribe(subject, slow, max_batch=5)
        await sender.publish_many((subject, b"x") for _ in range(40))
        await sender.flush()
        await listener.flush()
        await subscription.close()
        assert len(got) == 40
        await sender.publish(subject, b"late")
        await sender.flush()
        await asyncio.sleep(0.05)
        assert len(got) == 40

    async def test_a_closed_connection_says_so(self, connect: Connect) -> None:
        broker = await connect()
        states = [broker.state]
        await broker.close()
        states.append(broker.state)
        assert states == [ConnectionState.CONNECTED, ConnectionState.CLOSED]
