"""Watches the cars: what their sensors say, what they send, what they hear. REQ PRV-1, PRV-5, LNK-3.

Invariants here (names as reported):
    sent-under-stricter-level    nothing leaves above min(level when sensed, level now), nor labelled above the level when sensed
    sent-while-switched-off      a service that is switched off in the car, or closed by remote access, says nothing
    policy-used-past-its-end     service messages leave only while the car's policy is valid, by the car's own clock
    policy-newer-than-ours       the car never holds a version that the platform has not committed
    number-reused                a number never names two different messages; only a tombstone may take a message's place
    level-not-offered            what leaves, leaves at a level that the car lets choose
    service-failed               no service raises for what sensors, commands and clocks can say
    status-sent-beside           one status is in flight, and repeated unchanged until it is settled
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from openmarque.car.core import CarCore
from openmarque.car.model import Output
from openmarque.catalogue.policy import Policy
from openmarque.protocol.envelope import Envelope, Lane, Trust, read_ack, read_envelope
from openmarque.protocol.messages import GONE, STATUS, STATUS_WITH_PLACE, Tombstone, Welcome
from openmarque.protocol.signals import Value
from openmarque.simulator.world.car import WorldCar
from openmarque.simulator.world.command_watch import CommandWatch
from openmarque.simulator.world.fault_profile import MINUTE_MS
from openmarque.simulator.world.journal import InvariantBroken, Journal
from openmarque.simulator.world.part import Sensed
from openmarque.simulator.world.seen import InFlight, Number, Origin, SeenCar, Sent, read_status
from openmarque.simulator.world.view import View, closing_switches, switched_off
from openmarque.simulator.world.watches import Watches

_LANES: Final = frozenset(map(str, Lane))
_EXACT_MS: Final = 5 * MINUTE_MS
"""A clock off by more closes or opens windows of time at instants that the world can't tell from outside."""

_read_gone = msgspec.msgpack.Decoder(Tombstone).decode
_read_welcome = msgspec.msgpack.Decoder(Welcome).decode


