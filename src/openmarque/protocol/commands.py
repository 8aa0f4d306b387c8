"""Remote commands to a car, without I/O: what is signed and by whom, byte for byte, and what is sent. REQ RC-6, RC-7.

Rules:
    1. Who opens a car signs twice. The phone signs the payload with a key that never leaves it; the platform signs the payload together
       with what it vouches for (that the safety code was fresh). The car checks both. Neither signature alone opens anything.
    2. A payload has exactly one spelling: compact JSON, members in the order of ``CommandPayload``, as ``JSON.stringify`` writes it. Whoever
       verifies reads the signed bytes and refuses them unless writing what was read gives the same bytes again. So unknown and
       repeated members, other spellings of a number or a text, and spaces are refused, and no two readers can differ.
    3. Time is the car's own. The car gives out a challenge and remembers, by a clock that never goes back and counts sleep, when
       it did. `valid_ms` counts from that moment; nobody else's clock matters. A restart of the car voids its challenges.
    4. Each key counts its commands upwards. The car takes none that is not above the last it took, and stores that before it acts.
    5. How a car gets to know the key of a phone, and forgets it, is in ``protocol.digital_keys``.

Theory of operation:
    phone                         platform                        car
      |  wants a remote command              |  ChallengeRequest            |
      |----------------------------->|----------------------------->|  remembers when (steady clock)
      |<-----------------------------|<------- ChallengeAnswer -----|
      |  payload, ECDSA P-256        |                              |
      |----------------------------->|  decides, checks the code    |
      |                              |------- SignedCommand --------->|  verifies, stores the counter, then acts
      |<-- states ------------------ |<------ CommandReport ----------|  what was sensed, not what was hoped

Authority per command (``catalogue.declarations.Authority``): ``platform`` commands carry no phone signature, the key id "" and the platform's own
counter; ``phone`` commands the phone's signature; ``digital_key_and_code`` commands `code_fresh` as well.

Sizes: a payload has at most ``MAX_PAYLOAD_BYTES``, a frame with a remote command ``MAX_COMMAND_BYTES``. Signatures of phones are P1363 (r, then s, 32
bytes each), as WebCrypto gives them; on the inside they are DER.
"""

import base64
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, utils

from openmarque.kit.errors import CallerError
from openmarque.protocol import signing

CHALLENGE_ISSUED: Final = "challenge_issued"
COMMAND_REPORT: Final = "command_report"

CHALLENGE_BYTES: Final = 16
"""128 random bits: nobody guesses one, and none repeats in the life of a car."""
CHALLENGE_LIVES_MS: Final = 300_000
"""Five minutes: long enough to find the phone and type the code, short enough that no command of yesterday opens a car."""
CHALLENGES_KEPT: Final = 8
"""The newest that a car remembers: some phones and windows at once; a flood only voids older ones."""
SIGNATURE_BYTES: Final = 64
MAX_PAYLOAD_BYTES: Final = 1_024
MAX_COMMAND_BYTES: Final = 2_048
MAX_COUNTER: Final = 2**53 - 1
"""Exact in JavaScript."""
PLATFORM_KEY: Final = ""
"""The key id of commands that need no phone."""

_PHONE_CONTEXT: Final = b"openmarque.command.v1\n"
_PLATFORM_CONTEXT: Final = "openmarque.command.platform.v1"

Hex32 = Annotated[str, msgspec.Meta(min_length=32, max_length=32, pattern="^[0-9a-f]{32}$")]
"""An identifier in wire form."""
NAME: Final = "^[a-z][a-z0-9_]*$"
"""How commands and their arguments are called."""
MAX_NAME: Final = 32
MAX_ARGUMENTS: Final = 16
MAX_ARGUMENT_TEXT: Final = 64
ARGUMENT_TEXT: Final = r"^[ !#-\[\]-~]*$"
"""Printable ASCII without quotation mark and backslash: every JSON writer spells it in the same way."""

CommandName = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME, pattern=NAME)]
_ArgumentText = Annotated[str, msgspec.Meta(max_length=MAX_ARGUMENT_TEXT, pattern=ARGUMENT_TEXT)]
_ArgumentInteger = Annotated[int, msgspec.Meta(ge=-MAX_COUNTER, le=MAX_COUNTER)]
Arguments = Annotated[dict[CommandName, bool | _ArgumentInteger | _ArgumentText], msgspec.Meta(max_length=MAX_ARGUMENTS)]


class NoArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The arguments of a command that has none."""


class CommandPayload(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the signer wants the car to do. Field order is the spelling; see rule 2.

    Ids are 32 hex digits; `key_id` is the signer's, "" for the platform itself. `challenge` is base64url without padding;
    `valid_ms` counts from the car's issue of it, by the car's clock.
    """

    v: Literal[1] = 1
    command_id: Hex32
    vehicle_id: Hex32
    command: CommandName
    arguments: Arguments = msgspec.field(default_factory=dict)
    key_id: Annotated[str, msgspec.Meta(max_length=32, pattern="^([0-9a-f]{32})?$")]
    counter: Annotated[int, msgspec.Meta(ge=1, le=MAX_COUNTER)]
    challenge: Annotated[str, msgspec.Meta(min_length=22, max_length=22, pattern="^[A-Za-z0-9_-]+$")]
    valid_ms: Annotated[int, msgspec.Meta(ge=1, le=CHALLENGE_LIVES_MS)]


class SignedCommand(msgspec.Struct, array_like=True, frozen=True):
    """A remote command on its way to the car (``down/command``). `payload` are the very bytes that the phone signed.

    `code_fresh` is the platform's word that the safety code was right a moment ago; `keys_version` the version of the newest key
    list: a car that holds an older one has not heard of a revocation and refuses.
    """

    payload: bytes
    phone_signature: bytes
    code_fresh: bool
    keys_version: int
    platform_key_id: str
    platform_signature: bytes


class ChallengeRequest(msgspec.Struct, array_like=True, frozen=True):
    """The platform asks for a challenge (``down/challenge``); `asked` is any number by which it knows the answer."""

    asked: int


class ChallengeAnswer(msgspec.Struct, array_like=True, frozen=True):
    """The car's challenge (``up/challenge``), 16 random bytes, for the request with this number."""

    asked: int
    challenge: bytes


class CommandStep(StrEnum):
    """How far a remote command came in the car."""

    REACHED = "reached"
    """It came and is genuine."""
    EXECUTING = "executing"
    DONE = "done"
    """The sensors say that it is as commanded."""
    REFUSED = "refused"
    """The car did nothing."""
    FAILED = "failed"
    """The car acted, and the sensors did not show the outcome in time."""


class CommandReport(msgspec.Struct, frozen=True):
    """How a remote command fares (``event`` lane). `reason` is a code ("" where all is well), `at_ms` by the car's clock."""

    command_id: str
    state: CommandStep
    reason: str
    at_ms: int


class MalformedCommand(CallerError):
    """This is no command in the one spelling that a remote command has."""

    code = "malformed-command"
    cure = "Write the payload as compact JSON with exactly the members of a remote command, in their order."


class NotForThisCar(CallerError):
    """This command, or list, was not signed by the platform for this car."""

    code = "not-for-this-car"


# Payload

_encode_payload = msgspec.json.Encoder().encode
_decode_payload = msgspec.json.Decoder(CommandPayload, strict=True).decode


def write_payload(payload: CommandPayload) -> bytes:
    """The bytes to sign. Raises ``MalformedCommand`` for values that no reader would take."""
    text = _encode_payload(payload)
    read_payload(text)
    return text


