"""Facts for ``decide`` and storage of policies, on PostgreSQL. One statement reads a whole batch of cars."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from openmarque.brands.entitlements import held, opened_by
from openmarque.brands.pack import BrandPack
from openmarque.catalogue.facts import ContractFact, Facts
from openmarque.domains.contracts.rules import SERVING
from openmarque.governance.policies import PolicyRecord
from openmarque.kit.ids import VehicleId
from openmarque.protocol.levels import Level
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_LOCK: Final = "SELECT vehicle_id, version FROM car_policy WHERE vehicle_id = ANY(%s) ORDER BY vehicle_id FOR NO KEY UPDATE"

_FACTS: Final = """
SELECT v.vehicle_id, v.ceiling, m.capabilities, t.tenure_id, l.level,
       coalesce((SELECT array_agg(s.name) FROM service_switch s WHERE s.tenure_id = t.tenure_id), '{}'),
       coalesce((SELECT array_agg(c.declaration) FROM consent c
                  WHERE c.tenure_id = t.tenure_id AND c.given_at <= %(now)s AND c.withdrawn_at IS NULL), '{}')
  FROM vehicle v
  JOIN model m USING (model_id)
  LEFT JOIN tenure t ON t.vehicle_id = v.vehicle_id AND t.started_at <= %(now)s AND (t.ended_at IS NULL OR t.ended_at > %(now)s)
  LEFT JOIN LATERAL (SELECT p.level FROM privacy_level p WHERE p.vehicle_id = v.vehicle_id ORDER BY p.counter DESC LIMIT 1) l ON true
 WHERE v.vehicle_id = ANY(%(vehicles)s)
 ORDER BY v.vehicle_id"""

_CONTRACTS: Final = """
SELECT tenure_id, plan, products, state, starts_at, ends_at FROM contract WHERE tenure_id = ANY(%s) ORDER BY starts_at"""

_SAVE: Final = """
INSERT INTO car_policy AS p (vehicle_id, tenure_id, version, frame, hash, open_declarations, level, ceiling, remote_access,
                             switched_off, issued_at, valid_until, terms, accepted_version)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0)
    ON CONFLICT (vehicle_id) DO UPDATE
   SET tenure_id = excluded.tenure_id, version = excluded.version, frame = excluded.frame, hash = excluded.hash,
       open_declarations = excluded.open_declarations, level = excluded.level, ceiling = excluded.ceiling,
       remote_access = excluded.remote_access, switched_off = excluded.switched_off, issued_at = excluded.issued_at,
       valid_until = excluded.valid_until, terms = excluded.terms
 WHERE p.version < excluded.version"""


_OUTDATED: Final = """
SELECT vehicle_id FROM car_policy WHERE terms < %(terms)s OR terms > %(terms)s
 ORDER BY vehicle_id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED"""
"""Two ranges, which an index finds; "other than" it would not."""


class PostgresFacts:
    """``FactsSource`` on the domains' tables."""

    def __init__(self, pack: BrandPack) -> None:
        """Contracts open what `pack` says of their products."""
        self._pack = pack

    async def facts(self, tx: Transaction, vehicles: Sequence[VehicleId], now: datetime) -> Mapping[VehicleId, Facts]:
        """See ``FactsSource.facts``."""
        pg = postgres(tx)
        versions = {row[0]: row[1] for row in await pg.rows(PLATFORM, _LOCK, (list(vehicles),))}
        rows = await pg.rows(PLATFORM, _FACTS, {"now": now, "vehicles": list(vehicles)})
        contracts: dict[object, list[ContractFact]] = {}
        for tenure_id, plan, products, state, starts_at, ends_at in await pg.rows(
            PLATFORM, _CONTRACTS, ([row[3] for row in rows if row[3]],)
        ):
            opens = opened_by(self._pack, held(self._pack, plan, products))
            contracts.setdefault(tenure_id, []).append(ContractFact(opens, state in SERVING, starts_at, ends_at))
        return {
            VehicleId(vehicle_id): Facts(
                now=now,
                vehicle_id=vehicle_id,
                tenure_id=tenure_id,
                policy_version=versions.get(vehicle_id, 0),
                capabilities=frozenset(capabilities),
                contracts=tuple(contracts.get(tenure_id, ())),
                consents=frozenset(consents),
                switched_off_in_app=frozenset(switched_off),
                level=None if level is None else Level(level),
                ceiling=Level[ceiling],
            )
            for vehicle_id, ceiling, capabilities, tenure_id, level, switched_off, consents in rows
        }


class PostgresPolicyStore:
    """``PolicyStore`` on the table ``car_policy``; a trigger makes ``last_values.policy_version`` follow."""

    async def save(self, tx: Transaction, records: Sequence[PolicyRecord]) -> None:
        """See ``PolicyStore.save``."""
        for record in records:
            facts, policy = record.facts, record.policy
            level = facts.level if facts.level is not None else Level.PRIVATE
            row = (facts.vehicle_id, facts.tenure_id, policy.version, record.frame, record.hash, list(record.open_declarations))
            moment = (
                int(level),
                int(facts.ceiling),
                facts.remote_access,
                sorted(facts.switched_off_in_car),
                facts.now,
                record.valid_until,
                record.terms,
            )
            await postgres(tx).execute(PLATFORM, _SAVE, (*row, *moment))

    async def outdated(self, tx: Transaction, terms: str, limit: int) -> Sequence[VehicleId]:
        """See ``PolicyStore.outdated``."""
        rows = await postgres(tx).rows(PLATFORM, _OUTDATED, {"terms": terms, "limit": limit})
        return [VehicleId(row[0]) for row in rows]
