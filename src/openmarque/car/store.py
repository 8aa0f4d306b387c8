"""What a car remembers: named records and the outboxes of its lanes, written in one transaction per input. Port and in-memory twin.

Rules:
    1. ``step()`` is all or nothing: its changes are in the store when it returns, and none are when anything raised or the power
       failed in it.
    2. After ``step()`` returned, nothing that happens to the process or its power takes the changes away.
    3. One writer: a store belongs to one core.

``tests/contract`` holds both implementations to this; ``openmarque.car.sqlite_store`` is the one on disk.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

import msgspec

from openmarque.kit.errors import Blame, OpenMarqueError
from openmarque.protocol.envelope import Lane, Trust
from openmarque.protocol.levels import Level

Record = TypeVar("Record")

Fault = Callable[[str], None]
"""Called with the name of a point in a step; a test makes it raise or kill there. Points: ``before_commit``, ``mid_write``,
``after_commit``."""


class StoredMessage(msgspec.Struct, array_like=True, frozen=True):
    """A message in an outbox: numbers `seq` to `through` of its lane (one number, but for a tombstone), and what it says.

    `level` is the privacy level at capture, `car_time` (ms) and `trust` those of the capture; `body` is MessagePack.
    """

    seq: int
    through: int
    type: str
    level: Level
    car_time: int
    trust: Trust
    body: bytes


class Changes:
    """What one step changes, in order."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.records: dict[str, bytes] = {}
        self.outbox: list[tuple[Lane, StoredMessage | tuple[int, int]]] = []

    def put(self, name: str, record: object) -> None:
        """Replace the record `name`; the value is encoded at once, so later changes to it don't matter."""
        self.records[name] = msgspec.msgpack.encode(record)

    def save(self, lane: Lane, message: StoredMessage) -> None:
        """Insert or replace the message with this number."""
        self.outbox.append((lane, message))

    def delete(self, lane: Lane, first: int, last: int) -> None:
        """Delete the messages whose `seq` lies in [first, last]."""
        self.outbox.append((lane, (first, last)))

    def __bool__(self) -> bool:
        return bool(self.records or self.outbox)


class StoreUnusable(OpenMarqueError):
    """The car's memory can't be used."""

    code = "car-store-unusable"
    cure = "Check the file's permissions and the free space; a newer program may have written it."


class StoreInUse(StoreUnusable):
    """Another process runs this car: its memory has one user at a time."""

    code = "car-store-in-use"
    blame = Blame.CALLER
    retryable = True
    cure = "Stop the other one first (`openmarque car run` or `car replay` with this bundle, or `openmarque up --demo` for its cars)."


class CarStore(Protocol):
    """Where a core keeps what must survive. Reads show the state after the last step that ended well."""

    def read(self, name: str, kind: type[Record]) -> Record | None:
        """The record `name`, or None. Raises ``StoreUnusable`` when it is not of this kind."""
        ...

    def messages(self, lane: Lane) -> list[StoredMessage]:
        """The outbox of `lane` in the order of numbers."""
        ...

    def step(self) -> AbstractContextManager[Changes]:
        """Collect changes; write them when the block ends well, forget them when it raises."""
        ...


def no_fault(_point: str) -> None:
    """Nothing happens at this point."""


class MemoryCarStore:
    """A store without a disk, for tests and the deterministic world. A crash is the loss of the core, never of the store."""

    def __init__(self, fault: Fault = no_fault) -> None:
        """An empty store; `fault` is called at the points of each step that changes something."""
        self.fault = fault
        self._records: dict[str, bytes] = {}
        self._outbox: dict[Lane, dict[int, StoredMessage]] = {lane: {} for lane in Lane}

    def read(self, name: str, kind: type[Record]) -> Record | None:
        """See ``CarStore``."""
        return decoded(self._records.get(name), kind)

    def messages(self, lane: Lane) -> list[StoredMessage]:
        """See ``CarStore``."""
        return sorted(self._outbox[lane].values(), key=lambda m: m.seq)

    @contextmanager
    def step(self) -> Iterator[Changes]:
        """See ``CarStore``."""
        changes = Changes()
        yield changes
        if not changes:
            return
        self.fault("before_commit")
        self._records.update(changes.records)
        for lane, change in changes.outbox:
            box = self._outbox[lane]
            if isinstance(change, StoredMessage):
                box[change.seq] = change
            else:
                self._delete(box, *change)
        self.fault("after_commit")

    def fork(self) -> "MemoryCarStore":
        """A copy as it is now; giving it to a car later models a memory restored from an old image."""
        twin = MemoryCarStore(self.fault)
        twin._records = dict(self._records)
        twin._outbox = {lane: dict(box) for lane, box in self._outbox.items()}
        return twin

    @staticmethod
    def _delete(box: dict[int, StoredMessage], first: int, last: int) -> None:
        doomed = range(first, last + 1) if last - first < len(box) else [seq for seq in box if first <= seq <= last]
        for seq in doomed:
            box.pop(seq, None)


def decoded(record: bytes | None, kind: type[Record]) -> Record | None:
    """The record in these bytes (None: there is none); raises ``StoreUnusable`` when it is not of this kind."""
    if record is None:
        return None
    try:
        return msgspec.msgpack.decode(record, type=kind)
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreUnusable("A record is not what this version writes.") from error
