"""The one place where a VIN is read or written: sealed in one column, found by a keyed hash. REQ LNK-1.

Without the keys a copy of the database tells no VIN, and nobody can test a guess against it (a plain hash of 17 characters could be
tried out in hours).
"""

import hmac
import os
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from openmarque.kit.ids import VehicleId
from openmarque.kit.vin import normalise_vin
from openmarque.link.pki_keys import KeyRing, Purpose

_NONCE: Final = 12
"""Bytes of the AES-GCM nonce (NIST SP 800-38D §8.2)."""


class VinVault:
    """Seals and opens VINs with the keys of a ring."""

    def __init__(self, keys: KeyRing) -> None:
        """Use the encryption and look-up keys in `keys`."""
        self._keys = keys

    def seal(self, vin: str, vehicle_id: VehicleId) -> tuple[bytes, str]:
        """The sealed VIN and the id of its key; bound to the car, so that rows can't be swapped. Raises ``InvalidVin``."""
        key_id, key = self._keys.secret(Purpose.VIN_ENCRYPTION)
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(key).encrypt(nonce, normalise_vin(vin).encode("ascii"), vehicle_id.bytes), key_id

    def open(self, sealed: bytes, key_id: str, vehicle_id: VehicleId) -> str:
        """The VIN. Raises ``UnknownKey``, or ``cryptography``'s ``InvalidTag`` for a row that was tampered with."""
        _, key = self._keys.secret(Purpose.VIN_ENCRYPTION, key_id)
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], vehicle_id.bytes).decode("ascii")

    def lookup(self, vin: str) -> bytes:
        """What a VIN is stored under: HMAC-SHA-256 with the newest look-up key. Raises ``InvalidVin``."""
        _, key = self._keys.secret(Purpose.VIN_LOOKUP)
        return _keyed_hash(key, vin)

    def lookups(self, vin: str) -> list[bytes]:
        """What a VIN may be found under: with each look-up key in use, since rows keep the key of their day. Raises ``InvalidVin``."""
        return [_keyed_hash(key, vin) for key in self._keys.secrets(Purpose.VIN_LOOKUP).values()]


def _keyed_hash(key: bytes, vin: str) -> bytes:
    return hmac.digest(key, normalise_vin(vin).encode("ascii"), "sha256")
