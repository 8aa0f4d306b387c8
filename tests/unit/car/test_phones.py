"""How a car gets to know a phone, and how it forgets one: only people in the car add, everybody may only remove."""

import hashlib

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from openmarque.car.digital_keys import COUNTERS_KEPT, MOST_PHONES, DigitalKeys, PhonesRecord
from openmarque.car.model import PhonesClosed, UnknownPhone
from openmarque.protocol.digital_keys import DigitalKeyOffer, KeyList, digital_key_mac, seal_list
from openmarque.protocol.levels import Level
from tests.cars import COMMAND_KEY, NEXT_OWNER, POLICY_KEY, VEHICLE, Car, Platform, open_link, policy
from tests.phones import UNLOCKED, Owned, Phone, sealed


@pytest.fixture
def owned() -> Owned:
    return Owned()


def the_list(version: int, *keys: str, awaited: tuple[str, ...] = (), key: ed25519.Ed25519PrivateKey = COMMAND_KEY) -> bytes:
    return seal_list(key, VEHICLE, version, keys, awaited)


def test_a_phone_that_saw_the_screen_is_stored_and_reported(owned):
    assert owned.phone_reports == [(owned.phone.key_id, "stored")]
    (known,) = owned.car.core.phones
    assert (known.label, known.since_ms) == ("Blue phone", owned.car.ms)
    assert owned.car.core.phone_added == "Blue phone"
    assert owned.car.core.ticket(owned.car.now) is None, "the secret is used up"


def test_a_phone_survives_a_restart_of_the_car_and_a_ticket_does_not(owned):
    owned.shows_ticket()
    owned.car.power_up()
    assert [phone.key_id for phone in owned.car.core.phones] == [owned.phone.key_id]
    assert owned.car.core.ticket(owned.car.now) is None


def test_a_secret_works_once_for_five_minutes_by_the_steady_clock(owned):
    secret, other = owned.shows_ticket(), Phone()
    owned.car.ms -= 86_400_000
    owned.waits(299.999)
    assert owned.car.core.ticket(owned.car.now) is not None
    owned.waits(0.001)
    owned.hears("key", other.offers(secret))
    assert owned.phone_reports[-1] == (other.key_id, "no_ticket")
    secret = owned.shows_ticket()
    owned.hears("key", other.offers(secret))
    owned.hears("key", Phone().offers(secret))
    assert [result for _, result in owned.phone_reports[-2:]] == ["stored", "no_ticket"]


def test_three_wrong_tries_void_the_secret(owned):
    secret = owned.shows_ticket()
    for _ in range(3):
        owned.hears("key", Phone().offers(bytes(16)))
        assert owned.phone_reports[-1][1] == "wrong_mac"
    other = Phone()
    owned.hears("key", other.offers(secret))
    assert owned.phone_reports[-1] == (other.key_id, "no_ticket")


def test_nobody_adds_a_phone_without_someone_in_the_car(owned):
    for secret in (b"", bytes(16), b"\xff" * 16):
        owned.hears("key", Phone().offers(secret))
    assert [result for _, result in owned.phone_reports[1:]] == ["no_ticket"] * 3
    assert len(owned.car.core.phones) == 1


def test_an_offer_is_for_one_key_of_one_car(owned):
    secret, phone, thief = owned.shows_ticket(), Phone(), Phone()
    genuine = msgspec.msgpack.decode(phone.offers(secret), type=DigitalKeyOffer)
    swapped = msgspec.structs.replace(genuine, public_key=thief.spki, key_id=thief.key_id)
    misnamed = msgspec.structs.replace(genuine, public_key=thief.spki)
    for frame in (msgspec.msgpack.encode(swapped), msgspec.msgpack.encode(misnamed), thief.offers(secret, NEXT_OWNER)):
        owned.hears("key", frame)
    assert {key for key, result in owned.phone_reports if result == "stored"} == {owned.phone.key_id}


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP384R1()])
def test_a_key_of_another_kind_is_ignored(owned, curve):
    owned.hears("key", Phone(key=ec.generate_private_key(curve)).offers(owned.shows_ticket()))
    assert len(owned.phone_reports) == 1
    assert owned.car.core.counts("ignored") == {"key:unfit": 1}


