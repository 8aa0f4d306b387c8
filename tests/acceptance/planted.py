"""Faults planted in the world's parts, one a class: each breaks one promise the way a plausible mistake would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec

from openmarque.car.capture import StatusLane
from openmarque.car.challenges import Challenges
from openmarque.car.core import CarCore
from openmarque.car.gate import Gate
from openmarque.car.outbox import EventLane
from openmarque.car.policy_held import PolicyHeld
from openmarque.car.remote_commands import RemoteCommands
from openmarque.catalogue.decide import Kind
from openmarque.domains.commands.memory import MemoryCommands
from openmarque.domains.commands.states import State
from openmarque.link.memory import CAR_LINK, LAST_VALUES, LastValues, MemoryLinkStore
from openmarque.protocol.envelope import encode, read_envelope
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import GONE
from openmarque.simulator.world.car import CarParts
from openmarque.simulator.world.cloud import CloudParts
from openmarque.simulator.world.database import WorldDatabase, WorldTransaction
from openmarque.simulator.world.installed import package_installed
from openmarque.simulator.world.parts import Parts, PlantedFault


class AcknowledgesBeforeCommit(WorldDatabase):
    """What is to leave after the commit leaves at once."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[WorldTransaction]:
        async with super().begin() as tx:
            setattr(tx, "publish_after_commit", self.send)  # noqa: B010 - a method of this one object is replaced
            yield tx


def forget_watermarks(database: WorldDatabase) -> None:
    """A worker that starts believes that nothing was ever settled."""
    links = database.tables[CAR_LINK]
    for vehicle_id, link in links.items():
        links[vehicle_id] = replace(link, event_watermark=0, urgent_watermark=0)


class SortsByCarTime(MemoryLinkStore):
    """The newer of two statuses is the one whose clock says so."""

    def write_one(self, rows, write) -> bool:
        old: LastValues | None = rows.get(LAST_VALUES, write.vehicle_id)
        if old is None or old.epoch != write.epoch or old.policy_version != write.policy_version:
            return False
        signals = dict(old.signals)
        for path, new in write.signals.items():
            if path not in signals or (new[1] or 0) >= (signals[path][1] or 0):
                signals[path] = new
        seq = max(old.seq, write.seq)
        rows.put(
            LAST_VALUES,
            write.vehicle_id,
            LastValues(write.epoch, seq, old.policy_version, write.received_ms, write.trust, signals),
        )
        return True


class IgnoresThePolicyVersion(MemoryLinkStore):
    """A judgement by a cached policy is stored whatever the policy is now."""

    def write_one(self, rows, write) -> bool:
        old: LastValues | None = rows.get(LAST_VALUES, write.vehicle_id)
        return old is not None and super().write_one(rows, msgspec.structs.replace(write, policy_version=old.policy_version))


class LateRepeatsCount(MemoryLinkStore):
    """A batch is guarded by its newest number only."""

    def write_one(self, rows, write) -> bool:
        return super().write_one(rows, msgspec.structs.replace(write, first=write.seq))


def car_with(*, gate: type[Gate] | None = None, event: type[EventLane] | None = None, status: type[StatusLane] | None = None):
    """A car's core in which a part behaves as another class, or as itself where none is given."""

    def make(*args: Any) -> CarCore:
        core = CarCore(*args)
        link = core._link
        if gate is not None:
            core._gate.__class__ = gate
        if event is not None:
            link._event.__class__ = event
        if status is not None:
            link.status.__class__ = status
        return core

    return make


class IgnoresTheLevelAtSending(Gate):
    """What was captured may leave, whatever level is in force now."""

    def signals(self, status_type, captured):
        chosen, self._level = self._level, Level.POSITION
        self._signals.clear()
        try:
            return super().signals(status_type, captured)
        finally:
            self._level = chosen

    def refuses(self, type_name, captured):
        chosen, self._level = self._level, Level.POSITION
        self._messages.clear()
        try:
            return super().refuses(type_name, captured)
        finally:
            self._level = chosen


