"""What owners read of their privacy: the level with who set it and when, the policy, and how each service stands now. REQ PRV-3, PRV-6.

How a service stands is judged by the policy that the ingest judges by, at this moment; so what the owner reads is what happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from openmarque.catalogue.decide import Ask, Kind, Permit
from openmarque.catalogue.refusals import Reason, Refusal
from openmarque.kit.clock import to_ms
from openmarque.kit.ids import TenureId
from openmarque.link.evaluating import PolicyEvaluator
from openmarque.link.ports import PolicyRow
from openmarque.protocol.levels import Level, at_least
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import READER
from openmarque.storage.transaction import Transaction

ABOUT_CAPTURE: Final = frozenset(
    {Reason.LEVEL_TOO_LOW, Reason.CEILING, Reason.CAPTURED_BELOW_LEVEL, Reason.POLICY_EXPIRED, Reason.CONTRACT_NOT_STARTED}
)
"""Reasons why nothing new comes in. What came in before, under a permit, is the owner's to see; any other reason closes the
service to its owner as well (switched off, remote access off: REQ PRV-10; no contract)."""

_READ: Final = """
SELECT p.version, p.tenure_id, p.frame, p.hash, p.level, p.ceiling, p.remote_access, p.switched_off, p.accepted_version,
       p.issued_at, p.valid_until, v.levels, l.level, l.changed_by, l.changed_at, l.received_at
  FROM car_policy p JOIN vehicle v USING (vehicle_id)
  LEFT JOIN LATERAL (SELECT x.level, x.changed_by, x.changed_at, x.received_at FROM privacy_level x
                      WHERE x.vehicle_id = p.vehicle_id ORDER BY x.counter DESC LIMIT 1) l ON true
 WHERE p.tenure_id = %s"""


PRIVACY_VERSION: Final = """
SELECT concat_ws(' ', p.version, p.accepted_version, p.valid_until > %(now)s,
                 (SELECT max(x.counter) FROM privacy_level x WHERE x.vehicle_id = p.vehicle_id),
                 (SELECT concat_ws(' ', count(*) FILTER (WHERE c.starts_at > %(now)s), count(*) FILTER (WHERE c.ends_at > %(now)s))
                    FROM contract c WHERE c.tenure_id = p.tenure_id))
  FROM car_policy p WHERE p.tenure_id = %(tenure)s"""
"""Another value whenever ``privacy`` gives another one (``http.events.StreamPart.version``): each fact that is decided by makes a new
policy; what changes by time alone is whether the policy, and a contract, has begun and not run out."""


@dataclass(frozen=True, slots=True)
class ServiceAvailability:
    """How one declaration stands for a car at a moment: the lowest level to choose for it, and why it is closed (None: it is open)."""

    declaration: str
    needs: Level
    refusal: Refusal | None

    @property
    def shows_kept(self) -> bool:
        """Whether its owner may see what it has stored."""
        return self.refusal is None or self.refusal.reason in ABOUT_CAPTURE


@dataclass(frozen=True, slots=True)
class LevelSet:
    """Who set the level in force, when by the car's clock, and when we heard of it; instants aware, UTC."""

    by: str
    at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Privacy:
    """A car's privacy as its owner sees it: `levels` are those to choose from in the car, strictest first.

    `level_set` is None when the level comes from before the owner's time, or was never told.
    """

    level: Level
    levels: tuple[Level, ...]
    ceiling: Level
    level_set: LevelSet | None
    remote_access: bool
    policy_version: int
    accepted_version: int
    issued_at: datetime
    valid_until: datetime
    services: tuple[ServiceAvailability, ...]

    def availability(self, declaration: str) -> ServiceAvailability:
        """How one declaration stands; one that the policy does not know is closed."""
        known = (standing for standing in self.services if standing.declaration == declaration)
        return next(known, ServiceAvailability(declaration, Level.PRIVATE, Refusal(declaration, "", Reason.UNDECLARED)))


class PrivacyReading:
    """Reads a car's privacy."""

    async def privacy(self, tx: Transaction, tenure_id: TenureId, now: datetime) -> Privacy | None:
        """How things stand at `now`; None for a tenure that is over."""
        await postgres(tx).restrict_to(str(tenure_id))
        rows = await postgres(tx).rows(READER, _READ, (tenure_id,))
        if not rows:
            return None
        version, tenure, frame, digest, level, ceiling, remote, off, accepted, issued_at, valid_until, names, *told = rows[0]
        levels = tuple(Level[name] for name in names)
        row = PolicyRow(
            version, TenureId(tenure), bytes(frame), digest, Level(level), Level(ceiling), remote, frozenset(off), accepted
        )
        return Privacy(
            level=row.level,
            levels=levels,
            ceiling=row.ceiling,
            level_set=LevelSet(told[1], told[2], told[3]) if told[0] == level else None,
            remote_access=remote,
            policy_version=version,
            accepted_version=accepted,
            issued_at=issued_at,
            valid_until=valid_until,
            services=tuple(_standings(PolicyEvaluator(row), levels, to_ms(now))),
        )


def _standings(evaluator: PolicyEvaluator, levels: tuple[Level, ...], now_ms: int) -> Iterator[ServiceAvailability]:
    """Each rule of the policy, judged by the least demanding of its names: everything else that closes a rule closes all of it."""
    for rule in evaluator.rules.policy.rules:
        if not rule.names:
            continue
        key, needs = min(rule.names.items(), key=lambda item: item[1])
        kind, _, name = key.partition(":")
        answer = evaluator.rules.judge(Ask(rule.declaration, Kind(kind), name), evaluator.moment(now_ms))
        yield ServiceAvailability(rule.declaration, at_least(needs, levels), None if isinstance(answer, Permit) else answer)
