"""Whoever watches a car sees its state at once, then each change; who comes back is told only if something was missed."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from psycopg import AsyncConnection

from openmarque.catalogue.register import installed_services
from openmarque.governance.discovery import installed_parts
from openmarque.http import events
from openmarque.http.sessions import Presented
from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import AccountId, TenureId
from openmarque.link.subjects import live_subject
from openmarque.protocol import signals as vss
from openmarque.protocol.levels import Level
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from tests.integration.api.conftest import Street, watching

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def quick(monkeypatch):
    """Readings come soon, so that a test need not wait for a heartbeat."""
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.3)
    monkeypatch.setattr(events, "_FIRST_CHECK_S", 0.1)


@pytest.fixture
def patient(monkeypatch):
    """No reading comes within a test, so that what arrives came by itself."""
    monkeypatch.setattr(events, "HEARTBEAT_S", 60.0)
    monkeypatch.setattr(events, "_FIRST_CHECK_S", 60.0)


async def until(condition: Callable[[], bool]) -> None:
    """Return once `condition` holds; raises ``TimeoutError`` after five seconds."""
    async with asyncio.timeout(5):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def watched(street: Street, tenure_id: TenureId) -> None:
    """Return once the worker knows that somebody watches."""
    await until(lambda: street.platform.live.watched(tenure_id))


async def test_a_stream_begins_with_the_whole_state_and_goes_on_with_each_change(app, street, patient):
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({vss.SPEED: 50.0, vss.ODOMETER: 1000})
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        assert stream.status == 200
        name, first, state = await stream.event()
        assert name == "snapshot"
        assert set(state) == {part.name for part in installed_parts(installed_services()).stream_parts()}
        assert state["status"][vss.SPEED]["value"] == 50.0
        assert state["trips"] == {"newest": None}
        assert state["level"]["level"] == "position"
        await watched(street, car.tenure_id)
        await car.says({vss.SPEED: 51.0})
        name, second, changed = await stream.event()
        assert (name, {path: signal["value"] for path, signal in changed.items()}) == ("status", {vss.SPEED: 51.0})
        assert second not in ("", first)
        await car.drove(1, 5000.0)
        name, third, changed = await stream.event()
        assert (name, changed["newest"]["distance_m"]) == ("trips", 5000.0)
        await car.was_between(1, (34.0, -6.8), (34.1, -6.7))
        name, _, changed = await stream.event()
        assert (name, changed["newest"]["start"]["latitude"]) == ("trips", 34.0)
        await car.sets_level(Level.PRIVATE)
        name, fourth, changed = await stream.event()
        assert (name, changed["level"], changed["open_services"]) == ("level", "private", [])
        assert len({first, second, third, fourth}) == 4


async def test_the_headers_of_a_stream_keep_it_flowing(app, street):
    owner = await street.owner()
    car = await street.car(owner)
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        assert await stream.block() == "retry: 3000"


async def test_who_comes_back_is_told_nothing_again_when_nothing_was_missed(app, street, patient):
    owner = await street.owner()
    car = await street.car(owner)
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        await stream.event()
        await watched(street, car.tenure_id)
        await car.says({vss.SPEED: 51.0})
        _, last, _ = await stream.event()
    async with watching(app, f"{car.address}/events", {**owner.headers, "Last-Event-ID": last}) as stream:
        assert await stream.block() == "retry: 3000"
        assert await stream.block() == ": nothing new"
        await car.says({vss.SPEED: 52.0})
        name, _, changed = await stream.event()
        assert (name, changed[vss.SPEED]["value"]) == ("status", 52.0)


async def test_who_comes_back_after_a_change_is_told_the_whole_state(app, street, patient):
    owner = await street.owner()
    car = await street.car(owner)
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        _, last, _ = await stream.event()
    await car.says({vss.SPEED: 53.0})
    async with watching(app, f"{car.address}/events", {**owner.headers, "Last-Event-ID": last}) as stream:
        name, new, state = await stream.event()
        assert (name, state["status"][vss.SPEED]["value"]) == ("snapshot", 53.0)
        assert new != last


@pytest.mark.parametrize("nonsense", ["", "0", "x" * 3000, "5f1d7a84db00d2fce00b31a7fc73224f"])
async def test_an_id_that_names_no_state_gets_the_whole_state(app, street, patient, nonsense):
    owner = await street.owner()
    car = await street.car(owner)
    async with watching(app, f"{car.address}/events", {**owner.headers, "Last-Event-ID": nonsense}) as stream:
        assert (await stream.event())[0] == "snapshot"


async def test_a_change_whose_update_was_lost_is_told_at_the_next_reading(app, street, platform, quick, monkeypatch):
    owner = await street.owner()
    car = await street.car(owner)
    monkeypatch.setattr(platform.live, "status_changed", lambda *_: None)
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        await stream.event()
        await car.says({vss.SPEED: 54.0})
        name, _, state = await stream.event()
        assert (name, state["status"][vss.SPEED]["value"]) == ("snapshot", 54.0)
        assert await stream.block() == ": nothing new"


async def test_an_update_that_comes_late_does_not_replace_what_is_newer(app, street, platform, patient):
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({vss.SPEED: 55.0})
    old = {"kind": "status", "signals": {vss.SPEED: [1.0, None, car.now_ms() - 60_000]}}
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        await stream.event()
        await platform.broker.publish(live_subject(car.tenure_id), msgspec.json.encode(old))
        await platform.broker.publish(live_subject(car.tenure_id), b"no json")
        await platform.broker.publish(live_subject(car.tenure_id), b'{"kind": "surprise"}')
        assert await stream.block() == ": nothing new"
        assert await stream.block() == ": of a kind that is not shown"


async def test_a_stream_ends_when_its_token_is_revoked(app, street, platform, quick):
    owner = await street.owner()
    car = await street.car(owner)
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        await stream.event()
        async with platform.database.begin() as tx:
            await platform.accounts.revoke_token(tx, owner.token, platform.clock.now())
        assert await stream.event() == ("end", "", {"code": "not-signed-in"})
        with pytest.raises(EOFError):
            await stream.block()


async def test_a_revoked_right_is_noticed_also_while_updates_never_pause(app, street, platform, quick):
    owner = await street.owner()
    car = await street.car(owner)
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        await stream.event()
        async with platform.database.begin() as tx:
            await platform.garage.end_tenure(tx, car.tenure_id, platform.clock.now())

        async def chatter() -> None:
            while True:
                await platform.broker.publish(live_subject(car.tenure_id), b'{"kind": "surprise"}')
                await asyncio.sleep(0.02)

        chatting = asyncio.create_task(chatter())
        try:
            assert await stream.event() == ("end", "", {"code": "vehicle-not-found"})
        finally:
            chatting.cancel()


async def test_one_account_keeps_a_bounded_number_of_streams_and_closing_one_makes_room(app, street, patient, monkeypatch):
    monkeypatch.setattr("openmarque.api.events.MAX_STREAMS", 2)
    owner, other = await street.owner(), await street.owner()
    car, others = await street.car(owner), await street.car(other)
    address = f"{car.address}/events"
    async with watching(app, address, owner.headers) as first:
        await first.event()
        async with watching(app, address, owner.headers) as second:
            await second.event()
            assert app.state.hub.streams(owner.account_id) == 2
            async with watching(app, address, owner.headers) as third:
                assert third.status == 429
            async with watching(app, f"{others.address}/events", other.headers) as foreign:
                assert foreign.status == 200
        async with watching(app, address, owner.headers) as again:
            assert again.status == 200
    assert app.state.hub.streams() == 0
    await until(lambda: not app.state.hub._topics)


async def test_streams_asked_for_at_the_same_moment_are_counted_too(app, street, patient, monkeypatch):
    monkeypatch.setattr("openmarque.api.events.MAX_STREAMS", 2)
    monkeypatch.setattr(events, "MAX_STREAMS", 2)
    owner = await street.owner()
    car = await street.car(owner)
    edge, asker = app.state.edge, events.Asker(Presented(token=owner.token), car.name)
    visit = await events.let_in(edge, asker)
    begun: list[Any] = [events.stream(edge, asker, (), "", visit) for _ in range(3)]
    told = [[await anext(one), await anext(one)][1] for one in begun]
    assert [b"too-many-streams" in answer for answer in told] == [False, False, True]
    for one in begun:
        await one.aclose()


async def test_two_streams_of_one_car_share_a_subscription_and_both_are_told(app, street, patient):
    owner = await street.owner()
    car = await street.car(owner)
    address = f"{car.address}/events"
    async with watching(app, address, owner.headers) as first, watching(app, address, owner.headers) as second:
        for stream in (first, second):
            await stream.event()
        assert len(app.state.hub._topics[car.tenure_id].watches) == 2
        await watched(street, car.tenure_id)
        await car.says({vss.SPEED: 56.0})
        assert (await first.event())[1] == (await second.event())[1]


async def test_a_stream_that_is_read_too_slowly_is_told_the_state_instead_of_each_step(
    app, street, platform, quick, monkeypatch
):
    monkeypatch.setattr("openmarque.http.live.MAX_WAITING", 2)
    owner = await street.owner()
    car = await street.car(owner)
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        await stream.event()
        topic = app.state.hub._topics[car.tenure_id]
        assert len(topic.watches) == 1
        await car.says({vss.SPEED: 57.0})
        for _ in range(20):
            topic.watches[0].put({"kind": "surprise"})
        assert topic.watches[0].missed
        name, _, state = await stream.event()
        assert (name, state["status"][vss.SPEED]["value"]) in [("snapshot", 57.0)]


async def test_a_client_that_goes_away_at_any_moment_leaves_the_connection_to_the_broker_sound(app, street, platform, patient):
    """A cancelled flush once ended the reader of the client library, and no update reached anybody for half a minute."""
    owner = await street.owner()
    car = await street.car(owner)
    before = len(platform.broker._subscriptions)
    for delay in (0.0, 0.0005, 0.001, 0.002, 0.004):
        for _ in range(3):
            flushing = asyncio.create_task(platform.broker.flush())
            await asyncio.sleep(delay)
            flushing.cancel()
            async with watching(app, f"{car.address}/events", owner.headers):
                await asyncio.sleep(delay)
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        await stream.event()
        await watched(street, car.tenure_id)
        await car.says({vss.SPEED: 58.0})
        assert (await stream.event())[0] == "status"
    await until(lambda: len(platform.broker._subscriptions) == before)


@dataclass(frozen=True)
class _Anybody:
    """``Holders`` for whom every token is good, at any time, and this account's."""

    account_id: AccountId

    async def holder(self, *_asked: object) -> AccountId:
        return self.account_id

    async def session_holder(self, *_asked: object) -> tuple[AccountId, UUID] | None:
        return None


