"""The car's half of the link and of the rules, without I/O: the same code in a real car and in the deterministic world.

How to use it (``CarCore`` describes each method):
    Make one core on a store. Call a method for everything that happens to the car, each with the car's clock (``Now``). A call is
    one step: it changes the store in one transaction, and returns what to publish, in order, and what to tell the people in the
    car. Publish the frames after the call returned, once each; a lost frame is the core's business, not yours. Call ``tick``
    after ``wake_in_ms``, and when the clock was set. Carry out the ``actions`` once each. When a call raises, throw the core away and make a new one on the same store.

    The core reads no clock, makes no randomness, opens no socket, and does the same again for the same inputs.

Rules:
    1. Nothing leaves but Hello before the platform's Welcome.
    2. What leaves passed the gate (``openmarque.car.gate``) when it was captured and passes it again when it is sent.
    3. Anything that tightens the rules (level, switch, policy, time) purges the outbox within the same step. What the purge
       took never comes back, and what was sensed under a stricter rule never leaves: only newly sensed values do.
    4. A level is set by the people in the car, through ``set_level`` alone. Nothing that is received can raise it.
    5. After a change of owner nothing of the previous tenure leaves, and none of its phones can command anything.
    6. A remote command runs at most once, in time, by who has to give it (``openmarque.car.remote_commands``).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import msgspec

from openmarque.car.command_runs import CommandRuns, runnable_commands
from openmarque.car.core_people import CorePeople
from openmarque.car.digital_keys import PHONES, DigitalKeys, PhonesRecord
from openmarque.car.documents import Documents
from openmarque.car.effects import Effects
from openmarque.car.gate import Gate
from openmarque.car.link import SPOKEN, Link, Turn
from openmarque.car.model import (
    Actuation,
    CarProfile,
    CoreBroken,
    Keyring,
    LinkState,
    Notice,
    NoticeCode,
    Now,
    Output,
)
from openmarque.car.pairing import Pairing
from openmarque.car.parts import car_parts
from openmarque.car.phones import Phones
from openmarque.car.pipeline import Pipeline
from openmarque.car.policy_held import PolicyHeld
from openmarque.car.privacy import Privacy
from openmarque.car.records import COUNTS, PRIVACY, VEHICLE, Counts, Mark, PrivacyRecord, mark_record, service_record
from openmarque.car.remote_commands import RemoteCommands
from openmarque.car.renewal import Renewal
from openmarque.car.store import CarStore, StoreUnusable
from openmarque.car.waking import Wakes
from openmarque.catalogue.policy import PolicyRejected
from openmarque.catalogue.register import Catalogue
from openmarque.protocol.car_part import CarPart
from openmarque.protocol.envelope import Lane, UnreadableFrame, encode, read_ack
from openmarque.protocol.levels import Level, at_most
from openmarque.protocol.messages import LEVEL_CHANGED, POLICY_ACCEPTED, Hello, PolicyAccepted, Welcome
from openmarque.protocol.signals import IGNITION, Value

OWNER_CHANGED: Final = "owner_changed"
"""Reason of the tombstones that a change of tenure leaves."""
_NOTICES_KEPT: Final = 50
"""As many as a head-unit page can show without becoming a log."""
_KIND_LIMIT: Final = 64
"""Characters of an unknown channel's name that a notice repeats."""
_BY_MAKER: Final = "factory"

_read_welcome = msgspec.msgpack.Decoder(Welcome).decode


