"""What the observers of one world share: what was seen of the cars, what the platform committed, and on which grounds it may store."""

from dataclasses import dataclass, field
from typing import Protocol

from openmarque.brands.pack import BrandPack
from openmarque.car.core import CarCore
from openmarque.car.model import REMOTE_ACCESS
from openmarque.catalogue.declarations import Declaration
from openmarque.catalogue.register import Catalogue
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.link.ports import Accepted
from openmarque.protocol.levels import Level
from openmarque.simulator.world.ground import Ground, Grounds
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.scheduler import Scheduler
from openmarque.simulator.world.seen import Committed, SeenCar


def switched_off(core: CarCore) -> frozenset[str]:
    """What is switched off in the car, remote access among it."""
    privacy = core.privacy
    return frozenset((*privacy.switched_off, *(() if privacy.remote_access else (REMOTE_ACCESS,))))


def closing_switches(declaration: Declaration) -> tuple[str, ...]:
    """The switches of which each closes a declaration."""
    return (declaration.name, declaration.group, *((REMOTE_ACCESS,) if declaration.remote else ()))


class MessageRow(Protocol):
    """A stored row that came from a message of a car."""

    @property
    def message(self) -> Accepted:
        """The message."""
        ...

    @property
    def tenure_id(self) -> TenureId:
        """Whose it is."""
        ...


@dataclass
class View:
    """The memory of one world's observers; made by the world, filled by ``CarWatch`` and ``CloudWatch``."""

    scheduler: Scheduler
    catalogue: Catalogue
    pack: BrandPack
    cars: dict[VehicleId, SeenCar] = field(default_factory=dict)
    committed: dict[VehicleId, Committed] = field(default_factory=dict)
    takers: dict[str, tuple[tuple[Declaration, Level], ...]] = field(init=False)
    """The declarations of services that take each signal, with the level that each needs for it."""

    def __post_init__(self) -> None:
        """Find who takes which signal."""
        self._grounds = Grounds(self.catalogue.declarations, self.pack, self.scheduler)
        takers: dict[str, list[tuple[Declaration, Level]]] = {}
        for declaration in self.catalogue.service_declarations():
            for path, level in declaration.signal_levels().items():
                takers.setdefault(path, []).append((declaration, level))
        self.takers = {path: tuple(found) for path, found in takers.items()}

    @property
    def grounds(self) -> Grounds:
        """What may be stored of the cars, as the committed facts have it."""
        return self._grounds

    def committed_for(self, vehicle_id: VehicleId) -> Committed:
        """What the platform has committed for one car."""
        return self.committed.setdefault(vehicle_id, Committed())

    def require_ground(self, vehicle_id: VehicleId, *declarations: str) -> Ground:
        """The ground of a car of which something was just stored for one of `declarations`; none of them open breaks an invariant."""
        ground = self._grounds.of(vehicle_id)
        if not any(ground.is_open(name, self.scheduler.now_ms) for name in declarations):
            raise InvariantBroken("stored-without-ground", f"{self.cars[vehicle_id].name} {' or '.join(declarations)}")
        return ground

    def check_stored(self, row: MessageRow) -> Ground:
        """What holds for every row that came from a message: it was sent so, and level, contract, switches and tenure allowed it."""
        vehicle_id, envelope = row.message.vehicle_id, row.message.envelope
        seen, committed = self.cars[vehicle_id], self.committed_for(vehicle_id)
        sent = seen.sent.get((envelope.lane, envelope.epoch, envelope.seq), [])
        if not any(s.type == envelope.type and s.body == bytes(envelope.body) for s in sent):
            raise InvariantBroken("stored-invented", f"{seen.name} never sent {envelope.type} as {envelope.seq}")
        kind = self.catalogue.messages.types[envelope.type]
        ground = self.require_ground(vehicle_id, kind.declaration or "")
        if min(envelope.level, committed.level, ground.ceiling) < kind.leaves_at:
            raise InvariantBroken(
                "stored-under-stricter-level", f"{seen.name} {envelope.type}: sent at {envelope.level}, known {committed.level}"
            )
        if row.tenure_id != ground.tenure_id:
            raise InvariantBroken("stored-for-another-tenure", f"{seen.name} {envelope.type}")
        return ground
