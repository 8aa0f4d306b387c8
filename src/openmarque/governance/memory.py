"""Facts and policies in memory: the fakes under the deterministic world, held to the same tests as those on PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from openmarque.brands.entitlements import held, opened_by
from openmarque.brands.pack import BrandPack
from openmarque.catalogue.facts import ContractFact, Facts
from openmarque.domains.consent.memory import PRIVACY_LEVEL
from openmarque.domains.contracts.rules import SERVING, State
from openmarque.governance.policies import PolicyRecord
from openmarque.kit.ids import ContractId, TenureId, VehicleId
from openmarque.link.memory import CAR_POLICY, MemoryLinkStore
from openmarque.link.ports import PolicyRow
from openmarque.protocol.levels import Level
from openmarque.storage.memory import MemoryTransaction, memory
from openmarque.storage.transaction import Transaction

VEHICLE: Final = "vehicle"
TENURE: Final = "tenure"
CONTRACT: Final = "contract"
SERVICE_SWITCH: Final = "service_switch"
CONSENT: Final = "consent"


@dataclass(frozen=True, slots=True)
class VehicleRow:
    """What is built into a car: the level it never exceeds, and what its model is equipped with."""

    ceiling: Level
    capabilities: frozenset[str]


@dataclass(frozen=True, slots=True)
class TenureRow:
    """One owner's time with one car, [started_at, ended_at); an open end is None."""

    tenure_id: TenureId
    vehicle_id: VehicleId
    started_at: datetime
    ended_at: datetime | None = None

    def runs_at(self, now: datetime) -> bool:
        """Whether it is the car's tenure at `now`."""
        return self.started_at <= now and (self.ended_at is None or self.ended_at > now)


@dataclass(frozen=True, slots=True)
class ContractRow:
    """A tenure's contract: its plan, state and window [starts_at, ends_at). `products` None: those that the plan has now."""

    contract_id: ContractId
    tenure_id: TenureId
    plan: str
    state: State
    starts_at: datetime
    ends_at: datetime
    products: tuple[str, ...] | None = None


class MemoryFacts:
    """``FactsSource`` on the domains' rows in memory, with the writes that the world and tests need."""

    def __init__(self, pack: BrandPack) -> None:
        """Contracts open what `pack` says of their products."""
        self._pack = pack

    async def facts(self, tx: Transaction, vehicles: Sequence[VehicleId], now: datetime) -> Mapping[VehicleId, Facts]:
        """See ``FactsSource.facts``."""
        rows = memory(tx)
        return {
            v: _facts(rows, v, rows.all(VEHICLE)[v], self._pack, now) for v in sorted(set(vehicles)) if v in rows.all(VEHICLE)
        }

    @staticmethod
    def put_vehicle(tx: Transaction, vehicle_id: VehicleId, row: VehicleRow) -> None:
        """Keep what is built into a car."""
        memory(tx).put(VEHICLE, vehicle_id, row)

    @staticmethod
    def put_tenure(tx: Transaction, row: TenureRow) -> None:
        """Keep a tenure, or change it."""
        memory(tx).put(TENURE, row.tenure_id, row)

    @staticmethod
    def put_contract(tx: Transaction, row: ContractRow) -> None:
        """Keep a contract, or change it."""
        memory(tx).put(CONTRACT, row.contract_id, row)

    @staticmethod
    def switch(tx: Transaction, tenure_id: TenureId, name: str, *, off: bool) -> None:
        """Switch a declaration or a group of services off in the app, or on again."""
        if off:
            memory(tx).put(SERVICE_SWITCH, (tenure_id, name), (tenure_id, name))
        else:
            memory(tx).delete(SERVICE_SWITCH, (tenure_id, name))

    @staticmethod
    def put_consent(tx: Transaction, tenure_id: TenureId, declaration: str, given_at: datetime) -> None:
        """Record a consent that was given and not withdrawn."""
        memory(tx).put(CONSENT, (tenure_id, declaration), (tenure_id, declaration, given_at))


class MemoryPolicyStore:
    """``PolicyStore`` in memory; the guards of the status lane follow the version as PostgreSQL's trigger makes them."""

    async def save(self, tx: Transaction, records: Sequence[PolicyRecord]) -> None:
        """See ``PolicyStore.save``."""
        for record in records:
            facts = record.facts
            vehicle_id = VehicleId(facts.vehicle_id)
            old: PolicyRow | None = memory(tx).get(CAR_POLICY, vehicle_id)
            row = PolicyRow(
                version=record.policy.version,
                tenure_id=None if facts.tenure_id is None else TenureId(facts.tenure_id),
                frame=record.frame,
                hash=record.hash,
                level=facts.level if facts.level is not None else Level.PRIVATE,
                ceiling=facts.ceiling,
                remote_access=facts.remote_access,
                switched_off=facts.switched_off_in_car,
            )
            if old is None:
                MemoryLinkStore.put_policy(tx, vehicle_id, row)
            elif old.version < row.version:
                MemoryLinkStore.put_policy(tx, vehicle_id, replace(row, accepted_version=old.accepted_version))

    async def outdated(self, tx: Transaction, terms: str, limit: int) -> Sequence[VehicleId]:
        """See ``PolicyStore.outdated``: a world's brand never changes."""
        del tx, terms, limit
        return ()


def tenure_at(rows: MemoryTransaction, vehicle_id: UUID, now: datetime) -> TenureRow | None:
    """The tenure of a car at `now`."""
    return next((t for t in rows.all(TENURE).values() if t.vehicle_id == vehicle_id and t.runs_at(now)), None)


def opens(pack: BrandPack, contract: ContractRow) -> frozenset[str]:
    """The declarations that a contract opens."""
    return opened_by(pack, held(pack, contract.plan, contract.products))


def _facts(rows: MemoryTransaction, vehicle_id: VehicleId, vehicle: VehicleRow, pack: BrandPack, now: datetime) -> Facts:
    policy: PolicyRow | None = rows.get(CAR_POLICY, vehicle_id)
    tenure = tenure_at(rows, vehicle_id, now)
    tenure_id = None if tenure is None else tenure.tenure_id
    contracts = sorted((c for c in rows.all(CONTRACT).values() if c.tenure_id == tenure_id), key=lambda c: c.starts_at)
    levels = rows.get(PRIVACY_LEVEL, vehicle_id) or ()
    return Facts(
        now=now,
        vehicle_id=vehicle_id,
        tenure_id=tenure_id,
        policy_version=0 if policy is None else policy.version,
        capabilities=vehicle.capabilities,
        contracts=tuple(ContractFact(opens(pack, c), c.state in SERVING, c.starts_at, c.ends_at) for c in contracts),
        consents=frozenset(
            name for owner, name, given_at in rows.all(CONSENT).values() if owner == tenure_id and given_at <= now
        ),
        switched_off_in_app=frozenset(name for owner, name in rows.all(SERVICE_SWITCH).values() if owner == tenure_id),
        level=levels[-1].change.level if levels else None,
        ceiling=vehicle.ceiling,
    )
