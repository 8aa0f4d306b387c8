"""The published description of the link says what the link does: every channel and type, nothing else, in the form of AsyncAPI 3.0. REQ LNK-6."""

import json
import re
import subprocess
import sys
from typing import Any

import jsonschema
import msgspec
import pytest

from openmarque.api.asyncapi import DOWN, SCHEMA_FORMAT, asyncapi_document
from openmarque.catalogue.register import Catalogue, installed_services
from openmarque.link import subjects
from openmarque.protocol.envelope import Lane
from openmarque.protocol.levels import Level
from openmarque.protocol.messages import MessageRegister
from tests.contract.golden_frames import SAMPLE, Golden, frames, register
from tools.requirements import ROOT

CATALOGUE = Catalogue(installed_services())
REGISTER = MessageRegister((SAMPLE, *(t for s in CATALOGUE.services for t in s.message_types)))
DOCUMENT: dict[str, Any] = json.loads(msgspec.json.encode(asyncapi_document(REGISTER)))


def resolved(reference: str) -> Any:
    """What a reference inside the document points at."""
    found: Any = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        return (
            [node["$ref"]]
            if isinstance(node.get("$ref"), str)
            else [ref for value in node.values() for ref in references(value)]
        )
    return [ref for value in node for ref in references(value)] if isinstance(node, list) else []


def messages_of(direction: str) -> dict[str, set[str]]:
    """Message names by address, of the channels one way."""
    return {c["address"]: set(c["messages"]) for name, c in DOCUMENT["channels"].items() if name.startswith(f"{direction}_")}


def payload_schema(message: str) -> dict[str, Any]:
    """The JSON Schema of a message's payload, with the whole document beside it for its references."""
    wrapped = resolved(DOCUMENT["components"]["messages"][message]["payload"]["$ref"])
    assert wrapped["schemaFormat"] == SCHEMA_FORMAT
    return {**wrapped["schema"], "components": DOCUMENT["components"]}


def test_it_has_the_structure_of_asyncapi_3():
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version", "description"} <= set(DOCUMENT["info"])
    assert set(DOCUMENT) == {"asyncapi", "info", "defaultContentType", "servers", "channels", "operations", "components"}
    for name in (n for part in ("servers", "channels", "operations") for n in DOCUMENT[part]):
        assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
    for server in DOCUMENT["servers"].values():
        assert {"host", "protocol"} <= set(server)
        assert [resolved(s["$ref"])["type"] for s in server["security"]] == ["X509"]
    for channel in DOCUMENT["channels"].values():
        assert set(channel["parameters"]) == set(re.findall(r"\{(\w+)\}", channel["address"])) == {"vehicle_id"}
        assert channel["messages"]
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] in {"send", "receive"}
        assert name.partition("_")[0] == operation["action"]
        assert operation["bindings"]["mqtt"] == {"qos": 0, "retain": False, "bindingVersion": "0.2.0"}
        channel = operation["channel"]["$ref"]
        assert resolved(channel)["messages"].keys() == {ref["$ref"].rpartition("/")[2] for ref in operation["messages"]}
        assert all(ref["$ref"].startswith(f"{channel}/messages/") for ref in operation["messages"])
    assert {o["channel"]["$ref"].rpartition("/")[2] for o in DOCUMENT["operations"].values()} == set(DOCUMENT["channels"])
    for message in DOCUMENT["components"]["messages"].values():
        assert {"name", "summary", "payload", "contentType"} <= set(message)


def test_every_reference_in_it_leads_somewhere():
    every = references(DOCUMENT)
    assert len(every) > 40
    for reference in every:
        assert resolved(reference)