def test_the_same_phone_again_changes_nothing(owned):
    before = owned.car.core.phones
    owned.phone.label = "Evil"
    owned.hears("key", owned.phone.offers(bytes(16)))
    assert owned.phone_reports[-1] == (owned.phone.key_id, "stored")
    assert owned.car.core.phones == before


def test_a_label_is_shown_in_one_short_printable_line(owned):
    for label, shown in (("a\nb\x00c\u202e" + "d" * 80, "abc" + "d" * 37), ("\n", "phone")):
        phone = Phone(label=label)
        owned.adds(phone)
        assert owned.car.core.phones[-1].label == shown


@pytest.mark.req("AUT-6a", "AUT-6c")
def test_a_car_knows_sixteen_phones_and_removing_one_makes_room(owned):
    for _ in range(MOST_PHONES - 1):
        owned.adds(Phone())
    one_more = Phone()
    owned.adds(one_more)
    assert owned.phone_reports[-1] == (one_more.key_id, "full")
    owned.talks(owned.car.did(owned.car.core.remove_phone(owned.car.now, owned.phone.key_id)))
    owned.adds(one_more)
    assert owned.phone_reports[-2:] == [(owned.phone.key_id, "removed"), (one_more.key_id, "stored")]


@pytest.mark.req("AUT-6c")
def test_a_phone_removed_in_the_car_commands_nothing_more(owned):
    frame = owned.remote_commands("unlock")
    owned.talks(owned.car.did(owned.car.core.remove_phone(owned.car.now, owned.phone.key_id)))
    assert owned.gives(frame) == [("refused", "unknown_phone")]
    with pytest.raises(UnknownPhone):
        owned.car.core.remove_phone(owned.car.now, owned.phone.key_id)
    assert owned.car.core.phones == ()


def test_a_phone_that_is_added_again_cannot_have_its_old_commands_replayed(owned):
    first, second = owned.remote_commands("unlock"), owned.remote_commands("unlock")
    owned.gives(second)
    owned.senses(UNLOCKED)
    owned.talks(owned.car.did(owned.car.core.remove_phone(owned.car.now, owned.phone.key_id)))
    owned.adds(owned.phone)
    assert owned.gives(first) == [("refused", "old_counter")]


@pytest.mark.req("AUT-6c")
def test_the_platforms_list_removes_and_never_adds(owned):
    other = Phone()
    owned.adds(other)
    owned.hears("keys", the_list(1, owned.phone.key_id, "ab" * 16))
    assert [phone.key_id for phone in owned.car.core.phones] == [owned.phone.key_id]
    assert owned.phone_reports[-1] == ("ab" * 16, "removed"), "the car holds no such key, and says so"
    owned.hears("keys", the_list(2, owned.phone.key_id, other.key_id))
    assert [phone.key_id for phone in owned.car.core.phones] == [owned.phone.key_id]
    owned.hears("keys", the_list(3))
    assert owned.gives(owned.remote_commands("unlock")) == [("refused", "unknown_phone")]


def test_a_list_that_is_not_newer_not_signed_or_for_another_car_removes_nothing(owned):
    owned.hears("keys", the_list(5, owned.phone.key_id))
    forged = msgspec.msgpack.decode(the_list(7), type=KeyList)
    for frame in (
        the_list(5),
        the_list(4),
        the_list(6, key=POLICY_KEY),
        seal_list(COMMAND_KEY, NEXT_OWNER, 6, ()),
        msgspec.msgpack.encode(msgspec.structs.replace(forged, signature=bytes(64))),
        msgspec.msgpack.encode(msgspec.structs.replace(forged, version=8)),
    ):
        owned.hears("keys", frame)
    assert len(owned.car.core.phones) == 1


