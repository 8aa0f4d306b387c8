"""Use cases of phones: offer a key to the car, hear the outcome, take it away, and tell the car which remain. REQ RC-7.

Rules:
    1. The platform makes no phone active: it carries a key with a proof that only the car can check, and believes the car's answer.
    2. What the platform tells a car by itself only ever removes phones: the list of those that remain, signed, numbered, sent at
       each removal and again after each greeting, before any command.
    3. A phone belongs to a tenure. With the tenure, or when the owner takes the car out of the garage, none remains.
    4. A key that was revoked never comes back. The car may not have heard of it yet: were the key asked for again, the list would
       name it, and the car, which holds it still, would say that it does. A phone that is added again makes a new key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from openmarque.catalogue.refusals import Reason
from openmarque.domains.commands.declaration import PHONE_ADDED
from openmarque.domains.commands.errors import CommandRefused, DigitalKeyRevoked, DigitalKeyUnknown, TooManyPhoneRequests
from openmarque.domains.commands.progress import CommandKey
from openmarque.domains.commands.reasons import CAR_OFFLINE, NOT_GRANTED
from openmarque.domains.commands.rules import MAX_PHONE_REQUESTS, PHONE_REQUEST_LIVES
from openmarque.domains.commands.states import DIGITAL_KEY_LIFE, KNOWN_TO_CAR, KeyEvent, KeyState
from openmarque.domains.commands.store import CommandStore, PhoneRow
from openmarque.kit.ids import AccountId, TenureId, VehicleId
from openmarque.link.live import LiveUpdates
from openmarque.link.ports import LinkStore
from openmarque.link.subjects import down_subject
from openmarque.parts.notices import Notices
from openmarque.protocol import signing
from openmarque.protocol.digital_keys import (
    MAX_LABEL,
    DigitalKeyOffer,
    DigitalKeyReport,
    DigitalKeyResult,
    load_digital_key,
    seal_list,
)
from openmarque.protocol.levels import Level, effective
from openmarque.storage.transaction import Transaction

LIVE_PART: Final = "digital_keys"
"""Name of the part of event streams that tells of phones."""
UNKNOWN_PHONE: Final = "unknown_phone"

_EVENTS: Final[Mapping[DigitalKeyResult, KeyEvent]] = {
    DigitalKeyResult.STORED: KeyEvent.STORED,
    DigitalKeyResult.WRONG_MAC: KeyEvent.NOT_STORED,
    DigitalKeyResult.NO_TICKET: KeyEvent.NOT_STORED,
    DigitalKeyResult.FULL: KeyEvent.NOT_STORED,
    DigitalKeyResult.REMOVED: KeyEvent.GONE,
}


class Phones:
    """The life of digital keys."""

    def __init__(self, store: CommandStore, link: LinkStore, key: CommandKey, notices: Notices) -> None:
        """Keep keys in `store`; sign lists by `key`; tell owners with `notices`."""
        self._store = store
        self._link = link
        self._key = key
        self._notices = notices

    async def request(
        self,
        tx: Transaction,
        who: tuple[VehicleId, TenureId, AccountId],
        spki: bytes,
        label: str,
        mac: bytes,
        now: datetime,
    ) -> tuple[PhoneRow, bytes]:
        """A phone offers its key to a car; gives the row and the frame to hand over after the commit.

        Raises ``UnfitDigitalKey``, ``CommandRefused``, ``TooManyPhoneRequests``, ``DigitalKeyRevoked``; ``ValueError`` for a label that
        can't be shown.
        """
        vehicle_id, tenure_id, account_id = who
        if not label.isprintable() or not 0 < len(label) <= MAX_LABEL:
            raise ValueError("a phone's name has 1 to 40 printable characters")
        key_id = signing.key_id(load_digital_key(spki))
        if not (await self._store.eligibility(tx, tenure_id, account_id, now, now)).may_command:
            raise CommandRefused(NOT_GRANTED)
        policy = (await self._link.policies(tx, [vehicle_id])).get(vehicle_id)
        if policy is None or effective(policy.level, policy.ceiling) < Level.DATA:
            raise CommandRefused(Reason.LEVEL_TOO_LOW)
        await self._store.drop_phones(tx, tenure_id, now - PHONE_REQUEST_LIVES)
        waiting = [row for row in await self._store.phones(tx, tenure_id) if row.state is KeyState.REQUESTED]
        if len(waiting) >= MAX_PHONE_REQUESTS and key_id not in {row.key_id for row in waiting}:
            raise TooManyPhoneRequests(limit=MAX_PHONE_REQUESTS)
        known = await self._store.lock_phone(tx, tenure_id, key_id)
        row = PhoneRow(tenure_id, key_id, vehicle_id, spki, label, KeyState.REQUESTED, "", 0, now, now)
        if known is not None and known.state is KeyState.REVOKED:
            raise DigitalKeyRevoked
        if known is not None:
            state = DIGITAL_KEY_LIFE.after(known.state, KeyEvent.ASKED)
            row = replace(row, state=state, label=known.label if state is KeyState.ACTIVE else label, counter=known.counter)
        await self._store.put_phone(tx, row)
        LiveUpdates.tell(tx, tenure_id, LIVE_PART)
        return row, msgspec.msgpack.encode(DigitalKeyOffer(spki, label, mac, key_id))

    async def not_offered(self, tx: Transaction, tenure_id: TenureId, key_id: str, now: datetime) -> None:
        """The offer could not be handed to the car."""
        row = await self._store.lock_phone(tx, tenure_id, key_id)
        if row is not None:
            await self._move(tx, row, KeyEvent.NOT_STORED, CAR_OFFLINE, now)

    async def revoke(self, tx: Transaction, tenure_id: TenureId, key_id: str, now: datetime) -> None:
        """Take a phone away, and tell the car at once. Raises ``DigitalKeyUnknown``."""
        row = await self._store.lock_phone(tx, tenure_id, key_id)
        if row is None:
            raise DigitalKeyUnknown
        if row.state in KNOWN_TO_CAR:
            await self._move(tx, row, KeyEvent.REVOKED, "", now)
            await self.tell_car(tx, row.vehicle_id, now)

    async def report(
        self, tx: Transaction, vehicle_id: VehicleId, tenure_id: TenureId | None, report: DigitalKeyReport, now: datetime
    ) -> str:
        """The car says what it did with a phone; gives the reason why this can't be taken, empty when it is."""
        row = None if tenure_id is None else await self._store.lock_phone(tx, tenure_id, report.key_id.replace("\0", ""))
        if row is None or row.vehicle_id != vehicle_id:
            return UNKNOWN_PHONE
        event = _EVENTS[report.result]
        label = report.label if report.label.isprintable() and 0 < len(report.label) <= MAX_LABEL else row.label
        became_active = row.state is not KeyState.ACTIVE
        row = await self._move(tx, replace(row, label=label), event, str(report.result), now)
        if became_active and row.state is KeyState.ACTIVE:
            await self._notices.notify(tx, row.tenure_id, PHONE_ADDED, {"phone": row.label}, now)
        return ""

    async def _move(self, tx: Transaction, row: PhoneRow, event: KeyEvent, reason: str, now: datetime) -> PhoneRow:
        state = DIGITAL_KEY_LIFE.after(row.state, event)
        if state is not row.state:
            kept = reason if state in (KeyState.REFUSED, KeyState.REMOVED) else ""
            row = replace(row, state=state, reason=kept, changed_at=now)
            await self._store.put_phone(tx, row)
            LiveUpdates.tell(tx, row.tenure_id, LIVE_PART)
        return row

    async def tell_car(self, tx: Transaction, vehicle_id: VehicleId, now: datetime) -> None:
        """Send a car the list of the phones that remain, after the commit; nothing when there never was one.

        To be called too when a car leaves a garage: nobody may command it then, and the list is empty.
        """
        if not await self._store.knows_phones(tx, vehicle_id):
            return
        commander = await self._store.commander(tx, vehicle_id, now)
        phones: Sequence[PhoneRow] = () if commander is None else await self._store.phones(tx, commander[0])
        held = tuple(row.key_id for row in phones if row.state in KNOWN_TO_CAR)
        awaited = tuple(row.key_id for row in phones if row.state is KeyState.REQUESTED)
        version = await self._store.next_keys_version(tx, vehicle_id, now)
        tx.publish_after_commit(down_subject(vehicle_id, "keys"), seal_list(self._key(), vehicle_id, version, held, awaited))
