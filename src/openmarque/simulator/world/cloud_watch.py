"""Watches the platform: every commit and everything that leaves after it. REQ LNK-3, PRV-1, PRV-5, PRV-6, STA-2.

Invariants here (names as reported):
    acknowledged-not-committed   a watermark or a "stored" leaves only after its commit
    settled-not-accounted        the commit that settles a number stores its message, counts its refusal or takes its tombstone
    watermark-went-back          per epoch a watermark only grows, and the epoch too
    lost-without-loss            numbers are given up as lost only after the platform itself lost its newest data
    stored-invented              what is stored was sent by that car under that number (``View.check_stored``, for every service)
    stored-under-stricter-level  level at capture, ceiling and the platform's known level all allow it
    stored-without-ground        tenure, contract and switches allow it at the instant of the commit
    stored-for-another-tenure    nothing sensed before the present tenure began
    older-value-stored           the value of a signal comes from a later sample than the one it replaces
    level-not-signed             the platform's level is the one that the car signed last, as far as it has arrived
    policy-went-back             versions of a car's policy only grow
    state-outside-its-table      a row that lives by a life cycle goes only where its table leads
    honest-message-refused       nothing that the car's own code sends is unreadable, unknown or can't be processed
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from openmarque.domains.consent.memory import PRIVACY_LEVEL
from openmarque.kit.ids import VehicleId
from openmarque.link.memory import CAR_LINK, CAR_POLICY, LAST_VALUES, REFUSAL_COUNT, LastValues, LinkRow
from openmarque.link.ports import PolicyRow
from openmarque.link.subjects import vehicle_of
from openmarque.protocol.envelope import Ack, Disposition, Lane, read_ack
from openmarque.protocol.messages import GONE
from openmarque.simulator.world.database import Tables, Write
from openmarque.simulator.world.ground import FACT_TABLES
from openmarque.simulator.world.journal import InvariantBroken
from openmarque.simulator.world.part import LivedTable
from openmarque.simulator.world.seen import Committed, SeenCar, read_status
from openmarque.simulator.world.view import View
from openmarque.simulator.world.watches import Watches

_DISHONEST: Final = frozenset(("unprocessable", "unreadable", "unknown_type", "bad_signature", "unknown_key"))
Refused = Counter[tuple[VehicleId, str]]
"""Refusals counted in one commit, by car and what was refused."""


class CloudWatch:
    """``database.Witness`` and ``OwnerWitness``. Raises ``InvariantBroken`` at the commit or publication that breaks one."""

    def __init__(self, view: View, watches: Watches, lives: Iterable[LivedTable]) -> None:
        """Watch nothing yet."""
        self._view = view
        self._watches = watches
        self._lives = {lived.table: lived for lived in lives}
        self._looks: dict[str, Callable[[Write, Refused], None]] = {REFUSAL_COUNT: self._refused, LAST_VALUES: self._status}

    def facts_changed(self, vehicle_id: VehicleId, why: str) -> None:
        """See ``OwnerWitness``."""
        del why
        self._view.cars[vehicle_id].lost_ms = self._view.scheduler.now_ms

    def restored(self, mark: tuple[Mapping[VehicleId, Committed], list[Any]]) -> None:
        """The platform went back to a backup that was made when it stood at `mark`."""
        for vehicle_id, committed in mark[0].items():
            self._view.committed[vehicle_id] = committed.copy()
            seen = self._view.cars[vehicle_id]
            seen.lost_ms, seen.platform_lost = self._view.scheduler.now_ms, True
        self._watches.restored(mark[1])
        self._view.grounds.forget()

    def mark(self) -> tuple[Mapping[VehicleId, Committed], list[Any]]:
        """Where the platform stands now."""
        return {vehicle_id: committed.copy() for vehicle_id, committed in self._view.committed.items()}, self._watches.mark()

    # Commits

    def committed(self, tables: Tables, writes: Sequence[Write]) -> None:
        """See ``database.Witness``."""
        self._view.grounds.tables = tables
        if any(write.table in FACT_TABLES for write in writes):
            self._view.grounds.forget()
        refused: Refused = Counter()
        for write in writes:
            look = self._looks.get(write.table)
            if look is not None:
                look(write, refused)
            self._watches.written(write)
        self._lived(writes)
        for write in writes:
            if write.table == PRIVACY_LEVEL:
                self._of(write)[1].level = write.after[-1].change.level
        # Of a row written more than once only the last state was committed. Numbers last: what they settled is known by now.
        for policy in {write.key: write for write in writes if write.table == CAR_POLICY}.values():
            self._policy(policy)
        for link in {write.key: write for write in writes if write.table == CAR_LINK}.values():
            self._link(link, refused)

    def _of(self, write: Write) -> tuple[VehicleId, Committed]:
        """The car whose row this is, in a table with one row for each car."""
        assert isinstance(write.key, UUID)
        vehicle_id = VehicleId(write.key)
        return vehicle_id, self._view.committed_for(vehicle_id)

    def _lived(self, writes: Sequence[Write]) -> None:
        """Of a row written more than once the first state before and the last state after count: a transaction may take several steps."""
        if not any(write.table in self._lives for write in writes):
            return
        ends: dict[tuple[str, object], tuple[Any, Any]] = {}
        for write in writes:
            if write.table in self._lives:
                where = write.table, write.key
                ends[where] = ends[where][0] if where in ends else write.before, write.after
        for (table, key), (before, after) in ends.items():
            if after is None:
                continue
            lived = self._lives[table]
            state, was = lived.state(after), None if before is None else lived.state(before)
            is_led = state in lived.life.reached(lived.life.initial) if was is None else lived.life.leads(was, state)
            if not is_led and state is not was:
                raise InvariantBroken("state-outside-its-table", f"{table} {key}: {was} to {state}")

    def _refused(self, write: Write, refused: Refused) -> None:
        assert isinstance(write.key, tuple)
        vehicle_id, reason, what = write.key
        refused[vehicle_id, what] += write.after - (write.before or 0)
        if reason in _DISHONEST:
            raise InvariantBroken("honest-message-refused", f"{self._view.cars[vehicle_id].name} {what}: {reason}")

    def _status(self, write: Write, _refused: Refused) -> None:
        new: LastValues = write.after
        vehicle_id, committed = self._of(write)
        before: LastValues | None = write.before
        if before is not None and (new.epoch, new.seq) < (before.epoch, before.seq):
            raise InvariantBroken("watermark-went-back", f"{self._view.cars[vehicle_id].name} status {before.seq} to {new.seq}")
        committed.watermarks[Lane.STATUS] = new.seq
        committed.status_epoch = new.epoch
        old = before.signals if before is not None else {}
        if not new.signals:
            committed.samples.clear()
        for path, stored in new.signals.items():
            if old.get(path) is not stored:
                self._value(vehicle_id, committed, path, stored[0])

    def _value(self, vehicle_id: VehicleId, committed: Committed, path: str, value: Any) -> None:
        """A value of the status lane was stored."""
        seen = self._view.cars[vehicle_id]
        takers = self._view.takers[path]
        ground = self._view.require_ground(vehicle_id, *(taker.name for taker, _ in takers))
        needed = min(level for taker, level in takers if ground.is_open(taker.name, self._view.scheduler.now_ms))
        if min(committed.level, ground.ceiling) < needed:
            raise InvariantBroken("stored-under-stricter-level", f"{seen.name} {path}: known level {committed.level}")
        origin = seen.origins.get((path, value))
        if origin is None:
            return
        if origin.level < needed:
            raise InvariantBroken("stored-under-stricter-level", f"{seen.name} {path} sensed at {origin.level}")
        if origin.at_ms < ground.since_ms:
            raise InvariantBroken("stored-for-another-tenure", f"{seen.name} {path} sensed before the tenure")
        if origin.sample < committed.samples.get(path, 0):
            raise InvariantBroken(
                "older-value-stored", f"{seen.name} {path}: sample {origin.sample} after {committed.samples[path]}"
            )
        committed.samples[path] = origin.sample

    def _policy(self, write: Write) -> None:
        row: PolicyRow = write.after
        vehicle_id, committed = self._of(write)
        seen = self._view.cars[vehicle_id]
        seen.newest_policy = max(seen.newest_policy, row.version)
        if row.version < committed.policy_version:
            raise InvariantBroken("policy-went-back", f"{committed.policy_version} to {row.version}")
        committed.policy_version = row.version
        if row.level is not committed.level:
            raise InvariantBroken("level-not-signed", f"policy at {row.level}, newest statement {committed.level}")

    def _link(self, write: Write, refused: Refused) -> None:
        """The must-arrive lanes of a car moved."""
        link: LinkRow = write.after
        vehicle_id, committed = self._of(write)
        seen = self._view.cars[vehicle_id]
        was = committed.watermarks if link.epoch == committed.link_epoch else {}
        if link.epoch < committed.link_epoch:
            raise InvariantBroken("watermark-went-back", f"{seen.name} epoch {committed.link_epoch} to {link.epoch}")
        for lane, watermark in ((Lane.EVENT, link.event_watermark), (Lane.URGENT, link.urgent_watermark)):
            old = was.get(lane, 0)
            if watermark < old:
                raise InvariantBroken("watermark-went-back", f"{seen.name} {lane} {old} to {watermark}")
            lost = link.lost - committed.lost
            if watermark - old != lost or not lost:
                self._account(seen, (lane, link.epoch), range(old + 1, watermark + 1), (vehicle_id, refused))
            committed.watermarks[lane] = watermark
        if link.lost > committed.lost and not seen.platform_lost:
            raise InvariantBroken("lost-without-loss", f"{seen.name} {link.lost - committed.lost} numbers")
        committed.link_epoch, committed.lost = link.epoch, link.lost

    def _account(
        self,
        seen: SeenCar,
        where: tuple[Lane, int],
        numbers: range,
        refusals: tuple[VehicleId, Refused],
    ) -> None:
        """Each service message among `numbers` was stored, refused, or deleted by the car."""
        lane, epoch = where
        vehicle_id, refused = refusals
        buried = 0
        for number in numbers:
            sent = seen.sent.get((lane, epoch, number), [])
            buried = max([buried, *(s.through for s in sent if s.type == GONE)])
            if number <= buried or any(self._watches.holds(vehicle_id, s) for s in sent) or not sent:
                continue
            kind = sent[-1].type
            if not refused[vehicle_id, kind]:
                raise InvariantBroken("settled-not-accounted", f"{seen.name} {lane} {number}: {kind}")
            refused[vehicle_id, kind] -= 1

    # What leaves

    def published(self, subject: str, payload: bytes) -> None:
        """See ``database.Witness``."""
        if subject.endswith(".ack"):
            vehicle_id = vehicle_of(subject)
            self._acknowledged(vehicle_id, read_ack(payload))
        self._watches.published(subject, payload)

    def _acknowledged(self, vehicle_id: VehicleId, ack: Ack) -> None:
        seen, committed = self._view.cars[vehicle_id], self._view.committed_for(vehicle_id)
        epoch = committed.status_epoch if ack.lane is Lane.STATUS else committed.link_epoch
        if ack.epoch > epoch or (ack.epoch == epoch and ack.watermark > committed.watermarks.get(ack.lane, 0)):
            raise InvariantBroken("acknowledged-not-committed", f"{seen.name} {ack.lane} {ack.epoch}/{ack.watermark}")
        for answer in ack.answers:
            if answer.disposition is not Disposition.STORED:
                continue
            sent = seen.sent.get((ack.lane, ack.epoch, answer.seq), [])
            if ack.lane is not Lane.STATUS:
                if sent and not any(self._watches.holds(vehicle_id, s) for s in sent):
                    raise InvariantBroken("acknowledged-not-committed", f"{seen.name} {sent[-1].type} {answer.seq}")
            elif sent and not answer.reason:
                self._values_stored(seen, committed, sent[-1].body)

    @staticmethod
    def _values_stored(seen: SeenCar, committed: Committed, body: bytes) -> None:
        """The values of a status that was called stored are there, or newer ones are."""
        for path, (value, _age) in read_status(body).values.items():
            origin = seen.origins.get((path, value))
            if origin is not None and committed.samples.get(path, 0) < origin.sample:
                raise InvariantBroken("acknowledged-not-committed", f"{seen.name} {path} of sample {origin.sample}")
