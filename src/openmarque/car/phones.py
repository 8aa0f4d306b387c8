"""Phones on the link: keys that are offered, lists that remove, what the people in the car do, and what is reported of it. REQ RC-7.

In private mode nothing of this happens: a phone could not be told the outcome, and could command nothing.
"""

from typing import Final

import msgspec

from openmarque.car.digital_keys import PHONES, TICKET_SIZE, DigitalKeys, Phone
from openmarque.car.gate import Gate
from openmarque.car.link import Link, Turn
from openmarque.car.model import CarProfile, Keyring, NoticeCode
from openmarque.car.records import Counts
from openmarque.protocol.commands import MalformedCommand, NotForThisCar
from openmarque.protocol.digital_keys import (
    DIGITAL_KEY_REPORT,
    DigitalKeyOffer,
    DigitalKeyReport,
    DigitalKeyResult,
    UnfitDigitalKey,
    open_list,
)
from openmarque.protocol.envelope import Lane, encode

_read_offer: Final = msgspec.msgpack.Decoder(DigitalKeyOffer).decode


class Phones:
    """What is done with the phones of one car, and why. The core calls it within its steps."""

    def __init__(self, profile: CarProfile, keys: Keyring, phones: DigitalKeys, parts: tuple[Gate, Link, Counts]) -> None:
        """Work on `phones`, which the core has read from its store."""
        self._profile = profile
        self._keys = keys
        self._phones = phones
        self._gate, self._link, self._counts = parts

    @property
    def is_open(self) -> bool:
        """Whether a phone can be added now: the car has an owner, and its privacy level lets it say so."""
        return self._phones.record.tenure_id is not None and not self._gate.refuses(DIGITAL_KEY_REPORT, self._gate.level)

    # What the people in the car do

    def show_ticket(self, turn: Turn) -> None:
        """Show a fresh secret for one phone, if one can be added now."""
        if self.is_open:
            self._phones.show_ticket(turn.now, self._keys.random_bytes(TICKET_SIZE))

    def remove(self, turn: Turn, key_id: str) -> None:
        """Forget a phone and say so; nothing happens when the car does not know it."""
        gone = self._phones.remove(key_id)
        if gone is not None:
            self._gone(turn, (gone,))
            self._report(turn, DigitalKeyReport(key_id, DigitalKeyResult.REMOVED, gone.label))

    # What comes over the link

    def offered(self, turn: Turn, frame: bytes) -> None:
        """A phone's digital key came."""
        if not self.is_open:
            self._counts.add("ignored/key:closed")
            return
        offer = _read_offer(frame)
        before = self._phones.record
        try:
            result = self._phones.offer(turn.now, offer, self._profile.vehicle_id)
        except UnfitDigitalKey:
            self._counts.add("ignored/key:unfit")
            return
        if self._phones.record is not before:
            turn.changes.put(PHONES, self._phones.record)
            turn.tell(NoticeCode.PHONE_STORED, phone=self._phones.added)
        elif result is not DigitalKeyResult.STORED:
            self._counts.add(f"commands/phone:{result.value}")
            turn.tell(NoticeCode.PHONE_REFUSED, reason=result.value)
        self._report(turn, DigitalKeyReport(offer.key_id, result, self._phones.label_of(offer.key_id)))

    def listed(self, turn: Turn, frame: bytes) -> None:
        """The list of the phones that remain came."""
        try:
            held = open_list(frame, self._profile.vehicle_id, self._profile.command_keys)
        except (NotForThisCar, MalformedCommand) as error:
            self._counts.add(f"ignored/keys:{error.code}")
            return
        if held.version > self._latest_version(turn):
            self._counts.add("ignored/keys:implausible")
            return
        gone = self._phones.obey(held)
        if gone is None:
            self._counts.add("ignored/keys:not_newer")
            return
        turn.changes.put(PHONES, self._phones.record)
        self._gone(turn, gone)
        known = {phone.key_id: phone.label for phone in self._phones.phones}
        for key_id in held.key_ids:
            if key_id in known and key_id in held.awaited:
                self._report(turn, DigitalKeyReport(key_id, DigitalKeyResult.STORED, known[key_id]))
            elif key_id not in known and key_id not in held.awaited:
                self._report(turn, DigitalKeyReport(key_id, DigitalKeyResult.REMOVED))

    def _latest_version(self, turn: Turn) -> int:
        """The highest version that can be meant: versions follow the seconds of the platform's time, so that nobody uses them up.

        Whoever had the platform's key for a day could else name the highest number there is, and no removal would count any more.
        """
        return self._link.latest_ms(turn.now) // 1000

    def _gone(self, turn: Turn, gone: tuple[Phone, ...]) -> None:
        if gone:
            turn.changes.put(PHONES, self._phones.record)
        for phone in gone:
            turn.tell(NoticeCode.PHONE_REMOVED, phone=phone.label)

    def _report(self, turn: Turn, report: DigitalKeyReport) -> None:
        level = self._gate.level
        refusal = self._gate.refuses(DIGITAL_KEY_REPORT, level)
        if refusal:
            self._counts.add(f"not_captured/{DIGITAL_KEY_REPORT}:{refusal}")
            return
        self._link.append(turn, Lane.EVENT, DIGITAL_KEY_REPORT, level, turn.now.ms, encode(report))
