"""Pairing codes: made at random, sealed for their owner to see again, compared by a keyed hash. REQ ENR-2.

Without the keys a copy of the database tells no code; there are only 10^8, so a plain hash would be none. Sealed is also the VIN, as
its owner typed it: both are deleted when the code is used or void.
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from openmarque.kit.vin import normalise_vin
from openmarque.link.pki_keys import KeyRing, Purpose
from openmarque.protocol.pairing import CODE_DIGITS

_CONTEXT: Final = b"openmarque.pairing.v1\n"


@dataclass(frozen=True, slots=True)
class OpenCode:
    """A code with the VIN that it is for, in the clear: for its owner only."""

    vin: str
    code: str


class CodeVault:
    """Makes, seals and compares codes with the keys of a ring."""

    def __init__(self, keys: KeyRing) -> None:
        """Use the pairing keys in `keys`."""
        self._keys = keys

    def new(self, vin: str) -> OpenCode:
        """A code for a car, from the operating system's generator. Raises ``InvalidVin``."""
        return OpenCode(normalise_vin(vin), f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}")

    def seal(self, made: OpenCode, pairing_id: UUID) -> tuple[bytes, str]:
        """The code sealed, and the id of its key; bound to the pairing, so that rows can't be swapped."""
        return self._keys.seal(Purpose.PAIRING_ENCRYPTION, f"{made.vin}{made.code}".encode("ascii"), pairing_id)

    def open(self, sealed: bytes, key_id: str, pairing_id: UUID) -> OpenCode:
        """The code. Raises ``UnknownKey``, or ``cryptography``'s ``InvalidTag`` for a row that was tampered with."""
        text = self._keys.unseal(Purpose.PAIRING_ENCRYPTION, sealed, key_id, pairing_id).decode("ascii")
        return OpenCode(text[:-CODE_DIGITS], text[-CODE_DIGITS:])

    def hash(self, made: OpenCode) -> bytes:
        """What a code is stored under, with the newest key."""
        return _hash(self._keys.secret(Purpose.PAIRING_LOOKUP)[1], made)

    def hashes(self, typed: OpenCode) -> list[bytes]:
        """What a code may be stored under: with each key in use, since rows keep the key of their day."""
        return [_hash(key, typed) for key in self._keys.secrets(Purpose.PAIRING_LOOKUP).values()]


def _hash(key: bytes, made: OpenCode) -> bytes:
    return hmac.digest(key, _CONTEXT + f"{made.vin}\n{made.code}".encode(), "sha256")
