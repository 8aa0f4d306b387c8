"""What is signed for a remote command, and that it can be read in one way only."""

import json

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st

from openmarque.protocol import commands as o
from openmarque.protocol import signing
from openmarque.protocol.digital_keys import UnfitDigitalKey, list_statement, load_digital_key
from tests.cars import COMMAND_KEY, NEXT_OWNER, VEHICLE
from tests.phones import Phone, sealed

PAYLOAD = Phone().writes("unlock", bytes(16))
KEYS = {signing.key_id(COMMAND_KEY.public_key()): COMMAND_KEY.public_key()}
ARGUMENTS = st.dictionaries(
    st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True),
    st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.from_regex(r"[ !#-\[\]-~]{0,20}", fullmatch=True),
    max_size=5,
)


def test_a_payload_is_what_json_stringify_writes():
    members = {
        "v": 1,
        "command_id": "12" * 16,
        "vehicle_id": VEHICLE.hex,
        "command": "unlock",
        "arguments": {},
        "key_id": "34" * 16,
        "counter": 7,
        "challenge": "AAAAAAAAAAAAAAAAAAAAAA",
        "valid_ms": 15000,
    }
    text = json.dumps(members, separators=(",", ":")).encode()
    assert o.write_payload(o.read_payload(text)) == text
    assert o.read_payload(text).counter == 7


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"v":1', b'{"v":1,"v":1'),
        (b'"command":"unlock"', b'"command":"lock","command":"unlock"'),
        (b'"arguments":{}', b'"arguments":{"a":1,"a":1}'),
        (b'"arguments":{}', b'"arguments":{"a":null}'),
        (b'"arguments":{}', b'"arguments":{"a":1.5}'),
        (b'"arguments":{}', b'"arguments":[]'),
        (b'"arguments":{},', b""),
        (b'{"v":1', b'{"x":1,"v":1'),
        (b'{"v":1', b'{"v":2'),
        (b'{"v":1', b'{"v":true'),
        (b'{"v":1', b'{ "v":1'),
        (b'"counter":1', b'"counter":1.0'),
        (b'"counter":1', b'"counter":1e0'),
        (b'"counter":1', b'"counter":01'),
        (b'"counter":1', b'"counter":-1'),
        (b'"counter":1', b'"counter":0'),
        (b'"counter":1', b'"counter":"1"'),
        (b'"counter":1', b'"counter":9007199254740992'),
        (b'"counter":1', b'"counter":1' + b"0" * 400),
        (b'"unlock"', b'"\\u0075nlock"'),
        (b'"unlock"', b'"unlock\\n"'),
        (b'"unlock"', b'"unlock\n"'),
        (b'"unlock"', b'"Unlock"'),
        (b'"unlock"', '"unl\u00f6ck"'.encode()),
        (b'"unlock"', b'"unl\xff"'),
        (b'"valid_ms":5000', b'"valid_ms":300001'),
        (b'"valid_ms":5000', b'"valid_ms":5000,"more":1'),
        (b'"challenge":"AAAAAAAAAAAAAAAAAAAAAA"', b'"challenge":"AAAAAAAAAAAAAAAAAAAAAB"'),
        (b'"challenge":"AAAAAAAAAAAAAAAAAAAAAA"', b'"challenge":"AAAAAAAAAAAAAAAAAAAA"'),
        (b"}", b"}{}"),
        (b"}", b"}\n"),
        (b'{"v"', b'\xef\xbb\xbf{"v"'),
        (b'"key_id":"', b'"key_id":"a'),
    ],
)
def test_any_other_spelling_is_refused(old, new):
    assert PAYLOAD.count(old) >= 1
    with pytest.raises(o.MalformedCommand):
        o.read_payload(PAYLOAD.replace(old, new))


@given(arguments=ARGUMENTS, counter=st.integers(1, 2**53 - 1), valid_ms=st.integers(1, 300_000))
def test_every_reader_of_json_reads_the_same_command(arguments, counter, valid_ms):
    text = Phone.writes(FIXED, "lock", bytes(range(16)), arguments=arguments, counter=counter, valid_ms=valid_ms)
    read = o.read_payload(text)
    assert json.loads(text) == msgspec.to_builtins(read)
    assert json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False).encode() == text


