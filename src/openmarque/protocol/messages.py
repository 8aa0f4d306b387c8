"""Message types of the link itself (housekeeping) and the register of all types, which says what may leave at each level.

A type belongs to one lane (or to none: link set-up), has one body struct, and names the level from which it may leave the
car. That table is the allow-list of a privacy level, link housekeeping included; ``tests/acceptance`` compares it with the
decrypted wire. Services add their own types through ``MessageType`` in their ``messages.py``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from openmarque.protocol.commands import CHALLENGE_ISSUED, COMMAND_REPORT, ChallengeAnswer, CommandReport
from openmarque.protocol.digital_keys import DIGITAL_KEY_REPORT, DigitalKeyReport
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.pairing import PAIRING_REQUEST, PairingRequest
from openmarque.protocol.signals import PLACE_SIGNALS, Value

STATUS: Final = "status"
STATUS_WITH_PLACE: Final = "status_with_place"
HELLO: Final = "hello"
CERTIFICATE_REQUEST: Final = "certificate_request"
LEVEL_CHANGED: Final = "level_changed"
POLICY_ACCEPTED: Final = "policy_accepted"
GONE: Final = "gone"

OLD_STATEMENT: Final = "old_statement"
UNKNOWN_POLICY: Final = "unknown_policy"
"""Reason for which the acceptance of a policy is refused that the platform does not know (a restored backup): the car greets anew."""
"""Why a ``level_changed`` is refused whose counter is not above the newest that the platform knows of the car."""


class StatusBody(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Newest values by VSS path, each with its age in milliseconds at the envelope's `car_time` (never negative)."""

    values: dict[str, tuple[Value, int]]


class Hello(msgspec.Struct, frozen=True, omit_defaults=True):
    """A car says who and how it is, right after each connection; answered by ``Welcome``.

    `first` holds per lane the lowest number that the car may still send, so that a platform restored from a backup can tell
    what is gone for ever; `epoch` is 0 for a car that remembers none. `signals` and `types` are what the car can send, `commands` what
    it can run, `documents` the kinds of settings documents that it knows: (newest schema, version it holds; 0: none). `policy_version` goes with `policy_hash` (0: no policy), so that a restored platform goes on above it. `asked` is
    a number that nobody can guess (1 to 2^53 - 1), by which the car knows the answer to this greeting.
    """

    protocol: tuple[int, ...]
    epoch: int
    first: dict[str, int]
    policy_hash: str = ""
    level: Level = Level.PRIVATE
    ceiling: Level = Level.POSITION
    software: str = ""
    types: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    policy_version: int = 0
    asked: int = 0
    documents: dict[str, tuple[int, int]] = {}


class Welcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """The platform's answer: what both sides speak, where each lane stands, and the policy when the car's is not the newest.

    `epoch` is the one to use from now on; it is above the car's when the platform knows of a later life of the same car.
    `unknown` repeats the types, signals and commands of the car that this platform ignores. `policy` is a signed policy frame.
    `level` is the one that the platform knows (None: it does not say): a car that stands at another one states its own again.
    `asked` repeats the greeting's; 0 comes from a platform that does not. `signature` by the policy key `key_id` is over
    ``signing.epoch_statement``: without it a car takes no other `epoch` than its own.

    `protocol` 0 refuses: the platform speaks none of the versions that the car offered, only those in `supported`; the rest says nothing.
    """

    protocol: int
    epoch: int
    watermarks: dict[str, int]
    time: int
    policy: bytes = b""
    unknown: tuple[str, ...] = ()
    level: Level | None = None
    asked: int = 0
    key_id: str = ""
    signature: bytes = b""
    supported: tuple[int, ...] = ()


class LevelChanged(msgspec.Struct, frozen=True):
    """The people in the car chose another privacy level. REQ PRV-1, PRV-6.

    `counter` grows at each statement in the car's life, by one unless the car lost its memory; `signature` is over ``signing.level_statement`` by the key of
    the car's certificate `key_id`, so that nobody but the car can set a level, and an old statement can't be played again.
    """

    level: Level
    counter: int
    changed_at: int
    by: str
    key_id: str
    signature: bytes


class Tombstone(msgspec.Struct, array_like=True, frozen=True):
    """A tombstone: the messages from the envelope's own number through `through` were deleted in the car, for `reason`.

    Only the ``event`` and ``urgent`` lanes need it: on the ``status`` lane a later number replaces the earlier ones anyway.
    """

    through: int
    reason: str