def read_payload(text: bytes) -> CommandPayload:
    """The command in exactly these bytes; raises ``MalformedCommand`` for anything but the one spelling of it (rule 2)."""
    if len(text) > MAX_PAYLOAD_BYTES:
        raise MalformedCommand("It is larger than a remote command can be.")
    if b"\\" in text:  # nor does a regular expression's "$" let a line end through that way
        raise MalformedCommand("Nothing in a remote command needs an escape.")
    try:
        payload = _decode_payload(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MalformedCommand from error
    if _encode_payload(payload) != text:
        raise MalformedCommand("It is spelt in another way than a remote command is.")
    if len(challenge_of(payload)) != CHALLENGE_BYTES:
        raise MalformedCommand("The challenge must be 16 bytes.")
    return payload


def challenge_of(payload: CommandPayload) -> bytes:
    """The challenge that a remote command answers; raises ``MalformedCommand`` when it is not written in the one form."""
    try:
        return from_b64url(payload.challenge)
    except ValueError as error:
        raise MalformedCommand("Its challenge is not base64url.") from error


# The phone's signature


def phone_statement(payload: bytes) -> bytes:
    """The bytes that a phone signs for a remote command."""
    return _PHONE_CONTEXT + payload


def verify_phone(key: ec.EllipticCurvePublicKey, payload: bytes, signature: bytes) -> None:
    """Return when `signature` (P1363) over the command `payload` is by `key`; raise ``signing.BadSignature`` otherwise."""
    signing.verify(key, phone_statement(payload), p1363_to_der(signature))


def sign_as_phone(key: ec.EllipticCurvePrivateKey, payload: bytes) -> bytes:
    """What a phone does, for programs that stand in for one: the P1363 signature of a remote command."""
    return der_to_p1363(signing.sign(key, phone_statement(payload)))


def p1363_to_der(signature: bytes) -> bytes:
    """A signature as WebCrypto gives it, in DER; raises ``signing.BadSignature`` for one of another length."""
    if len(signature) != SIGNATURE_BYTES:
        raise signing.BadSignature("It has not 64 bytes.")
    half = SIGNATURE_BYTES // 2
    return utils.encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def der_to_p1363(signature: bytes) -> bytes:
    """A DER signature as WebCrypto would give it."""
    r, s = utils.decode_dss_signature(signature)
    half = SIGNATURE_BYTES // 2
    return r.to_bytes(half) + s.to_bytes(half)


# The platform's signature


def platform_statement(
    vehicle_id: UUID, payload: bytes, phone_signature: bytes, *, code_fresh: bool, keys_version: int
) -> bytes:
    """The bytes that the platform signs for a remote command: it names the car and everything else that the frame says."""
    return msgspec.msgpack.encode((_PLATFORM_CONTEXT, vehicle_id.bytes, payload, phone_signature, code_fresh, keys_version))


def sign_command(
    key: signing.PrivateKey, vehicle_id: UUID, payload: bytes, phone_signature: bytes, *, code_fresh: bool, keys_version: int
) -> bytes:
    """The frame for ``down/command``, signed by the platform's command key."""
    statement = platform_statement(vehicle_id, payload, phone_signature, code_fresh=code_fresh, keys_version=keys_version)
    remote_command = SignedCommand(
        payload, phone_signature, code_fresh, keys_version, signing.key_id(key.public_key()), signing.sign(key, statement)
    )
    return msgspec.msgpack.encode(remote_command)


_read_command = msgspec.msgpack.Decoder(SignedCommand).decode


def verify_command(
    frame: bytes, vehicle_id: UUID, keys: Mapping[str, signing.PublicKey]
) -> tuple[SignedCommand, CommandPayload]:
    """The command in a frame, once it is proved to be by one of the platform's command `keys` (by id) and for this car.

    Raises ``NotForThisCar`` or ``MalformedCommand``. The phone's signature is not looked at: only the car knows the phone.
    """
    if len(frame) > MAX_COMMAND_BYTES:
        raise MalformedCommand("It is larger than a remote command can be.")
    try:
        remote_command = _read_command(frame)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise MalformedCommand from error
    statement = platform_statement(
        vehicle_id,
        remote_command.payload,
        remote_command.phone_signature,
        code_fresh=remote_command.code_fresh,
        keys_version=remote_command.keys_version,
    )
    check_platform(keys, remote_command.platform_key_id, statement, remote_command.platform_signature)
    payload = read_payload(remote_command.payload)
    if payload.vehicle_id != vehicle_id.hex:
        raise NotForThisCar("It names another car.")
    return remote_command, payload


def check_platform(keys: Mapping[str, signing.PublicKey], key_id: str, statement: bytes, signature: bytes) -> None:
    """Return when `statement` is signed by the one of the platform's command `keys` (by id) that is named; else ``NotForThisCar``."""
    key = keys.get(key_id)
    if key is None:
        raise NotForThisCar("It names a key that is none of the platform's.")
    try:
        signing.verify(key, statement, signature)
    except signing.BadSignature as error:
        raise NotForThisCar("The platform did not sign it for this car.") from error


# Base64url without padding (RFC 4648 §5), in its one spelling


def b64url(content: bytes) -> str:
    """`content` as text for JSON and links."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def from_b64url(text: str) -> bytes:
    """The bytes written by `b64url`; ``ValueError`` for any other spelling."""
    content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if b64url(content) != text:
        raise ValueError("base64url has one spelling, without padding")
    return content