FIXED = Phone()


@given(st.binary(max_size=300))
def test_bytes_that_are_no_command_are_refused_and_nothing_else_happens(text):
    with pytest.raises(o.MalformedCommand):
        o.read_payload(text)


@given(place=st.integers(0, len(PAYLOAD) - 1), byte=st.integers(0, 255))
def test_no_byte_of_a_remote_command_can_be_changed_under_its_signature(place, byte):
    bent = PAYLOAD[:place] + bytes((byte,)) + PAYLOAD[place + 1 :]
    signature = FIXED.signs(PAYLOAD)
    if bent != PAYLOAD:
        with pytest.raises(signing.BadSignature):
            o.verify_phone(FIXED.key.public_key(), bent, signature)
    else:
        o.verify_phone(FIXED.key.public_key(), bent, signature)


def test_a_phone_signs_as_webcrypto_does():
    der = FIXED.key.sign(b"openmarque.command.v1\n" + PAYLOAD, ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(der)
    o.verify_phone(FIXED.key.public_key(), PAYLOAD, r.to_bytes(32) + s.to_bytes(32))
    assert o.p1363_to_der(o.der_to_p1363(der)) == der


@given(st.binary(max_size=80))
def test_a_signature_of_any_other_bytes_is_none(signature):
    with pytest.raises(signing.BadSignature):
        o.verify_phone(FIXED.key.public_key(), PAYLOAD, signature)


def test_a_platform_signs_everything_that_its_frame_says():
    frame = sealed(PAYLOAD, FIXED.signs(PAYLOAD), keys_version=3)
    remote_command, payload = o.verify_command(frame, VEHICLE, KEYS)
    assert (payload.command, remote_command.code_fresh, remote_command.keys_version) == ("unlock", True, 3)
    for bent in (
        msgspec.structs.replace(remote_command, payload=PAYLOAD.replace(b"unlock", b"lock")),
        msgspec.structs.replace(remote_command, phone_signature=b""),
        msgspec.structs.replace(remote_command, code_fresh=False),
        msgspec.structs.replace(remote_command, keys_version=2),
        msgspec.structs.replace(remote_command, platform_signature=remote_command.platform_signature[:-1]),
    ):
        with pytest.raises(o.NotForThisCar):
            o.verify_command(msgspec.msgpack.encode(bent), VEHICLE, KEYS)
    with pytest.raises(o.NotForThisCar):
        o.verify_command(frame, NEXT_OWNER, KEYS)
    with pytest.raises(o.MalformedCommand):
        o.verify_command(frame + bytes(o.MAX_COMMAND_BYTES), VEHICLE, KEYS)


def test_statements_for_different_purposes_never_coincide():
    key_list = list_statement(VEHICLE, 1, (), ())
    remote_command = o.platform_statement(VEHICLE, b"", b"", code_fresh=True, keys_version=1)
    others = (signing.policy_statement(VEHICLE, b""), signing.renewal_statement(b""), o.phone_statement(b""))
    assert len({key_list, remote_command, *others}) == 5


@given(st.binary(max_size=40))
def test_base64url_has_one_spelling(content):
    text = o.b64url(content)
    assert o.from_b64url(text) == content
    for other in (text + "=", text + " ", text + "\n", "é" + text):
        with pytest.raises(ValueError, match=r"(?i)spelling|ascii|base64|padding"):
            o.from_b64url(other)


def test_a_point_in_another_form_is_no_phones_key():
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = FIXED.key.public_key()
    compressed = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    prefix = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    for spki in (prefix + compressed, FIXED.spki + b"\0", FIXED.spki[:-1], b"", signing.public_bytes(COMMAND_KEY.public_key())):
        with pytest.raises(UnfitDigitalKey):
            load_digital_key(spki)
    assert signing.key_id(load_digital_key(FIXED.spki)) == FIXED.key_id
