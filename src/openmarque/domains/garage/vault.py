"""The one place where a VIN is read or written: sealed in one column, found by a keyed hash. REQ LNK-1.

Without the keys a copy of the database tells no VIN, and nobody can test a guess against it (a plain hash of 17 characters could be
tried out in hours).
"""

import hmac

from openmarque.kit.ids import VehicleId
from openmarque.kit.vin import normalise_vin
from openmarque.link.pki_keys import KeyRing, Purpose


class VinVault:
    """Seals and opens VINs with the keys of a ring."""

    def __init__(self, keys: KeyRing) -> None:
        """Use the encryption and look-up keys in `keys`."""
        self._keys = keys

    def seal(self, vin: str, vehicle_id: VehicleId) -> tuple[bytes, str]:
        """The sealed VIN and the id of its key; bound to the car, so that rows can't be swapped. Raises ``InvalidVin``."""
        return self._keys.seal(Purpose.VIN_ENCRYPTION, normalise_vin(vin).encode("ascii"), vehicle_id)

    def open(self, sealed: bytes, key_id: str, vehicle_id: VehicleId) -> str:
        """The VIN. Raises ``UnknownKey``, or ``cryptography``'s ``InvalidTag`` for a row that was tampered with."""
        return self._keys.unseal(Purpose.VIN_ENCRYPTION, sealed, key_id, vehicle_id).decode("ascii")

    def lookup(self, vin: str) -> bytes:
        """What a VIN is stored under: HMAC-SHA-256 with the newest look-up key. Raises ``InvalidVin``."""
        _, key = self._keys.secret(Purpose.VIN_LOOKUP)
        return _keyed_hash(key, vin)

    def lookups(self, vin: str) -> list[bytes]:
        """What a VIN may be found under: with each look-up key in use, since rows keep the key of their day. Raises ``InvalidVin``."""
        return [_keyed_hash(key, vin) for key in self._keys.secrets(Purpose.VIN_LOOKUP).values()]


def _keyed_hash(key: bytes, vin: str) -> bytes:
    return hmac.digest(key, normalise_vin(vin).encode("ascii"), "sha256")
