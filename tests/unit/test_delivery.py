"""However a drive's messages are delivered (split, repeated, shuffled, lost and sent again), the platform ends with the same trips.

The real use cases on the memory fakes; the drive is a recorded one, its trip measured by the car's own rules.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from openmarque.brands.pack import load_pack
from openmarque.car.drive import read_drive
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.domains.commands.giving import OwnCommands
from openmarque.domains.commands.memory import MemoryCommands
from openmarque.domains.commands.service import RemoteCommands
from openmarque.domains.consent.memory import MemoryLevels
from openmarque.domains.consent.service import LevelHandler
from openmarque.domains.contracts.rules import State
from openmarque.domains.documents.bundle import SettingsDocuments
from openmarque.domains.documents.memory import MemoryDocuments
from openmarque.domains.documents.sending import DocumentKeys
from openmarque.domains.notifications.memory import MemoryNotices
from openmarque.governance.discovery import installed_parts
from openmarque.governance.memory import ContractRow, MemoryFacts, MemoryPolicyStore, TenureRow, VehicleRow
from openmarque.governance.policies import StoringPolicyCompiler
from openmarque.kit.clock import ManualClock, to_ms
from openmarque.kit.ids import ContractId, TenureId, VehicleId
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.event_ingest import MOST_ROUNDS, EventIngest
from openmarque.link.live import LiveUpdates
from openmarque.link.memory import MemoryLinkStore
from openmarque.link.ports import Handler
from openmarque.parts.cloud import Parts
from openmarque.protocol import signing
from openmarque.protocol.envelope import Envelope, Lane, Trust, encode, pack, read_ack, read_envelope
from openmarque.protocol.lanes import EVENT_WINDOW
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import GONE, LEVEL_CHANGED, LevelChanged, Tombstone
from openmarque.services.trips.messages import TRIP_COMPLETED, TRIP_PLACES, Place, TripCompleted, TripPlaces
from openmarque.services.trips.service import TripReading, TripView
from openmarque.simulator.world.scheduler import run
from openmarque.storage.events import MemoryEvents
from openmarque.storage.memory import MemoryDatabase, MemoryTransaction
from openmarque.storage.timers import MemoryTimerStore
from tests.drives import END, trip, twizy

NOW = END + timedelta(minutes=1)
CAR, TENURE = VehicleId(UUID(int=1)), TenureId(UUID(int=2))
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
CATALOGUE = Catalogue(installed_services())
_TRIPS = 6


class CountedDatabase(MemoryDatabase):
    """Counts its transactions."""

    begun = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryTransaction]:
        self.begun += 1
        async with super().begin() as tx:
            yield tx


class Platform:
    """One worker's event lane on a memory database, and what it acknowledged."""

    def __init__(self) -> None:
        self.watermark = 0
        self.database = CountedDatabase(self._acknowledged)
        clock, link, live = ManualClock(NOW), MemoryLinkStore(self.database), LiveUpdates(ManualClock(NOW))
        compiler = StoringPolicyCompiler(CATALOGUE, MemoryFacts(load_pack()), MemoryPolicyStore(), KEY)
        ports = (clock, self.database, CATALOGUE, load_pack(), live, MemoryNotices(CATALOGUE.notices()))
        settings = SettingsDocuments.wired(
            MemoryDocuments(), link, MemoryCommands(), CATALOGUE, DocumentKeys(lambda: KEY, dict)
        )
        remote = RemoteCommands(MemoryCommands(), link, {}, lambda: KEY, kept=True, fresh_s=60)
        own = OwnCommands(remote, MemoryCommands(), MemoryTimerStore())
        parts = Parts(*ports, events=MemoryEvents(), documents=settings.documents, commands=own, timers=MemoryTimerStore())
        handlers: list[Handler] = [LevelHandler(MemoryLevels(), link, compiler, live)]
        handlers += installed_parts(CATALOGUE.services).service_handlers(parts)
        self.ingest = EventIngest(Lane.EVENT, link, clock, EvaluatorCache(), CATALOGUE.messages, handlers)
        run(self._prepare(compiler))

    async def _prepare(self, compiler: StoringPolicyCompiler) -> None:
        async with self.database.begin() as tx:
            MemoryLinkStore.provision(tx, CAR, {signing.key_id(KEY.public_key()): signing.public_bytes(KEY.public_key())})
            MemoryFacts.put_vehicle(tx, CAR, VehicleRow(Level.POSITION, frozenset({"telematics"})))
            start = datetime(2026, 1, 1, tzinfo=UTC)
            MemoryFacts.put_tenure(tx, TenureRow(TENURE, CAR, start))
            contract = ContractRow(ContractId(UUID(int=3)), TENURE, "connect", State.ACTIVE, start, start + timedelta(days=700))
            MemoryFacts.put_contract(tx, contract)
            await compiler.recompile(tx, [CAR], NOW)

    def _acknowledged(self, subject: str, payload: bytes) -> None:
        if subject.endswith(".ack"):
            self.watermark = max(self.watermark, read_ack(payload).watermark)

    def take(self, frames: list[bytes]) -> None:
        run(self.ingest.take([(CAR, frame) for frame in frames]))

    def trips(self) -> list[TripView]:
        async def read() -> list[TripView]:
            async with self.database.begin() as tx:
                page = await TripReading(MemoryEvents()).page(tx, TENURE, None, 100)
                return [trip.view for trip in page]

        return run(read())


