"""What is due happens, once, by our own clock, whatever fails or is killed."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.timers import NOTHING, Timers, cancel_timer, set_timer
from tests.integration.accounts.conftest import House

LATER = timedelta(seconds=20)


class OwnerNotifier:
    """A handler that counts what it was called for, and can be told to fail."""

    def __init__(self) -> None:
        self.rung: Counter[UUID] = Counter()
        self.failing: BaseException | None = None

    async def __call__(self, tx, about, now, /):
        self.rung[about] += 1
        if self.failing:
            raise self.failing
        await tx.execute("om_platform", "INSERT INTO outbox (subject, payload, created_at) VALUES ('', '', %s)", (now,))


async def set_at(house: House, about: UUID, after: timedelta = LATER, kind: str = "bell") -> None:
    async with house.tx() as tx:
        await set_timer(tx, kind, about, house.clock.now() + after)


def timers(house: House, notifier: OwnerNotifier, every: timedelta | None = None) -> Timers:
    return Timers(house.database, house.clock, {"bell": notifier}, {"bell": every} if every else {})


async def test_a_timer_rings_when_its_time_has_come_and_once(house: House):
    notifier, about = OwnerNotifier(), uuid4()
    await set_at(house, about)
    house.clock.advance(LATER - timedelta(milliseconds=1))
    assert await timers(house, notifier).run_due() == 0
    house.clock.advance(timedelta(milliseconds=1))
    assert await timers(house, notifier).run_due() == 1
    house.clock.advance(timedelta(days=1))
    assert await timers(house, notifier).run_due() == 0
    assert notifier.rung == {about: 1}
    assert await house.count("timer") == 0


async def test_a_timer_is_part_of_the_transaction_that_sets_it(house: House):
    async def changes_his_mind() -> None:
        async with house.tx() as tx:
            await set_timer(tx, "bell", uuid4(), house.clock.now())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await changes_his_mind()
    assert await house.count("timer") == 0


async def test_setting_it_again_moves_it_and_cancelling_takes_it_back(house: House):
    notifier, moved, gone = OwnerNotifier(), uuid4(), uuid4()
    for about in (moved, gone):
        await set_at(house, about)
    await set_at(house, moved, 2 * LATER)
    async with house.tx() as tx:
        await cancel_timer(tx, "bell", gone)
        await cancel_timer(tx, "bell", uuid4())
    house.clock.advance(LATER)
    assert await timers(house, notifier).run_due() == 0
    house.clock.advance(LATER)
    assert await timers(house, notifier).run_due() == 1
    assert notifier.rung == {moved: 1}


async def test_one_that_fails_comes_again_after_growing_pauses_and_blocks_no_other(house: House):
    notifier, about, other = OwnerNotifier(), uuid4(), uuid4()
    ringing = timers(house, notifier)
    await set_at(house, about, timedelta(0))
    notifier.failing = RuntimeError("no")
    times = []
    began = house.clock.now()
    for _ in range(200):
        before = notifier.rung[about]
        await ringing.run_due()
        if notifier.rung[about] > before:
            times.append((house.clock.now() - began).total_seconds())
        house.clock.advance(timedelta(seconds=1))
    assert times == [0, 5, 15, 35, 75, 155]
    assert await house.count("outbox") == 0, "a failure leaves nothing of what the handler wrote"
    notifier.failing = None
    await set_at(house, other, timedelta(0))
    await ringing.run_due()
    assert notifier.rung[other] == 1
    house.clock.advance(timedelta(hours=2))
    await ringing.run_due()
    assert await house.count("timer") == 0


async def test_one_whose_handler_was_killed_comes_again(house: House):
    """The row stays until the handler's own transaction deletes it: nothing is lost with the process."""
    notifier, about = OwnerNotifier(), uuid4()
    await set_at(house, about, timedelta(0))
    notifier.failing = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await timers(house, notifier).run_due()
    notifier.failing = None
    assert await timers(house, notifier).run_due() == 0, "not at once: it may still be running elsewhere"
    house.clock.advance(timedelta(seconds=5))
    assert await timers(house, notifier).run_due() == 1
    assert notifier.rung[about] == 2


async def test_schedulers_side_by_side_share_the_work(house: House):
    notifier = OwnerNotifier()
    every = [uuid4() for _ in range(120)]
    for about in every:
        await set_at(house, about, timedelta(0))
    handled = await asyncio.gather(*(timers(house, notifier).run_due() for _ in range(4)))
    assert sum(handled) == 120
    assert notifier.rung == Counter(every)
    assert await house.count("outbox") == 120


async def test_one_that_its_handler_sets_anew_stays(house: House):
    about, rung = uuid4(), []

    async def again(tx, about, now, /):
        rung.append(now)
        await set_timer(tx, "bell", about, now + LATER)

    ringing = Timers(house.database, house.clock, {"bell": again}, {})
    await set_at(house, about, timedelta(0))
    for _ in range(3):
        await ringing.run_due()
        house.clock.advance(LATER)
    assert len(rung) == 3


async def test_one_that_is_moved_while_it_rings_is_not_lost(house: House):
    about = uuid4()
    notifier = OwnerNotifier()

    async def moved_meanwhile(tx, about, now, /):
        if not notifier.rung[about]:
            await set_at(house, about, LATER)
        notifier.rung[about] += 1

    ringing = Timers(house.database, house.clock, {"bell": moved_meanwhile}, {})
    await set_at(house, about, timedelta(0))
    await ringing.run_due()
    house.clock.advance(LATER)
    await ringing.run_due()
    assert notifier.rung[about] == 2


async def test_a_kind_that_nobody_handles_is_left_alone(house: House):
    await set_at(house, uuid4(), timedelta(0), "of a service that is not installed")
    assert await timers(house, OwnerNotifier()).run_due() == 0
    assert await house.count("timer") == 1


async def test_what_recurs_begins_by_itself_and_comes_again(house: House):
    notifier = OwnerNotifier()
    ringing = timers(house, notifier, timedelta(hours=1))
    await asyncio.gather(ringing.begin(), timers(house, notifier, timedelta(hours=1)).begin())
    for _ in range(3):
        assert await ringing.run_due() == 1
        assert await ringing.run_due() == 0
        house.clock.advance(timedelta(hours=1))
        await ringing.begin()
    assert notifier.rung == {NOTHING: 3}


async def test_a_request_and_a_timer_on_the_same_row_never_wait_for_each_other_in_a_ring(house: House):
    """Both lock their own row first and the timer last."""
    about = await house.account(None)
    lock = "SELECT account_id FROM account WHERE account_id = %s FOR UPDATE"

    async def handler(tx, about, now, /):
        await tx.rows("om_platform", lock, (about,))
        await asyncio.sleep(0.005)

    async def request() -> None:
        async with house.tx() as tx:
            await tx.rows("om_platform", lock, (about,))
            await asyncio.sleep(0.005)
            await set_timer(tx, "bell", about, house.clock.now())

    ringing = Timers(house.database, house.clock, {"bell": handler}, {})
    for _ in range(20):
        try:
            await asyncio.gather(request(), ringing.run_due(), request(), ringing.run_due())
        except StoreUnavailable as error:  # a deadlock is told as this
            pytest.fail(str(error))
        house.clock.advance(timedelta(seconds=10))
