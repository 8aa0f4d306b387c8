"""What owners, the brand and time do to the facts: contracts begin and end, services are switched, cars change hands.

Each is one transaction that changes the facts and has the car's policy compiled anew, as the use cases of garage and contracts
do on PostgreSQL.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Final, Protocol
from uuid import UUID

from openmarque.domains.contracts.rules import State
from openmarque.governance.memory import CONTRACT, ContractRow, TenureRow, VehicleRow, tenure_at
from openmarque.kit.ids import ContractId, TenureId, VehicleId
from openmarque.protocol.levels import Level
from openmarque.simulator.world.cloud import Cloud
from openmarque.simulator.world.database import WorldTransaction
from openmarque.simulator.world.fault_profile import HOUR_MS, FaultProfile
from openmarque.simulator.world.installed import PLAN
from openmarque.simulator.world.journal import Journal
from openmarque.simulator.world.phones import account_of
from openmarque.simulator.world.scheduler import Scheduler, run
from openmarque.storage.errors import StoreUnavailable

_LONG: Final = timedelta(days=1100)
"""A trial of three years, the longest in use; other contracts end while the world runs."""

Change = Callable[[WorldTransaction, TenureRow], None]


class OwnerWitness(Protocol):
    """Whoever has to know that data may be missing for a good reason."""

    def facts_changed(self, vehicle_id: VehicleId, why: str) -> None:
        """What may be stored of this car changed at this instant."""
        ...


class Owners:
    """The people behind the cars."""

    def __init__(
        self, cloud: Cloud, switches: Sequence[str], surroundings: tuple[Scheduler, Random, Journal, OwnerWitness]
    ) -> None:
        """Nobody has a car yet. `switches` can be switched off in the app."""
        self._cloud = cloud
        self._switches = switches
        self._scheduler, self._random, self._journal, self._witness = surroundings
        self._vehicles: list[VehicleId] = []

    def provision(self, vehicle_id: VehicleId, ceiling: Level, keys: dict[str, bytes]) -> None:
        """A new car with its first owner and a contract."""
        self._vehicles.append(vehicle_id)
        run(self._provision(vehicle_id, ceiling, keys))

    async def _provision(self, vehicle_id: VehicleId, ceiling: Level, keys: dict[str, bytes]) -> None:
        async with self._cloud.database.begin() as tx:
            self._cloud.link.provision(tx, vehicle_id, keys)
            self._cloud.facts.put_vehicle(tx, vehicle_id, VehicleRow(ceiling, frozenset(("telematics",))))
            self._new_tenure(tx, vehicle_id)
            await self._cloud.compiler.recompile(tx, [vehicle_id], self._cloud.clock.now())

    def begin(self, faults: FaultProfile) -> None:
        """Plan what they will do."""
        self._scheduler.repeat(faults.contract_ms, self._random, self._change_contract)
        self._scheduler.repeat(faults.app_switch_ms, self._random, self._switch)
        self._scheduler.repeat(faults.recompile_ms, self._random, self._recompile)
        self._scheduler.repeat(faults.tenure_ms, self._random, self._change_hands)

    def _change_contract(self) -> None:
        ends, random = self._random.random() < 0.5, self._random
        state = random.choice((State.TERMINATED, State.EXPIRED, State.SUSPENDED, State.WITHDRAWN))
        short = timedelta(milliseconds=random.randint(1_000, 2 * HOUR_MS)) if random.random() < 0.3 else _LONG

        def change(tx: WorldTransaction, tenure: TenureRow) -> None:
            active = [c for c in tx.all(CONTRACT).values() if c.tenure_id == tenure.tenure_id and c.state is State.ACTIVE]
            if ends:
                for contract in active:
                    self._cloud.facts.put_contract(tx, replace(contract, state=state))
            elif not active:
                self._new_contract(tx, tenure.tenure_id, short)
                if short is not _LONG:
                    over_ms = short // timedelta(milliseconds=1)
                    self._scheduler.after(over_ms, self._witness.facts_changed, tenure.vehicle_id, "contract ran out")

        self._apply("contract_ended" if ends else "contract_began", change)

    def _switch(self) -> None:
        name, off = self._random.choice(self._switches), self._random.random() < 0.4
        self._apply(
            "switched_off" if off else "switched_on",
            lambda tx, tenure: self._cloud.facts.switch(tx, tenure.tenure_id, name, off=off),
        )

    def _recompile(self) -> None:
        self._apply("policy_recompiled", lambda _tx, _tenure: None)

    def _change_hands(self) -> None:
        def change(tx: WorldTransaction, tenure: TenureRow) -> None:
            self._cloud.facts.put_tenure(tx, replace(tenure, ended_at=self._cloud.clock.now()))
            self._cloud.link.clear_values(tx, tenure.vehicle_id, self._cloud.clock.now())
            documents, now = self._cloud.documents.documents, self._cloud.clock.now()
            run(documents.tenure_ended(tx, tenure.vehicle_id, tenure.tenure_id, now))
            new = self._new_tenure(tx, tenure.vehicle_id)
            run(documents.tenure_started(tx, tenure.vehicle_id, new, now))

        self._apply("tenure_changed", change)

    def _apply(self, what: str, change: Change) -> None:
        """Change the facts of one car, unless the database is away: then people try again another time."""
        vehicle_id = self._random.choice(self._vehicles)
        try:
            run(self._change(vehicle_id, change))
        except StoreUnavailable:
            return
        self._journal.fault(self._scheduler.now_ms, what, str(self._vehicles.index(vehicle_id)))
        if what != "policy_recompiled":
            self._witness.facts_changed(vehicle_id, what)

    async def _change(self, vehicle_id: VehicleId, change: Change) -> None:
        now = self._cloud.clock.now()
        async with self._cloud.database.begin() as tx:
            tenure = tenure_at(tx, vehicle_id, now)
            if tenure is not None:
                change(tx, tenure)
            await self._cloud.compiler.recompile(tx, [vehicle_id], now)

    def _new_tenure(self, tx: WorldTransaction, vehicle_id: VehicleId) -> TenureId:
        tenure_id = TenureId(self._uuid())
        self._cloud.facts.put_tenure(tx, TenureRow(tenure_id, vehicle_id, self._cloud.clock.now()))
        self._new_contract(tx, tenure_id, _LONG)
        self._cloud.commands.let(tx, vehicle_id, tenure_id, account_of(tenure_id))
        return tenure_id

    def _new_contract(self, tx: WorldTransaction, tenure_id: TenureId, lasts: timedelta) -> None:
        now = self._cloud.clock.now()
        contract = ContractRow(ContractId(self._uuid()), tenure_id, PLAN, State.ACTIVE, now, now + lasts)
        self._cloud.facts.put_contract(tx, contract)

    def _uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)