class ForgetsTombstones(EventLane):
    """What is purged just goes: its number is never settled."""

    def _bury(self, changes, doomed):
        buried = super()._bury(changes, doomed)
        for entry in [e for e in self._entries if e.type == GONE]:
            self._entries.remove(entry)
            changes.delete(self.lane, entry.seq, entry.seq)
        return buried


class RenumbersOnRetry(StatusLane):
    """A status that got no answer goes out again under the next number."""

    def due(self, now, epoch):
        frame, kind = super().due(now, epoch)
        flying = self.record.in_flight
        if frame is None or kind or flying is None:
            return frame, kind
        seq = self.record.next
        again = encode(msgspec.structs.replace(read_envelope(frame), seq=seq))
        self._keep(next_number=seq + 1, in_flight=msgspec.structs.replace(flying, seq=seq, frame=again))
        return again, kind


class IgnoresTheLevelAtCapture(StatusLane):
    """Every value is said to be captured at the highest level."""

    def add(self, level, values, at_ms, allows):
        return super().add(Level.POSITION, values, at_ms, lambda kind, _level: frozenset(values))

    def has_forbidden(self, allows):
        return super().has_forbidden(lambda kind, level: allows(kind, Level.POSITION))


def forgets_counters(*args: Any) -> CarCore:
    """A car that starts takes any counter of a key again."""
    core = CarCore(*args)
    core._digital_keys.record = msgspec.structs.replace(core._digital_keys.record, counters={})
    return core


def car_with_challenges(kind: type[Challenges]):
    """A car's core whose challenges behave as another class."""

    def make(*args: Any) -> CarCore:
        core = CarCore(*args)
        core._remote_commands._challenges.__class__ = kind
        return core

    return make


class IgnoresChallenges(Challenges):
    """Every command is in time, whether its challenge is known or not."""

    def issued_ms(self, challenge):
        return self._issued.get(challenge, 0)

    def refuses(self, now, challenge, valid_ms):
        return None


class CountsByTheWallClock(Challenges):
    """The clock that the car shows decides what is in time."""

    def issue(self, now, challenge):
        super().issue(now._replace(steady_ms=None), challenge)

    def refuses(self, now, challenge, valid_ms):
        return super().refuses(now._replace(steady_ms=None), challenge, valid_ms)


class IgnoresPhones(RemoteCommands):
    """Whoever signed, and with whatever: the platform's word is enough."""

    def _is_not_by_phone(self, remote_command, payload):
        return None


class IgnoresLevelForCommands(Gate):
    """The level, remote access and the policy are looked at for what leaves, not for what is commanded."""

    def refuses_command(self, declaration, command, kind=Kind.COMMAND):
        return ""


def ignores_phones(*args: Any) -> CarCore:
    """A car that asks nobody's phone."""
    core = CarCore(*args)
    core._remote_commands.__class__ = IgnoresPhones
    return core


class NeverEndsCommands(MemoryCommands):
    """No command has a time that is looked at."""

    async def add_command(self, tx, row, steps, now, look_at=None):
        return await super().add_command(tx, row, steps, now, None)


class ForgetsOutcomes(MemoryCommands):
    """What became of a command is looked up where it was sent from, so that time ends what is done."""

    async def lock_command(self, tx, command_id):
        row = await super().lock_command(tx, command_id)
        return replace(row, state=State.SENT) if row is not None and row.state is State.DONE else row


class BelievesAnyEpoch(PolicyHeld):
    """A greeting's answer needs no signature."""

    def proves_epoch(self, welcome, asked):
        return True


def believes_any_epoch(*args: Any) -> CarCore:
    core = CarCore(*args)
    core._policy.__class__ = BelievesAnyEpoch
    return core


class KeepsItsLevel(CarCore):
    """A level that was chosen once stays, whatever the car lets choose now."""

    def _change_level(self, turn, level, by):
        if by != "factory":
            super()._change_level(turn, level, by)


