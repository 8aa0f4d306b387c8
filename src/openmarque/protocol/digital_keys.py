"""The keys of phones on the link, without I/O: how a car gets to know one, and how the platform has it forgotten. REQ RC-7.

Rules:
    1. A phone becomes known to a car by a secret that the car shows to the people in it and that the platform never sees: the
       phone proves with it (HMAC-SHA-256) that the key it offers is its own.
    2. What the platform sends later, a signed list of the keys that remain, only ever removes phones.
    3. A key is DER SubjectPublicKeyInfo, P-256, in the one form in which its id (``signing.key_id``) is reckoned.
"""

import hashlib
import hmac
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from openmarque.kit.errors import CallerError
from openmarque.protocol import signing
from openmarque.protocol.commands import Hex32, MalformedCommand, NotForThisCar, check_platform

DIGITAL_KEY_REPORT: Final = "digital_key_report"

SECRET_BYTES: Final = 16
"""Of the secret that a car shows for one phone."""
MAX_KEY_BYTES: Final = 256
"""A P-256 SubjectPublicKeyInfo has 91."""
MAX_LABEL: Final = 40
"""Characters of a phone's name."""

_OFFER_CONTEXT: Final = b"openmarque.digital-key.v1\n"
_LIST_CONTEXT: Final = "openmarque.digital-keys.v1"

KeyIds = Annotated[tuple[Hex32, ...], msgspec.Meta(max_length=64)]
"""Far more keys than a car holds."""


class DigitalKeyOffer(msgspec.Struct, array_like=True, frozen=True):
    """A phone's digital key on its way to the car (``down/key``).

    `public_key` is DER SubjectPublicKeyInfo, `mac` as ``digital_key_mac`` makes it with the secret that the car shows: the platform can
    neither make one nor put another key in its place. `asked` is for the platform's own records.
    """

    public_key: bytes
    label: Annotated[str, msgspec.Meta(max_length=256)]
    mac: bytes
    key_id: Hex32
    asked: int = 0


class KeyList(msgspec.Struct, array_like=True, frozen=True):
    """The phones that remain (``down/keys``), signed by the platform's command key. It only ever removes.

    `version` grows per car. `key_ids` names every key that may remain, `awaited` those among them whose outcome the platform has
    not heard: the car says again that it holds them.
    """

    vehicle_id: str
    version: int
    key_ids: KeyIds
    awaited: KeyIds
    platform_key_id: str
    signature: bytes


class DigitalKeyResult(StrEnum):
    """The outcome of the offer, or of the removal, of a digital key."""

    STORED = "stored"
    WRONG_MAC = "wrong_mac"
    NO_TICKET = "no_ticket"
    """The car shows no secret now: it was used, it is over, or nobody asked for one."""
    FULL = "full"
    REMOVED = "removed"
    """The people in the car removed it, or the car does not hold it."""


class DigitalKeyReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the car did with the key of a phone (``event`` lane); `label` is the name that the car shows."""

    key_id: str
    result: DigitalKeyResult
    label: str = ""


class UnfitDigitalKey(CallerError):
    """This is no P-256 public key in DER."""

    code = "unfit-digital-key"
    cure = "Send the SubjectPublicKeyInfo that WebCrypto exports as `spki`."


# The key and its proof


def load_digital_key(spki: bytes) -> ec.EllipticCurvePublicKey:
    """A phone's digital key; raises ``UnfitDigitalKey`` unless these bytes are a P-256 key in the form in which its id is reckoned."""
    if len(spki) > MAX_KEY_BYTES:
        raise UnfitDigitalKey
    try:
        key = signing.load_public(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnfitDigitalKey from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UnfitDigitalKey
    if signing.public_bytes(key) != spki:
        raise UnfitDigitalKey("It is written in another way than exported.")
    return key


def digital_key_mac(secret: bytes, vehicle_id: UUID, spki: bytes) -> bytes:
    """What proves that whoever offers the key `spki` has seen the `secret` that the car shows."""
    return hmac.digest(secret, _OFFER_CONTEXT + vehicle_id.bytes + spki, hashlib.sha256)


def mac_fits(offer: DigitalKeyOffer, secret: bytes, vehicle_id: UUID) -> bool:
    """Whether the offer was made with `secret`; takes the same time either way."""
    return hmac.compare_digest(digital_key_mac(secret, vehicle_id, offer.public_key), offer.mac)


# The list of those that remain

_read_list = msgspec.msgpack.Decoder(KeyList).decode


def list_statement(vehicle_id: UUID, version: int, key_ids: tuple[str, ...], awaited: tuple[str, ...]) -> bytes:
    """The bytes that the platform signs for a key list."""
    return msgspec.msgpack.encode((_LIST_CONTEXT, vehicle_id.bytes, version, key_ids, awaited))


def seal_list(
    key: signing.PrivateKey, vehicle_id: UUID, version: int, key_ids: tuple[str, ...], awaited: tuple[str, ...] = ()
) -> bytes:
    """The frame for ``down/keys``, signed by the platform's command key."""
    signature = signing.sign(key, list_statement(vehicle_id, version, key_ids, awaited))
    held = KeyList(vehicle_id.hex, version, key_ids, awaited, signing.key_id(key.public_key()), signature)
    return msgspec.msgpack.encode(held)


def open_list(frame: bytes, vehicle_id: UUID, keys: Mapping[str, signing.PublicKey]) -> KeyList:
    """The list in a frame, once it is proved to be by one of the platform's command `keys` and for this car.

    Raises ``NotForThisCar`` or ``MalformedCommand``.
    """
    try:
        held = _read_list(frame)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MalformedCommand from error
    statement = list_statement(vehicle_id, held.version, held.key_ids, held.awaited)
    check_platform(keys, held.platform_key_id, statement, held.signature)
    if held.vehicle_id != vehicle_id.hex:
        raise NotForThisCar("It names another car.")
    return held
