"""A status that breaks the store is refused by itself; whoever was in the same batch never notices."""

from collections.abc import Sequence
from uuid import UUID

from openmarque.kit.clock import ManualClock
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.link.evaluating import EvaluatorCache
from openmarque.link.live import LiveUpdates
from openmarque.link.memory import LAST_VALUES, REFUSAL_COUNT, MemoryLinkStore
from openmarque.link.ports import PolicyRow, StatusWrite
from openmarque.link.status_ingest import StatusIngest
from openmarque.protocol import signals as vss
from openmarque.protocol.envelope import Ack, Answer, Disposition, Envelope, Lane, Trust, encode, pack, read_ack
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import STATUS, StatusBody
from openmarque.storage.memory import MemoryDatabase
from openmarque.storage.transaction import Transaction
from tests.cars import OWNER, START, START_MS, policy

POISON = 66.6
CARS = [VehicleId(UUID(int=n)) for n in (1, 2, 3)]


class FragileStore(MemoryLinkStore):
    """Breaks on one value, as a database does on what it can't hold."""

    async def write_status(self, tx: Transaction, writes: Sequence[StatusWrite]) -> frozenset[VehicleId]:
        if any(signal[0] == POISON for write in writes for signal in write.signals.values()):
            raise ValueError("this can't be stored")
        return await super().write_status(tx, writes)


def status(speed: float, seq: int = 1) -> bytes:
    body = pack(StatusBody({vss.SPEED: (speed, 0)}))
    return encode(Envelope(1, Lane.STATUS, seq, START_MS, Trust.SYNCED, Level.POSITION, STATUS, body))


async def test_only_the_car_that_breaks_a_batch_is_refused() -> None:
    acks: dict[str, Ack] = {}
    database = MemoryDatabase(lambda subject, payload: acks.update({subject: read_ack(payload)}))
    store = FragileStore(database)
    async with database.begin() as tx:
        for car in CARS:
            store.provision(tx, car, {})
            row = PolicyRow(1, TenureId(OWNER), policy(vehicle=car), "hash", Level.POSITION, Level.POSITION)
            store.put_policy(tx, car, row)
    clock = ManualClock(START)
    ingest = StatusIngest(store, clock, EvaluatorCache(), LiveUpdates(clock))

    batch = [(CARS[0], status(10.0)), (CARS[1], status(POISON)), (CARS[2], b"no envelope"), (CARS[2], status(30.0))]
    assert await ingest.take(batch) == 3

    answers = [acks[f"v.{car.hex}.down.ack"].answers for car in CARS]
    stored, refused = (Answer(1, Disposition.STORED),), (Answer(1, Disposition.REFUSED, "unprocessable"),)
    assert answers == [stored, refused, stored]
    async with database.begin() as tx:
        values = tx.all(LAST_VALUES)
        assert [values[car].signals.get(vss.SPEED, (None,))[0] for car in CARS] == [10.0, None, 30.0]
        assert [values[car].seq for car in CARS] == [1, 1, 1]
        assert tx.all(REFUSAL_COUNT) == {(CARS[1], "unprocessable", "?"): 1, (CARS[2], "unreadable", "?"): 1}

    assert await ingest.take([(CARS[1], status(20.0, seq=2))]) == 1, "its lane goes on"
