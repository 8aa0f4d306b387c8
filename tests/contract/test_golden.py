"""What was ever released is read for ever, and what a later release may add disturbs nobody. REQ LNK-6."""

import json
from importlib.metadata import version
from typing import Any

import msgspec
import pytest

from openmarque.api.asyncapi import DOWN as DOCUMENTED
from openmarque.protocol.envelope import UnreadableFrame, encode, read_ack, read_envelope
from openmarque.protocol.messages import Hello
from tests.contract.golden_frames import DOWN, GOLDEN, Golden, frames, meaning, register

FILES = sorted(GOLDEN.glob("*/*.bin"))
KEPT = [Golden(path.stem.partition("-")[0], path.stem.partition("-")[2], path.read_bytes()) for path in FILES]
NAMES = [f"{path.parent.name}/{path.stem}" for path in FILES]
ENVELOPES = [golden for golden in KEPT if golden.direction == "up" and register().types[golden.name].lane is not None]
STRUCTS = [golden for golden in KEPT if golden not in ENVELOPES]


def struct_of(golden: Golden) -> type[msgspec.Struct]:
    return DOWN[golden.name] if golden.direction == "down" else register().types[golden.name].body


@pytest.mark.parametrize(("path", "golden"), list(zip(FILES, KEPT, strict=True)), ids=NAMES)
def test_every_frame_ever_released_means_today_what_it_meant_then(path, golden):
    then = json.loads(path.with_suffix(".json").read_text("utf-8"))
    now = json.loads(json.dumps(meaning(golden)))
    assert _subset(then, now) == then, "members may be added, none may be lost or change"


def _subset(then: Any, now: Any) -> Any:
    """`now` without the members that `then` did not have."""
    if isinstance(then, dict) and isinstance(now, dict):
        return {key: _subset(then[key], now[key]) for key in then if key in now}
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [_subset(a, b) for a, b in zip(then, now, strict=True)]
    return now


def test_every_kind_of_message_of_this_release_has_a_golden_frame():
    stems = {path.stem for path in (GOLDEN / version("openmarque")).glob("*.bin")}
    assert stems == {f"up-{name}" for name in register().types} | {f"down-{name}" for name in DOWN}
    assert DOCUMENTED.keys() == DOWN.keys()
    assert all(DOCUMENTED[name][0] is struct for name, struct in DOWN.items())


def test_what_is_written_today_is_what_was_released():
    folder = GOLDEN / version("openmarque")
    for golden in frames():
        assert (folder / f"{golden.stem}.bin").read_bytes() == golden.frame, golden.stem


@pytest.mark.parametrize("golden", ENVELOPES, ids=lambda golden: golden.name)
def test_an_envelope_with_more_elements_than_we_know_is_read(golden):
    elements = msgspec.msgpack.decode(golden.frame)
    envelope = read_envelope(msgspec.msgpack.encode([*elements, "future", {"a": 1}, None]))
    assert envelope == read_envelope(golden.frame)
    body = msgspec.msgpack.decode(envelope.body)
    grown = [*body, "future"] if isinstance(body, list) else {**body, "future": [1, 2]}
    as_sent = msgspec.Raw(msgspec.msgpack.encode(grown))
    assert register().read_body(golden.name, as_sent) == register().read_body(golden.name, envelope.body)


@pytest.mark.parametrize("golden", STRUCTS, ids=lambda golden: golden.stem)
def test_a_frame_with_more_members_than_we_know_is_read(golden):
    kind = struct_of(golden)
    content = msgspec.msgpack.decode(golden.frame)
    grown = [*content, "future", 7] if isinstance(content, list) else {**content, "future": {"a": [1]}}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(grown), type=kind) == msgspec.msgpack.decode(golden.frame, type=kind)


@pytest.mark.parametrize("golden", ENVELOPES, ids=lambda golden: golden.name)
def test_a_type_that_we_do_not_know_is_still_an_envelope_with_its_number(golden):
    elements = msgspec.msgpack.decode(golden.frame)
    elements[6] = "tyre_pressure_v9"
    envelope = read_envelope(msgspec.msgpack.encode(elements))
    assert (envelope.type, envelope.seq) == ("tyre_pressure_v9", 17)
    with pytest.raises(KeyError):
        register().read_body(envelope.type, envelope.body)


@pytest.mark.parametrize("golden", ENVELOPES, ids=lambda golden: golden.name)
def test_an_envelope_that_lacks_an_element_or_has_another_kind_in_its_place_is_none(golden):
    elements = msgspec.msgpack.decode(golden.frame)
    for place in range(len(elements) - 1):
        wrong = [*elements]
        wrong[place] = {"not": "this"}
        with pytest.raises(UnreadableFrame):
            read_envelope(msgspec.msgpack.encode(wrong))
    with pytest.raises(UnreadableFrame):
        read_envelope(msgspec.msgpack.encode(elements[:-1]))


def test_an_answer_may_grow_too():
    ack = next(golden for golden in KEPT if golden.stem == "down-ack")
    content = msgspec.msgpack.decode(ack.frame)
    content[3] = [[*answer, "future"] for answer in content[3]]
    assert read_ack(msgspec.msgpack.encode(content)) == read_ack(ack.frame)


def test_a_car_that_says_less_than_we_know_is_understood():
    old = msgspec.msgpack.encode({"protocol": [1], "epoch": 1, "first": {}})
    hello = msgspec.msgpack.decode(old, type=Hello)
    assert encode(hello) == old
