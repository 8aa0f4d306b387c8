"""Golden frames: one of each kind of message of a release, as bytes, with its meaning in JSON. REQ LNK-6.

They are written once for a release and never changed: ``python -m tests.contract.golden_frames`` writes those of the present version that
are not there yet, and refuses to touch what is. Every later release reads them (``test_golden.py``). Suppliers of telematics units
may test their own encoder and decoder with them.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from openmarque.catalogue.decide import Rule
from openmarque.catalogue.policy import Policy, SignedPolicy
from openmarque.catalogue.register import installed_services
from openmarque.protocol import commands as o
from openmarque.protocol import messages as m
from openmarque.protocol.digital_keys import DIGITAL_KEY_REPORT, DigitalKeyOffer, DigitalKeyReport, DigitalKeyResult, KeyList
from openmarque.protocol.documents import (
    Document,
    DocumentReport,
    Maker,
    ReportState,
    SignedDocument,
    report_name,
    report_type,
)
from openmarque.protocol.envelope import Ack, Answer, Disposition, Envelope, Lane, Trust, encode, pack, read_envelope
from openmarque.protocol.levels import Level
from openmarque.protocol.pairing import PAIRING_REQUEST, PairingAnswer, PairingRequest, PairingResult
from tests.samples import sample, service_samples

GOLDEN = Path(__file__).parent / "golden"
_AT = 1_763_798_400_000
_VEHICLE = UUID("6f1c2b7a-9d3e-4f50-8a1b-2c3d4e5f6071")
_OURS = "openmarque."
SAMPLE = report_type("sample", "sample", Level.DATA)
"""Reports on documents of every kind look alike; this one stands for them."""
DOWN: dict[str, type[msgspec.Struct]] = {
    "ack": Ack,
    "welcome": m.Welcome,
    "policy": SignedPolicy,
    "cert": m.CertificateIssued,
    "pair": PairingAnswer,
    "challenge": o.ChallengeRequest,
    "key": DigitalKeyOffer,
    "keys": KeyList,
    "command": o.SignedCommand,
    "document": SignedDocument,
}
"""The struct of each kind of frame to a car."""


@dataclass(frozen=True)
class Golden:
    """One frame: its direction (``up`` or ``down``), its name and its bytes."""

    direction: str
    name: str
    frame: bytes

    @property
    def stem(self) -> str:
        return f"{self.direction}-{self.name}"


def register() -> m.MessageRegister:
    """Our own message types; those of services outside the package are theirs to keep."""
    ours = (s for s in installed_services() if s.package.startswith(_OURS))
    return m.MessageRegister((SAMPLE, *(t for s in ours for t in s.message_types)))


def frames() -> Iterator[Golden]:
    """Every frame of this release."""
    types = register().types
    for name, body in (_of_services() | _of_the_link()).items():
        lane = types[name].lane
        if lane is None:
            yield Golden("up", name, encode(body))
        else:
            yield Golden("up", name, encode(Envelope(3, lane, 17, _AT, Trust.SYNCED, Level.POSITION, name, pack(body))))
    for name, down in _down().items():
        yield Golden("down", name, encode(down))


def meaning(golden: Golden) -> Any:
    """What the present decoders make of a frame, as plain data (bytes as base64)."""
    return msgspec.to_builtins(read(golden), builtin_types=(), str_keys=True)


def read(golden: Golden) -> Any:
    """The frame by the present decoders: for an envelope its fields with the body read too."""
    if golden.direction == "down":
        return _fields(msgspec.msgpack.decode(golden.frame, type=DOWN[golden.name]))
    types = register()
    if types.types[golden.name].lane is None:
        return _fields(types.read_body(golden.name, msgspec.Raw(golden.frame)))
    envelope = read_envelope(golden.frame)
    return {**_fields(envelope), "body": _fields(types.read_body(envelope.type, envelope.body))}


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    """A struct by field names, also where it is an array on the wire, so that the meaning says what each place is."""
    return {name: _plain(getattr(struct, name)) for name in struct.__struct_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _fields(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _plain(part) for name, part in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    return value


def _of_the_link() -> dict[str, msgspec.Struct]:
    place: dict[str, tuple[Any, int]] = {
        "Vehicle.CurrentLocation.Latitude": (34.0181, 0),
        "Vehicle.CurrentLocation.Longitude": (-6.8365, 0),
    }
    plain: dict[str, tuple[Any, int]] = {
        "Vehicle.Speed": (48.25, 0),
        "Vehicle.TraveledDistance": (12_345_678, 1500),
        "Vehicle.Body.Trunk.Rear.IsOpen": (False, 60_000),
        "Vehicle.LowVoltageSystemState": ("ON", 120_000),
    }
    return {
        m.HELLO: m.Hello(
            protocol=(2,), epoch=3, first={"event": 12, "urgent": 1}, policy_hash="ab" * 32, level=Level.DATA, ceiling=Level.POSITION,
            software="tcu 4.2", types=(m.STATUS, "trip_completed"), signals=("Vehicle.Speed",), commands=("unlock",),
            documents={"sample": (2, 1_763_798_390)},
        ),
        m.CERTIFICATE_REQUEST: m.CertificateRequest(csr=bytes(range(48))),
        m.LEVEL_CHANGED: m.LevelChanged(Level.DATA, 5, _AT - 1000, "head unit", "cd" * 16, bytes(range(64))),
        m.POLICY_ACCEPTED: m.PolicyAccepted(9, "ef" * 32),
        PAIRING_REQUEST: PairingRequest("04251387", _AT),
        m.GONE: m.Tombstone(21, "level_tightened"),
        o.CHALLENGE_ISSUED: o.ChallengeAnswer(5, bytes(range(16))),
        o.COMMAND_REPORT: o.CommandReport("34" * 16, o.CommandStep.REFUSED, "moving", _AT),
        DIGITAL_KEY_REPORT: DigitalKeyReport("56" * 16, DigitalKeyResult.STORED, "Blue phone"),
        report_name("sample"): DocumentReport(
            ReportState.CHANGED, 1_763_798_390, "9a" * 32, "", 2, b'{"limit_kmh":90,"on":true}', 3
        ),
        m.STATUS: m.StatusBody(plain),
        m.STATUS_WITH_PLACE: m.StatusBody({**plain, **place}),
    }  # fmt: skip


def _of_services() -> dict[str, msgspec.Struct]:
    """A body of every message of our services: as the service wrote it, or the least that its type allows."""
    written = service_samples()
    theirs = (t for t in register().types.values() if t.declaration is not None and t.name != SAMPLE.name)
    return {t.name: written.get(t.name) or sample(t.body) for t in theirs}


def _down() -> dict[str, msgspec.Struct]:
    rule = Rule("status", 1, {"signal:Vehicle.Speed": Level.DATA}, "", _AT, _AT + 1000, group="g", remote=True)
    policy = msgspec.msgpack.encode(Policy(_VEHICLE, UUID(int=9), 9, _AT, _AT + 2000, (rule,)))
    signed = SignedPolicy(policy, "12" * 16, bytes(range(64)))
    answers = (
        Answer(15, Disposition.DUPLICATE),
        Answer(16, Disposition.REFUSED, "level_too_low"),
        Answer(17, Disposition.STORED),
        Answer(19, Disposition.GAP),
    )
    return {
        "ack": Ack(3, Lane.EVENT, 17, answers),
        "welcome": m.Welcome(
            1,
            3,
            {"event": 11, "urgent": 0, "status": 40},
            _AT,
            encode(signed),
            ("future_type",),
            Level.DATA,
            7,
            "12" * 16,
            bytes(range(64)),
        ),
        "policy": signed,
        "cert": m.CertificateIssued(chain=b"-----BEGIN CERTIFICATE-----\n", refused=""),
        "pair": PairingAnswer(_AT, PairingResult.LOCKED, wait_s=900, tries=0),
        "challenge": o.ChallengeRequest(5),
        "key": DigitalKeyOffer(bytes(range(91)), "Blue phone", bytes(range(32)), "56" * 16, 6),
        "keys": KeyList(_VEHICLE.hex, 4, ("56" * 16, "78" * 16), ("78" * 16,), "12" * 16, bytes(range(64))),
        "command": o.SignedCommand(_remote_command(), bytes(range(64)), True, 4, "12" * 16, bytes(range(64))),
        "document": SignedDocument(encode(_document()), "12" * 16, bytes(range(64))),
    }


def _document() -> Document:
    body = b'{"limit_kmh":90,"on":true}'
    return Document(_VEHICLE.hex, UUID(int=9).hex, "sample", 1_763_798_391, 2, body, Maker.OWNER, _AT, 3)


def _remote_command() -> bytes:
    return o.write_payload(
        o.CommandPayload(
            command_id="34" * 16, vehicle_id=_VEHICLE.hex, command="unlock", key_id="56" * 16, counter=7,
            challenge=o.b64url(bytes(range(16))), valid_ms=15_000,
        )
    )  # fmt: skip


def main() -> int:
    """Write what is missing of this version; 1 when a frame that is there would change."""
    folder = GOLDEN / version("openmarque")
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for golden in frames():
        path = folder / f"{golden.stem}.bin"
        if path.exists():
            if path.read_bytes() != golden.frame:
                changed.append(golden.stem)
            continue
        path.write_bytes(golden.frame)
        path.with_suffix(".json").write_text(
            json.dumps(meaning(golden), indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8"
        )
    for stem in changed:
        sys.stdout.write(f"{stem}: kept as released; what is written today differs\n")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
