"""What every store of events keeps to; run on memory and on PostgreSQL, with an event that has a column of every kind."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID, uuid4

import msgspec

from openmarque.catalogue.events import Event, EventSpec
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.protocol.levels import Level
from openmarque.storage.events import EventStore
from openmarque.storage.transaction import Transaction

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Spot(NamedTuple):
    x: float
    y: float


class Inner(msgspec.Struct, frozen=True):
    depth: int
    note: str | None = None


class Probe(msgspec.Struct, frozen=True):
    """A column of every kind; the same `number` is the same event."""

    number: int
    at: int
    figure: float
    told: str
    is_on: bool = False
    maybe: float | None = None
    level: Level = Level.DATA
    colour: Colour = Colour.RED
    shade: Colour | None = None
    spot: Spot = Spot(0.0, 0.0)
    inner: Inner = Inner(0)
    raw: bytes = b""
    seen_at: datetime | None = None
    which: UUID | None = None
    count: int | None = None


PROBE: EventSpec[Probe] = EventSpec("probe", "probe_event", Probe, once_by=("number",), at="at", message="probe_told")


class Stores(Protocol):
    events: EventStore

    def tx(self) -> AbstractAsyncContextManager[Transaction]: ...

    async def tenure(self) -> tuple[TenureId, VehicleId]:
        """A tenure with a car whose policy is open for the probe."""
        ...


def event(whose: tuple[TenureId, VehicleId], number: int, **figures: object) -> Event[Probe]:
    tenure_id, vehicle_id = whose
    given = {"at": 1_000 * number, "figure": 1.5, "told": f"number {number}", **figures}
    received_at = given.pop("received_at", NOW)
    assert isinstance(received_at, datetime)
    return Event(tenure_id, vehicle_id, received_at, 1, Probe(number, **given))  # type: ignore[arg-type]


class EventsContract:
    async def test_an_event_is_read_as_it_was_appended(self, stores: Stores) -> None:
        whose = await stores.tenure()
        full = event(
            whose,
            2,
            told='it\'s "quoted", ünd ≠ ASCII',
            figure=-0.0,
            is_on=True,
            maybe=2.5,
            level=Level.POSITION,
            colour=Colour.BLUE,
            shade=Colour.RED,
            spot=Spot(-1.25, 1e-9),
            inner=Inner(-(2**63), "deep"),
            raw=b"\x00\xff",
            seen_at=NOW + timedelta(microseconds=1),
            which=UUID(int=7),
            count=2**63 - 1,
        )
        bare = event(whose, 1)
        async with stores.tx() as tx:
            await stores.events.append(tx, PROBE, [bare, full])
            assert await stores.events.page(tx, PROBE, whose[0], limit=9) == [full, bare]

    async def test_the_same_event_appended_again_changes_nothing(self, stores: Stores) -> None:
        whose = await stores.tenure()
        first, other = event(whose, 1, told="first"), event(whose, 2)
        again = event(whose, 1, told="again", received_at=NOW + timedelta(days=40))
        async with stores.tx() as tx:
            assert await stores.events.append(tx, PROBE, [first, event(whose, 1, told="in the same batch")]) == [first]
        async with stores.tx() as tx:
            assert await stores.events.append(tx, PROBE, [again, other]) == [other], "those that were not known"
            assert await stores.events.page(tx, PROBE, whose[0], limit=9) == [other, first]

    async def test_nothing_is_appended_by_an_empty_batch(self, stores: Stores) -> None:
        whose = await stores.tenure()
        async with stores.tx() as tx:
            assert await stores.events.append(tx, PROBE, []) == []
            assert await stores.events.page(tx, PROBE, whose[0], limit=9) == []

    async def test_what_a_failed_transaction_appended_is_not_there(self, stores: Stores) -> None:
        whose = await stores.tenure()
        try:
            async with stores.tx() as tx:
                await stores.events.append(tx, PROBE, [event(whose, 1)])
                raise KeyboardInterrupt
        except KeyboardInterrupt:
            pass
        async with stores.tx() as tx:
            assert await stores.events.page(tx, PROBE, whose[0], limit=9) == []

    async def test_pages_follow_one_another_by_time_also_among_events_of_one_instant(self, stores: Stores) -> None:
        whose = await stores.tenure()
        events = [event(whose, number, at=number // 3) for number in range(1, 11)]
        async with stores.tx() as tx:
            await stores.events.append(tx, PROBE, events)
            seen: list[Event[Probe]] = []
            while page := await stores.events.page(
                tx, PROBE, whose[0], after=PROBE.place_of(seen[-1]) if seen else None, limit=3
            ):
                assert len(page) <= 3
                seen += page
        assert seen == sorted(events, key=lambda e: (e.body.at, e.body.number), reverse=True)

    async def test_a_bound_leaves_out_what_is_below_it_and_what_has_no_value(self, stores: Stores) -> None:
        whose = await stores.tenure()
        events = [event(whose, 1, maybe=300.0), event(whose, 2, maybe=299.9), event(whose, 3)]
        async with stores.tx() as tx:
            await stores.events.append(tx, PROBE, events)
            found = await stores.events.page(tx, PROBE, whose[0], limit=9, at_least={"maybe": 300})
        assert [one.body.number for one in found] == [1]

    async def test_events_are_found_by_what_they_are_known_by(self, stores: Stores) -> None:
        whose, other = await stores.tenure(), await stores.tenure()
        one, two = event(whose, 1), event(whose, 2)
        async with stores.tx() as tx:
            await stores.events.append(tx, PROBE, [one, two, event(other, 3)])
            assert await stores.events.find(tx, PROBE, whose[0], [(2,), (3,), (4,)]) == {(2,): two}
            assert await stores.events.find(tx, PROBE, whose[0], []) == {}

    async def test_a_tenure_sees_nothing_of_another_ones(self, stores: Stores) -> None:
        seller, buyer = await stores.tenure(), await stores.tenure()
        async with stores.tx() as tx:
            await stores.events.append(tx, PROBE, [event(seller, 1), event(buyer, 1)])
            assert [e.tenure_id for e in await stores.events.page(tx, PROBE, buyer[0], limit=9)] == [buyer[0]]
            assert await stores.events.page(tx, PROBE, TenureId(uuid4()), limit=9) == []

    async def test_what_was_received_too_long_ago_goes_and_the_rest_stays(self, stores: Stores) -> None:
        whose = await stores.tenure()
        kept, old = event(whose, 1), event(whose, 2, received_at=NOW - timedelta(days=61, microseconds=1))
        edge = event(whose, 3, received_at=NOW - timedelta(days=61))
        async with stores.tx() as tx:
            await stores.events.append(tx, PROBE, [kept, old, edge])
            await stores.events.retain(tx, PROBE, NOW - timedelta(days=61))
            assert await stores.events.page(tx, PROBE, whose[0], limit=9) == [edge, kept]

    async def test_erasing_a_tenure_takes_its_events_and_no_others(self, stores: Stores) -> None:
        gone, stays = await stores.tenure(), await stores.tenure()
        left = event(stays, 1)
        async with stores.tx() as tx:
            await stores.events.append(tx, PROBE, [event(gone, 1), event(gone, 2), left])
            await stores.events.erase(tx, PROBE, gone[0])
            assert await stores.events.page(tx, PROBE, gone[0], limit=9) == []
            assert await stores.events.page(tx, PROBE, stays[0], limit=9) == [left]
