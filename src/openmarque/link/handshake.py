"""The handshake after each connection: what both sides speak, which epoch counts, where the lanes stand, the newest policy.

Rules:
    1. The platform's epoch never goes back. A car without memory (epoch 0), or behind ours, gets the next one, which is none that
       was ever given, and is signed: who holds the broker can't lead a car away. A car ahead of ours is followed (we were restored
       from a backup).
    2. Numbers that the car no longer holds and that we never got are gone for ever: the watermark moves past them and they
       are counted, so that no lane waits for what can't come.
    3. The newest policy goes along whenever the car's hash is another one; one about to run out, or not above another one that the
       car holds (we were restored from a backup), is compiled anew first. How far a car's number is followed grows with the time
       since ours was compiled: a car that claims higher and higher ones can't use the numbers up.
    4. A car that speaks no version of ours is refused, told which we speak, and counted; nothing else of its greeting is looked at.
    5. The level that we know goes along: a car that stands at another one (it was reset, or we were restored) states its own.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from openmarque.catalogue.policy import Policy
from openmarque.kit.clock import Clock, to_ms
from openmarque.kit.ids import VehicleId
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.ports import AfterWelcome, CarRow, HelloRecord, LinkStore, PolicyCompiler, Refusals
from openmarque.link.status_ingest import UNREADABLE
from openmarque.link.subjects import down_subject
from openmarque.protocol.envelope import MAX_SEQUENCE, PROTOCOL_VERSION, Lane
from openmarque.protocol.lanes import next_epoch
from openmarque.protocol.messages import HELLO, Hello, MessageRegister, Welcome
from openmarque.protocol.signals import SIGNALS
from openmarque.storage.transaction import Transaction

SUPPORTED: Final = (PROTOCOL_VERSION,)
PROTOCOL_UNSUPPORTED: Final = "protocol_unsupported"
"""Reason under which greetings are counted that offer no version of the link which we speak."""
RENEW_BEFORE: Final = timedelta(days=15)
"""A policy with less than half of its validity left is compiled anew at a handshake, so that a car in use never runs out of it."""
MAX_VERSION_STEP: Final = 1000
"""How far a car's policy may be ahead of ours: far more changes of one car's facts than happen between two backups. And no further
than one for each second since ours was compiled, so that 68 years of greetings stay below what the column holds (2^31)."""
_FOLLOWED_MS: Final = timedelta(days=3652) // timedelta(milliseconds=1)
"""How far beyond our time a car's epoch is followed: our clock may have been wrong when we gave it. Bounded by time, so that neither a car
nor a forged greeting in its name uses the epochs up."""
_MUST_ARRIVE: Final = (Lane.URGENT, Lane.EVENT)
_REPORTED: Final = 64
"""Most unknown names that are kept and sent back; their number is the car's choice."""

_read_hello = msgspec.msgpack.Decoder(Hello).decode


