"""Contracts of a tenure: for now the free trial that comes with the car, and every step of its life. REQ SVC-2, SVC-3."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from openmarque.brands.entitlements import products_of
from openmarque.brands.pack import BrandPack, BrandPackInvalid
from openmarque.domains.contracts.rules import CONTRACT_LIFE, State, Step
from openmarque.kit.errors import CallerError
from openmarque.kit.ids import ContractId, TenureId, VehicleId, new_uuid
from openmarque.link.ports import PolicyCompiler
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

_MONTH: Final = timedelta(days=30.4375)
"""A twelfth of the Gregorian year of 365.25 days: trials are stated in months and end at an instant."""


_TRIAL: Final = """
INSERT INTO vehicle_trial AS t (vehicle_id, plan, ends_at) VALUES (%s, %s, %s)
    ON CONFLICT (vehicle_id, plan) DO UPDATE SET ends_at = t.ends_at RETURNING ends_at"""
"""The car's one trial of a plan, made now or long ago; its row is locked, so two at once see the same."""
_TRIAL_CONTRACT: Final = """
INSERT INTO contract (contract_id, tenure_id, plan, state, starts_at, ends_at, pack_version, products, revision, is_trial)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 1, true)
    ON CONFLICT (tenure_id, plan) WHERE is_trial DO NOTHING RETURNING contract_id"""
_DROPPED: Final = """
SELECT what, count(*) FROM (
    SELECT 'products.' || p AS what FROM contract c CROSS JOIN unnest(c.products) AS p
     WHERE c.state <> ALL (%(over)s) AND c.ends_at > %(now)s AND p <> ALL (%(products)s)
     UNION ALL
    SELECT 'plans.' || c.plan FROM contract c
     WHERE c.state <> ALL (%(over)s) AND c.ends_at > %(now)s AND c.products IS NULL AND c.plan <> ALL (%(plans)s)) AS held
 GROUP BY what ORDER BY what"""


class PlanUnknown(CallerError):
    """The brand pack has no such plan."""

    code = "plan-unknown"
    cure = "Choose one of: {plans}."
    http_status = 422


class ContractUnknown(CallerError):
    """No such contract."""

    code = "contract-unknown"
    http_status = 404


@dataclass(frozen=True, slots=True)
class Trial:
    """The free trial of a plan that a car has: until when, and the tenure's contract (None: it was over before).

    `is_first`: it began with this owner.
    """

    contract_id: ContractId | None
    ends_at: datetime
    is_first: bool


class Contracts:
    """Use cases on contracts. Every step compiles the car's policy anew in the same transaction."""

    def __init__(self, pack: BrandPack, compiler: PolicyCompiler) -> None:
        """Offer the plans of `pack`."""
        self._pack = pack
        self._compiler = compiler

    async def activate_trial(
        self, tx: Transaction, tenure_id: TenureId, vehicle_id: VehicleId, plan: str, now: datetime
    ) -> Trial:
        """Order, activate and start the free trial of `plan`; it serves at once. REQ SVC-2b.

        The car has one for its life: a later owner gets what is left of it, or no contract. Raises ``PlanUnknown``.
        """
        if plan not in self._pack.plans:
            raise PlanUnknown(f"It was {plan!r}.", plans=", ".join(self._pack.plans))
        ends_at = now + self._pack.plans[plan].trial_months * _MONTH
        ((until,),) = await postgres(tx).rows(PLATFORM, _TRIAL, (vehicle_id, plan, ends_at))
        contract_id = None
        if until > now:
            contract_id = await self._trial_contract(tx, tenure_id, plan, (now, until))
            await self._compiler.recompile(tx, [vehicle_id], now)
        return Trial(contract_id, until, is_first=until == ends_at)

    async def _trial_contract(
        self, tx: Transaction, tenure_id: TenureId, plan: str, window: tuple[datetime, datetime]
    ) -> ContractId:
        """The tenure's contract for the trial: a new one, unless it has one."""
        state = CONTRACT_LIFE.after(CONTRACT_LIFE.after(State.ORDERED, Step.START_ACTIVATION), Step.FINISH_ACTIVATION)
        products = list(products_of(self._pack, plan))
        row = (new_uuid(), tenure_id, plan, state, *window, self._pack.version, products)
        rows = await postgres(tx).rows(PLATFORM, _TRIAL_CONTRACT, row) or await postgres(tx).rows(
            PLATFORM, "SELECT contract_id FROM contract WHERE tenure_id = %s AND plan = %s AND is_trial", (tenure_id, plan)
        )
        return ContractId(rows[0][0])

    async def refuse_dropped(self, tx: Transaction, now: datetime) -> None:
        """Raise ``BrandPackInvalid`` where running contracts hold what the pack has not any more: sold is sold. Before a pack is in force."""
        rows = await postgres(tx).rows(
            PLATFORM,
            _DROPPED,
            {
                "over": list(CONTRACT_LIFE.final),
                "now": now,
                "plans": list(self._pack.plans),
                "products": list(self._pack.products),
            },
        )
        if rows:
            dropped = ", ".join(f"{what} ({count})" for what, count in rows)
            raise BrandPackInvalid(
                f"Running contracts hold what it has not any more: {dropped}. A product need not be in a plan."
            )

    async def rescind(self, tx: Transaction, tenure_id: TenureId) -> None:
        """End every contract of a tenure that is about to end, in the same transaction, which compiles the policy anew. REQ ENR-7."""
        rows = await postgres(tx).rows(
            PLATFORM, "SELECT contract_id, state FROM contract WHERE tenure_id = %s FOR NO KEY UPDATE", (tenure_id,)
        )
        for contract_id, state in rows:
            if CONTRACT_LIFE.way(State(state), Step.TERMINATE):
                await postgres(tx).execute(
                    PLATFORM,
                    "UPDATE contract SET state = %s, revision = revision + 1 WHERE contract_id = %s",
                    (CONTRACT_LIFE.after(State(state), Step.TERMINATE), contract_id),
                )

    async def step(self, tx: Transaction, contract_id: ContractId, step: Step, now: datetime) -> State:
        """Move a contract on; gives its new state. Raises ``ContractUnknown``, ``ContractStepImpossible``."""
        rows = await postgres(tx).rows(
            PLATFORM,
            """SELECT c.state, t.vehicle_id FROM contract c JOIN tenure t USING (tenure_id) WHERE c.contract_id = %s
                  FOR NO KEY UPDATE OF c""",
            (contract_id,),
        )
        if not rows:
            raise ContractUnknown
        state = CONTRACT_LIFE.after(State(rows[0][0]), step)
        await postgres(tx).execute(
            PLATFORM, "UPDATE contract SET state = %s, revision = revision + 1 WHERE contract_id = %s", (state, contract_id)
        )
        await self._compiler.recompile(tx, [rows[0][1]], now)
        return state
