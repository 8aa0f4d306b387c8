"""A worker: takes what cars send from the broker, has it stored, and lets the answers go. Any number of them may run.

Each lane has its own subscription, database connection and loop, so that a full one never delays another. A batch is whatever
has gathered while the one before was being stored: small and quick when little comes in, large and cheap when much does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec
import structlog

from openmarque.kit.clock import Clock
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.ids import VehicleId, wire
from openmarque.link.broker import Broker, Message, Subscription
from openmarque.link.event_ingest import EventIngest
from openmarque.link.handshake import Handshake
from openmarque.link.intake import AT_ONCE, Gathering
from openmarque.link.live import LiveUpdates
from openmarque.link.pairing import PairingRequests
from openmarque.link.ports import CertificateIssuer
from openmarque.link.status_ingest import StatusIngest
from openmarque.link.subjects import (
    CERTIFICATE_REQUEST,
    HELLO,
    INTEREST,
    PAIRING_REQUEST,
    SECURITY,
    UPLINK,
    down_subject,
    vehicle_of,
)
from openmarque.protocol.envelope import Lane
from openmarque.protocol.messages import CertificateIssued, CertificateRequest
from openmarque.storage.errors import StoreUnavailable
from openmarque.storage.transaction import Database

MAX_BATCH: Final = 1000
"""Messages in one transaction: beyond it the cost per message falls no further, and the wait for the first one grows."""
_STATUS_STREAMS: Final = 2
"""Batches of status under way at once: while PostgreSQL stores one, the next is judged. Their guards need no order between them;
the must-arrive lanes do, and have one each."""
_STATUS_GATHERING: Final = Gathering(in_flow_s=0.02)
"""Between half the goal's rate and all of it a batch would hold 20 messages and cost twice as much for each. 20 ms are nothing for a
newest value, and leave a third of the processors to what people wait for."""
_EVENT_GATHERING: Final = Gathering(at_rest_s=0.002)
"""A car sends the events of one step as frames of their own (a remote command's *executing* and, where it is done at once, *done*). The first
waits that long for the others: a transaction less for each, which costs several times as much."""
_WAIT_S: Final = 0.5
"""Pause after the store was away, so that a broken database is not asked thousands of times a second."""
_NAMES: Final = 100_000
"""Subjects remembered, some 20 MB: those of the cars that one worker serves; begun anew when full."""
_QUEUE: Final = "ingest"

_log = structlog.get_logger("openmarque.link.worker")
_read_request = msgspec.msgpack.Decoder(CertificateRequest).decode


class Ingest(Protocol):
    """Takes batches of frames."""

    async def take(self, frames: Iterable[tuple[VehicleId, bytes]]) -> int:
        """Store a batch; gives the number of messages settled."""
        ...


class EventLog(Protocol):
    """Keeps security events."""

    async def take(self, payloads: Iterable[bytes]) -> int:
        """Count a batch of events; gives how many."""
        ...


@dataclass
class Counters:
    """What a worker has done since its start, for metrics."""

    settled: dict[str, int] = field(default_factory=dict)
    batches: dict[str, int] = field(default_factory=dict)
    unavailable: int = 0


@dataclass(frozen=True)
class UseCases:
    """What a worker serves."""

    status: StatusIngest
    lanes: dict[Lane, EventIngest]
    handshake: Handshake
    issuer: CertificateIssuer
    pairing: PairingRequests
    live: LiveUpdates
    security: EventLog
    database: Database


class Worker:
    """Serves every channel of the uplink until it is stopped."""

    def __init__(self, broker: Broker, use_cases: UseCases, clock: Clock) -> None:
        """Take messages from `broker`; publications leave through the database's own publisher."""
        self._broker = broker
        self._use_cases = use_cases
        self._clock = clock
        self.counters = Counters()
        self._names = _Names()
        self._subscriptions: list[Subscription] = []

    async def start(self) -> None:
        """Subscribe to everything."""
        serves = self._use_cases
        ingests: dict[Lane, Ingest] = {Lane.STATUS: serves.status, **serves.lanes}
        for lane, ingest in ingests.items():
            pattern, handler = UPLINK.pattern.format(vehicle_id="*", lane=lane), self._lane(str(lane), ingest)
            if lane is Lane.STATUS:
                for _ in range(_STATUS_STREAMS):
                    await self._subscribe(pattern, handler, _STATUS_GATHERING)
            else:
                await self._subscribe(pattern, handler, _EVENT_GATHERING)
        await self._subscribe(HELLO.every, self._each(serves.handshake.take))
        await self._subscribe(CERTIFICATE_REQUEST.every, self._each(self._renew))
        await self._subscribe(PAIRING_REQUEST.every, self._each(serves.pairing.take))
        await self._subscribe(SECURITY.every, self._security)
        self._subscriptions.append(await self._broker.subscribe(INTEREST.every, self._interest))

    async def stop(self) -> None:
        """Take nothing more; what was taken is finished."""
        await asyncio.gather(*(subscription.close() for subscription in self._subscriptions))

    async def _subscribe(
        self, pattern: str, handler: Callable[[list[Message]], Awaitable[None]], gathering: Gathering = AT_ONCE
    ) -> None:
        kept = await self._broker.subscribe(pattern, handler, queue=_QUEUE, max_batch=MAX_BATCH, gathering=gathering)
        self._subscriptions.append(kept)

    def _lane(self, name: str, ingest: Ingest) -> Callable[[list[Message]], Awaitable[None]]:
        counters = self.counters

        async def handle(batch: list[Message]) -> None:
            try:
                settled = await ingest.take(self._names.frames(batch))
            except StoreUnavailable as error:
                await self._away(error)
                return
            counters.settled[name] = counters.settled.get(name, 0) + settled
            counters.batches[name] = counters.batches.get(name, 0) + 1

        return handle

    def _each(self, take: Callable[[VehicleId, bytes], Awaitable[None]]) -> Callable[[list[Message]], Awaitable[None]]:
        """One transaction a message: these are rare. One that can't be processed takes nothing with it; its car asks again.

        Of several by one car only the newest counts, so that a car that asks without end doesn't keep the others waiting.
        """

        async def handle(batch: list[Message]) -> None:
            for vehicle_id, payload in dict(self._names.frames(batch)).items():
                try:
                    await take(vehicle_id, payload)
                except StoreUnavailable as error:
                    await self._away(error)
                    return
                except Exception:  # noqa: BLE001 - whatever one car sends, the next one's message is taken
                    _log.exception("message_failed", vehicle_id=wire(vehicle_id))

        return handle

    async def _away(self, error: StoreUnavailable) -> None:
        """Nothing was acknowledged: the cars send again."""
        self.counters.unavailable += 1
        _log.warning("store_unavailable", detail=error.detail)
        await asyncio.sleep(_WAIT_S)

    async def _renew(self, vehicle_id: VehicleId, payload: bytes) -> None:
        try:
            request = _read_request(payload)
        except (msgspec.DecodeError, ValueError, RecursionError):
            request = CertificateRequest(b"")  # it is refused, and the car hears so
        async with self._use_cases.database.begin() as tx:
            try:
                answer = CertificateIssued(chain=await self._use_cases.issuer.renew(tx, vehicle_id, request, self._clock.now()))
            except StoreUnavailable:
                raise
            except OpenMarqueError as error:
                answer = CertificateIssued(refused=error.code)
            tx.publish_after_commit(down_subject(vehicle_id, "cert"), msgspec.msgpack.encode(answer))

    async def _security(self, batch: list[Message]) -> None:
        try:
            await self._use_cases.security.take(message.payload for message in batch)
        except StoreUnavailable as error:
            await self._away(error)

    async def _interest(self, batch: Sequence[Message]) -> None:
        for message in batch:
            self._use_cases.live.interest(message.payload)


class _Names:
    """Vehicle ids by the subjects that name them: reading one costs more than finding it again."""

    def __init__(self) -> None:
        self._ids: dict[str, VehicleId] = {}

    def frames(self, batch: Sequence[Message]) -> list[tuple[VehicleId, bytes]]:
        """Each message of `batch` with the car it is from."""
        ids = self._ids
        if len(ids) > _NAMES:
            ids.clear()
        frames = []
        for subject, payload, _ in batch:
            vehicle_id = ids.get(subject)
            if vehicle_id is None:
                vehicle_id = ids[subject] = vehicle_of(subject)
            frames.append((vehicle_id, payload))
        return frames
