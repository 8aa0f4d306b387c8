"""The revocation snapshot: which certificates and cars are out, in one signed file that the connection gate reads without a database.

Theory of operation: the platform writes the file after each revocation and at intervals; its Ed25519 key is the snapshot ring's. A
version number that only grows, kept beside the file by each reader, refuses an older copy put back. A snapshot past its
``valid_until`` still decides (an emergency needs the link more than the newest list) but says that it is stale, and the gate then
grants only short connections. Without any snapshot that verifies, nobody is let in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from openmarque.engines.process import write_private
from openmarque.kit.clock import Clock
from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.ids import wire
from openmarque.link.pki_keys import KeyRing, Purpose

SNAPSHOT_LIFE: Final = timedelta(hours=24)
"""The platform writes it at least hourly; a day without a new one means that something is wrong, and the gate says so."""
_CONTEXT: Final = b"openmarque.revocation.v1\0"


class BadSnapshot(OpenMarqueError):
    """The revocation snapshot can't be trusted."""

    code = "bad-revocation-snapshot"
    cure = "Run `openmarque admin revocation write` where the database is, and find out who changed {path}."


class Revocations(msgspec.Struct, frozen=True):
    """What is revoked, as written at `issued_at`."""

    version: int
    issued_at: datetime
    valid_until: datetime
    serials: frozenset[str]
    """Certificate serial numbers, lower-case hex."""
    vehicles: frozenset[str]
    """Vehicle ids (32 hex digits) none of whose certificates counts: sold, stolen, scrapped."""

    def revokes(self, serial: str, vehicle_id: str) -> bool:
        """Whether a certificate with this serial of this car (both in wire form) is out."""
        return serial in self.serials or vehicle_id in self.vehicles


class _Signed(msgspec.Struct, frozen=True):
    key_id: str
    signature: bytes
    payload: bytes


SEEN: Final = "seen"
"""Name of the file beside a snapshot in which a gate keeps the highest version it has acted on."""


def snapshot_file(home: Path) -> Path:
    """Where the snapshot of a home lies."""
    return home / "revocation" / "snapshot.json"


def write_snapshot(
    path: Path,
    ring: KeyRing,
    clock: Clock,
    *,
    version: int,
    serials: frozenset[str] = frozenset(),
    vehicles: frozenset[UUID] = frozenset(),
    life: timedelta = SNAPSHOT_LIFE,
) -> Revocations:
    """Sign and atomically replace the file. `version` must be above every earlier one (a counter in the database)."""
    now = clock.now()
    content = Revocations(version, now, now + life, serials, frozenset(map(wire, vehicles)))
    payload = msgspec.json.encode(content)
    name, key = ring.signing(Purpose.SNAPSHOT)
    write_private(path, msgspec.json.encode(_Signed(name, key.sign(_CONTEXT + payload), payload)).decode("ascii"))
    return content


def present_snapshot(path: Path, ring: KeyRing) -> tuple[int, frozenset[str]]:
    """The highest version that is known here, and the serials that the present file names (none when it can't be trusted)."""
    try:
        content = verify_snapshot(path.read_bytes(), ring.verifying(Purpose.SNAPSHOT), path)
    except (BadSnapshot, OSError):
        version, serials = 0, frozenset[str]()
    else:
        version, serials = content.version, content.serials
    try:
        seen = int(path.with_name(SEEN).read_text("ascii"))
    except (OSError, ValueError):
        seen = 0
    return max(version, seen), serials


def verify_snapshot(data: bytes, keys: dict[str, Ed25519PublicKey], path: Path) -> Revocations:
    """The content of a snapshot file. Raises ``BadSnapshot`` if it is unreadable or not signed by one of `keys`."""
    try:
        signed = msgspec.json.decode(data, type=_Signed)
        keys[signed.key_id].verify(signed.signature, _CONTEXT + signed.payload)
        return msgspec.json.decode(signed.payload, type=Revocations)
    except KeyError:
        raise BadSnapshot("It is signed by a key that we don't know.", path=path) from None
    except InvalidSignature:
        raise BadSnapshot("Its signature is wrong.", path=path) from None
    except msgspec.MsgspecError:
        raise BadSnapshot("It can't be read.", path=path) from None


@dataclass(frozen=True)
class SnapshotState:
    """The revocations in force and how far they can be relied on."""

    revocations: Revocations
    age: timedelta
    stale: bool
    """Past its ``valid_until``, or newer ones were refused: it decides still, for short connections only."""
    fault: str = ""
    """Why the newest file was refused, if it was."""


class SnapshotReader:
    """Reads the file again whenever it changed; keeps the last good content, and the highest version across restarts."""

    def __init__(self, path: Path, keys: KeyRing, clock: Clock, *, seen_file: Path | None = None) -> None:
        """Read `path`; remember the highest version in `seen_file` (default: beside it)."""
        self._path = path
        self._keys = keys
        self._clock = clock
        self._seen_file = seen_file or path.with_name(SEEN)
        self._stamp: tuple[int, int] | None = None
        self._current: Revocations | None = None
        self._fault: BadSnapshot | None = None

    def state(self) -> SnapshotState:
        """What is in force now. Raises ``BadSnapshot`` while there has never been a good one."""
        self._refresh()
        if self._current is None:
            raise self._fault or BadSnapshot("There is none.", path=self._path)
        now = self._clock.now()
        stale = now >= self._current.valid_until or self._fault is not None
        return SnapshotState(self._current, now - self._current.issued_at, stale, self._fault.detail if self._fault else "")

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._fault, self._stamp = BadSnapshot("There is none.", path=self._path), None
            return
        # The file is only ever replaced, so its inode changes with its content.
        stamp = (status.st_ino, status.st_mtime_ns)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        seen = self._seen()
        try:
            found = verify_snapshot(self._path.read_bytes(), self._keys.verifying(Purpose.SNAPSHOT), self._path)
            if found.version < seen:
                raise BadSnapshot(f"It is version {found.version}, and {seen} was seen before.", path=self._path)
        except BadSnapshot as fault:
            self._fault = fault
            return
        self._current, self._fault = found, None
        if found.version > seen:
            write_private(self._seen_file, str(found.version))

    def _seen(self) -> int:
        in_memory = self._current.version if self._current else 0
        try:
            return max(in_memory, int(self._seen_file.read_text("ascii")))
        except (FileNotFoundError, ValueError):
            return in_memory
