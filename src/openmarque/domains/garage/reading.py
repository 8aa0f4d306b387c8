"""What owners read of the garage: which cars they may see, and what these are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM, READER
from openmarque.storage.transaction import Transaction

SEE: Final = "see"
"""The capability that a grant must hold for a car to be seen (``garage.service.SUBSCRIBER`` has it)."""

_VISIBLE: Final = """
SELECT t.vehicle_id, t.tenure_id FROM capability_grant g JOIN tenure t USING (tenure_id)
 WHERE g.subject_id = %(account)s AND %(see)s = ANY (g.capabilities)
   AND g.from_at <= %(now)s AND (g.until_at IS NULL OR g.until_at > %(now)s)
   AND t.started_at <= %(now)s AND (t.ended_at IS NULL OR t.ended_at > %(now)s)"""

_CARS: Final = """
SELECT v.vehicle_id, m.model_id, m.name, m.powertrain, b.brand_id, b.name, t.started_at, t.name
  FROM tenure t JOIN vehicle v USING (vehicle_id) JOIN model m USING (model_id) JOIN brand b ON b.brand_id = v.brand_id
 WHERE t.tenure_id = ANY (%s)
 ORDER BY v.vehicle_id"""


_CONTRACTS: Final = """
SELECT plan, state, ends_at FROM contract WHERE tenure_id = %s AND ends_at > %s AND state = ANY (%s) ORDER BY ends_at, plan"""
_GOING_ON: Final = ("ordered", "activating", "active", "suspended")
"""States of a contract that is not over (``contracts.rules.State``)."""


@dataclass(frozen=True, slots=True)
class ContractView:
    """A contract that goes on: its plan, and when it ends, aware, UTC."""

    plan: str
    state: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class CarView:
    """A car as its owner sees it in the garage; `since` is the start of the owner's tenure, aware, UTC."""

    vehicle_id: VehicleId
    model_id: str
    model: str
    powertrain: str
    brand_id: str
    brand: str
    since: datetime
    name: str | None = None
    """What its owner calls it."""


class GarageReading:
    """Reads the garage."""

    async def visible(self, tx: Transaction, account_id: AccountId, now: datetime) -> Mapping[VehicleId, TenureId]:
        """The cars that a running grant lets the account see, each with the running tenure of the grant. One statement."""
        rows = await postgres(tx).rows(PLATFORM, _VISIBLE, {"account": account_id, "see": SEE, "now": now})
        return {VehicleId(vehicle_id): TenureId(tenure_id) for vehicle_id, tenure_id in rows}

    async def cars(self, tx: Transaction, tenures: Sequence[TenureId]) -> list[CarView]:
        """The cars of `tenures`, by vehicle id."""
        await postgres(tx).restrict_to(",".join(map(str, tenures)))
        rows = await postgres(tx).rows(READER, _CARS, (list(tenures),))
        return [CarView(VehicleId(row[0]), *row[1:]) for row in rows]

    async def contracts(self, tx: Transaction, tenure_id: TenureId, now: datetime) -> list[ContractView]:
        """The contracts of `tenure_id` that go on."""
        await postgres(tx).restrict_to(str(tenure_id))
        rows = await postgres(tx).rows(READER, _CONTRACTS, (tenure_id, now, list(_GOING_ON)))
        return [ContractView(*row) for row in rows]