def frames_of_a_drive() -> list[bytes]:
    """The level chosen in the car, then the same recorded drive as several trips, each with its places."""
    drive = read_drive(twizy("T3_05_25_2021_1"))
    summary = trip(drive)
    first, last = drive.samples[0], drive.samples[-1]
    at = to_ms(END) - 86_400_000
    statement = signing.level_statement(CAR, Level.POSITION, 1, at, "driver")
    level = LevelChanged(Level.POSITION, 1, at, "driver", signing.key_id(KEY.public_key()), signing.sign(KEY, statement))
    bodies: list[tuple[str, msgspec.Struct]] = [(LEVEL_CHANGED, level)]
    assert first.latitude is not None and first.longitude is not None  # noqa: PT018 - for the type checker
    assert last.latitude is not None and last.longitude is not None  # noqa: PT018 - for the type checker
    for number in range(1, _TRIPS + 1):
        moved = number * 3_600_000
        started, ended = to_ms(summary.started_at) - moved, to_ms(summary.ended_at) - moved
        figures = (summary.duration_s, summary.travel_duration_s, summary.distance_m, summary.mean_speed_kmh)
        bodies.append((TRIP_COMPLETED, TripCompleted(number, started, ended, *figures, summary.soc_start, summary.soc_end)))
        places = TripPlaces(number, started, Place(first.latitude, first.longitude), Place(last.latitude, last.longitude))
        bodies.append((TRIP_PLACES, places))
    return [
        encode(Envelope(1, Lane.EVENT, seq, to_ms(END), Trust.SYNCED, Level.POSITION, name, pack(body)))
        for seq, (name, body) in enumerate(bodies, 1)
    ]


@cache
def frames() -> list[bytes]:
    return frames_of_a_drive()


def delivered_in_order() -> list[TripView]:
    platform = Platform()
    platform.take(frames())
    platform.take(frames()[platform.watermark :])
    assert platform.watermark == len(frames())
    return platform.trips()


def test_in_order_every_trip_is_there_once_with_its_places() -> None:
    trips = delivered_in_order()
    assert len(trips) == _TRIPS
    assert all(view.distance_m == pytest.approx(13_831, rel=0.001) and view.start and view.end for view in trips)


@pytest.mark.req("LNK-3b", "LNK-3c", "LNK-3d")
@given(st.data())
def test_split_repeated_shuffled_and_sent_again_it_is_the_same(data: st.DataObject) -> None:
    expected = delivered_in_order()
    platform = Platform()
    rounds = 0
    while platform.watermark < len(frames()):
        # The car sends everything above the watermark; the link repeats, drops and reorders, and cuts it into batches.
        waiting = frames()[platform.watermark :] + frames()[: platform.watermark][-2:]
        arrived = data.draw(st.lists(st.sampled_from(waiting), max_size=2 * len(waiting))) if rounds < 8 else waiting
        while arrived:
            size = data.draw(st.integers(1, len(arrived)))
            platform.take(arrived[:size])
            arrived = arrived[size:]
        rounds += 1
    assert platform.trips() == expected


def test_the_frames_are_numbered_from_one() -> None:
    assert [read_envelope(frame).seq for frame in frames()] == list(range(1, 2 * _TRIPS + 2))


def test_one_car_s_flood_of_level_changes_takes_few_transactions_and_nobody_else_waits() -> None:
    """Each level change is a barrier, also a refused one: a thousand of them must not be a thousand transactions in a row."""
    platform = Platform()
    forged = LevelChanged(Level.DATA, 1, to_ms(END), "driver", "no key", b"x")
    flood = [
        encode(Envelope(1, Lane.EVENT, seq, to_ms(END), Trust.SYNCED, Level.PRIVATE, LEVEL_CHANGED, pack(forged)))
        for seq in range(1, 1001)
    ]
    begun = platform.database.begun
    platform.take(flood)
    assert platform.database.begun - begun <= MOST_ROUNDS
    assert platform.watermark == MOST_ROUNDS
    # What was left is brought again, as by every car whose messages were lost, and none of it is lost.
    for _ in range(1000):
        if platform.watermark == 1000:
            break
        platform.take(flood[platform.watermark :])
    assert platform.watermark == 1000


def test_a_car_s_share_of_a_batch_is_the_protocol_s_window() -> None:
    platform = Platform()
    numbered = [
        encode(Envelope(1, Lane.EVENT, seq, to_ms(END), Trust.SYNCED, Level.PRIVATE, GONE, pack(Tombstone(0, "test"))))
        for seq in range(1, 2 * EVENT_WINDOW)
    ]
    platform.take(numbered)
    assert platform.watermark == EVENT_WINDOW