class Statements:
    """Counts what is sent to the database while a block runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        execute = AsyncConnection.execute

        async def counted(connection: Any, query: Any, *given: Any, **options: Any) -> Any:
            self.sent.append(query if isinstance(query, str) else repr(query))
            return await execute(connection, query, *given, **options)

        monkeypatch.setattr(AsyncConnection, "execute", counted)


async def test_a_heartbeat_costs_one_statement_for_all_parts_as_long_as_nothing_changed(app, street, monkeypatch):
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({vss.SPEED: 50.0})
    parts = installed_parts(installed_services()).stream_parts()
    asker = events.Asker(Presented(token=owner.token), car.name)
    versions, state = await events.read_changed(app.state.edge, asker, parts, {})
    statements = Statements(monkeypatch)
    await events.read_changed(app.state.edge, asker, [replace(part, version=None) for part in parts], {})
    whole, statements.sent = len(statements.sent), []
    again, changed = await events.read_changed(app.state.edge, asker, parts, versions)
    assert (again, changed) == (versions, {})
    assert set(state) == {part.name for part in parts}
    assert len(statements.sent) <= 6, "begin, who asks, whose car, which tenure, as the reader, the versions"
    assert whole > 2 * len(statements.sent), "what reading every part took"


async def test_each_part_has_another_version_once_it_reads_otherwise(app, street):
    owner = await street.owner()
    car = await street.car(owner)
    parts = installed_parts(installed_services()).stream_parts()
    assert {part.name for part in parts if part.version is None} == set()
    asker = events.Asker(Presented(token=owner.token), car.name)

    async def read() -> tuple[events.Versions, events.State]:
        return await events.read_changed(app.state.edge, asker, parts, {})

    steps: list[Coroutine[Any, Any, None]] = [
        car.says({vss.SPEED: 50.0}),
        car.says({vss.SPEED: 51.0}),
        car.drove(1, 5000.0),
        car.was_between(1, (34.0, -6.8), (34.1, -6.7)),
        car.sets_level(Level.DATA),
        car.sets_level(Level.PRIVATE),
    ]
    versions, state = await read()
    for step in steps:
        await step
        new_versions, new_state = await read()
        differing = {name for name in state if new_state[name] != state[name]}
        assert differing, "each of these steps shows"
        assert differing <= {name for name in state if new_versions[name] != versions[name]}
        versions, state = new_versions, new_state


@pytest.mark.req("SVC-6a")
async def test_a_heartbeat_finds_what_ended_by_time_alone(app, street, platform):
    """A contract runs out and nobody tells: the next heartbeat shows its services closed."""
    owner = await street.owner()
    car = await street.car(owner)
    parts = installed_parts(installed_services()).stream_parts()
    asker = events.Asker(Presented(token=owner.token), car.name)
    versions, state = await events.read_changed(app.state.edge, asker, parts, {})
    assert state["level"]["open_services"]
    later = platform.clock.now() + timedelta(days=1200)
    edge = replace(app.state.edge, clock=ManualClock(later), holders=_Anybody(owner.account_id))
    _, changed = await events.read_changed(edge, asker, parts, versions)
    assert changed["level"]["open_services"] == []


async def test_a_value_that_the_new_level_hides_goes_from_the_stream_at_once(app, street, platform, patient):
    owner = await street.owner()
    car = await street.car(owner)
    await car.says({vss.SPEED: 50.0})
    async with watching(app, f"{car.address}/events", owner.headers) as stream:
        _, _, state = await stream.event()
        assert vss.SPEED in state["status"]
        await watched(street, car.tenure_id)
        async with platform.database.begin() as tx:
            await postgres(tx).execute(
                PLATFORM, "UPDATE contract SET state = 'terminated' WHERE tenure_id = %s", (car.tenure_id,)
            )
            await platform.compiler.recompile(tx, [car.vehicle_id], platform.clock.now())
            platform.live.changed(tx, car.tenure_id, "level")
        name, _, state = await stream.event()
        assert (name, state["status"], state["level"]["open_services"]) == ("snapshot", {}, [])
