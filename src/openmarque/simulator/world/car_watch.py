"""Watches the cars: what their sensors say, what they send, what they hear. REQ PRV-1, PRV-5, LNK-3.

Invariants here (names as reported):
    sent-under-stricter-level    nothing leaves above min(level when sensed, level now), nor labelled above the level when sensed
    sent-while-switched-off      a service that is switched off in the car, or closed by remote access, says nothing
    policy-used-past-its-end     service messages leave only while the car's policy is valid, by the car's own clock
    policy-newer-than-ours       the car never holds a version that the platform has not committed
    number-reused                a number never names two different messages; only a tombstone may take a message's place
    level-not-offered            what leaves, leaves at a level that the car lets choose
    status-sent-beside           one status is in flight, and repeated unchanged until it is settled
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from openmarque.car.core import CarCore
from openmarque.car.model import REMOTE_ACCESS, Output
from openmarque.catalogue.policy import Policy
from openmarque.kit.ids import VehicleId
from openmarque.protocol.envelope import Envelope, Lane, Trust, read_ack, read_envelope
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import GONE, STATUS, STATUS_WITH_PLACE, MessageRegister, Tombstone, Welcome
from openmarque.protocol.signals import PLACE_SIGNALS, Value
from openmarque.services.trips.declaration import GROUP
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, TripCompleted, TripPlaces
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.command_watch import CommandWatch
from openmarque.simulator.world.driver import TRACKED, DriverTrip, TripSample
from openmarque.simulator.world.fault_profile import MINUTE_MS
from openmarque.simulator.world.journal import InvariantBroken, Journal
from openmarque.simulator.world.scheduler import Scheduler
from openmarque.simulator.world.seen import InFlight, Number, Origin, SeenCar, Sent, read_status

_LANES: Final = frozenset(map(str, Lane))
_SWITCHES: Final = {TRIP_COMPLETED: ("trips", GROUP), TRIP_PLACES: ("trip_places",)}
_EXACT_MS: Final = 5 * MINUTE_MS
"""A clock off by more closes or opens windows of time at instants that the world can't tell from outside."""

_read_gone = msgspec.msgpack.Decoder(Tombstone).decode
_read_welcome = msgspec.msgpack.Decoder(Welcome).decode