class Handshake:
    """Answers ``Hello``."""

    def __init__(
        self,
        store: LinkStore,
        clock: Clock,
        evaluators: EvaluatorCache,
        register: MessageRegister,
        compiler: PolicyCompiler,
        commands: frozenset[str],
        after: Sequence[AfterWelcome] = (),
    ) -> None:
        """`commands` are the names of the commands that this platform knows; `after` have something to tell a car that came back."""
        self._store = store
        self._clock = clock
        self._evaluators = evaluators
        self._register = register
        self._compiler = compiler
        self._commands = commands
        self._after = after

    async def take(self, vehicle_id: VehicleId, frame: bytes) -> None:
        """Answer one ``Hello`` frame; one that can't be read is counted and gets no answer."""
        now = self._clock.now()
        async with self._store.database.begin() as tx:
            try:
                hello = _read_hello(frame)
            except (msgspec.DecodeError, ValueError, RecursionError):
                await self._count_unreadable(tx, vehicle_id)
                return
            cars = await self._store.lock_cars(tx, [vehicle_id])
            if vehicle_id not in cars:
                return
            car = cars[vehicle_id]
            protocol = max(set(SUPPORTED) & set(hello.protocol), default=0)
            if not protocol:
                await self._refuse(tx, vehicle_id, hello, now)
                return
            ours = await self._policy(tx, vehicle_id)
            held = self._held_beyond_ours(car, hello, ours)
            if held or not self._lasts(ours):
                await self._compiler.recompile(tx, [vehicle_id], now, held)
                car = (await self._store.lock_cars(tx, [vehicle_id]))[vehicle_id]
            epoch, watermarks = await self._settle_numbers(tx, car, hello, to_ms(now))
            unknown = self._unknown(hello)
            await self._store.record_hello(tx, vehicle_id, HelloRecord(protocol, _shown(hello.software)[:64], unknown, now))
            policy = b"" if hello.policy_hash == car.policy.hash else car.policy.frame
            if not policy:  # the hash is the proof
                await self._store.accept_policy(tx, vehicle_id, car.policy.version)
            proof = ("", b"") if epoch == hello.epoch else self._compiler.prove_epoch(vehicle_id, epoch, hello.asked)
            welcome = Welcome(protocol, epoch, watermarks, to_ms(now), policy, unknown, car.policy.level, hello.asked, *proof)
            tx.publish_after_commit(down_subject(vehicle_id, "welcome"), msgspec.msgpack.encode(welcome))
            for teller in self._after:
                await teller.greeted(tx, vehicle_id, hello, now)

    async def _refuse(self, tx: Transaction, vehicle_id: VehicleId, hello: Hello, now: datetime) -> None:
        """Rule 4. Its numbers, its policy and what waits for it stay as they are, for when its software is a newer one."""
        await self._store.record_hello(tx, vehicle_id, HelloRecord(0, _shown(hello.software)[:64], (), now))
        refusals = Refusals()
        refusals.add(vehicle_id, PROTOCOL_UNSUPPORTED, HELLO)
        await self._store.count_refusals(tx, refusals, now)
        welcome = Welcome(0, hello.epoch, {}, to_ms(now), asked=hello.asked, supported=SUPPORTED)
        tx.publish_after_commit(down_subject(vehicle_id, "welcome"), msgspec.msgpack.encode(welcome))

    async def _count_unreadable(self, tx: Transaction, vehicle_id: VehicleId) -> None:
        refusals = Refusals()
        refusals.add(vehicle_id, UNREADABLE, HELLO)
        await self._store.count_refusals(tx, refusals, self._clock.now())

    def _held_beyond_ours(self, car: CarRow, hello: Hello, policy: Policy | None) -> int:
        """The version that the car holds when it is none of those that we gave, by number or by content; else 0."""
        ours = car.policy
        is_other = hello.policy_version > ours.version or (
            hello.policy_version == ours.version and hello.policy_hash != ours.hash
        )
        age_s = 0 if policy is None else (to_ms(self._clock.now()) - policy.issued_ms) // 1000
        # The next one is compiled above the car's.
        step = hello.policy_version + 1 - ours.version
        return hello.policy_version if is_other and step <= min(age_s, MAX_VERSION_STEP) else 0

    async def _policy(self, tx: Transaction, vehicle_id: VehicleId) -> Policy | None:
        """The policy that we gave the car last."""
        row = (await self._store.policies(tx, [vehicle_id])).get(vehicle_id)
        return None if row is None else self._evaluators.evaluator_for(vehicle_id, row).rules.policy

    def _lasts(self, policy: Policy | None) -> bool:
        return policy is not None and policy.valid_until_ms > to_ms(self._clock.now() + RENEW_BEFORE)

    async def _settle_numbers(self, tx: Transaction, car: CarRow, hello: Hello, now_ms: int) -> tuple[int, dict[str, int]]:
        """The epoch to use and each lane's watermark in it, after rules 1 and 2."""
        epoch = car.epoch
        if hello.epoch != car.epoch:
            ahead = car.epoch < hello.epoch <= (now_ms + _FOLLOWED_MS) // 1000
            epoch = hello.epoch if ahead else next_epoch(car.epoch, now_ms)
            await self._store.open_epoch(tx, car.vehicle_id, epoch)
        watermarks = {str(lane): car.watermarks[lane] if epoch == car.epoch else 0 for lane in _MUST_ARRIVE}
        if epoch == hello.epoch:
            for lane in _MUST_ARRIVE:
                gone = min(hello.first.get(lane, 0), MAX_SEQUENCE) - 1
                if gone > watermarks[lane]:
                    await self._store.count_lost(tx, car.vehicle_id, gone - watermarks[lane])
                    await self._store.move_watermarks(tx, lane, {car.vehicle_id: gone})
                    watermarks[lane] = gone
        positions = await self._store.status_positions(tx, [car.vehicle_id])
        watermarks[str(Lane.STATUS)] = positions.get(car.vehicle_id, (epoch, 0))[1]
        return epoch, watermarks

    def _unknown(self, hello: Hello) -> tuple[str, ...]:
        """What the car offers that this platform does not know; it keeps those to itself from now on."""
        unknown = [name for name in hello.types if name not in self._register.types]
        unknown += [path for path in hello.signals if path not in SIGNALS]
        unknown += [name for name in hello.commands if name not in self._commands]
        return tuple(_shown(name)[:80] for name in unknown[:_REPORTED])


def _shown(text: str) -> str:
    """A text of the car's own choice as it may be kept and sent back; what is not printable (PostgreSQL takes no NUL) hides it whole."""
    return text if text.isprintable() else "?"
