"""What services keep goes when its time is over, by their declarations alone; the refusals of a car after a year."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from openmarque.app import Platform
from openmarque.catalogue.declarations import MONTHS_2
from openmarque.domains.audit import timers as audit_timers
from openmarque.domains.audit.declaration import EVENTS_KEPT
from openmarque.governance.timers import SWEEP, sweep
from openmarque.link import timers as link_timers
from openmarque.link.declaration import REFUSALS_KEPT
from openmarque.storage.postgres import PostgresTransaction
from openmarque.storage.roles import PLATFORM, READER, RETENTION
from openmarque.storage.timers import NOTHING

pytestmark = pytest.mark.asyncio(loop_scope="session")
SECOND = timedelta(seconds=1)


class TakenBack(Exception):
    """Ends a transaction without effect."""


@asynccontextmanager
async def tried(platform: Platform) -> AsyncIterator[PostgresTransaction]:
    """A transaction of which nothing stays: the platform is the other tests' too."""
    with suppress(TakenBack):
        async with platform.database.begin() as tx:
            yield tx
            raise TakenBack


async def rows(tx: PostgresTransaction, table: str, tenure_id: object) -> int:
    await tx.restrict_to(str(tenure_id))
    return int((await tx.rows(READER, f"SELECT count(*) FROM {table} WHERE tenure_id = %s", (tenure_id,)))[0][0])


@pytest.mark.req("TRP-4e", "GDP-2k")
async def test_trips_and_their_places_are_kept_for_two_months_and_not_a_second_longer(street, platform):
    car = await street.car(await street.owner())
    before = platform.clock.now()
    await car.drove(1, 12_000.0)
    await car.was_between(1, (34.02, -6.83), (34.05, -6.79))
    after = platform.clock.now()
    async with tried(platform) as tx:
        await sweep(tx, platform.catalogue, before + MONTHS_2.lasts)
        assert [await rows(tx, table, car.tenure_id) for table in ("trip", "trip_place")] == [1, 1]
        await sweep(tx, platform.catalogue, after + MONTHS_2.lasts + SECOND)
        assert [await rows(tx, table, car.tenure_id) for table in ("trip", "trip_place")] == [0, 0]


@pytest.mark.req("GDP-2k")
async def test_a_count_of_refusals_is_kept_for_a_year_after_the_last_one(street, platform):
    car = await street.car(await street.owner())
    before = platform.clock.now()
    await car.sends_nonsense()
    after, query = platform.clock.now(), "SELECT count(*) FROM refusal_count WHERE vehicle_id = %s"
    async with tried(platform) as tx:
        await link_timers.sweep(tx, before + REFUSALS_KEPT.lasts)
        assert await tx.rows(PLATFORM, query, (car.vehicle_id,)) == [(1,)]
        await link_timers.sweep(tx, after + REFUSALS_KEPT.lasts + SECOND)
        assert await tx.rows(PLATFORM, query, (car.vehicle_id,)) == [(0,)]


@pytest.mark.req("GDP-2k")
async def test_a_security_event_is_kept_for_a_year_and_not_an_hour_longer(platform):
    now = platform.clock.now().replace(minute=0, second=0, microsecond=0)
    count = "SELECT count(*) FROM security_event WHERE kind = 'tried in a test'"
    async with tried(platform) as tx:
        await tx.execute(
            PLATFORM, "INSERT INTO security_event VALUES (%s, 'tried in a test', %s, 1, %s)", (now, NOTHING, now + SECOND)
        )
        await audit_timers.sweep(tx, now + EVENTS_KEPT.lasts)
        assert await tx.rows(RETENTION, count) == [(1,)]
        await audit_timers.sweep(tx, now + EVENTS_KEPT.lasts + SECOND)
        assert await tx.rows(RETENTION, count) == [(0,)]


async def test_the_sweeps_recur_by_themselves(platform):
    async with platform.database.begin() as tx:
        await platform.timers().begin()
        kinds = {kind for (kind,) in await tx.rows(PLATFORM, "SELECT kind FROM timer WHERE about = %s", (NOTHING,))}
    assert {SWEEP, link_timers.SWEEP, audit_timers.SWEEP} <= kinds
