"""What the link needs from others, and what it keeps: interfaces only. Real and fake implementations pass the same tests.

The link knows cars, numbers, policies and refusals. What a message means is a ``Handler``'s business; what a car may say is
in its policy, which ``PolicyCompiler`` compiles. Everything that changes data takes the transaction it belongs to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from openmarque.catalogue.decide import Permit
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.protocol.envelope import Envelope, Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import CertificateRequest, Hello
from openmarque.protocol.pairing import PairingAnswer, PairingRequest
from openmarque.storage.transaction import Database, Transaction


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A car's policy as stored: the signed frame and the moving facts it is judged beside. Equal versions, equal rows."""

    version: int
    tenure_id: TenureId | None
    frame: bytes
    hash: str
    level: Level
    ceiling: Level
    remote_access: bool = True
    switched_off: frozenset[str] = frozenset()
    accepted_version: int = 0


@dataclass(frozen=True, slots=True)
class CarRow:
    """Where a car's numbered lanes stand (the status lane's number is in its newest values), and its policy."""

    vehicle_id: VehicleId
    epoch: int
    watermarks: Mapping[Lane, int]
    policy: PolicyRow


class StatusWrite(msgspec.Struct, gc=False):
    """One status to store: `signals` are VSS path → [value, car ms or None, received ms]; stored only if the guards hold.

    `first` and `seq` are the lowest and the highest number of the messages merged into it. The guards: the row's epoch is `epoch`,
    its number is below `first` (a late repeat in the batch must not bring an older value back), its policy version is
    `policy_version`.
    """

    vehicle_id: VehicleId
    epoch: int
    first: int
    seq: int
    policy_version: int
    received_ms: int
    trust: int
    signals: Mapping[str, tuple[object, int | None, int]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A numbered message that is next on its lane and permitted (`permit` None: housekeeping of the link itself)."""

    vehicle_id: VehicleId
    tenure_id: TenureId | None
    envelope: Envelope
    body: msgspec.Struct
    permit: Permit | None
    received_at: datetime


@dataclass(slots=True)
class Refusals:
    """Counts of what was not stored, by (vehicle, reason, what); written with the batch that refused it."""

    counts: dict[tuple[VehicleId, str, str], int] = field(default_factory=dict)

    def add(self, vehicle_id: VehicleId, reason: str, what: str, times: int = 1) -> None:
        """Count `times` more. `what` must be a known name or ``?``, so that no car can make the table grow."""
        key = (vehicle_id, reason, what)
        self.counts[key] = self.counts.get(key, 0) + times


class LinkStore(Protocol):
    """The link's rows. Every method runs inside the transaction it is given."""

    @property
    def database(self) -> Database:
        """Where transactions for this store come from."""
        ...

    async def policies(self, tx: Transaction, vehicles: Sequence[VehicleId]) -> dict[VehicleId, PolicyRow]:
        """The policies of those of `vehicles` that are known. No lock: the guards of ``write_status`` catch what changes meanwhile."""
        ...

    async def lock_cars(self, tx: Transaction, vehicles: Sequence[VehicleId]) -> dict[VehicleId, CarRow]:
        """The rows of `vehicles`, locked until the transaction ends: numbering against writers, policy against change."""
        ...

    async def write_status(self, tx: Transaction, writes: Sequence[StatusWrite]) -> frozenset[VehicleId]:
        """Store each write whose guards hold; gives the vehicles whose write was stored. At most one write per vehicle."""
        ...

    async def status_positions(self, tx: Transaction, vehicles: Sequence[VehicleId]) -> dict[VehicleId, tuple[int, int]]:
        """Where the status lanes of `vehicles` stand: (epoch, number)."""
        ...

    async def move_watermarks(self, tx: Transaction, lane: Lane, to: Mapping[VehicleId, int]) -> None:
        """Set the watermark of a must-arrive lane; the rows are locked by ``lock_cars`` in the same transaction."""
        ...

    async def open_epoch(self, tx: Transaction, vehicle_id: VehicleId, epoch: int) -> None:
        """Begin `epoch` (above the present one) with every lane at zero, the status lane included."""
        ...

    async def count_lost(self, tx: Transaction, vehicle_id: VehicleId, numbers: int) -> None:
        """Count numbers that the car no longer holds and that never reached us."""
        ...

    async def record_hello(self, tx: Transaction, vehicle_id: VehicleId, hello: "HelloRecord") -> None:
        """Keep what the car said of itself."""
        ...

    async def accept_policy(self, tx: Transaction, vehicle_id: VehicleId, version: int) -> None:
        """The car proved that it holds this version."""
        ...

    async def certificate_key(self, tx: Transaction, vehicle_id: VehicleId, key_id: str) -> bytes | None:
        """The public key (DER) of a certificate of this car that is not revoked; None when there is none of that id."""
        ...

    async def count_refusals(self, tx: Transaction, refusals: Refusals, at: datetime) -> None:
        """Add to the stored counts."""
        ...


@dataclass(frozen=True, slots=True)
class HelloRecord:
    """What of a ``Hello`` is kept."""

    protocol: int
    software: str
    unknown: tuple[str, ...]
    at: datetime


class Handler(Protocol):
    """A service's or domain's use case behind one or more message types."""

    types: frozenset[str]
    role: str
    """The database role that may write this handler's tables (compiled from its declarations)."""

    async def apply(self, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
        """Apply `messages` (in the order of their lanes). Gives a refusal reason by index for those it can't accept.

        Never commits. Raising rolls the whole batch back; the cars send it again.
        """
        ...


class PolicyCompiler(Protocol):
    """Compiles policies; the only way by which one comes to be."""

    async def recompile(self, tx: Transaction, vehicles: Iterable[VehicleId], now: datetime, above: int = 0) -> None:
        """Compile, sign and store the policies of `vehicles` anew from the facts in this transaction; push them to the cars.

        The new versions are above the stored ones and above `above`: what a car already holds after we lost it.
        """
        ...

    def prove_epoch(self, vehicle_id: VehicleId, epoch: int, asked: int) -> tuple[str, bytes]:
        """Key id and signature by which a car believes that it is given this epoch (``signing.epoch_statement``)."""
        ...


class AfterWelcome(Protocol):
    """Has something to tell a car that came back, behind the answer to its greeting."""

    async def greeted(self, tx: Transaction, vehicle_id: VehicleId, hello: Hello, now: datetime) -> None:
        """A known car has greeted and is answered in this transaction; what is published after its commit follows the answer."""
        ...


class CertificateIssuer(Protocol):
    """Renews a car's certificate over the link."""

    async def renew(self, tx: Transaction, vehicle_id: VehicleId, request: CertificateRequest, now: datetime) -> bytes:
        """The new certificate and its chain in PEM. Raises an ``OpenMarqueError`` whose code tells the car why not."""
        ...


class PairingCodeChecker(Protocol):
    """Knows what a pairing code is good for."""

    async def typed(self, tx: Transaction, vehicle_id: VehicleId, request: PairingRequest, now: datetime) -> PairingAnswer:
        """What becomes of a code typed in this car; wrong ones are counted in this transaction, which therefore has to commit."""
        ...