@pytest.mark.req("LNK-6a")
def test_its_messages_are_exactly_those_of_the_register_on_their_lanes():
    types = REGISTER.types
    described = DOCUMENT["components"]["messages"]
    assert set(described) == set(types) | set(DOWN)
    for name, kind in types.items():
        assert described[name]["x-leaves-at"] == {"level": int(kind.leaves_at), "name": kind.leaves_at.name.lower()}
        assert described[name].get("x-lane") == (str(kind.lane) if kind.lane else None)
        assert described[name].get("x-declaration") == kind.declaration
    for level in Level:
        listed = {name for name in types if described[name]["x-leaves-at"]["level"] <= level}
        assert listed == REGISTER.allowed_at(level)
    up = messages_of("up")
    for lane in Lane:
        assert up.get(f"v/{{vehicle_id}}/up/{lane}", set()) == {name for name, kind in types.items() if kind.lane is lane}
    assert up["v/{vehicle_id}/up/hello"] == {"hello"}
    assert up["v/{vehicle_id}/up/csr"] == {"certificate_request"}
    assert up["v/{vehicle_id}/up/pair"] == {"pairing_request"}
    assert up["v/{vehicle_id}/up/challenge"] == {"challenge_issued"}


@pytest.mark.req("LNK-6a")
def test_its_channels_are_exactly_the_declared_subjects_of_the_link():
    down_tokens = set(subjects._TOKENS["down"].split("|"))
    assert set(messages_of("down")) == {f"v/{{vehicle_id}}/down/{token}" for token in down_tokens}
    used = {kind.lane for kind in REGISTER.types.values()} - {None}
    expected = {f"v/{{vehicle_id}}/up/{channel}" for channel in (*used, "hello", "csr", "pair", "challenge")}
    assert set(messages_of("up")) == expected
    for channel in DOCUMENT["channels"].values():
        subject = channel["address"].replace("/", ".").format(vehicle_id="0" * 32)
        subjects.check_publish(subject)
    assert {o["action"] for n, o in DOCUMENT["operations"].items() if "_up_" in n} == {"receive"}
    assert {o["action"] for n, o in DOCUMENT["operations"].items() if "_down_" in n} == {"send"}


@pytest.mark.req("LNK-6a")
@pytest.mark.parametrize("golden", list(frames()), ids=lambda golden: golden.stem)
def test_what_goes_over_the_link_fits_its_schema_and_what_is_bent_does_not(golden: Golden):
    content = json.loads(msgspec.json.encode(msgspec.msgpack.decode(golden.frame)))
    schema = payload_schema(golden.name)
    jsonschema.Draft202012Validator(schema).validate(content)
    empty: Any = [] if isinstance(content, list) else {}
    for bent in (None, "text", 7, *([empty] if schema_requires(golden) else [])):
        assert not jsonschema.Draft202012Validator(schema).is_valid(bent)


def schema_requires(golden: Golden) -> bool:
    """Whether some member or element of the frame has no default."""
    schema = payload_schema(golden.name)
    return bool(schema.get("required") or schema.get("minItems"))


def test_a_new_type_of_a_service_appears_by_itself():
    types = [*(t for s in installed_services() for t in s.message_types)]
    grown = MessageRegister(types[:1])
    document = asyncapi_document(grown)
    assert types[0].name in document["components"]["messages"]
    assert set(document["components"]["messages"]) == set(grown.types) | set(DOWN)
    assert register().types.keys() <= REGISTER.types.keys()


@pytest.mark.parametrize(("command", "key"), [("asyncapi", "asyncapi"), ("openapi", "openapi")])
def test_the_command_line_prints_the_documents_without_a_platform(tmp_path, command, key):
    environment = {"OPENMARQUE_HOME": str(tmp_path / "nothing"), "PATH": "/usr/bin:/bin"}
    run = subprocess.run(
        [sys.executable, "-m", "openmarque.cli.main", command],
        capture_output=True,
        env=environment,
        check=True,
        text=True,
        timeout=60,
    )
    assert key in json.loads(run.stdout)
    assert not (tmp_path / "nothing").exists()


def test_the_page_on_the_link_names_every_message_and_its_level_and_nothing_that_is_not_there():
    page = (ROOT / "docs/reference/link.md").read_text("utf-8")
    types = {name: kind for name, kind in register().types.items() if kind is not SAMPLE}
    table = page.partition("## What may leave at each level")[2].partition("## ")[0]
    rows = {
        level: set(re.findall(r"`(\w+)`", cells)) for level, cells in re.findall(r"^\| (\w+) \| (.+) \|$", table, re.MULTILINE)
    }
    assert rows == {level.name.lower(): {n for n, kind in types.items() if kind.leaves_at is level} for level in Level}
    for channel in DOCUMENT["channels"].values():
        assert channel["address"].removeprefix("v/{vehicle_id}/") in page