class CarCore(CorePeople):
    """One car.

    Inputs: `connected`, `disconnected`, `received`, `sensed`, `ignition`, `nothing_moved`, `tick`, and what people do in the car
    (``CorePeople``): `set_level`, `set_switch`, `show_ticket`, `hide_ticket`, `remove_phone`, `pair`, `command_here`, `set_here`.
    """

    def __init__(
        self,
        profile: CarProfile,
        store: CarStore,
        keys: Keyring,
        catalogue: Catalogue,
        boot: str = "",
        parts: Iterable[CarPart[Any]] | None = None,
    ) -> None:
        """Go on from what `store` holds; an empty store is a new car: private, epoch 0, no policy.

        `catalogue` holds the services installed in the car; those with a ``car.py`` take part, unless `parts` are given. `boot` names the
        life of the steady clock (``kit.clock.boot_id``). Raises ``StoreUnusable`` when the store's records are not ours, or another
        car's, and ``InvalidCarPart``.
        """
        self._is_new = store.read(VEHICLE, UUID) is None
        if not self._is_new and store.read(VEHICLE, UUID) != profile.vehicle_id:
            raise StoreUnusable("It is the memory of another car.")
        self._profile = profile
        self._store = store
        self._catalogue = catalogue
        duties = [t for d in catalogue.declarations.values() if d.is_legal_duty for t in d.message_levels()]
        every = catalogue.messages.types.items()
        self._optional = {name for name, t in every if t.declaration or t.leaves_at > Level.PRIVATE} - set(duties)
        self._switches = frozenset(d.name for d in catalogue.service_declarations()) | {
            d.group for d in catalogue.service_declarations() if d.group
        }
        self._counts = Counts(store.read(COUNTS, dict[str, int]) or {})
        self._gate = Gate(catalogue.messages, duties, profile.ceiling)
        self._link = Link(store, self._gate, self._counts, profile.outbox_limit, self._optional.__contains__)
        chosen = store.read(PRIVACY, PrivacyRecord) or PrivacyRecord()
        self._privacy = Privacy(profile, keys, chosen, (self._gate, self._link))
        parts = car_parts(catalogue.services) if parts is None else tuple(parts)
        states = {part.name: self._state_of(part) for part in parts}
        effects = Effects(catalogue, (self._gate, self._link, self._counts))
        self._wakes = Wakes(store, [part.name for part in parts if part.wake], self._counts, boot)
        self._pipeline = Pipeline(parts, states, profile.equipment, effects, self._wakes)
        self._renewal = Renewal(keys, self._link, self._counts)
        self._keys = keys
        self._policy = PolicyHeld(profile, store)
        held = self._policy.policy
        owned = PhonesRecord(tenure_id=held.tenure_id if held else None)
        self._digital_keys = DigitalKeys(store.read(PHONES, PhonesRecord) or owned)
        self._phones = Phones(profile, keys, self._digital_keys, (self._gate, self._link, self._counts))
        self._pairing = Pairing(self._link, self._counts)
        runnable = runnable_commands(catalogue, self._pipeline)
        self._runs = CommandRuns(store, runnable, (self._gate, self._link, self._pipeline, self._counts))
        configuring = (self._gate, self._link, self._pipeline, self._counts)
        self._documents = Documents(profile, store, catalogue, self._owner, configuring)
        judges = (self._gate, self._link, self._counts)
        self._remote_commands = RemoteCommands(profile, self._runs, self._digital_keys, keys, judges)
        self._obey()
        self._purged_serial = -1
        self._broken = False
        self.notices: deque[Notice] = deque(maxlen=_NOTICES_KEPT)

    # What happens to the car

    def connected(self, now: Now) -> Output:
        """The transport stands and the topics ``v/{id}/down/#`` are subscribed: Hello is published."""
        with self._step(now) as turn:
            self._renewal.connected()
            self._link.connected(turn, int.from_bytes(self._keys.random_bytes(6)) + 1)
        return turn.out

    def disconnected(self, now: Now) -> Output:
        """The transport is gone. Frames that were not published yet may be dropped."""
        with self._step(now) as turn:
            self._link.disconnected()
        return turn.out

    def received(self, now: Now, kind: str, payload: bytes) -> Output:
        """A frame came on ``v/{id}/down/{kind}``.

        Kinds are ``ack``, ``welcome``, ``policy``, ``cert``, ``pair``, ``challenge``, ``key``, ``keys``, ``command`` and ``document``.
        Anything else, and what can't be read, changes nothing and is counted (``ignored/…``).
        """
        with self._step(now) as turn:
            try:
                self._receive(turn, kind, payload)
            except (UnreadableFrame, msgspec.DecodeError, ValueError, RecursionError):
                self._counts.add(f"ignored/{kind}:unreadable")
        return turn.out

    def sensed(
        self, now: Now, values: Mapping[str, Value], at_ms: int | None = None, mark: tuple[str, Mark] | None = None
    ) -> Output:
        """Sensors said `values` by VSS path, at `at_ms` by the car's clock (default: now).

        Values that no such signal can have, and positions that can't be believed, are counted (``sensor/…``) and go no further.
        `mark` is a replay's name and position, stored in the same step.
        """
        with self._step(now) as turn:
            self._pipeline.feed(turn, values, now.ms if at_ms is None else at_ms)
            if mark is not None:
                turn.changes.put(mark_record(mark[0]), mark[1])
        return turn.out

    def ignition(self, now: Now, *, on: bool) -> Output:
        """The ignition was switched: the same as sensing ``Vehicle.LowVoltageSystemState``."""
        return self.sensed(now, {IGNITION: "ON" if on else "OFF"})

    def nothing_moved(self, now: Now, action: Actuation) -> Output:
        """The car has no actuator for an action that came out, or it failed: it is counted (``actions/no_actuator:…``), and its command ends in its time."""
        with self._step(now) as turn:
            self._counts.add(f"actions/no_actuator:{action.command}")
        return turn.out

    def tick(self, now: Now) -> Output:
        """Time passed: repeat what got no answer, purge what time has closed, wake services, end commands, renew the certificate. Cheap when nothing is due."""
        due_in = self.wake_in_ms(now)
        if due_in is None or due_in > 0:
            return Output()
        with self._step(now) as turn:
            pass
        return turn.out

    # One step

    @contextmanager
    def _step(self, now: Now) -> Iterator[Turn]:
        if self._broken:
            raise CoreBroken
        self._broken = True  # until the step has ended well: memory and store must not part ways
        with self._store.step() as changes:
            turn = Turn(now, changes, Output())
            self._gate.move_to(now)
            self._purge_if_changed(turn)
            self._remote_commands.move_to(turn)
            if self.privacy.level not in self.levels:  # the car was provisioned anew with other levels than it remembers
                self._change_level(turn, at_most(self.privacy.level, self.levels), _BY_MAKER)
            self._wakes.move_to(now)
            self._documents.go_by(turn, self._pipeline.newly_configured(turn))
            self._pipeline.wake(turn)
            yield turn
            self._runs.advance(turn)
            self._pairing.advance(turn)
            self._purge_if_changed(turn)
            self._documents.advance(turn)
            self._link.pump(turn, self._hello)
            self._renewal.advance(turn)
            self._link.write(changes)
            self._wakes.write(changes)
            if self._is_new:
                changes.put(VEHICLE, self._profile.vehicle_id)
                self._is_new = False
            if self._counts.changed:
                changes.put(COUNTS, self._counts.values)
                self._counts.changed = False
        self._broken = False
        self.notices.extend(turn.out.notices)

    def _state_of(self, part: CarPart[Any]) -> Any:
        """How a service stood; None where the car does not know, also where the store holds what this program's service can't read."""
        try:
            return self._store.read(service_record(part.name), part.state)
        except StoreUnusable:
            self._counts.add(f"services/state_lost:{part.name}")
            return None

    def _purge_if_changed(self, turn: Turn) -> None:
        if self._purged_serial != self._gate.serial:
            self._link.purge(turn)
            self._purged_serial = self._gate.serial

    def _receive(self, turn: Turn, kind: str, payload: bytes) -> None:
        match kind:
            case "ack":
                self._privacy.answered(turn, self._link.acknowledged(turn, read_ack(payload)))
            case "welcome":
                self._welcomed(turn, _read_welcome(payload))
            case "policy":
                self._offered_policy(turn, payload)
            case "cert":
                self._renewal.answered(turn, payload)
            case "keys":
                self._phones.listed(turn, payload)
            case "pair":
                self._pairing.answered(turn, payload)
            case "key" | "challenge" | "command" | "document" if self._link.state is not LinkState.OPEN:
                # The car has not heard yet what has become of its owner's phones.
                self._counts.add(f"ignored/{kind}:before_welcome")
            case "key":
                self._phones.offered(turn, payload)
            case "challenge":
                self._remote_commands.give_challenge(turn, payload)
            case "command":
                self._remote_commands.take(turn, payload)
            case "document":
                self._documents.take(turn, payload)
            case _:
                self._counts.add("ignored/other:unknown")
                turn.tell(NoticeCode.IGNORED, kind=kind[:_KIND_LIMIT])

    def _hello(self) -> Hello:
        return Hello(
            protocol=SPOKEN,
            epoch=self._link.epoch,
            first=self._link.first_numbers(),
            policy_hash=self._policy.hash,
            level=self._privacy.record.level,
            ceiling=self._profile.ceiling,
            software=self._profile.software,
            types=tuple(self._catalogue.messages.types),
            signals=tuple(sorted(self._catalogue.declared_signals())),
            commands=tuple(self._runs.runnable),
            policy_version=self.policy.version if self.policy else 0,
            asked=self._link.asked,
            documents=self._documents.hello(),
        )

    def _welcomed(self, turn: Turn, welcome: Welcome) -> None:
        is_proved = welcome.epoch != self._link.epoch and self._policy.proves_epoch(welcome, self._link.asked)
        if not self._link.welcomed(turn, welcome, self._keys.validity.until_ms, is_proved=is_proved):
            return
        self._renewal.welcomed()
        self._obey()
        if welcome.policy:
            self._offered_policy(turn, welcome.policy)
        if welcome.level not in (None, self._privacy.record.level) and not self._link.has_waiting(LEVEL_CHANGED):
            self._privacy.restate_level(turn)
        self._documents.welcomed(knows_level=welcome.level in (None, self._privacy.record.level))

    # Privacy and policy

    def _owner(self) -> UUID | None:
        """The tenure whose car this is, by the policy in force."""
        return self._policy.policy.tenure_id if self._policy.policy else None

    def _obey(self) -> None:
        """Hand the gate what the car now stands at."""
        self._gate.obey(
            level=self._privacy.record.level,
            switched_off=frozenset(self._privacy.record.switched_off),
            remote_access=self._privacy.record.remote_access,
            compiled_policy=self._policy.compiled_policy,
            unknown=self._link.unknown,
            heard_ms=max(self._link.heard_ms, self._policy.issued_ms),
        )

    def _change_level(self, turn: Turn, level: Level, by: str) -> None:
        self._privacy.choose_level(turn, level, by)
        self._obey()
        self._purge_if_changed(turn)
        self._privacy.state_level(turn)
        turn.tell(NoticeCode.LEVEL_CHANGED, level=int(level))

    def _change_switch(self, turn: Turn, name: str, *, on: bool) -> None:
        self._privacy.choose_switch(turn, name, on=on)
        self._obey()
        self._purge_if_changed(turn)
        turn.tell(NoticeCode.SWITCH_CHANGED, switch=name, on=int(on))

    def _offered_policy(self, turn: Turn, frame: bytes) -> None:
        before = self.policy
        try:
            is_new = self._policy.offer(turn.changes, frame)
        except PolicyRejected as error:
            self._counts.add("ignored/policy:rejected")
            turn.tell(NoticeCode.POLICY_REJECTED, detail=error.detail)
            return
        now_held = self.policy
        if not is_new or now_held is None:
            return
        self._obey()
        if before is not None and before.tenure_id is not None and before.tenure_id != now_held.tenure_id:
            self._link.forget_owner(turn, OWNER_CHANGED)
            self._pipeline.forget(turn)
            turn.tell(NoticeCode.OWNER_CHANGED)
        if self._digital_keys.belong_to(now_held.tenure_id):
            self._remote_commands.forget(turn.changes)
            turn.changes.put(PHONES, self._digital_keys.record)
        self._documents.belong_to(turn, now_held.tenure_id)
        self._purge_if_changed(turn)
        accepted = encode(PolicyAccepted(now_held.version, self._policy.hash))
        self._link.append(turn, Lane.EVENT, POLICY_ACCEPTED, self._gate.level, turn.now.ms, accepted)
        turn.tell(NoticeCode.POLICY_INSTALLED, version=now_held.version)