class CarWatch:
    """``CarWitness`` and ``LifeWitness``. Raises ``InvariantBroken`` at the step that breaks one."""

    def __init__(self, scheduler: Scheduler, journal: Journal, register: MessageRegister) -> None:
        """Watch nothing yet."""
        self._scheduler = scheduler
        self._journal = journal
        self._register = register
        self.cars: dict[VehicleId, SeenCar] = {}
        self.remote_commands = CommandWatch(scheduler)

    def add(self, car: WorldCar) -> None:
        """Watch a car from now on."""
        self.cars[car.vehicle_id] = SeenCar(car.name)

    def senses(self, car: WorldCar, values: Mapping[str, Value]) -> None:
        """See ``LifeWitness``."""
        assert car.core is not None
        seen, now_ms = self.cars[car.vehicle_id], self._scheduler.now_ms
        seen.samples += 1
        origin = Origin(seen.samples, car.core.level, now_ms)
        for path in TRACKED:
            if path in values:
                seen.origins[path, values[path]] = origin
        for path, value in values.items():
            seen.latest[path] = (value, now_ms)

    def drove(self, car: WorldCar, trip: DriverTrip, at_ms: int) -> None:
        """See ``LifeWitness``."""
        if not trip.samples:
            self.cars[car.vehicle_id].trips.append(trip)
        # A car that died after the commit stands at the level that it had before.
        before = trip.samples[-1].level if trip.samples else Level.POSITION
        level = before if car.core is None else car.core.level
        trip.samples.append(TripSample(at_ms, self._scheduler.now_ms, level))

    def arrived(self, car: WorldCar, trip: DriverTrip) -> None:
        """See ``LifeWitness``."""
        if trip.samples:
            self.cars[car.vehicle_id].finished.append(trip)

    def data_lost(self, car: WorldCar, why: str) -> None:
        """See ``LifeWitness``."""
        self.cars[car.vehicle_id].lost_ms = self._scheduler.now_ms
        if why == "reset":
            self.remote_commands.forget(car)
        self._journal.note(self._scheduler.now_ms, "may_miss_trips", car.name, why)

    def heard(self, car: WorldCar, kind: str, payload: bytes) -> None:
        """See ``CarWitness``."""
        seen = self.cars[car.vehicle_id]
        flying = seen.in_flight
        if flying is None:
            return
        if kind == "welcome":
            welcome = _read_welcome(payload)
            if welcome.epoch != flying.epoch or welcome.watermarks.get(Lane.STATUS, 0) >= flying.seq:
                seen.in_flight = None
        elif kind == "ack":
            ack = read_ack(payload)
            if ack.lane is Lane.STATUS and (ack.epoch, ack.watermark) >= (flying.epoch, flying.seq):
                seen.in_flight = None

    def stepped(self, car: WorldCar, out: Output) -> None:
        """See ``CarWitness``."""
        core = car.core
        assert core is not None
        self.remote_commands.stepped(car, out)
        seen = self.cars[car.vehicle_id]
        seen.clock_off_ms = max(seen.clock_off_ms, abs(car.offset_ms))
        if core.policy is not seen.policy:
            self._new_policy(car, core, seen)
        if not _may_make_trips(core, seen, car.now().ms) or abs(car.offset_ms) > _EXACT_MS:
            seen.lost_ms = self._scheduler.now_ms
        if not _may_tell_places(core, seen, car.now().ms):
            seen.places_lost_ms = self._scheduler.now_ms
        for frame in out.frames:
            if frame.channel in _LANES:
                self._left(car, core, seen, frame.payload)
        if seen.in_flight is not None and core.is_status_settled:  # settled, or deleted since it may not leave any more
            seen.in_flight = None

    def _new_policy(self, car: WorldCar, core: CarCore, seen: SeenCar) -> None:
        if seen.policy is not None and core.policy is not None and seen.policy.tenure_id != core.policy.tenure_id:
            seen.lost_ms = self._scheduler.now_ms  # what the car has not told is another owner's, the running trip too
        seen.policy = core.policy
        seen.trips_open, seen.places_open = (_window(core.policy, name) for name in ("trips", "trip_places"))
        if core.policy is not None and core.policy.version > seen.newest_policy:
            raise InvariantBroken(
                "policy-newer-than-ours", f"{car.name} holds {core.policy.version}, the platform {seen.newest_policy}"
            )

    def _left(self, car: WorldCar, core: CarCore, seen: SeenCar, frame: bytes) -> None:
        """A numbered message leaves."""
        if core.privacy.level not in core.levels:
            raise InvariantBroken("level-not-offered", f"{car.name} stands at {core.privacy.level}, of {core.levels}")
        envelope = read_envelope(frame)
        if not self._register.may_leave(envelope.type, core.level):
            raise InvariantBroken("sent-under-stricter-level", f"{car.name} sends {envelope.type} at level {core.level}")
        if self._register.types[envelope.type].leaves_at > envelope.level and envelope.type != GONE:
            raise InvariantBroken("sent-under-stricter-level", f"{car.name} sends {envelope.type} captured at {envelope.level}")
        through = _read_gone(envelope.body).through if envelope.type == GONE else envelope.seq
        about = self._register.read_body(envelope.type, envelope.body)
        trip = about.trip if isinstance(about, (TripCompleted, TripPlaces)) else 0
        sent = Sent(envelope.type, envelope.level, frame, bytes(envelope.body), through, trip)
        _keep_number(car, seen, (envelope.lane, envelope.epoch, envelope.seq), sent)
        optional = self._register.types[envelope.type].declaration is not None or envelope.lane is Lane.STATUS
        # A clock that nobody set is not believed, neither by the car; then the truth decides.
        at_ms = self._scheduler.now_ms if car.trust is Trust.UNSET else car.now().ms
        if optional and (core.policy is None or at_ms >= core.policy.valid_until_ms):
            raise InvariantBroken("policy-used-past-its-end", f"{car.name} sends {envelope.type}")
        if envelope.type in (STATUS, STATUS_WITH_PLACE):
            self._status_left(car, core, seen, envelope)
        elif optional:
            _require_on(car, core, envelope.type, _SWITCHES.get(envelope.type, ()))

    def _status_left(self, car: WorldCar, core: CarCore, seen: SeenCar, envelope: Envelope) -> None:
        values = {path: value for path, (value, _age) in read_status(envelope.body).values.items()}
        for path, value in values.items():
            is_place = path in PLACE_SIGNALS
            _require_on(car, core, path, ("car_finder" if is_place else "status", REMOTE_ACCESS))
            needed = Level.POSITION if is_place else Level.DATA
            origin = seen.origins.get((path, value))
            if core.level < needed or (origin is not None and min(origin.level, envelope.level) < needed):
                raise InvariantBroken(
                    "sent-under-stricter-level", f"{car.name} sends {path} sensed at {origin} now {core.level}"
                )
        flying = seen.in_flight
        if flying and flying.epoch == envelope.epoch and flying.seq != envelope.seq and flying.values == values:
            raise InvariantBroken("status-sent-beside", f"{car.name} sends {flying.seq} again as {envelope.seq}")
        seen.in_flight = InFlight(envelope.epoch, envelope.seq, values)


def _keep_number(car: WorldCar, seen: SeenCar, number: Number, sent: Sent) -> None:
    former = seen.sent.get(number)
    if former is None:
        seen.sent[number] = [sent]
    elif former[-1].frame != sent.frame:
        if sent.type != GONE:
            raise InvariantBroken("number-reused", f"{car.name} {number}: {former[-1].type} and now {sent.type}")
        former.append(sent)


def _require_on(car: WorldCar, core: CarCore, what: str, switches: tuple[str, ...]) -> None:
    privacy = core.privacy
    off = {*privacy.switched_off, *(() if privacy.remote_access else (REMOTE_ACCESS,))}
    if off and not off.isdisjoint(switches):
        raise InvariantBroken("sent-while-switched-off", f"{car.name} sends {what}")


def _window(policy: Policy | None, declaration: str) -> tuple[int, int]:
    """When what is declared so may be told by this policy, in ms; an empty window when never."""
    rule = next((r for r in policy.rules if r.declaration == declaration), None) if policy else None
    if policy is None or rule is None or rule.closed:
        return 0, 0
    until = policy.valid_until_ms if rule.until_ms is None else min(policy.valid_until_ms, rule.until_ms)
    return rule.from_ms or 0, until


def _may_make_trips(core: CarCore, seen: SeenCar, now_ms: int) -> bool:
    """Whether a trip that runs now can be kept and sent, as far as the car knows."""
    off = core.privacy.switched_off
    return (
        core.level >= Level.DATA
        and "trips" not in off
        and GROUP not in off
        and seen.trips_open[0] <= now_ms < seen.trips_open[1]
    )


def _may_tell_places(core: CarCore, seen: SeenCar, now_ms: int) -> bool:
    """Whether the places of a trip that runs now can be kept and sent, as far as the car knows."""
    off = core.privacy.switched_off
    return core.level >= Level.POSITION and "trip_places" not in off and seen.places_open[0] <= now_ms < seen.places_open[1]
