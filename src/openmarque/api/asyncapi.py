"""The vehicle link as AsyncAPI 3.0, generated from the types that run it: subjects, message register, body structs. REQ LNK-6.

Told from the platform's side: it receives on ``up`` and sends on ``down``. Schemas are those of the bodies; the link writes them in
MessagePack, where bytes are bytes (the schemas, being JSON Schema, say base64).
"""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

import msgspec

from openmarque.catalogue.policy import Policy, SignedPolicy
from openmarque.link.subjects import CERTIFICATE_REQUEST, CHALLENGE, DOWNLINK, HELLO, PAIRING_REQUEST, UPLINK, Subject, topic
from openmarque.protocol.commands import ChallengeRequest, CommandPayload, SignedCommand
from openmarque.protocol.digital_keys import DigitalKeyOffer, KeyList
from openmarque.protocol.documents import Document, SignedDocument
from openmarque.protocol.envelope import MAX_FRAME_BYTES, PROTOCOL_VERSION, Ack, Envelope, Lane
from openmarque.protocol.lanes import EVENT_WINDOW
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import CertificateIssued, MessageRegister, MessageType, Welcome
from openmarque.protocol.pairing import PairingAnswer

MEDIA_TYPE: Final = "application/vnd.msgpack"
SCHEMA_FORMAT: Final = "application/schema+json;version=2020-12"
"""What msgspec writes; arrays of positions need ``prefixItems``."""
DOWN: Final[dict[str, tuple[type[msgspec.Struct], str]]] = {
    "ack": (
        Ack,
        "The outcome of messages, after the platform's commit: the lane's watermark and a disposition for each number.",
    ),
    "welcome": (
        Welcome,
        "Answer to `hello`: the version to speak, where each lane stands, the policy when the car's is not the newest.",
    ),
    "policy": (SignedPolicy, "A new policy, signed; its bytes are a `Policy` in MessagePack."),
    "cert": (CertificateIssued, "Answer to `certificate_request`: the next certificate and its chain, or why there is none."),
    "pair": (PairingAnswer, "Answer to `pairing_request`: the outcome of the code typed in the car."),
    "challenge": (ChallengeRequest, "A challenge is asked for; answered on `up/challenge`."),
    "key": (
        DigitalKeyOffer,
        "A phone's digital key, proved by the secret that the car shows; answered with `digital_key_report`.",
    ),
    "keys": (
        KeyList,
        "The phones that remain, signed: it only ever removes. Sent at each revocation and after each `welcome`.",
    ),
    "command": (
        SignedCommand,
        "A remote command, signed by a phone and by the platform; its payload is an `CommandPayload` in JSON.",
    ),
    "document": (
        SignedDocument,
        "A version of a settings document, signed; its bytes are a `Document`, whose body is JSON. Answered with `document_<kind>`.",
    ),
}
"""What is sent to a car, by the last token of its topic."""

_SUBJECT_OF: Final = {
    "hello": HELLO,
    "certificate_request": CERTIFICATE_REQUEST,
    "challenge_issued": CHALLENGE,
    "pairing_request": PAIRING_REQUEST,
}
_LANES: Final = {
    Lane.URGENT: "Must arrive; never waits behind the rest.",
    Lane.EVENT: f"Must arrive, in order; at most {EVENT_WINDOW} unacknowledged at a time.",
    Lane.STATUS: "The newest values: at most one in flight, repeated unchanged; newer values merge into the next.",
}

DESCRIPTION: Final = f"""MQTT 3.1.1 over mutual TLS 1.3. A car connects with its certificate; its client id is the vehicle id in the
certificate (32 hex digits). It may publish below `v/{{vehicle_id}}/up/` and subscribe to `v/{{vehicle_id}}/down/#`, its own only. All
messages are QoS 0 and not retained: a broker's confirmation would mean nothing, the platform's `ack` does.

Frames are MessagePack, at most {MAX_FRAME_BYTES} bytes. On a lane every message stands in an envelope, an array: epoch, lane, number,
car time (milliseconds since 1970 UTC), trust in the car's clock (0 never set, 1 held, 2 synchronised), privacy level at capture
(1 private, 2 data, 3 position), type, body. Numbers count from 1 without gaps in each (epoch, lane). An epoch is a life of the car's
memory; only `hello` and `welcome` open one.

Acknowledgement: each `ack` names the lane's watermark (every number up to it is settled for ever) and a disposition for each
message it answers: `stored`, `duplicate`, `refused` with a reason (settled too), `gap` (not settled: send again from the watermark on).
The car keeps a message until the watermark has passed it.

Growth: types only grow. A receiver ignores elements at the end of an array, members of a map, signals and types that it doesn't know;
`welcome` names what it ignores. A change that old receivers could not read is a new type.

`x-leaves-at` of a message is the privacy level from which the type may leave the car: together they are the exact allow-list of
each level. `x-declaration` names the declaration that covers the body."""


