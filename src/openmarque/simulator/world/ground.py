"""What may be stored of a car at an instant, found from the rows directly and not by ``decide``: the second opinion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from openmarque.brands.pack import BrandPack
from openmarque.catalogue.declarations import Declaration
from openmarque.domains.contracts.rules import State
from openmarque.governance.memory import CONTRACT, SERVICE_SWITCH, TENURE, VEHICLE, ContractRow
from openmarque.kit.clock import from_ms, to_ms
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.protocol.levels import Level
from openmarque.simulator.world.database import Tables
from openmarque.simulator.world.scheduler import Scheduler

_ALWAYS: Final = ((0, 2**62),)
FACT_TABLES: Final = frozenset((CONTRACT, SERVICE_SWITCH, TENURE, VEHICLE))


@dataclass(frozen=True, slots=True)
class Ground:
    """One car's: whose it is since when, its ceiling, and per declaration the windows [from, until) in ms in which it is open."""

    tenure_id: TenureId | None
    since_ms: int
    ceiling: Level
    windows: Mapping[str, tuple[tuple[int, int], ...]]

    def is_open(self, declaration: str, now_ms: int) -> bool:
        """Whether a contract of the present tenure includes it now and nobody switched it off in the app."""
        return any(from_ms <= now_ms < until_ms for from_ms, until_ms in self.windows.get(declaration, ()))


class Grounds:
    """The grounds of all cars; what was found is kept until a fact changes."""

    def __init__(self, declarations: Mapping[str, Declaration], pack: BrandPack, scheduler: Scheduler) -> None:
        """Nothing is known; `tables` are set with each commit."""
        self.tables: Tables = {}
        self._declarations = declarations
        self._pack = pack
        self._scheduler = scheduler
        self._known: dict[VehicleId, Ground] = {}

    def forget(self) -> None:
        """A fact changed."""
        self._known.clear()

    def of(self, vehicle_id: VehicleId) -> Ground:
        """The ground of one car."""
        if vehicle_id not in self._known:
            self._known[vehicle_id] = self._find(vehicle_id)
        return self._known[vehicle_id]

    def _find(self, vehicle_id: VehicleId) -> Ground:
        now = from_ms(self._scheduler.now_ms)
        ceiling: Level = self.tables[VEHICLE][vehicle_id].ceiling
        tenures = [t for t in self.tables[TENURE].values() if t.vehicle_id == vehicle_id and t.runs_at(now)]
        if not tenures:
            return Ground(None, 0, ceiling, {})
        (tenure,) = tenures  # two at once would be a fault of its own
        contracts = [c for c in self.tables[CONTRACT].values() if c.tenure_id == tenure.tenure_id and c.state is State.ACTIVE]
        opened = {c.contract_id: self._products_open(c) for c in contracts}
        off = {name for owner, name in self.tables.get(SERVICE_SWITCH, {}).values() if owner == tenure.tenure_id}
        windows = {
            name: _ALWAYS
            if declaration.is_legal_duty
            else tuple((to_ms(c.starts_at), to_ms(c.ends_at)) for c in contracts if name in opened[c.contract_id])
            for name, declaration in self._declarations.items()
            if declaration.is_legal_duty or off.isdisjoint((name, declaration.group))
        }
        return Ground(tenure.tenure_id, to_ms(tenure.started_at), ceiling, windows)

    def _products_open(self, contract: ContractRow) -> set[str]:
        """The declarations that a contract opens, by the pack itself."""
        products = self._pack.plans[contract.plan].products if contract.products is None else contract.products
        return {name for product in products for name in self._pack.products[product].declarations}