def test_nobody_uses_up_the_versions_of_the_lists(owned):
    owned.hears("keys", the_list(2**60, owned.phone.key_id))
    assert owned.car.core.counts("ignored") == {"keys:implausible": 1}
    owned.hears("keys", the_list(owned.car.ms // 1000))
    assert owned.car.core.phones == ()


def test_what_the_platform_waits_for_is_said_again(owned):
    waits, unheard = Phone(), "cd" * 16
    owned.adds(waits)
    before = len(owned.phone_reports)
    owned.hears("keys", the_list(1, owned.phone.key_id, waits.key_id, unheard, awaited=(waits.key_id, unheard)))
    assert owned.phone_reports[before:] == [(waits.key_id, "stored")]


@pytest.mark.req("AUT-6c")
def test_a_car_that_has_not_heard_of_a_revocation_runs_no_command(owned):
    payload = owned.phone.writes("unlock", owned.challenge())
    assert owned.gives(sealed(payload, owned.phone.signs(payload), keys_version=1)) == [("refused", "keys_outdated")]
    owned.hears("keys", the_list(1, owned.phone.key_id))
    payload = owned.phone.writes("unlock", owned.challenge())
    assert owned.gives(sealed(payload, owned.phone.signs(payload), keys_version=1))[0] == ("reached", "")


def test_in_private_mode_no_phone_is_added_and_one_can_be_removed(owned):
    secret = owned.shows_ticket()
    owned.talks(owned.car.set_level(Level.PRIVATE))
    assert not owned.car.core.can_add_phone
    with pytest.raises(PhonesClosed):
        owned.car.core.show_ticket(owned.car.now)
    owned.hears("key", Phone().offers(secret))
    assert len(owned.car.core.phones) == 1
    owned.talks(owned.car.did(owned.car.core.remove_phone(owned.car.now, owned.phone.key_id)))
    assert owned.car.core.phones == ()
    assert len(owned.phone_reports) == 1
    owned.talks(owned.car.set_level(Level.DATA))
    owned.hears("keys", the_list(1, owned.phone.key_id))
    assert owned.phone_reports[-1] == (owned.phone.key_id, "removed"), "the platform hears of it when it may"


def test_phones_go_with_their_owner(owned):
    secret = owned.shows_ticket()
    owned.hears("policy", policy(2, tenure=NEXT_OWNER))
    assert owned.car.core.phones == ()
    owned.hears("key", Phone().offers(secret))
    assert owned.car.core.phones == (), "the secret shown before is void"


def test_a_car_without_an_owner_takes_no_phone():
    car, platform = Car(), Platform(policy=policy(tenure=None))
    car.set_level(Level.DATA)
    open_link(car, platform)
    with pytest.raises(PhonesClosed):
        car.core.show_ticket(car.now)
    assert car.core.link_state.value == "open"


def test_the_highest_counters_of_removed_phones_are_kept_in_bounds():
    keys = DigitalKeys(PhonesRecord())
    for number in range(COUNTERS_KEPT + 50):
        keys.count(f"{number:032x}", 7)
    keys.count("", 3)
    newest = f"{COUNTERS_KEPT + 49:032x}"
    assert not keys.is_new(newest, 7)
    assert not keys.is_new("", 3)
    assert len(keys.record.counters) <= COUNTERS_KEPT + 2


def test_the_bytes_of_a_phones_proof_are_those_that_are_written_down():
    """HMAC-SHA256 over the context, the vehicle id and the key: reckoned here by other means than the product's."""
    secret, spki = bytes(range(16)), b"key"

    def pad(byte: int) -> bytes:
        return bytes(b ^ byte for b in secret.ljust(64, b"\0"))

    text = b"openmarque.digital-key.v1\n" + VEHICLE.bytes + spki
    by_hand = hashlib.sha256(pad(0x5C) + hashlib.sha256(pad(0x36) + text).digest()).digest()
    assert digital_key_mac(secret, VEHICLE, spki) == by_hand
