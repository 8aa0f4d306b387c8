"""Phones for tests, and a test car that a person has made ready for them: paired, at a level that lets data out, one phone added."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from openmarque.car.model import Channel, Frame
from openmarque.protocol import commands as o
from openmarque.protocol import signals as vss
from openmarque.protocol import signing
from openmarque.protocol.digital_keys import DIGITAL_KEY_REPORT, DigitalKeyOffer, digital_key_mac
from openmarque.protocol.levels import Level
from openmarque.protocol.signals import Value
from tests.cars import COMMAND_KEY, VEHICLE, Car, Platform, converse, open_link, policy

BEGINS_MS = 5_000
"""What a phone adds to its own time since it asked for the challenge: lock and unlock begin in 5 s, or never."""
LOCKED: dict[str, Value] = dict.fromkeys((*vss.DOORS_LOCKED, vss.TRUNK_LOCKED), True)
UNLOCKED: dict[str, Value] = dict.fromkeys((*vss.DOORS_LOCKED, vss.TRUNK_LOCKED), False)
CLOSED: dict[str, Value] = dict.fromkeys((*vss.DOORS_OPEN, vss.TRUNK_OPEN), False)
PARKED: dict[str, Value] = {vss.SPEED: 0.0, vss.IGNITION: "OFF", **CLOSED, **LOCKED}


@dataclass
class Phone:
    """A phone with a key of its own, which counts its commands."""

    label: str = "Blue phone"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    counter: int = 0
    made: int = 0

    @property
    def spki(self) -> bytes:
        return signing.public_bytes(self.key.public_key())

    @property
    def key_id(self) -> str:
        return signing.key_id(self.key.public_key())

    def offers(self, secret: bytes, vehicle: UUID = VEHICLE) -> bytes:
        """The frame for ``down/key``."""
        mac = digital_key_mac(secret, vehicle, self.spki)
        return msgspec.msgpack.encode(DigitalKeyOffer(self.spki, self.label, mac, self.key_id, 1))

    def writes(self, remote_command: str, answering: bytes, /, **differently: Any) -> bytes:
        """The payload of the next command."""
        self.counter += 1
        self.made += 1
        says: dict[str, Any] = {
            "command_id": f"{self.made:024x}{self.key_id[:8]}",
            "vehicle_id": VEHICLE.hex,
            "command": remote_command,
            "key_id": self.key_id,
            "counter": self.counter,
            "challenge": o.b64url(answering),
            "valid_ms": BEGINS_MS,
        }
        return o.write_payload(o.CommandPayload(**says | differently))

    def signs(self, payload: bytes) -> bytes:
        return o.sign_as_phone(self.key, payload)


def sealed(payload: bytes, signature: bytes = b"", *, code_fresh: bool = True, keys_version: int = 0, **more: Any) -> bytes:
    """The frame for ``down/command`` as the platform makes it."""
    key, vehicle = more.get("key", COMMAND_KEY), more.get("vehicle", VEHICLE)
    return o.sign_command(key, vehicle, payload, signature, code_fresh=code_fresh, keys_version=keys_version)


@dataclass
class Owned:
    """A car of an owner who stands beside it with a phone. What the car's actuators did is in `car.actions`."""

    car: Car = field(default_factory=Car)
    platform: Platform = field(default_factory=lambda: Platform(policy=policy()))
    phone: Phone = field(default_factory=Phone)
    asked: int = 0

    def __post_init__(self) -> None:
        self.car.steady_ms = 1_000_000
        self.car.set_level(Level.DATA)
        open_link(self.car, self.platform)
        self.adds(self.phone)
        self.talks(self.car.senses(PARKED))

    def talks(self, frames: list[Frame]) -> list[Frame]:
        """Let car and platform talk until both are silent."""
        converse(self.car, self.platform, frames)
        return frames

    def hears(self, kind: str, payload: bytes) -> list[Frame]:
        return self.talks(self.car.hears(kind, payload))

    def adds(self, phone: Phone) -> None:
        self.hears("key", phone.offers(self.shows_ticket()))

    def shows_ticket(self) -> bytes:
        """The secret on the screen after someone in the car asked for it."""
        self.talks(self.car.did(self.car.core.show_ticket(self.car.now)))
        ticket = self.car.core.ticket(self.car.now)
        assert ticket is not None
        return ticket.secret

    def challenge(self) -> bytes:
        """A challenge that the platform asks the car for."""
        self.asked += 1
        frames = self.hears("challenge", msgspec.msgpack.encode(o.ChallengeRequest(self.asked)))
        answers = [msgspec.msgpack.decode(f.payload, type=o.ChallengeAnswer) for f in frames if f.channel is Channel.CHALLENGE]
        assert [answer.asked for answer in answers] == [self.asked]
        return answers[0].challenge

    def remote_commands(self, remote_command: str, answering: bytes | None = None, **differently: Any) -> bytes:
        """The frame of a genuine command of the phone, not sent yet."""
        payload = self.phone.writes(remote_command, self.challenge() if answering is None else answering, **differently)
        return sealed(payload, self.phone.signs(payload))

    def refresh(self, challenge: bytes | None = None, counter: int = 1) -> bytes:
        """The frame of a platform's own command."""
        payload = Phone().writes(
            "refresh",
            self.challenge() if challenge is None else challenge,
            key_id="",
            counter=counter,
            command_id=f"{counter:032x}",
        )
        return sealed(payload)

    def gives(self, frame: bytes) -> list[tuple[str, str]]:
        """What the car reports of a remote command: (state, reason) in order."""
        before = len(self.reports)
        self.hears("command", frame)
        return self.reports[before:]

    def senses(self, values: Mapping[str, Value]) -> None:
        self.talks(self.car.senses(values))

    def waits(self, seconds: float) -> None:
        self.talks(self.car.wait(seconds))

    @property
    def reports(self) -> list[tuple[str, str]]:
        bodies: Any = self.platform.bodies(o.COMMAND_REPORT)
        return [(body.state.value, body.reason) for body in bodies]

    @property
    def phone_reports(self) -> list[tuple[str, str]]:
        bodies: Any = self.platform.bodies(DIGITAL_KEY_REPORT)
        return [(body.key_id, body.result.value) for body in bodies]

    @property
    def done(self) -> list[str]:
        """What the car's actuators were told, in order."""
        return [action.command for action in self.car.actions]
