"""What the link's, the levels' and the policies' stores do; run on memory by test_link_store.py, on PostgreSQL by the integration tests."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

import msgspec
import pytest

from openmarque.domains.consent.service import LevelRecord, LevelStore
from openmarque.governance.policies import FactsSource, StoringPolicyCompiler
from openmarque.kit.clock import from_ms
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.link.ports import CarRow, HelloRecord, LinkStore, PolicyRow, Refusals, StatusWrite
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import LevelChanged
from openmarque.storage.transaction import Transaction

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHARGE = "Vehicle.Powertrain.TractionBattery.StateOfCharge.Displayed"
SPEED = "Vehicle.Speed"


class Stores(Protocol):
    """One implementation of every store, and how to fill and read what the ports alone can't."""

    link: LinkStore
    levels: LevelStore
    facts: FactsSource
    compiler: StoringPolicyCompiler

    def tx(self) -> AbstractAsyncContextManager[Transaction]: ...

    async def car(self) -> tuple[VehicleId, TenureId]:
        """A car of ceiling 3 with telematics, an owner and the plan "connect" since `NOW`, and the policies that follow from it."""
        ...

    async def key(self, vehicle_id: VehicleId, key_id: str, *, revoked: bool) -> bytes: ...

    async def signals(self, vehicle_id: VehicleId) -> Mapping[str, Any]: ...

    async def refusals(self, vehicle_id: VehicleId) -> dict[tuple[str, str], int]: ...

    async def clear_values(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> None: ...


def status(car: CarRow, seq: int, first: int | None = None, **changes: Any) -> StatusWrite:
    signals = {CHARGE: (float(seq), 5, 6)}
    write = StatusWrite(car.vehicle_id, car.epoch, first or seq, seq, car.policy.version, 1_000, 2, signals)
    return msgspec.structs.replace(write, **changes)


class LinkContract:
    """Subclass with a fixture ``stores``."""

    async def locked(self, stores: Stores, vehicle_id: VehicleId) -> CarRow:
        async with stores.tx() as tx:
            return (await stores.link.lock_cars(tx, [vehicle_id]))[vehicle_id]

    async def write(self, stores: Stores, *writes: StatusWrite) -> frozenset[VehicleId]:
        async with stores.tx() as tx:
            return await stores.link.write_status(tx, writes)

    async def test_a_new_car_stands_at_the_beginning_and_is_private(self, stores: Stores) -> None:
        vehicle_id, tenure_id = await stores.car()
        car = await self.locked(stores, vehicle_id)
        assert (car.epoch >= 1, dict(car.watermarks)) == (True, {Lane.EVENT: 0, Lane.URGENT: 0})
        assert (car.policy.tenure_id, car.policy.level, car.policy.ceiling) == (tenure_id, Level.PRIVATE, Level.POSITION)
        assert car.policy.accepted_version == 0
        async with stores.tx() as tx:
            assert await stores.link.status_positions(tx, [vehicle_id]) == {vehicle_id: (car.epoch, 0)}
            assert await stores.link.policies(tx, [vehicle_id]) == {vehicle_id: car.policy}

    async def test_what_is_unknown_is_left_out(self, stores: Stores) -> None:
        stranger = VehicleId(uuid4())
        async with stores.tx() as tx:
            assert await stores.link.policies(tx, [stranger]) == {}
            assert await stores.link.lock_cars(tx, [stranger]) == {}
            assert await stores.link.status_positions(tx, [stranger]) == {}
            assert await stores.facts.facts(tx, [stranger], NOW) == {}
            refusals = Refusals()
            refusals.add(stranger, "unreadable", "?")
            await stores.link.count_refusals(tx, refusals, NOW)
        assert await stores.refusals(stranger) == {}

    @pytest.mark.req("STA-2a", "GDP-2a")
    async def test_a_new_status_overwrites_its_values_and_leaves_the_others(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        car = await self.locked(stores, vehicle_id)
        assert await self.write(stores, status(car, 1, signals={CHARGE: (80.5, 5, 6), SPEED: (0.0, None, 6)})) == {vehicle_id}
        assert await self.write(stores, status(car, 4, signals={CHARGE: (80.4, 7, 8)})) == {vehicle_id}
        assert {k: tuple(v) for k, v in (await stores.signals(vehicle_id)).items()} == {
            CHARGE: (80.4, 7, 8),
            SPEED: (0.0, None, 6),
        }
        async with stores.tx() as tx:
            assert await stores.link.status_positions(tx, [vehicle_id]) == {vehicle_id: (car.epoch, 4)}

    @pytest.mark.req("LNK-3c", "LNK-3d")
    async def test_a_status_is_stored_only_while_every_guard_holds(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        car = await self.locked(stores, vehicle_id)
        assert await self.write(stores, status(car, 5))
        for name, turned_away in {
            "a repeat": status(car, 5),
            "an older one": status(car, 4),
            "a batch that holds an older one": status(car, 9, first=4),
            "another life": status(car, 9, epoch=car.epoch + 1),
            "a stale judgement": status(car, 9, policy_version=car.policy.version - 1),
        }.items():
            assert await self.write(stores, turned_away) == frozenset(), name
        assert tuple((await stores.signals(vehicle_id))[CHARGE]) == (5.0, 5, 6)

    async def test_a_change_of_the_policy_turns_away_what_was_judged_before(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        before = await self.locked(stores, vehicle_id)
        async with stores.tx() as tx:
            await stores.compiler.recompile(tx, [vehicle_id], NOW)
        after = await self.locked(stores, vehicle_id)
        assert after.policy.version == before.policy.version + 1
        assert await self.write(stores, status(before, 1)) == frozenset()
        assert await self.write(stores, status(after, 1)) == {vehicle_id}

    async def test_a_policy_can_be_compiled_above_what_a_car_holds(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        async with stores.tx() as tx:
            await stores.compiler.recompile(tx, [vehicle_id], NOW, above=40)
        assert (await self.locked(stores, vehicle_id)).policy.version == 41

    async def test_watermarks_move_each_on_its_own_lane(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        async with stores.tx() as tx:
            await stores.link.move_watermarks(tx, Lane.EVENT, {vehicle_id: 7})
            await stores.link.move_watermarks(tx, Lane.URGENT, {vehicle_id: 2})
            await stores.link.count_lost(tx, vehicle_id, 3)
            for _ in range(3):  # more than a column holds, if they were added up
                await stores.link.count_lost(tx, vehicle_id, 2**62)
            await stores.link.record_hello(tx, vehicle_id, HelloRecord(1, "1.2", ("odd",), NOW))
        assert dict((await self.locked(stores, vehicle_id)).watermarks) == {Lane.EVENT: 7, Lane.URGENT: 2}

    async def test_a_new_epoch_begins_every_lane_anew_and_keeps_the_values(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        car = await self.locked(stores, vehicle_id)
        await self.write(stores, status(car, 5))
        async with stores.tx() as tx:
            await stores.link.move_watermarks(tx, Lane.EVENT, {vehicle_id: 7})
            await stores.link.open_epoch(tx, vehicle_id, car.epoch + 3)
        after = await self.locked(stores, vehicle_id)
        assert (after.epoch, dict(after.watermarks)) == (car.epoch + 3, {Lane.EVENT: 0, Lane.URGENT: 0})
        assert CHARGE in await stores.signals(vehicle_id)
        assert await self.write(stores, status(car, 6)) == frozenset(), "a status of the former life is turned away"
        assert await self.write(stores, status(after, 1)) == {vehicle_id}

    async def test_wiping_for_the_next_owner_begins_a_new_epoch_without_values(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        car = await self.locked(stores, vehicle_id)
        await self.write(stores, status(car, 5))
        async with stores.tx() as tx:
            await stores.clear_values(tx, vehicle_id, from_ms(0))
        assert await stores.signals(vehicle_id) == {}
        assert await self.write(stores, status(car, 6)) == frozenset(), "what was under way in the former tenure is turned away"
        assert (await self.locked(stores, vehicle_id)).epoch == car.epoch + 1
        async with stores.tx() as tx:
            await stores.clear_values(tx, vehicle_id, from_ms(9_000_000_999_999))
        last = await self.locked(stores, vehicle_id)
        assert last.epoch == 9_000_000_999, "none that was ever given, also where a backup from before comes back"
        assert await self.write(stores, status(last, 1)) == {vehicle_id}

    async def test_an_accepted_version_never_goes_back_nor_beyond_ours(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        newest = (await self.locked(stores, vehicle_id)).policy.version
        accepted = []
        for version in (newest, newest - 1, 2**40):
            async with stores.tx() as tx:
                await stores.link.accept_policy(tx, vehicle_id, version)
            accepted.append((await self.locked(stores, vehicle_id)).policy.accepted_version)
        assert accepted == [newest, newest, newest]
        async with stores.tx() as tx:
            await stores.compiler.recompile(tx, [vehicle_id], NOW)
        assert (await self.locked(stores, vehicle_id)).policy.accepted_version == newest

    async def test_a_key_is_found_for_its_own_car_while_it_is_good(self, stores: Stores) -> None:
        (vehicle_id, _), (other, _) = await stores.car(), await stores.car()
        good, bad = uuid4().hex, uuid4().hex
        key = await stores.key(vehicle_id, good, revoked=False)
        await stores.key(vehicle_id, bad, revoked=True)
        async with stores.tx() as tx:
            assert await stores.link.certificate_key(tx, vehicle_id, good) == key
            assert await stores.link.certificate_key(tx, other, good) is None
            assert await stores.link.certificate_key(tx, vehicle_id, bad) is None

    @pytest.mark.req("PRV-5d")
    async def test_refusals_add_up_by_reason_and_subject(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        for _ in range(2):
            refusals = Refusals()
            refusals.add(vehicle_id, "level_too_low", SPEED, 2)
            refusals.add(vehicle_id, "unreadable", "?")
            async with stores.tx() as tx:
                await stores.link.count_refusals(tx, refusals, NOW)
        assert await stores.refusals(vehicle_id) == {("level_too_low", SPEED): 4, ("unreadable", "?"): 2}

    async def test_what_fails_leaves_nothing_behind(self, stores: Stores) -> None:
        vehicle_id, _ = await stores.car()
        before = await self.locked(stores, vehicle_id)

        async def fails() -> None:
            async with stores.tx() as tx:
                await stores.link.move_watermarks(tx, Lane.EVENT, {vehicle_id: 7})
                await stores.link.write_status(tx, [status(before, 5)])
                await stores.compiler.recompile(tx, [vehicle_id], NOW)
                raise LookupError

        with pytest.raises(LookupError):
            await fails()
        assert await self.locked(stores, vehicle_id) == before
        assert await stores.signals(vehicle_id) == {}

    async def test_the_newest_level_is_the_one_with_the_highest_counter(self, stores: Stores) -> None:
        vehicle_id, tenure_id = await stores.car()
        async with stores.tx() as tx:
            assert await stores.levels.newest_counter(tx, vehicle_id) == 0
            for counter, level in ((3, Level.POSITION), (2**40, Level.DATA)):
                change = LevelChanged(level, counter, 1_000, "head unit", "k", b"s")
                await stores.levels.add(tx, LevelRecord(vehicle_id, tenure_id, change, NOW))
            assert await stores.levels.newest_counter(tx, vehicle_id) == 2**40
            await stores.compiler.recompile(tx, [vehicle_id], NOW)
        row: PolicyRow = (await self.locked(stores, vehicle_id)).policy
        assert row.level is Level.DATA

    async def test_facts_say_whose_the_car_is_and_what_is_under_contract(self, stores: Stores) -> None:
        vehicle_id, tenure_id = await stores.car()
        async with stores.tx() as tx:
            facts = (await stores.facts.facts(tx, [vehicle_id], NOW + timedelta(days=1)))[vehicle_id]
            early = (await stores.facts.facts(tx, [vehicle_id], NOW - timedelta(days=1)))[vehicle_id]
        assert (facts.tenure_id, early.tenure_id) == (tenure_id, None)
        assert facts.policy_version == (await self.locked(stores, vehicle_id)).policy.version
        assert "telematics" in facts.capabilities
        assert (facts.level, facts.ceiling, facts.switched_off_in_app) == (None, Level.POSITION, frozenset())
        (contract,) = facts.contracts
        assert (contract.active, contract.starts_at) == (True, NOW)
        assert {"status", "lock", "trip_places"} <= contract.opens
        assert early.contracts == ()
