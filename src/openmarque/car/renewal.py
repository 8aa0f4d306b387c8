"""When the car asks for a new certificate, and what it does with the answer. Keys are made and kept by the keyring."""

from typing import Final

from openmarque.car.model import Keyring, Now
from openmarque.protocol import signing
from openmarque.protocol.envelope import Trust
from openmarque.protocol.messages import CertificateRequest

_FIRST_WAIT_MS: Final = 60_000
_LONGEST_WAIT_MS: Final = 6 * 3_600_000
"""Between two requests: a lost answer is made up for in a minute, a platform that can't sign is asked four times a day."""


class Renewal:
    """Asks once two thirds of the certificate's life are over, so that a car gets a third of it to find coverage."""

    def __init__(self, keys: Keyring) -> None:
        """Nothing is asked for yet."""
        self._keys = keys
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

    def request(self, now: Now) -> CertificateRequest | None:
        """The request to send now, if it is time. A clock that was never set says nothing about expiry."""
        due = self.due_ms()
        if due is None or now.ms < due or now.trust is Trust.UNSET:
            return None
        self._not_before_ms = now.ms + self._wait_ms
        self._wait_ms = min(self._wait_ms * 2, _LONGEST_WAIT_MS)
        csr = self._keys.request()
        return CertificateRequest(csr, self._keys.key_id, self._keys.sign(signing.renewal_statement(csr)))

    def refused(self, now: Now) -> None:
        """The platform said no: ask again much later."""
        self._not_before_ms = now.ms + _LONGEST_WAIT_MS

    def install(self, chain: bytes) -> None:
        """Keep the new certificate; raises ``CertificateMismatch`` when it is not ours."""
        self._keys.install(chain)
        self._installed = True
        self._wait_ms = _FIRST_WAIT_MS
        self._not_before_ms = None

    def connected(self) -> None:
        """A new connection: if the new certificate was of use, its validity is the one that counts now."""
        self._installed = False

    def welcomed(self) -> None:
        """The platform took the certificate of this connection."""
        self._keys.confirm()
