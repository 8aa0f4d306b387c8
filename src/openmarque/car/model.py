"""The values that go in and out of the car's core, and the ports it needs. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from openmarque.kit.errors import CallerError, OpenMarqueError
from openmarque.protocol.envelope import Trust
from openmarque.protocol.levels import EVERY_LEVEL, Level
from openmarque.protocol.sensing import Equipment
from openmarque.protocol.signing import PublicKey


class Now(NamedTuple):
    """The car's clocks at the moment of an input: milliseconds since the Unix epoch, and how far they can be believed.

    `steady_ms` counts from any moment, goes on in sleep and never goes back (``kit.clock.steady_ms``): what is in time for a remote command
    hangs on it alone. A caller that has none leaves it out; then the other clock stands in, and commands are refused if that goes back.
    """

    ms: int
    trust: Trust = Trust.SYNCED
    steady_ms: int | None = None

    @property
    def steady(self) -> int:
        """The steady clock, or what stands in for it."""
        return self.ms if self.steady_ms is None else self.steady_ms


class Channel(StrEnum):
    """Where a frame goes: the last part of the topic ``v/{vehicle_id}/up/{channel}``. Lanes have channels of their names."""

    URGENT = "urgent"
    EVENT = "event"
    STATUS = "status"
    HELLO = "hello"
    CSR = "csr"
    CHALLENGE = "challenge"
    PAIR = "pair"


class Frame(NamedTuple):
    """Bytes to publish on a channel, in the order given. A frame may be lost: whoever publishes never repeats one by itself."""

    channel: Channel
    payload: bytes


class NoticeCode(StrEnum):
    """What the people in the car, or a person at the agent's log, may want to know. Texts: ``screen.notice.…`` of this folder."""

    PROTOCOL_UNKNOWN = "protocol_unknown"
    POLICY_INSTALLED = "policy_installed"
    POLICY_REJECTED = "policy_rejected"
    LEVEL_CHANGED = "level_changed"
    SWITCH_CHANGED = "switch_changed"
    OUTBOX_PURGED = "outbox_purged"
    OUTBOX_FULL = "outbox_full"
    OWNER_CHANGED = "owner_changed"
    MESSAGE_REFUSED = "message_refused"
    CERTIFICATE_RENEWED = "certificate_renewed"
    CERTIFICATE_REFUSED = "certificate_refused"
    IGNORED = "ignored"
    PAIRING = "pairing"
    COMMAND_TAKEN = "command_taken"
    COMMAND_DONE = "command_done"
    COMMAND_REFUSED = "command_refused"
    COMMAND_FAILED = "command_failed"
    PHONE_STORED = "phone_stored"
    PHONE_REFUSED = "phone_refused"
    PHONE_REMOVED = "phone_removed"
    DOCUMENT_SET = "document_set"
    DOCUMENT_LOST = "document_lost"
    DOCUMENT_REFUSED = "document_refused"


class Notice(NamedTuple):
    """Something that happened, with its facts by name; no personal data beyond what the car shows anyway."""

    at_ms: int
    code: NoticeCode
    facts: Mapping[str, str | int]


class Actuation(NamedTuple):
    """Something for the car itself to do now, once: the command's command with its arguments.

    The outcome comes back as sensed values (``CarCore.sensed``): of the locks, for example. For ``refresh`` the car's sensors are read
    anew, all of them.
    """

    command: str
    command_id: str
    arguments: Mapping[str, bool | int | str]


@dataclass(slots=True)
class Output:
    """What an input leads to, in order. The store has committed when the core returns it.

    `actions` are carried out after that, each once; one that is lost is lost, and its command fails. `reconnect` asks for a new
    connection, with the certificate that was just installed. `faults` are services that failed, by name: for the log. `refused`: what
    was asked for was refused and changed nothing; what else the step led to stands, and whoever asked is told after it was carried out.
    """

    frames: list[Frame] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    actions: list[Actuation] = field(default_factory=list)
    reconnect: bool = False
    faults: list[tuple[str, Exception]] = field(default_factory=list)
    refused: CallerError | None = None