CORE_PLANTED = (
    PlantedFault("believes any epoch", Parts(car=CarParts(core=believes_any_epoch)), frozenset({"lane-blocked"}), seed=4),
    PlantedFault(
        "keeps a level that is not offered", Parts(car=CarParts(core=KeepsItsLevel)), frozenset({"level-not-offered"}), seed=2
    ),
    PlantedFault(
        "asks for no phone's signature",
        Parts(car=CarParts(core=ignores_phones)),
        frozenset({"command-run-without-authority"}),
        seed=11,
    ),
    PlantedFault(
        "obeys at any level",
        Parts(car=CarParts(core=car_with(gate=IgnoresLevelForCommands))),
        frozenset({"command-run-in-private-mode", "command-run-without-authority"}),
        seed=0,
    ),
    PlantedFault(
        "never ends commands", Parts(cloud=CloudParts(commands=NeverEndsCommands)), frozenset({"command-without-end"}), seed=0
    ),
    PlantedFault(
        "lets time end what is done",
        Parts(cloud=CloudParts(commands=ForgetsOutcomes)),
        frozenset({"state-outside-its-table"}),
        seed=0,
    ),
    PlantedFault(
        "forgets counters at restart",
        Parts(car=CarParts(core=forgets_counters)),
        frozenset({"command-counter-went-back", "command-run-twice"}),
        seed=0,
    ),
    PlantedFault(
        "looks at no challenge",
        Parts(car=CarParts(core=car_with_challenges(IgnoresChallenges))),
        frozenset({"command-run-late"}),
        seed=0,
    ),
    PlantedFault(
        "counts by the wall clock",
        Parts(car=CarParts(core=car_with_challenges(CountsByTheWallClock))),
        frozenset({"command-run-late"}),
        seed=5,
    ),
    PlantedFault(
        "acknowledges before the commit",
        Parts(cloud=CloudParts(database=AcknowledgesBeforeCommit)),
        frozenset({"acknowledged-not-committed"}),
        seed=0,
    ),
    PlantedFault(
        "forgets the watermark at restart",
        Parts(cloud=CloudParts(restarted=forget_watermarks)),
        frozenset({"watermark-went-back", "stored-twice", "acknowledged-not-committed", "lost-without-loss"}),
        seed=2,
    ),
    PlantedFault(
        "sorts by car time",
        Parts(cloud=CloudParts(link=SortsByCarTime)),
        frozenset({"older-value-stored", "acknowledged-not-committed"}),
        seed=0,
    ),
    PlantedFault(
        "caches a policy past its version",
        Parts(cloud=CloudParts(link=IgnoresThePolicyVersion)),
        frozenset({"stored-without-ground", "stored-under-stricter-level", "stored-for-another-tenure", "value-missing"}),
        seed=2,
    ),
    PlantedFault(
        "lets a late repeat count", Parts(cloud=CloudParts(link=LateRepeatsCount)), frozenset({"older-value-stored"}), seed=1
    ),
    PlantedFault(
        "ignores the level at sending",
        Parts(car=CarParts(core=car_with(gate=IgnoresTheLevelAtSending))),
        frozenset({"sent-under-stricter-level"}),
        seed=0,
    ),
    PlantedFault(
        "forgets tombstones",
        Parts(car=CarParts(core=car_with(event=ForgetsTombstones))),
        frozenset({"lane-blocked", "lost-without-loss"}),
        seed=21,
    ),
    PlantedFault(
        "renumbers a status on retry",
        Parts(car=CarParts(core=car_with(status=RenumbersOnRetry))),
        frozenset({"status-sent-beside"}),
        seed=0,
    ),
    PlantedFault(
        "ignores the level at capture",
        Parts(car=CarParts(core=car_with(status=IgnoresTheLevelAtCapture))),
        frozenset({"sent-under-stricter-level"}),
        seed=11,
    ),
)
"""Faults in what every service stands on."""

_SERVICES = tuple(fault for part in package_installed().world for fault in part.planted)
PLANTED = {fault.name: fault for fault in (*CORE_PLANTED, *_SERVICES)}
"""Every planted fault by its name: those of the core, and those of each service's world part."""