def asyncapi_document(register: MessageRegister) -> dict[str, Any]:
    """The document for the message types in `register`."""
    types = list(register.types.values())
    schemas = _schemas(types)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "OpenMarque vehicle link", "version": version("openmarque"), "description": DESCRIPTION},
        "defaultContentType": MEDIA_TYPE,
        "servers": {"link": _server()},
        "channels": {**_up_channels(types), **_down_channels()},
        "operations": {**_operations(_up_channels(types), "receive"), **_operations(_down_channels(), "send")},
        "components": {
            "messages": {**{t.name: _up_message(t) for t in types}, **{name: _down_message(name) for name in DOWN}},
            "schemas": schemas,
            "securitySchemes": {"certificate": {"type": "X509", "description": "The car's certificate, TLS 1.3 (REQ LNK-1)."}},
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": "secure-mqtt",
        "protocolVersion": "3.1.1",
        "variables": {
            "host": {"description": "Name and port of the brand's broker; in the car's bundle.", "default": "localhost:8883"}
        },
        "security": [{"$ref": "#/components/securitySchemes/certificate"}],
        "bindings": {"mqtt": {"cleanSession": True, "keepAlive": 60, "bindingVersion": "0.2.0"}},
        "x-protocol-version": PROTOCOL_VERSION,
    }


def _channel_id(message: MessageType) -> str:
    return "up_" + (str(message.lane) if message.lane else _SUBJECT_OF[message.name].pattern.rpartition(".")[2])


def _up_channels(types: Iterable[MessageType]) -> dict[str, Any]:
    channels: dict[str, Any] = {}
    for message in types:
        if message.lane is None:
            subject, purpose = _SUBJECT_OF[message.name], _SUBJECT_OF[message.name].purpose
            address = _address(subject)
        else:
            subject, purpose = UPLINK, f"{UPLINK.purpose} {_LANES[message.lane]}"
            address = _address(subject, lane=str(message.lane))
        channel = channels.setdefault(_channel_id(message), _channel(address, purpose))
        channel["messages"][message.name] = {"$ref": f"#/components/messages/{message.name}"}
    return channels


def _down_channels() -> dict[str, Any]:
    channels = {}
    for name, (_, summary) in DOWN.items():
        channels[f"down_{name}"] = _channel(_address(DOWNLINK, down=name), summary)
        channels[f"down_{name}"]["messages"][name] = {"$ref": f"#/components/messages/{name}"}
    return channels


def _channel(address: str, description: str) -> dict[str, Any]:
    parameter = {
        "description": "Opaque id of the car, 32 hex digits; never the VIN.",
        "examples": ["6f1c2b7a9d3e4f508a1b2c3d4e5f6071"],
    }
    return {
        "address": address,
        "description": description,
        "messages": {},
        "parameters": {"vehicle_id": parameter},
        "servers": [{"$ref": "#/servers/link"}],
    }


def _address(subject: Subject, **tokens: str) -> str:
    """The MQTT topic of a subject, the vehicle left open."""
    return topic(subject.pattern.format(vehicle_id="{vehicle_id}", **tokens))


def _operations(channels: dict[str, Any], action: str) -> dict[str, Any]:
    return {
        f"{action}_{name}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": channel["description"],
            "messages": [{"$ref": f"#/channels/{name}/messages/{message}"} for message in channel["messages"]],
            "bindings": {"mqtt": {"qos": 0, "retain": False, "bindingVersion": "0.2.0"}},
        }
        for name, channel in channels.items()
    }


def _up_message(message: MessageType) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": message.name,
        "title": message.name,
        "summary": message.purpose,
        "contentType": MEDIA_TYPE,
        "payload": {"$ref": f"#/components/schemas/{_frame_name(message)}"},
        "x-leaves-at": {"level": int(message.leaves_at), "name": Level(message.leaves_at).name.lower()},
    }
    if message.lane:
        described["x-lane"] = str(message.lane)
    if message.declaration:
        described["x-declaration"] = message.declaration
    return described


def _down_message(name: str) -> dict[str, Any]:
    kind, summary = DOWN[name]
    payload = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {"name": name, "title": name, "summary": summary, "contentType": MEDIA_TYPE, "payload": payload}


def _frame_name(message: MessageType) -> str:
    return message.body.__name__ if message.lane is None else f"Envelope.{message.name}"


def _schemas(types: Iterable[MessageType]) -> dict[str, Any]:
    """Each struct by its name, and the envelope once more for each type it carries."""
    bodies = [Envelope, Policy, CommandPayload, Document, *(t.body for t in types), *(kind for kind, _ in DOWN.values())]
    _, named = msgspec.json.schema_components(dict.fromkeys(bodies), ref_template="#/components/schemas/{name}/schema")
    schemas = {name: _schema(schema) for name, schema in named.items()}
    for message in types:
        if message.lane is not None:
            schemas[_frame_name(message)] = _schema(_frame(named["Envelope"], message))
    return schemas


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"schemaFormat": SCHEMA_FORMAT, "schema": schema}


def _frame(envelope: dict[str, Any], message: MessageType) -> dict[str, Any]:
    """The envelope's schema with lane, type and body of one type in their places."""
    places: list[Any] = list(envelope["prefixItems"])
    names = list(Envelope.__struct_fields__)
    places[names.index("lane")] = {"const": str(message.lane)}
    places[names.index("type")] = {"const": message.name}
    places[names.index("body")] = {"$ref": f"#/components/schemas/{message.body.__name__}/schema"}
    titled = [{"title": name, **place} if "$ref" not in place else place for name, place in zip(names, places, strict=True)]
    return {"title": f"{message.name} in its envelope", "type": "array", "prefixItems": titled, "minItems": len(names)}
