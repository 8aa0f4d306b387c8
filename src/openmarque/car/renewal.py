"""When the car asks for a new certificate, and what it does with the answer. Keys are made and kept by the keyring. REQ LNK-1."""

from typing import Final

import msgspec

from openmarque.car.link import Link, Turn
from openmarque.car.model import CertificateMismatch, Channel, Keyring, LinkState, NoticeCode, Now
from openmarque.car.records import Counts
from openmarque.protocol import signing
from openmarque.protocol.envelope import Trust, encode
from openmarque.protocol.messages import CertificateIssued, CertificateRequest

_FIRST_WAIT_MS: Final = 60_000
_LONGEST_WAIT_MS: Final = 6 * 3_600_000
"""Between two requests: a lost answer is made up for in a minute, a platform that can't sign is asked four times a day."""
_REASON_LIMIT: Final = 64
"""Characters of the platform's reason that the people in the car are shown."""

_read_issued = msgspec.msgpack.Decoder(CertificateIssued).decode


class Renewal:
    """Asks once two thirds of the certificate's life are over, so that a car gets a third of it to find coverage."""

    def __init__(self, keys: Keyring, link: Link, counts: Counts) -> None:
        """Nothing is asked for yet."""
        self._keys = keys
        self._link = link
        self._counts = counts
        self._wait_ms = _FIRST_WAIT_MS
        self._not_before_ms: int | None = None
        self._installed = False

    def due_ms(self) -> int | None:
        """When to ask next; None when a new certificate waits for its first connection."""
        if self._installed:
            return None
        from_ms, until_ms = self._keys.validity
        due = from_ms + (until_ms - from_ms) * 2 // 3
        return due if self._not_before_ms is None else max(due, self._not_before_ms)

    def advance(self, turn: Turn) -> None:
        """Ask, if it is time and the link is open. Call it late in each step."""
        request = self._request(turn.now) if self._link.state is LinkState.OPEN else None
        if request is not None:
            turn.send(Channel.CSR, encode(request))

    def answered(self, turn: Turn, frame: bytes) -> None:
        """The platform's answer came: a certificate, with which to connect anew, or a refusal; one that is not ours is counted."""
        issued = _read_issued(frame)
        if not issued.chain:
            self._not_before_ms = turn.now.ms + _LONGEST_WAIT_MS
            turn.tell(NoticeCode.CERTIFICATE_REFUSED, reason=issued.refused[:_REASON_LIMIT])
            return
        try:
            self._keys.install(issued.chain)
        except CertificateMismatch:
            self._counts.add("ignored/cert:mismatch")
            return
        self._installed = True
        self._wait_ms = _FIRST_WAIT_MS
        self._not_before_ms = None
        turn.out.reconnect = True
        turn.tell(NoticeCode.CERTIFICATE_RENEWED)

    def _request(self, now: Now) -> CertificateRequest | None:
        """The request to send now, if it is time. A clock that was never set says nothing about expiry."""
        due = self.due_ms()
        if due is None or now.ms < due or now.trust is Trust.UNSET:
            return None
        self._not_before_ms = now.ms + self._wait_ms
        self._wait_ms = min(self._wait_ms * 2, _LONGEST_WAIT_MS)
        csr = self._keys.request()
        return CertificateRequest(csr, self._keys.key_id, self._keys.sign(signing.renewal_statement(csr)))

    def connected(self) -> None:
        """A new connection: if the new certificate was of use, its validity is the one that counts now."""
        self._installed = False

    def welcomed(self) -> None:
        """The platform took the certificate of this connection."""
        self._keys.confirm()
