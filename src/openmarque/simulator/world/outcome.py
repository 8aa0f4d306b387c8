"""The final questions, once nothing has gone wrong for long enough. REQ LNK-3, PRV-6, STA-2.

Invariants here (names as reported):
    lane-blocked         every car is connected and has nothing left to say
    policy-not-in-force  the car holds the platform's newest policy, and the platform knows it
    level-not-known      the platform knows the level that was chosen in the car
    value-missing        the platform holds the newest value of each signal of a service that may be told (``ask_values``)

What a service has to have told in the end its own part asks (``part.Watch.ask``).
"""

from collections.abc import Callable, Mapping
from typing import Final

from openmarque.car.core import CarCore
from openmarque.car.model import LinkState
from openmarque.catalogue.declarations import Service
from openmarque.link.memory import CAR_POLICY, LAST_VALUES
from openmarque.link.ports import PolicyRow
from openmarque.protocol.levels import Level
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.fault_profile import MINUTE_MS
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.part import Silence
from openmarque.simulator.world.view import View, closing_switches, switched_off

LATELY_MS: Final = 5 * MINUTE_MS
"""A value sensed in the last minutes of the calm part met no obstacle: what may be told of it was told."""
_NOTHING: Final = (None,)


def ask_settled(view: View, car: WorldCar) -> None:
    """Is there nothing left to say, and do both sides agree on policy and level?"""
    core = car.core
    if core is None or core.link_state is not LinkState.OPEN or not core.is_settled:
        waiting = "is down" if core is None else f"is {core.link_state}, {core.outbox_fill} waiting"
        raise InvariantBroken("lane-blocked", f"{car.name} {waiting}")
    row: PolicyRow = view.grounds.tables[CAR_POLICY][car.vehicle_id]
    if core.policy_hash != row.hash or row.accepted_version != row.version:
        held = core.policy.version if core.policy else 0
        raise InvariantBroken(
            "policy-not-in-force", f"{car.name} holds {held}, accepted {row.accepted_version}, newest {row.version}"
        )
    if row.level is not core.privacy.level:
        raise InvariantBroken("level-not-known", f"{car.name} is at {core.privacy.level}, the platform thinks {row.level}")


def ask_values(view: View, service: Service) -> Callable[[WorldCar, Silence], Mapping[str, int]]:
    """A ``Watch.ask``: does the platform hold the newest value of each signal that `service` takes, where it may be told?

    For services that say a value whenever it has changed, and again in under `LATELY_MS`.
    """

    def ask(car: WorldCar, silence: Silence) -> Mapping[str, int]:
        core = car.core
        assert core is not None
        stored = view.grounds.tables[LAST_VALUES][car.vehicle_id].signals
        asked = 0
        for path, (value, sensed_ms) in view.cars[car.vehicle_id].latest.items():
            if sensed_ms < silence.lately_ms or not _may_be_told(view, core, service, path, car, silence):
                continue
            asked += 1
            if stored.get(path, _NOTHING)[0] != value:
                raise InvariantBroken("value-missing", f"{car.name} {path} is {value}, the platform holds {stored.get(path)}")
        return {"values": asked}

    return ask


def _may_be_told(view: View, core: CarCore, service: Service, path: str, car: WorldCar, silence: Silence) -> bool:
    ground, off = view.grounds.of(car.vehicle_id), switched_off(core)
    for declaration in service.declarations:
        needed = declaration.signal_levels().get(path)
        if needed is None or core.level < max(needed, Level.DATA):
            continue
        if off.isdisjoint(closing_switches(declaration)) and all(ground.is_open(declaration.name, at_ms) for at_ms in silence):
            return True
    return False
