"""Every subject on the broker, with its purpose. The adapter refuses any other; `openmarque check` compares this list with the code.

An MQTT topic is the same with ``/`` for ``.``. A vehicle is named by its opaque id in wire form (32 hex digits), never by its VIN.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from uuid import UUID

from openmarque.kit.errors import OpenMarqueError
from openmarque.kit.ids import VehicleId, parse_wire, wire

_HEX: Final = "[0-9a-f]{32}"
_TOKENS: Final = {
    "vehicle_id": _HEX,
    "tenure_id": _HEX,
    "lane": "urgent|event|status",
    "down": "ack|welcome|policy|cert|pair|challenge|key|keys|command|document",
    "kind": "[a-z][a-z-]{0,40}",
}
"""What may stand for each placeholder of a pattern."""


class UndeclaredSubject(OpenMarqueError):
    """This subject is not declared."""

    code = "undeclared-subject"
    cure = "Declare it with its purpose in openmarque.link.subjects."


@dataclass(frozen=True)
class Subject:
    """One declared pattern; placeholders in braces are the keys of the table above."""

    pattern: str
    purpose: str

    def to(self, **tokens: str | UUID) -> str:
        """The concrete subject; a UUID is written in wire form. Raises ``UndeclaredSubject`` for a token that doesn't fit."""
        subject = self.pattern.format(**{k: wire(v) if isinstance(v, UUID) else v for k, v in tokens.items()})
        if not self.regex.fullmatch(subject):
            raise UndeclaredSubject(f"{subject} is not of the form {self.pattern}.")
        return subject

    @cached_property
    def every(self) -> str:
        """The pattern with ``*`` for each placeholder, to subscribe to all."""
        return re.sub(r"\{\w+\}", "*", self.pattern)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Matches concrete subjects of this pattern."""
        parts = re.split(r"\{(\w+)\}", self.pattern)
        return re.compile("".join(f"(?:{_TOKENS[part]})" if i % 2 else re.escape(part) for i, part in enumerate(parts)))


UPLINK: Final = Subject("v.{vehicle_id}.up.{lane}", "What a car reports, by lane; answered on ack after our commit.")
HELLO: Final = Subject("v.{vehicle_id}.up.hello", "Capability handshake after each connection; answered on welcome.")
CERTIFICATE_REQUEST: Final = Subject("v.{vehicle_id}.up.csr", "A car asks for its next certificate; answered on cert.")
CHALLENGE: Final = Subject(
    "v.{vehicle_id}.up.challenge", "A car's answer to a request for a challenge, which a remote command then names."
)
PAIRING_REQUEST: Final = Subject("v.{vehicle_id}.up.pair", "A pairing code typed in the car; answered on pair.")
DOWNLINK: Final = Subject(
    "v.{vehicle_id}.down.{down}",
    "Acknowledgements, handshake, policy, certificates, answers to pairing codes, digital keys, challenges, commands and settings documents to one car.",
)
LIVE: Final = Subject(
    "live.{tenure_id}", "Changes of one tenure's data, for event streams of its owner; holds no more than a hint to read."
)
INTEREST: Final = Subject(
    "live.interest", "A watcher keeps saying which tenure it watches, so that workers publish live updates only then."
)
SECURITY: Final = Subject(
    "security.{kind}", "Security events from gate and broker: refused connections, violations; counted and kept."
)

OUTSIDE_LANES: Final = (HELLO, CERTIFICATE_REQUEST, CHALLENGE, PAIRING_REQUEST)
"""What a car may publish beside its lanes."""
SUBJECTS: Final = (UPLINK, *OUTSIDE_LANES, DOWNLINK, LIVE, INTEREST, SECURITY)
INBOX: Final = "_INBOX.>"
"""Where replies to our own requests come in; made by the client library."""

WORKER_PUBLISH: Final = (DOWNLINK.every, LIVE.every, INTEREST.every, SECURITY.every, INBOX)
"""What our own processes may publish. Not the uplink: a broken worker can't speak for a car."""
WORKER_SUBSCRIBE: Final = (UPLINK.every, LIVE.every, INTEREST.every, SECURITY.every, INBOX)
"""What our own processes may read; ``v.*.up.*`` covers hello, csr and the others too."""

_PUBLISHABLE: Final = re.compile("|".join([*(s.regex.pattern for s in SUBJECTS), r"_INBOX\.[\w.-]+"]))
_SUBSCRIBABLE: Final = frozenset(s.every for s in SUBJECTS)


def check_publish(subject: str) -> None:
    """Return if `subject` is declared (or a reply); raise ``UndeclaredSubject`` otherwise. Costs under a microsecond."""
    if not _PUBLISHABLE.fullmatch(subject):
        raise UndeclaredSubject(f"It is {subject[:80]!r}.")


def check_subscribe(pattern: str) -> None:
    """Return if `pattern` is a declared subject, or covers exactly one declared pattern with some tokens left open."""
    if pattern in _SUBSCRIBABLE or _PUBLISHABLE.fullmatch(pattern):
        return
    filled = pattern.replace("*", "\0")
    for subject in SUBJECTS:
        if _fits(filled.split("."), subject.pattern.split(".")):
            return
    raise UndeclaredSubject(f"It is {pattern[:80]!r}.")


def _fits(given: list[str], declared: list[str]) -> bool:
    if len(given) != len(declared):
        return False
    for token, wanted in zip(given, declared, strict=True):
        if wanted.startswith("{"):
            if token != "\0" and not re.fullmatch(_TOKENS[wanted[1:-1]], token):
                return False
        elif token != wanted:
            return False
    return True


def down_subject(vehicle_id: UUID, down: str) -> str:
    """The subject of one kind of downlink to one car; the fast form for hot paths (the adapter checks it once more)."""
    return f"v.{vehicle_id.hex}.down.{down}"


def live_subject(tenure_id: UUID) -> str:
    """The subject of one tenure's live updates; the fast form for hot paths."""
    return f"live.{tenure_id.hex}"


def vehicle_of(subject: str) -> VehicleId:
    """The car that a subject ``v.{vehicle_id}.…`` names; ``ValueError`` if it is not of that form."""
    kind, _, rest = subject.partition(".")
    if kind != "v":
        raise ValueError("this subject names no car")
    return VehicleId(parse_wire(rest[:32]))


def topic(subject: str) -> str:
    """The MQTT topic of a subject."""
    return subject.replace(".", "/")
