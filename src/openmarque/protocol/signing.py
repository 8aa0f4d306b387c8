"""What is signed on the link, byte for byte, and how signatures are made and checked.

A statement is a MessagePack array that starts with its own context string, so that a signature for one purpose never
verifies for another. Cars sign with the P-256 key of their certificate (ECDSA, SHA-256, DER); the platform's policy and
command keys are Ed25519. Keys are named by key id: the first 16 bytes of SHA-256 over the SubjectPublicKeyInfo, in hex.
"""

import hashlib
from typing import Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from openmarque.kit.errors import OpenMarqueError
from openmarque.protocol.levels import Level

_EPOCH_CONTEXT: Final = "openmarque.epoch.v1"
_LEVEL_CONTEXT: Final = "openmarque.level.v1"
_POLICY_CONTEXT: Final = "openmarque.policy.v1"
_RENEWAL_CONTEXT: Final = "openmarque.renewal.v1"

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


class BadSignature(OpenMarqueError):
    """This statement was not signed by the key it names."""

    code = "bad-signature"


def level_statement(vehicle_id: UUID, level: Level, counter: int, changed_at: int, by: str) -> bytes:
    """The bytes a car signs when its privacy level changes; `changed_at` in milliseconds since the epoch."""
    return msgspec.msgpack.encode((_LEVEL_CONTEXT, vehicle_id.bytes, int(level), counter, changed_at, by))


def renewal_statement(csr: bytes) -> bytes:
    """The bytes a car signs with its present key when it asks for a certificate for the next one (`csr` names the car)."""
    return msgspec.msgpack.encode((_RENEWAL_CONTEXT, csr))


def policy_statement(vehicle_id: UUID, policy: bytes) -> bytes:
    """The bytes the platform signs for a compiled policy: it names the car, so that no other car can be given it."""
    return msgspec.msgpack.encode((_POLICY_CONTEXT, vehicle_id.bytes, policy))


def epoch_statement(vehicle_id: UUID, epoch: int, asked: int) -> bytes:
    """The bytes the platform signs when it gives a car an epoch; `asked` is the greeting's, so that no old answer is one to this greeting."""
    return msgspec.msgpack.encode((_EPOCH_CONTEXT, vehicle_id.bytes, epoch, asked))


def key_id(public: PublicKey) -> str:
    """The id of a public key: 32 hex digits."""
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()[:32]


def public_bytes(public: PublicKey) -> bytes:
    """The key as DER SubjectPublicKeyInfo, the form in which keys are stored and sent."""
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load_public(spki: bytes) -> PublicKey:
    """The key in a DER SubjectPublicKeyInfo; ``ValueError`` when it is of neither kind in use here."""
    key = load_der_public_key(spki)
    if not isinstance(key, (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
        raise ValueError("only P-256 and Ed25519 keys are used on the link")
    return key


def sign(private: PrivateKey, statement: bytes) -> bytes:
    """A signature over `statement`."""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(statement)
    return private.sign(statement, ec.ECDSA(hashes.SHA256()))


def verify(public: PublicKey, statement: bytes, signature: bytes) -> None:
    """Return when `signature` over `statement` is by `public`; raise ``BadSignature`` otherwise."""
    try:
        if isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, statement)
        else:
            public.verify(signature, statement, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise BadSignature from error