class CarWatch:
    """``CarWitness`` and ``LifeWitness``. Raises ``InvariantBroken`` at the step that breaks one."""

    def __init__(self, view: View, journal: Journal, watches: Watches, tracked: Iterable[str]) -> None:
        """Watch nothing yet. `tracked` are the paths whose values are never the same twice."""
        self._view = view
        self._scheduler = view.scheduler
        self._journal = journal
        self._watches = watches
        self._tracked = tuple(tracked)
        self._register = view.catalogue.messages
        types = self._register.types
        self._told = {
            declaration.name: (declaration, max(types[name].leaves_at for name in declaration.messages))
            for declaration in view.catalogue.service_declarations()
            if declaration.messages
        }
        """The declarations that have messages, each with the level that lets all of them leave."""
        self.remote_commands = CommandWatch(view.scheduler, view.catalogue.commands())

    def add(self, car: WorldCar) -> None:
        """Watch a car from now on."""
        self._view.cars[car.vehicle_id] = SeenCar(car.name)

    def senses(self, car: WorldCar, values: Mapping[str, Value]) -> None:
        """See ``LifeWitness``."""
        assert car.core is not None
        seen, now_ms = self._view.cars[car.vehicle_id], self._scheduler.now_ms
        seen.samples += 1
        origin = Origin(seen.samples, car.core.level, now_ms)
        for path in self._tracked:
            if path in values:
                seen.origins[path, values[path]] = origin
        for path, value in values.items():
            seen.latest[path] = (value, now_ms)

    def sensed(self, car: WorldCar, sensed: Sensed) -> None:
        """See ``LifeWitness``."""
        self._watches.sensed(car, sensed)

    def data_lost(self, car: WorldCar, why: str) -> None:
        """See ``LifeWitness``."""
        self._view.cars[car.vehicle_id].lost_ms = self._scheduler.now_ms
        if why == "reset":
            self.remote_commands.forget(car)
            self._watches.lost_memory(car)
        self._journal.note(self._scheduler.now_ms, "may_miss_data", car.name, why)

    def heard(self, car: WorldCar, kind: str, payload: bytes) -> None:
        """See ``CarWitness``."""
        seen = self._view.cars[car.vehicle_id]
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
        for service, error in out.faults:
            raise InvariantBroken("service-failed", f"{service} in {car.name}: {error!r}") from error
        self.remote_commands.stepped(car, out)
        seen = self._view.cars[car.vehicle_id]
        if core is not seen.core:
            seen.core, seen.aware_ms = core, self._scheduler.now_ms
        seen.clock_off_ms = max(seen.clock_off_ms, abs(car.offset_ms))
        if core.policy is not seen.policy:
            self._new_policy(car, core, seen)
        if abs(car.offset_ms) > _EXACT_MS:
            seen.lost_ms = self._scheduler.now_ms
        self._note_closed(car, core, seen)
        for frame in out.frames:
            if frame.channel in _LANES:
                self._left(car, core, seen, frame.payload)
        if seen.in_flight is not None and core.is_status_settled:  # settled, or deleted since it may not leave any more
            seen.in_flight = None
        self._watches.stepped(car, out)

    def _note_closed(self, car: WorldCar, core: CarCore, seen: SeenCar) -> None:
        """Remember of each declaration that can't be kept and sent now, as far as the car knows, that it was closed at this instant."""
        now_ms, off = car.now().ms, switched_off(core)
        for name, (declaration, level) in self._told.items():
            from_ms, until_ms = seen.open.get(name, (0, 0))
            if core.level < level or not from_ms <= now_ms < until_ms or not off.isdisjoint(closing_switches(declaration)):
                seen.closed_ms[name] = self._scheduler.now_ms

    def _new_policy(self, car: WorldCar, core: CarCore, seen: SeenCar) -> None:
        if seen.policy is not None and core.policy is not None and seen.policy.tenure_id != core.policy.tenure_id:
            seen.lost_ms = self._scheduler.now_ms  # what the car has not told is another owner's, the running trip too
            seen.aware_ms = self._scheduler.now_ms
        seen.policy = core.policy
        seen.open = {name: _window(core.policy, name) for name in self._told}
        if core.policy is not None and core.policy.version > seen.newest_policy:
            raise InvariantBroken(
                "policy-newer-than-ours", f"{car.name} holds {core.policy.version}, the platform {seen.newest_policy}"
            )

    def _left(self, car: WorldCar, core: CarCore, seen: SeenCar, frame: bytes) -> None:
        """A numbered message leaves."""
        if core.privacy.level not in core.levels:
            raise InvariantBroken("level-not-offered", f"{car.name} stands at {core.privacy.level}, of {core.levels}")
        envelope = read_envelope(frame)
        kind = self._register.types[envelope.type]
        if not self._register.may_leave(envelope.type, core.level):
            raise InvariantBroken("sent-under-stricter-level", f"{car.name} sends {envelope.type} at level {core.level}")
        if kind.leaves_at > envelope.level and envelope.type != GONE:
            raise InvariantBroken("sent-under-stricter-level", f"{car.name} sends {envelope.type} captured at {envelope.level}")
        through = _read_gone(envelope.body).through if envelope.type == GONE else envelope.seq
        about = self._register.read_body(envelope.type, envelope.body)
        sent = Sent(envelope.type, envelope.level, frame, bytes(envelope.body), through, about)
        _keep_number(car, seen, (envelope.lane, envelope.epoch, envelope.seq), sent)
        declaration = self._view.catalogue.declarations.get(kind.declaration or "")
        if envelope.lane is Lane.STATUS or (declaration is not None and not declaration.is_legal_duty):
            self._require_policy(car, core, envelope.type)
        if envelope.type in (STATUS, STATUS_WITH_PLACE):
            self._status_left(car, core, seen, envelope)
        elif (
            declaration is not None
            and not declaration.is_legal_duty
            and not switched_off(core).isdisjoint(closing_switches(declaration))
        ):
            raise InvariantBroken("sent-while-switched-off", f"{car.name} sends {envelope.type}")
        self._watches.left(car, sent)

    def _require_policy(self, car: WorldCar, core: CarCore, type_name: str) -> None:
        # A clock that nobody set is not believed, neither by the car; then the truth decides.
        at_ms = self._scheduler.now_ms if car.trust is Trust.UNSET else car.now().ms
        if core.policy is None or at_ms >= core.policy.valid_until_ms:
            raise InvariantBroken("policy-used-past-its-end", f"{car.name} sends {type_name}")

    def _status_left(self, car: WorldCar, core: CarCore, seen: SeenCar, envelope: Envelope) -> None:
        values = {path: value for path, (value, _age) in read_status(envelope.body).values.items()}
        off = switched_off(core)
        for path, value in values.items():
            needed = [level for taker, level in self._view.takers.get(path, ()) if off.isdisjoint(closing_switches(taker))]
            if not needed:
                raise InvariantBroken("sent-while-switched-off", f"{car.name} sends {path}")
            origin = seen.origins.get((path, value))
            if core.level < min(needed) or (origin is not None and min(origin.level, envelope.level) < min(needed)):
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


def _window(policy: Policy | None, declaration: str) -> tuple[int, int]:
    """When what is declared so may be told by this policy, in ms; an empty window when never."""
    rule = next((r for r in policy.rules if r.declaration == declaration), None) if policy else None
    if policy is None or rule is None or rule.closed:
        return 0, 0
    until = policy.valid_until_ms if rule.until_ms is None else min(policy.valid_until_ms, rule.until_ms)
    return rule.from_ms or 0, until