class LinkState(StrEnum):
    """Where the link to the platform stands."""

    OFFLINE = "offline"
    GREETING = "greeting"
    """Connected, Hello sent, Welcome awaited: nothing else leaves."""
    OPEN = "open"
    INCOMPATIBLE = "incompatible"
    """The platform chose a protocol version that this car does not speak: nothing leaves until the next connection."""


@dataclass(frozen=True, slots=True)
class CarProfile:
    """What is built into a car and does not change while it runs.

    `policy_keys` are the platform's policy keys by key id, `command_keys` those that sign commands (a car without any takes none);
    `ceiling` is the level that this car never exceeds, whatever is chosen; `levels` are those to choose from, ascending, private first.
    """

    vehicle_id: UUID
    policy_keys: Mapping[str, PublicKey]
    ceiling: Level = Level.POSITION
    software: str = ""
    equipment: Equipment = field(default_factory=Equipment)
    outbox_limit: int = 10_000
    """Most service messages kept for the event lane: a month of trips a hundred times over, in some 3 MB."""
    command_keys: Mapping[str, PublicKey] = field(default_factory=dict)
    levels: tuple[Level, ...] = EVERY_LEVEL


class Validity(NamedTuple):
    """The certificate in use: valid in [from_ms, until_ms)."""

    from_ms: int
    until_ms: int


class Keyring(Protocol):
    """The car's keys. The core never sees a private key, and makes no randomness of its own."""

    @property
    def key_id(self) -> str:
        """Id of the key of the certificate with which the car connects."""
        ...

    @property
    def validity(self) -> Validity:
        """When that certificate is valid."""
        ...

    def sign(self, statement: bytes) -> bytes:
        """A signature over `statement` by the key `key_id`."""
        ...

    def request(self) -> bytes:
        """A PKCS#10 request (DER) for a fresh key, kept before this returns. Only an answer to the latest request can be installed."""
        ...

    def install(self, chain: bytes) -> None:
        """Keep the certificate chain (PEM) for the requested key beside the one in use.

        Raises ``CertificateMismatch`` when it is not for that key and this car; nothing is changed then.
        """
        ...

    def confirm(self) -> None:
        """The platform welcomed this connection: forget the old certificate if it was made with the new one."""
        ...

    def random_bytes(self, size: int) -> bytes:
        """Bytes that nobody can guess, from the system's generator: challenges, and the secrets shown to phones."""
        ...


class CertificateMismatch(OpenMarqueError):
    """The platform sent a certificate that is not for this car and the key it asked for."""

    code = "certificate-mismatch"


class UnknownSwitch(CallerError):
    """This car has no such switch."""

    code = "unknown-switch"
    cure = "Use one of: {known}."
    http_status = 404


class CoreBroken(OpenMarqueError):
    """A step of the car's core failed, so what it holds in memory may differ from what is stored."""

    code = "car-core-broken"
    cure = "Make a new core from the store."


class LevelNotOffered(CallerError):
    """This car does not let choose this privacy level."""

    code = "level-not-offered"
    cure = "Choose one of: {known}."
    http_status = 422


class UnknownPhone(CallerError):
    """The car does not know this phone."""

    code = "unknown-phone"
    http_status = 404


class CommandNotOffered(CallerError):
    """The car's own screen does not give this command."""

    code = "command-not-offered"
    cure = "Give one of: {known}."
    http_status = 404


class PhonesClosed(CallerError):
    """No phone can be added now: the car has no owner yet, or its privacy level keeps it from answering."""

    code = "phones-closed"
    cure = "Pair the car with an owner's account, and choose a level that lets data out."
    http_status = 409


REMOTE_ACCESS: Final = "remote_access"
"""The switch that blocks reads and commands from app and web (REQ PRV-10)."""
