"""The phones that a car knows, and the secret by which it gets to know one. REQ RC-7.

Rules:
    1. A phone is added by someone in the car: the screen shows a secret (a ticket), and only who has seen it can offer a key. A
       ticket is in memory alone, for 5 minutes by the steady clock, for one phone; 3 wrong tries void it.
    2. What the platform sends can only remove phones. A list no newer than the last one says nothing.
    3. All phones belong to one tenure. With another owner they are gone, and tickets with them.
    4. The highest counter of a key outlives its removal within the tenure: whoever is added again can't have old commands replayed.
"""

from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from openmarque.car.model import Now
from openmarque.protocol import signing
from openmarque.protocol.digital_keys import (
    MAX_LABEL,
    SECRET_BYTES,
    DigitalKeyOffer,
    DigitalKeyResult,
    KeyList,
    UnfitDigitalKey,
    load_digital_key,
    mac_fits,
)

PHONES: Final = "phones"
"""The record in the car's store."""
MOST_PHONES: Final = 16
"""A family and its guests; a bound, so that nobody fills the car's memory. No dead end: a phone is removed in the car or the app."""
COUNTERS_KEPT: Final = 256
"""Of removed keys, the newest; each needed a person in the car, and the challenges of an older one are long void."""
TICKET_LIVES_MS: Final = 300_000
WRONG_TRIES: Final = 3
TICKET_SIZE: Final = SECRET_BYTES


class Phone(msgspec.Struct, array_like=True, frozen=True):
    """A phone that may give commands; `since_ms` by the car's clock."""

    key_id: str
    public_key: bytes
    label: str
    since_ms: int


class PhonesRecord(msgspec.Struct, array_like=True, frozen=True):
    """What the store keeps: whose phones these are, the last key list, the phones, and the highest counter taken of each key."""

    tenure_id: UUID | None = None
    list_version: int = 0
    phones: tuple[Phone, ...] = ()
    counters: dict[str, int] = {}


class Ticket(NamedTuple):
    """A secret on the car's screen, good until `until` by the steady clock and for so many wrong tries more."""

    secret: bytes
    until: int
    tries: int


class DigitalKeys:
    """The phones of one car. `record` is the whole durable state; the caller stores it when a method says that it changed."""

    def __init__(self, record: PhonesRecord) -> None:
        """Go on from what the store holds; no ticket is shown."""
        self.record = record
        self._ticket: Ticket | None = None
        self.added = ""
        """Label of the phone that used the last ticket; "" until one has."""

    @property
    def phones(self) -> tuple[Phone, ...]:
        """The phones that the car knows, oldest first."""
        return self.record.phones

    def label_of(self, key_id: str) -> str:
        """The name of a phone; "" when the car does not know it."""
        return next((phone.label for phone in self.record.phones if phone.key_id == key_id), "")

    def key(self, key_id: str) -> ec.EllipticCurvePublicKey | None:
        """The key of a phone that the car knows."""
        known = next((phone for phone in self.record.phones if phone.key_id == key_id), None)
        return None if known is None else load_digital_key(known.public_key)

    # Counters

    def is_new(self, key_id: str, counter: int) -> bool:
        """Whether `counter` is above the last that the car took of this key."""
        return counter > self.record.counters.get(key_id, 0)

    def count(self, key_id: str, counter: int) -> None:
        """Take `counter`: no command of this key at or below it runs any more. The caller stores it before anything is done."""
        counters = {key: value for key, value in self.record.counters.items() if key != key_id} | {key_id: counter}
        held = {phone.key_id for phone in self.record.phones} | {key_id, ""}
        spare = [key for key in counters if key not in held]
        for key in spare[: max(0, len(spare) - COUNTERS_KEPT)]:
            del counters[key]
        self.record = msgspec.structs.replace(self.record, counters=counters)

    # Tickets

    def show_ticket(self, now: Now, secret: bytes) -> None:
        """Show a fresh secret; an earlier one is void."""
        self._ticket = Ticket(secret, now.steady + TICKET_LIVES_MS, WRONG_TRIES)
        self.added = ""

    def hide_ticket(self) -> None:
        """No secret is shown any more."""
        self._ticket = None

    def ticket(self, now: Now) -> Ticket | None:
        """The secret on the screen, while it is good."""
        ticket = self._ticket
        return ticket if ticket is not None and 0 < ticket.until - now.steady <= TICKET_LIVES_MS else None

    def offer(self, now: Now, offer: DigitalKeyOffer, vehicle_id: UUID) -> DigitalKeyResult:
        """Take a phone's digital key if it was offered by who has seen the secret. Raises ``UnfitDigitalKey`` for what is none.

        A key that the car knows already is ``STORED`` whatever proves it: nothing changes.
        """
        key_id = signing.key_id(load_digital_key(offer.public_key))
        if key_id != offer.key_id:
            raise UnfitDigitalKey("It has another id.")
        if any(phone.key_id == key_id for phone in self.record.phones):
            return DigitalKeyResult.STORED
        ticket = self.ticket(now)
        if ticket is None:
            return DigitalKeyResult.NO_TICKET
        if not mac_fits(offer, ticket.secret, vehicle_id):
            self._ticket = ticket._replace(tries=ticket.tries - 1) if ticket.tries > 1 else None
            return DigitalKeyResult.WRONG_MAC
        if len(self.record.phones) >= MOST_PHONES:
            return DigitalKeyResult.FULL
        self._ticket = None
        self.added = _shown(offer.label)
        phone = Phone(key_id, offer.public_key, self.added, now.ms)
        self.record = msgspec.structs.replace(self.record, phones=(*self.record.phones, phone))
        return DigitalKeyResult.STORED

    # What removes

    def remove(self, key_id: str) -> Phone | None:
        """Forget a phone, not its counter; None when the car does not know it."""
        gone = next((phone for phone in self.record.phones if phone.key_id == key_id), None)
        if gone is not None:
            self.record = msgspec.structs.replace(self.record, phones=tuple(p for p in self.record.phones if p is not gone))
        return gone

    def obey(self, held: KeyList) -> tuple[Phone, ...] | None:
        """Remove the phones that a newer list does not name, and give them; None for a list that is not newer."""
        if held.version <= self.record.list_version:
            return None
        gone = tuple(phone for phone in self.record.phones if phone.key_id not in held.key_ids)
        kept = tuple(phone for phone in self.record.phones if phone.key_id in held.key_ids)
        self.record = msgspec.structs.replace(self.record, list_version=held.version, phones=kept)
        return gone

    def belong_to(self, tenure_id: UUID | None) -> bool:
        """These are the phones of this tenure: those of another are gone, whoever asks. Whether anything changed."""
        if tenure_id == self.record.tenure_id:
            return False
        self._ticket = None
        self.added = ""
        self.record = PhonesRecord(tenure_id=tenure_id, list_version=self.record.list_version)
        return True


def _shown(label: str) -> str:
    """A label as the car shows it: printable, in one line, not too long, never empty."""
    return "".join(sign for sign in label if sign.isprintable()).strip()[:MAX_LABEL] or "phone"
