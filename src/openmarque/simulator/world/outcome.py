"""The final questions, once nothing has gone wrong for long enough. REQ LNK-3, PRV-6, STA-2, TRP-1.

Invariants here (names as reported):
    lane-blocked         every car is connected and has nothing left to say
    policy-not-in-force  the car holds the platform's newest policy, and the platform knows it
    level-not-known      the platform knows the level that was chosen in the car
    value-missing        the platform holds the newest value of every signal that may be told
    trip-missing         every trip is there that was measured, and not deleted for a reason
    places-missing       so are its places, if there were any, and they could be told from its beginning on
"""

from typing import Final

from openmarque.car.core import CarCore
from openmarque.car.model import LinkState
from openmarque.kit.ids import VehicleId
from openmarque.link.memory import CAR_POLICY, LAST_VALUES
from openmarque.link.ports import PolicyRow
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import PLACE_SIGNALS
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.cloud_watch import CloudWatch
from openmarque.simulator.world.database import Tables
from openmarque.simulator.world.fault_profile import MINUTE_MS
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.seen import SeenCar

_LATELY_MS: Final = 5 * MINUTE_MS
"""A value sensed in the last minutes of the calm part met no obstacle: what may be told of it was told."""


_NOTHING: Final = (None,)


class Ending:
    """Asks about one car after the other; raises ``InvariantBroken``."""

    def __init__(self, tables: Tables, watch: CloudWatch, cars: dict[VehicleId, SeenCar], silence: tuple[int, int]) -> None:
        """`silence` is when the sensors fell silent, and now."""
        self._tables = tables
        self._watch = watch
        self._cars = cars
        self.trips = self.places = 0
        """How many trips were asked for, and of how many the places: none asked for proves nothing."""
        self._lately_ms, self._now_ms = silence[0] - _LATELY_MS, silence[1]

    def ask(self, car: WorldCar) -> None:
        """Ask everything about one car."""
        core, seen = car.core, self._cars[car.vehicle_id]
        if core is None or core.link_state is not LinkState.OPEN or not core.is_settled:
            waiting = "is down" if core is None else f"is {core.link_state}, {core.outbox_fill} waiting"
            raise InvariantBroken("lane-blocked", f"{car.name} {waiting}")
        row: PolicyRow = self._tables[CAR_POLICY][car.vehicle_id]
        if core.policy_hash != row.hash or row.accepted_version != row.version:
            held = core.policy.version if core.policy else 0
            raise InvariantBroken(
                "policy-not-in-force", f"{car.name} holds {held}, accepted {row.accepted_version}, newest {row.version}"
            )
        if row.level is not core.privacy.level:
            raise InvariantBroken("level-not-known", f"{car.name} is at {core.privacy.level}, the platform thinks {row.level}")
        self._ask_values(car, core, seen)
        self._ask_trips(car, seen)

    def _ask_trips(self, car: WorldCar, seen: SeenCar) -> None:
        committed = self._watch.committed_for[car.vehicle_id]
        for trip in seen.finished:
            if trip.began_ms <= seen.lost_ms:
                continue
            self.trips += 1
            numbers = [n for n, started_ms in committed.trips.items() if trip.levels_from(started_ms, seen.clock_off_ms)]
            what = f"{car.name} a trip of {len(trip.samples)} samples from {trip.began_ms}"
            if not numbers:
                raise InvariantBroken("trip-missing", what)
            if trip.has_place and trip.began_ms > seen.places_lost_ms:
                self.places += 1
                if committed.places.isdisjoint(numbers):
                    raise InvariantBroken("places-missing", what)

    def _ask_values(self, car: WorldCar, core: CarCore, seen: SeenCar) -> None:
        stored = self._tables[LAST_VALUES][car.vehicle_id].signals
        ground = self._watch.ground(car.vehicle_id)
        off = core.privacy.switched_off
        for path, (value, sensed_ms) in seen.latest.items():
            is_place = path in PLACE_SIGNALS
            declaration = "car_finder" if is_place else "status"
            may_be_told = (
                core.level >= (Level.POSITION if is_place else Level.DATA)
                and core.privacy.remote_access
                and declaration not in off
                and ground.is_open(declaration, self._lately_ms)
                and ground.is_open(declaration, self._now_ms)
            )
            if may_be_told and sensed_ms >= self._lately_ms and stored.get(path, _NOTHING)[0] != value:
                raise InvariantBroken("value-missing", f"{car.name} {path} is {value}, the platform holds {stored.get(path)}")