class PolicyAccepted(msgspec.Struct, frozen=True):
    """The car has verified and stored the policy with this version and hash."""

    version: int
    hash: str


class CertificateRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A PKCS#10 request (DER) with a fresh key, sent before the certificate expires.

    `signature` is over ``signing.renewal_statement`` by the key of the car's present certificate, `key_id`: whoever got hold of a
    revoked key can't ask in the name of the new one.
    """

    csr: bytes
    key_id: str = ""
    signature: bytes = b""


class CertificateIssued(msgspec.Struct, frozen=True):
    """The new certificate and its chain (PEM), or the reason why there is none."""

    chain: bytes = b""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class MessageType:
    """One type on the link: its name on the wire, lane (None: link set-up, outside the lanes), body and level.

    `declaration` names the service declaration that covers the body; housekeeping has none and carries no personal item
    beyond what the link itself needs.
    """

    name: str
    lane: Lane | None
    body: type[msgspec.Struct]
    leaves_at: Level
    purpose: str
    declaration: str | None = None


HOUSEKEEPING: Final = (
    MessageType(HELLO, None, Hello, Level.PRIVATE, "open the link, agree on versions and numbers"),
    MessageType(CERTIFICATE_REQUEST, None, CertificateRequest, Level.PRIVATE, "renew the car's certificate before it expires"),
    MessageType(LEVEL_CHANGED, Lane.EVENT, LevelChanged, Level.PRIVATE, "let the platform obey the level set in the car"),
    MessageType(POLICY_ACCEPTED, Lane.EVENT, PolicyAccepted, Level.PRIVATE, "prove which policy the car obeys"),
    MessageType(GONE, Lane.EVENT, Tombstone, Level.PRIVATE, "settle numbers whose messages the car deleted"),
    MessageType(PAIRING_REQUEST, None, PairingRequest, Level.PRIVATE, "take the car into the garage whose code is typed in it"),
    MessageType(CHALLENGE_ISSUED, None, ChallengeAnswer, Level.DATA, "let a remote command be in time by the car's own clock"),
    MessageType(COMMAND_REPORT, Lane.EVENT, CommandReport, Level.DATA, "say the outcome of a remote command"),
    MessageType(DIGITAL_KEY_REPORT, Lane.EVENT, DigitalKeyReport, Level.DATA, "say which phones the car knows"),
)
STATUS_TYPES: Final = (
    MessageType(STATUS, Lane.STATUS, StatusBody, Level.DATA, "newest values without the place"),
    MessageType(STATUS_WITH_PLACE, Lane.STATUS, StatusBody, Level.POSITION, "newest values with the place"),
)


class MessageRegister:
    """All message types of one program: the link's and its services'. Names are unique; ``ValueError`` where they are not."""

    def __init__(self, service_types: Iterable[MessageType] = ()) -> None:
        """Register the link's own types and `service_types`."""
        self.types: dict[str, MessageType] = {}
        for message_type in (*HOUSEKEEPING, *STATUS_TYPES, *service_types):
            if message_type.name in self.types:
                raise ValueError(f"two message types are called {message_type.name!r}")
            self.types[message_type.name] = message_type
        self._decoders = {name: msgspec.msgpack.Decoder(t.body) for name, t in self.types.items()}

    def allowed_at(self, level: Level) -> frozenset[str]:
        """The exact allow-list of `level`: the names of the types that may leave the car."""
        return frozenset(name for name, t in self.types.items() if t.leaves_at <= level)

    def may_leave(self, type_name: str, level: Level) -> bool:
        """Whether a message of this type may leave at `level`; an unknown type never may."""
        known = self.types.get(type_name)
        return known is not None and known.leaves_at <= level

    def read_body(self, type_name: str, body: msgspec.Raw) -> msgspec.Struct:
        """The body as its struct. Raises ``KeyError`` for an unknown type, ``msgspec.DecodeError`` for a body of another shape."""
        message: msgspec.Struct = self._decoders[type_name].decode(body)
        return message


def status_type_of(paths: Iterable[str]) -> str:
    """The status type that a message with these VSS paths has to be sent as."""
    return STATUS if PLACE_SIGNALS.isdisjoint(paths) else STATUS_WITH_PLACE
