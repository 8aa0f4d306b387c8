"""The platform's own keys, one ring for each purpose, so that a leaked one opens nothing else.

Theory of operation: a ring is a 0600 file ``keys/<purpose>.ring.json`` with several keys. The newest signs (or encrypts); the older
ones still verify (or decrypt) until they are retired, so a rotation needs no moment at which everybody switches. A key is named by
its id wherever something made with it is stored.
"""

import base64
import os
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from openmarque.engines.process import write_private
from openmarque.kit.clock import Clock
from openmarque.kit.errors import OpenMarqueError
from openmarque.protocol.signing import key_id

_NONCE: Final = 12
"""Bytes of the AES-GCM nonce (NIST SP 800-38D §8.2)."""


class Purpose(StrEnum):
    """What a ring's keys are for; commands, policies and snapshots are signed (Ed25519), the others are 32 random bytes."""

    COMMAND = "command"
    MAIL = "mail"
    POLICY = "policy"
    SAFETY_CODE = "safety-code"
    SNAPSHOT = "snapshot"
    TRIES = "tries"
    VIN_ENCRYPTION = "vin-encryption"
    VIN_LOOKUP = "vin-lookup"
    PAIRING_ENCRYPTION = "pairing-encryption"
    PAIRING_LOOKUP = "pairing-lookup"

    @property
    def signs(self) -> bool:
        """Whether its keys are Ed25519 keys."""
        return self in {Purpose.COMMAND, Purpose.POLICY, Purpose.SNAPSHOT}


class UnknownKey(OpenMarqueError):
    """No key of this name is in the ring."""

    code = "unknown-key"
    cure = "Restore the keys directory that belongs to this database."


class LastKey(OpenMarqueError):
    """The key in use can't be retired."""

    code = "key-in-use"
    cure = "Rotate first; then retire the old one when nothing made with it is left."


class _Key(msgspec.Struct, frozen=True):
    id: str
    created_at: datetime
    secret: bytes


class _Ring(msgspec.Struct, frozen=True):
    keys: list[_Key]
    """Newest first."""


class KeyRing:
    """The rings in one directory. Rings are made at first use; every read sees what another process rotated."""

    def __init__(self, directory: Path, clock: Clock) -> None:
        """Keep the rings in `directory`."""
        self._dir = directory
        self._clock = clock
        self._cache: dict[Purpose, tuple[int, _Ring]] = {}

    def signing(self, purpose: Purpose) -> tuple[str, Ed25519PrivateKey]:
        """(id, private key) that signs now for a signing purpose."""
        key = self._ring(purpose).keys[0]
        return key.id, _private(key)

    def verifying(self, purpose: Purpose) -> dict[str, Ed25519PublicKey]:
        """Every public key that still verifies, by id."""
        return {key.id: _private(key).public_key() for key in self._ring(purpose).keys}

    def secret(self, purpose: Purpose, key_id_: str | None = None) -> tuple[str, bytes]:
        """(id, 32 bytes) of the newest secret, or of the one named. Raises ``UnknownKey``."""
        for key in self._ring(purpose).keys:
            if key_id_ in (None, key.id):
                return key.id, key.secret
        raise UnknownKey(f"It is {key_id_} for {purpose}.")

    def secrets(self, purpose: Purpose) -> dict[str, bytes]:
        """Every secret in use by id, newest first (a look-up by keyed hash has to try each)."""
        return {key.id: key.secret for key in self._ring(purpose).keys}

    def seal(self, purpose: Purpose, plain: bytes, row: UUID) -> tuple[bytes, str]:
        """`plain` sealed (AES-256-GCM: nonce, ciphertext and tag) and the id of the key; bound to `row`, so that rows can't be swapped."""
        key_id_, key = self.secret(purpose)
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(key).encrypt(nonce, plain, row.bytes), key_id_

    def unseal(self, purpose: Purpose, sealed: bytes, key_id_: str, row: UUID) -> bytes:
        """What was sealed for `row`. Raises ``UnknownKey``, or ``cryptography``'s ``InvalidTag`` for a row that was tampered with."""
        return AESGCM(self.secret(purpose, key_id_)[1]).decrypt(sealed[:_NONCE], sealed[_NONCE:], row.bytes)

    def rotate(self, purpose: Purpose) -> str:
        """Make a new key the one in use, and return its id; the others go on verifying."""
        key = self._new(purpose)
        self._write(purpose, _Ring([key, *self._ring(purpose).keys]))
        return key.id

    def retire(self, purpose: Purpose, key_id_: str) -> None:
        """Drop an old key. Raises ``LastKey`` for the one in use, ``UnknownKey`` for one that isn't there."""
        keys = self._ring(purpose).keys
        if keys[0].id == key_id_:
            raise LastKey(f"It is {key_id_} for {purpose}.")
        if all(key.id != key_id_ for key in keys):
            raise UnknownKey(f"It is {key_id_} for {purpose}.")
        self._write(purpose, _Ring([key for key in keys if key.id != key_id_]))

    def _path(self, purpose: Purpose) -> Path:
        return self._dir / f"{purpose}.ring.json"

    def _ring(self, purpose: Purpose) -> _Ring:
        path = self._path(purpose)
        try:
            stamp = path.stat().st_mtime_ns
        except FileNotFoundError:
            self._write(purpose, _Ring([self._new(purpose)]))
            stamp = path.stat().st_mtime_ns
        cached = self._cache.get(purpose)
        if not cached or cached[0] != stamp:
            cached = stamp, msgspec.json.decode(path.read_bytes(), type=_Ring)
            self._cache[purpose] = cached
        return cached[1]

    def _write(self, purpose: Purpose, ring: _Ring) -> None:
        write_private(self._path(purpose), msgspec.json.encode(ring).decode("ascii"))

    def _new(self, purpose: Purpose) -> _Key:
        secret = os.urandom(32)
        # A secret's id tells nothing of it: it is random, where a public key's is its fingerprint.
        name = (
            key_id(Ed25519PrivateKey.from_private_bytes(secret).public_key())
            if purpose.signs
            else base64.b16encode(os.urandom(16))
        )
        return _Key(name if isinstance(name, str) else name.decode("ascii").lower(), self._clock.now(), secret)


@lru_cache(maxsize=64)
def _private(key: _Key) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.secret)
