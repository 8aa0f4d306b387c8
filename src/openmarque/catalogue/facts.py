"""What ``decide`` needs to know of one car at one instant. Domains supply it through ports; nothing here is looked up."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from openmarque.kit.clock import require_aware
from openmarque.protocol.levels import Level


@dataclass(frozen=True, slots=True)
class ContractFact:
    """One contract of the tenure: the declarations that it opens, whether its state lets it serve, and its window [starts_at, ends_at)."""

    opens: frozenset[str]
    active: bool
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """One car at one instant. Everything defaults to what closes.

    `level` is the owner's as signed by the car (None: never heard of, counts as private); `ceiling` is built into the car.
    `switched_off_in_app` and `switched_off_in_car` hold names of declarations and groups of services.
    """

    now: datetime
    vehicle_id: UUID
    tenure_id: UUID | None = None
    policy_version: int = 0
    capabilities: frozenset[str] = frozenset()
    contracts: tuple[ContractFact, ...] = ()
    consents: frozenset[str] = frozenset()
    switched_off_in_app: frozenset[str] = frozenset()
    switched_off_in_car: frozenset[str] = frozenset()
    remote_access: bool = True
    level: Level | None = None
    ceiling: Level = Level.POSITION

    def __post_init__(self) -> None:
        """Refuse a naive instant."""
        require_aware(self.now)
