"""Takes over privacy levels as the car signed them; the only way by which the platform learns one. REQ PRV-1, PRV-6."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from openmarque.kit.clock import from_ms, to_ms
from openmarque.kit.ids import TenureId, VehicleId
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import Accepted, LinkStore, PolicyCompiler
from openmarque.protocol import signing
from openmarque.protocol.messages import LEVEL_CHANGED, OLD_STATEMENT, LevelChanged
from openmarque.storage.postgres import postgres
from openmarque.storage.roles import PLATFORM
from openmarque.storage.transaction import Transaction

UNKNOWN_KEY: Final = "unknown_key"
BAD_SIGNATURE: Final = "bad_signature"
BAD_STATEMENT: Final = "bad_statement"
_COUNTER_AHEAD_S: Final = 24 * 3600
"""As far as a car's clock may be ahead of ours (``protocol.times``)."""
_LATEST_MS: Final = to_ms(datetime(9999, 1, 1, tzinfo=UTC))
"""Beyond it an instant can't be stored."""
_NAME_LIMIT: Final = 64
"""Longest name of who changed a level in the car: a role or a user's profile."""


@dataclass(frozen=True, slots=True)
class LevelRecord:
    """A level change as it is kept: what the car signed, and when it reached us."""

    vehicle_id: VehicleId
    tenure_id: TenureId | None
    change: LevelChanged
    received_at: datetime


class LevelStore(Protocol):
    """Keeps level changes."""

    async def newest_counter(self, tx: Transaction, vehicle_id: VehicleId) -> int:
        """The highest counter kept for this car; 0 when there is none."""
        ...

    async def add(self, tx: Transaction, record: LevelRecord) -> None:
        """Keep a change whose counter is above the newest."""
        ...


class LevelHandler:
    """``Handler`` of ``level_changed``: proves it, keeps it, and has the car's policy compiled anew."""

    types = frozenset((LEVEL_CHANGED,))
    role = PLATFORM

    def __init__(self, levels: LevelStore, link: LinkStore, compiler: PolicyCompiler, live: LiveUpdates) -> None:
        """Look up the car's keys in `link`; tell `compiler` of every change."""
        self._levels = levels
        self._link = link
        self._compiler = compiler
        self._live = live

    async def apply(self, tx: Transaction, messages: Sequence[Accepted]) -> Mapping[int, str]:
        """See ``Handler.apply``."""
        refused: dict[int, str] = {}
        for index, message in enumerate(messages):
            if not isinstance(message.body, LevelChanged):
                continue
            reason = await self._refusal(tx, message.vehicle_id, message.body, message.received_at)
            if reason:
                refused[index] = reason
                continue
            await self._levels.add(tx, LevelRecord(message.vehicle_id, message.tenure_id, message.body, message.received_at))
            await self._compiler.recompile(tx, [message.vehicle_id], message.received_at)
            if message.tenure_id is not None:
                self._live.changed(tx, message.tenure_id, "level")
        return refused

    async def _refusal(self, tx: Transaction, vehicle_id: VehicleId, change: LevelChanged, received_at: datetime) -> str:
        """Why this change can't be believed; empty when it can."""
        if not _is_sane(change, received_at):
            return BAD_STATEMENT
        spki = await self._link.certificate_key(tx, vehicle_id, change.key_id)
        if spki is None:
            return UNKNOWN_KEY
        statement = signing.level_statement(vehicle_id, change.level, change.counter, change.changed_at, change.by)
        try:
            signing.verify(signing.load_public(spki), statement, change.signature)
        except signing.BadSignature:
            return BAD_SIGNATURE
        if change.counter <= await self._levels.newest_counter(tx, vehicle_id):
            return OLD_STATEMENT
        return ""


def _is_sane(change: LevelChanged, received_at: datetime) -> bool:
    """Whether a statement can be kept, and leaves room for later ones.

    A car's first counter is the seconds of the platform's time as it last heard it (``car.privacy``), then each change adds one. One far beyond the present second would
    make every later statement of the car an old one, for the next owner too.
    """
    return (
        0 < change.counter <= to_ms(received_at) // 1000 + _COUNTER_AHEAD_S
        and 0 <= change.changed_at <= _LATEST_MS
        and len(change.by) <= _NAME_LIMIT
        and change.by.isprintable()
    )


class PostgresLevels:
    """``LevelStore`` on the table ``privacy_level``."""

    async def newest_counter(self, tx: Transaction, vehicle_id: VehicleId) -> int:
        """See ``LevelStore.newest_counter``."""
        query = "SELECT coalesce(max(counter), 0) FROM privacy_level WHERE vehicle_id = %s"
        return int((await postgres(tx).rows(PLATFORM, query, (vehicle_id,)))[0][0])

    async def add(self, tx: Transaction, record: LevelRecord) -> None:
        """See ``LevelStore.add``."""
        change = record.change
        query = """INSERT INTO privacy_level
                   (vehicle_id, counter, tenure_id, level, changed_at, changed_by, key_id, signature, received_at)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"""
        who = (
            record.vehicle_id,
            change.counter,
            record.tenure_id,
            int(change.level),
            from_ms(change.changed_at),
            change.by[:64],
        )
        await postgres(tx).execute(PLATFORM, query, (*who, change.key_id, change.signature, record.received_at))
