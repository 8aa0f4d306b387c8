"""The app in the browser and the platform agree on every byte of a remote command: the app's test vectors are what the platform reads and makes."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from openmarque.protocol import signing
from openmarque.protocol.commands import from_b64url, read_payload, verify_phone, write_payload
from openmarque.protocol.digital_keys import DigitalKeyOffer, load_digital_key, mac_fits

VECTORS = json.loads((Path(__file__).parents[2] / "web/tests/command-vectors.json").read_text())
SPKI = from_b64url(VECTORS["public_key"])
PAYLOAD = VECTORS["payload"].encode()


@pytest.mark.parametrize("name", ["payload", "payload_with_arguments"])
def test_the_apps_payload_is_the_one_spelling_that_the_platform_and_the_car_take(name):
    payload = VECTORS[name].encode()
    assert write_payload(read_payload(payload)) == payload


def test_the_apps_arguments_are_read_by_the_platform_in_the_order_in_which_they_were_signed():
    read = read_payload(VECTORS["payload_with_arguments"].encode())
    assert list(read.arguments.items()) == list(VECTORS["arguments"].items())


def test_the_apps_signature_proves_its_payload_and_no_other():
    signature = from_b64url(VECTORS["signature"])
    verify_phone(load_digital_key(SPKI), PAYLOAD, signature)
    with pytest.raises(signing.BadSignature):
        verify_phone(load_digital_key(SPKI), PAYLOAD.replace(b"unlock", b"lock  "), signature)


def test_the_apps_key_has_the_name_and_the_proof_that_the_car_computes():
    vehicle_id, secret = UUID(VECTORS["vehicle_id"]), from_b64url(VECTORS["secret"])
    assert signing.key_id(load_digital_key(SPKI)) == VECTORS["key_id"]
    offer = DigitalKeyOffer(SPKI, "phone", from_b64url(VECTORS["mac"]), VECTORS["key_id"])
    assert mac_fits(offer, secret, vehicle_id)
    assert not mac_fits(offer, bytes(len(secret)), vehicle_id)
